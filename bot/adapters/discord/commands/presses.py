"""What happens when a button is pressed, also one that an earlier process has sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import new_class
from typing import Any, ClassVar, Self, cast

import discord

from bot.adapters.discord.commands.asking import Asking, Wish
from bot.adapters.discord.commands.buttons import CANCEL, FORGET, REPLAY, SKIP, STOP
from bot.adapters.discord.commands.cog import answered
from bot.adapters.discord.commands.rights import may_steer
from bot.adapters.discord.identity import homes, user_key
from bot.adapters.discord.reply import defer, heed, retell, tell
from bot.adapters.discord.translator import locale_of
from bot.adapters.words import word

Button = discord.ui.Button[discord.ui.View]


class Press(discord.ui.DynamicItem[Button], template="sayso:"):
    """A button of ours that was pressed. ``about`` is what its id names; ``asking`` belongs to the client."""

    asking: ClassVar[Asking]

    def __init__(self, button: Button, about: str) -> None:
        super().__init__(button)
        self.about = about

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        """Made anew for each time that it is pressed."""
        return cls(cast(Button, item), match["about"])

    @answered
    async def callback(self, interaction: discord.Interaction) -> None:
        """Do what it says, or tell the person who pressed it why not."""
        no = await self.press(interaction)
        if no is not None:
            await tell(interaction, word(no, locale_of(interaction)))

    async def press(self, interaction: discord.Interaction) -> str | None:
        """Do it; the key of what to say if it is not done."""
        raise NotImplementedError


class Cancel(Press, template=rf"{CANCEL}:(?P<about>\w{{1,64}})"):
    """Take one's own request back."""

    async def press(self, interaction: discord.Interaction) -> str | None:
        parcel = self.asking.station.courier.find(self.about)
        if parcel is None or parcel.receipt is not None or parcel.leaving:
            return "say.pressed.over"
        # Who may delete the answer may take back what it is about.
        if parcel.request.user != user_key(interaction.user.id) and not interaction.permissions.manage_messages:
            return "say.pressed.not_yours"
        parcel.cancel()
        await retell(interaction, word("say.answer.cancelled", locale_of(interaction)))
        return None


class Skip(Press, template=rf"{SKIP}:(?P<about>\w{{1,64}})"):
    """End what the answer is about; the next follows."""

    async def press(self, interaction: discord.Interaction) -> str | None:
        parcel = self.asking.station.courier.find(self.about)
        room = None if interaction.guild_id is None else self.asking.station.rooms.find(interaction.guild_id)
        if parcel is None or parcel.item is None or room is None:
            return "say.pressed.over"
        if not may_steer(interaction, room, parcel.item):
            return "control.refused.listeners"
        if room.skip(parcel.item) is None:
            return "say.pressed.over"
        await retell(interaction, word("say.pressed.skipped", locale_of(interaction), who=interaction.user.mention))
        return None


class Stop(Press, template=rf"{STOP}(?P<about>)"):
    """End everything that is said and waits in the voice channel."""

    async def press(self, interaction: discord.Interaction) -> str | None:
        room = None if interaction.guild_id is None else self.asking.station.rooms.find(interaction.guild_id)
        if room is None or not room.items:
            return "say.pressed.over"
        if not may_steer(interaction, room, None):
            return "control.refused.everything"
        room.stop()
        await retell(interaction, word("say.pressed.stopped", locale_of(interaction), who=interaction.user.mention))
        return None


class Replay(Press, template=rf"{REPLAY}:(?P<about>\w{{1,80}})"):
    """Hear it again, where one is."""

    async def press(self, interaction: discord.Interaction) -> str | None:
        await defer(interaction, ephemeral=False)
        await self.asking.ask(interaction, Wish(replay=self.about))
        return None


class Forget(Press, template=rf"{FORGET}:(?P<about>\d{{1,20}})"):
    """Yes, delete what is kept about me."""

    async def press(self, interaction: discord.Interaction) -> str | None:
        if self.about != str(interaction.user.id):
            return "voice_command.forget.not_yours"
        station, user = self.asking.station, user_key(interaction.user.id)
        await heed(interaction)
        station.courier.recall(user)  # first, for it would be kept when it is done
        await station.speaker.forget(user, homes(interaction))
        silent = (await station.speaker.store.preferences.get(user)).opted_out
        name = "opted_out" if silent else "done"
        await retell(interaction, word(f"voice_command.forget.{name}", locale_of(interaction)))
        return None


def presses(asking: Asking) -> Sequence[type[Press]]:
    """The buttons of one client, for ``Client.add_dynamic_items``."""
    return [_bound(kind, asking) for kind in (Cancel, Skip, Stop, Replay, Forget)]


def _bound(kind: type[Press], asking: Asking) -> type[Press]:
    # discord.py makes the item from its class alone, so the class has to know whose it is.
    template = {"template": kind.__discord_ui_compiled_template__}
    return new_class(kind.__name__, (kind,), template, lambda names: names.update(asking=asking))
