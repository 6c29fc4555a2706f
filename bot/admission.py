"""Who may have something said, by what the user, the channel, the guild and the owner have settled, and how."""

from __future__ import annotations

from dataclasses import dataclass

from bot.script import Script, Stage, unfit, write
from bot.speech import Clip, Reason, Refusal, Request
from bot.store import ChannelSettings, GuildSettings, Preference, Store
from bot.wishes import EVERY_GUILD, Chosen, Rules


@dataclass(frozen=True, slots=True)
class Layers:
    """What was settled around an asker, and what holds for all of it together."""

    user: Preference
    channel: ChannelSettings
    guild: GuildSettings
    everywhere: GuildSettings
    rules: Rules

    @property
    def below(self) -> tuple[Chosen, ...]:
        """The choices below the command, the closest first."""
        return self.user, self.channel, self.guild, self.everywhere


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets requests in, or says why not; raises StoreError where it cannot be known."""

    stage: Stage
    store: Store

    async def script(self, request: Request) -> Script | Refusal:
        """Who is to speak, or why nobody may."""
        layers = await self.admitted(request)
        if isinstance(layers, Refusal):
            return layers
        if isinstance(request.text, str) and (refused := self._too_long(len(request.text), layers.rules)):
            return refused
        return write(self.stage, request, layers.below, layers.rules, await self.stage.repertoire())

    async def layers(self, user: str, guild: str, channel: str | None) -> Layers:
        """What the user, the channel, the guild and the owner have settled."""
        settings, preference = self.store.settings, await self.store.preferences.get(user)
        room, house = await settings.channel(guild, channel or ""), await settings.guild(guild)
        everywhere = await settings.guild(EVERY_GUILD)
        return Layers(preference, room, house, everywhere, Rules.of(house, everywhere, self.stage.engines))

    async def admitted(self, request: Request) -> Layers | Refusal:
        """What those around the asker have settled, or why the asker may not be spoken."""
        layers = await self.layers(request.user, request.guild, request.channel)
        if layers.user.opted_out:
            return Refusal(Reason.OPTED_OUT, "You have asked not to be spoken; opt in again to change that.")
        if request.user in layers.guild.blocked_users:
            message = "You are blocked from speaking here; ask an administrator of this chat."
            return Refusal(Reason.NOT_ALLOWED, message, {"cause": "blocked"})
        if request.user in layers.everywhere.blocked_users:
            message = "You are blocked from speaking; ask whoever runs this bot."
            return Refusal(Reason.NOT_ALLOWED, message, {"cause": "blocked_everywhere"})
        if request.author is not None and (refused := await self._withheld(request.author, layers)):
            return refused
        return layers

    async def unrepeatable(self, request: Request, clip: Clip, owner: str | None, layers: Layers) -> Refusal | None:
        """Why what was allowed once is not allowed any more, or not here."""
        if owner not in (None, request.user) and (refused := await self._withheld(owner, layers)):
            return refused
        length = sum(len(spoken.utterance.text) for spoken in clip.spoken)
        return self._too_long(length, layers.rules) or unfit(self.stage, clip, layers.rules)

    async def _withheld(self, author: str, layers: Layers) -> Refusal | None:
        """Why somebody's words may not be spoken for anybody."""
        if (await self.store.preferences.get(author)).opted_out:
            message = "Whoever wrote that does not want to be spoken; choose other words."
            return Refusal(Reason.OPTED_OUT, message, {"cause": "author_opted_out"})
        if author in layers.guild.blocked_users | layers.everywhere.blocked_users:
            message = "Whoever wrote that is blocked from speaking; choose other words."
            return Refusal(Reason.NOT_ALLOWED, message, {"cause": "author_blocked"})
        return None

    def _too_long(self, length: int, rules: Rules) -> Refusal | None:
        limit = rules.max_chars or self.stage.speak.max_chars
        if length <= limit:
            return None
        message = f"That is {length} characters, and at most {limit} are spoken; shorten or split it."
        return Refusal(Reason.TOO_LONG, message, {"length": length, "limit": limit})
