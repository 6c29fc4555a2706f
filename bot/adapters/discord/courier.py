"""Says requests and brings them to where they are to be heard (skeleton: to be filled in by its owner)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import discord

from bot.adapters.discord.target import Target
from bot.adapters.discord.voice import Item, Rooms, Wait
from bot.config import DiscordSettings
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Refusal, Request


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a parcel.

    ``delivered``: somebody could hear it, as a note (``message`` is its id) or in the channel. Otherwise ``why`` is the
    sentence for the asker, in their language; ``note`` is what they should know although it was delivered (another
    engine spoke, it came as a file because voice notes are forbidden here, it was cut).
    """

    delivered: bool
    message: int | None = None
    why: str = ""
    note: str = ""
    taken_back: bool = False


@dataclass(eq=False, slots=True)
class Parcel:
    """A request on its way: where it stands, and the way to take it back."""

    request: Request
    target: Target
    said: Said
    item: Item | None = None
    receipt: Receipt | None = None
    _rooms: Rooms | None = field(default=None, repr=False)

    @property
    def wait(self) -> Wait | None:
        """What stands before it (synthesis and playlist together); None when nothing has to be waited for."""
        raise NotImplementedError

    def cancel(self) -> None:
        """Take it back: not made any further, not played, not sent."""
        raise NotImplementedError

    async def delivered(self) -> Receipt:
        """What became of it, once that is known. Never raises because of the parcel."""
        raise NotImplementedError


class Courier:
    """Takes requests for one client. Journals them, delivers each exactly once, and resumes after a restart."""

    def __init__(self, client: discord.Client, speaker: Speaker, rooms: Rooms, settings: DiscordSettings) -> None:
        raise NotImplementedError

    async def send(
        self, request: Request, target: Target, interaction: discord.Interaction | None = None
    ) -> Parcel | Refusal:
        """Say it and deliver it in the background. ``request.target`` is set from ``target`` here.

        A room whose playlist is full for this user or guild refuses like a full queue. ``interaction`` is used for
        notes where the bot itself may not write (a user-installed app).
        """
        raise NotImplementedError

    def find(self, id: str) -> Parcel | None:
        """The parcel of a request that is on its way."""
        raise NotImplementedError

    def parcels(self, guild: str) -> Sequence[Parcel]:
        """What is on its way in a guild, in the order in which it will be heard."""
        raise NotImplementedError

    async def resume(self) -> int:
        """After a start, when the client is ready: deliver what was accepted and is still wanted. Returns how many."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop delivering; what is not delivered stays in the journal."""
        raise NotImplementedError
