"""What goes wrong: requests, tokens, connections, moderators."""

from __future__ import annotations

import asyncio

from tests.doubles.discord.faults import Fault
from tests.doubles.discord.interaction import Interaction
from tests.doubles.discord.parts import Parts
from tests.doubles.discord.world import BOT, GUILD, Named, id_of


class Mishaps(Parts):
    """Everything a bot has to live with."""

    # -- REST

    def fail_next(
        self,
        method: str,
        path_suffix: str,
        status: int = 500,
        code: int = 0,
        *,
        times: int = 1,
        retry_after: float | None = None,
        reset: bool = False,
    ) -> Fault:
        """The next such requests are refused (or rate limited, or their connection is cut) and do nothing."""
        return self._fault(Fault(method, path_suffix, status, code, times, retry_after, reset))

    def lose_next_response(self, method: str, path_suffix: str, *, times: int = 1) -> Fault:
        """The next such requests are carried out, but the bot never hears so: its connection is cut."""
        return self._fault(Fault(method, path_suffix, times=times, lost=True))

    def hold_next(self, method: str, path_suffix: str, *, times: int = 1) -> Fault:
        """The next such requests wait until ``fault.gate.set()``, before anything is done."""
        return self._fault(Fault(method, path_suffix, times=times, gate=asyncio.Event()))

    def _fault(self, fault: Fault) -> Fault:
        self.rest.faults.append(fault)
        return fault

    def expire(self, ix: Interaction, code: int = 50027) -> None:
        """The interaction's token dies now: 401/50027, or 404/10015 with that code."""
        ix.expired = code

    async def drop_voice(self, code: int, guild_id: Named | None = None) -> None:
        """Close the bot's voice websocket with this code; 1006 cuts it without a word."""
        session = self._switchboard.current[GUILD if guild_id is None else id_of(guild_id)]
        if code == 1006:
            session.abort()
        else:
            await session.drop(code)

    async def disconnect_bot(self, guild: Named = GUILD) -> None:
        """A moderator puts the bot out of voice."""
        await self._switchboard.disconnect(self.world.guild(guild))

    async def move_bot(self, channel: Named) -> None:
        """A moderator moves the bot to another voice channel."""
        target = self.world.channel(channel)
        place = self.world.of(target)
        assert place is not None
        await self._switchboard.move(place, target)

    def mute_bot(self, guild: Named = GUILD, *, mute: bool = True) -> None:
        """A moderator mutes the bot, or lets it speak again."""
        place = self.world.guild(guild)
        place.members[BOT].voice.mute = mute
        self.world.voice_event(place, place.members[BOT])

    def let_speak(self, guild: Named = GUILD, *, speak: bool = True) -> None:
        """On a stage a moderator lets the bot speak, or sends it back to the audience."""
        place = self.world.guild(guild)
        place.members[BOT].voice.suppress = not speak
        place.members[BOT].voice.asked_to_speak = None
        self.world.voice_event(place, place.members[BOT])

    # -- the gateway

    def ask_reconnect(self) -> None:
        """Opcode 7: every connection is to be made anew, and resumed."""
        self.gateway.ask_reconnect()

    def invalidate(self, *, resumable: bool = False) -> None:
        """Opcode 9: every session is over, unless it may be resumed."""
        self.gateway.invalidate(resumable=resumable)

    async def close_gateway(self, code: int = 4000) -> None:
        """Close every gateway websocket with this code; the sessions live and may be resumed."""
        await self.gateway.close(code)

    def kill(self, *, forget: bool = True) -> None:
        """Cut every websocket without a word, as when the bot's process dies.

        With ``forget`` its sessions have ended as well, and it is in no voice channel any more.
        """
        self.gateway.abort(forget=forget)
        for session in self._switchboard.history:
            session.abort()
        if forget:
            self._switchboard.forget()
