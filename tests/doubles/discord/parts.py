"""What a fake is made of, before anybody acts on it."""

from __future__ import annotations

import base64
import os

from tests.doubles.discord.answers import Answers
from tests.doubles.discord.clock import Clock
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.messages import Messages
from tests.doubles.discord.rest import Rest
from tests.doubles.discord.routes import Api
from tests.doubles.discord.switchboard import Switchboard
from tests.doubles.discord.voice import Terms
from tests.doubles.discord.world import GUILD, HUMAN, VOICE, Intent, default_world


class Parts:
    """The rooms of the fake, wired together."""

    def __init__(
        self,
        *,
        dave: bool | str = False,
        key_exchange_delay: float = 0.0,
        rtcp_every: float | None = 0.25,
        ack_deadline: float = 3.0,
        compress: bool = True,
        privileged_allowed: bool = True,
        shards: int = 1,
        user_in_voice: bool = True,
        heartbeat_ms: int = 41_250,
    ) -> None:
        """``dave`` is False, or who writes the first commit: ``"bot_joins"`` (the human) or ``"bot_first"``.

        ``rtcp_every=None`` sends nothing back over UDP, ``key_exchange_delay`` are the seconds before the encrypted
        group is made, ``ack_deadline`` those for the first answer to an interaction, ``shards`` what /gateway/bot
        advises; ``privileged_allowed=False`` closes an Identify with privileged intents (4014).
        """
        assert dave in (False, True, "bot_joins", "bot_first")
        self.clock = Clock()
        self.token = "MTAwMA.fake." + base64.urlsafe_b64encode(os.urandom(18)).decode()
        self.world = world = default_world(self.clock)
        self._messages = Messages(world)
        self._commands = Commands(world)
        self._switchboard = Switchboard(world, Terms(dave, key_exchange_delay, rtcp_every))
        self._answers = Answers(world, self._messages, ack_deadline)
        allowed = Intent.PRIVILEGED if privileged_allowed else 0
        self.gateway = Gateway(world, self.token, self._switchboard, allowed, compress, heartbeat_ms)
        self.api = Api(world, self._messages, self._commands, self.gateway, shards)
        self.rest = Rest(self.token, [*self._answers.routes(), *self.api.routes()])
        if user_in_voice:
            world.guild(GUILD).members[HUMAN].voice.channel_id = VOICE
            world.guild(GUILD).members[HUMAN].voice.session_id = f"human-{HUMAN}"
