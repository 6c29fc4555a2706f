"""A voice channel without a voice: items are heard, skipped or lost when a test says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.discord.voice import Item, Outcome, Trouble, Wait


@dataclass(slots=True)
class ScriptedRoom:
    """A room's playlist. ``each`` is how many seconds an item that waits is said to take."""

    guild: Any
    items: list[Item] = field(default_factory=list)
    each: float = 10.0

    def play(self, item: Item) -> None:
        self.items.append(item)

    def skip(self, item: Item | None = None) -> Item | None:
        found = item or (self.items[0] if self.items else None)
        return self.end(found, Outcome.SKIPPED) if found in self.items else None

    def cancel(self, item: Item) -> bool:
        if found := item in self.items:
            self.end(item, Outcome.CANCELLED)
        return found

    def close(self) -> None:
        """The process ends: what waits has no outcome."""
        for item in self.items:
            item.ended.cancel()

    def wait(self, item: Item) -> Wait:
        ahead = self.items.index(item)
        return Wait(ahead, ahead * self.each)

    def begin(self) -> Item:
        """Let the first packet of the first item go."""
        self.items[0].begun.set()
        return self.items[0]

    def end(self, item: Item | None, outcome: Outcome, trouble: Trouble | None = None) -> Item:
        """It is over."""
        assert item is not None
        self.items.remove(item)
        item.trouble = None if trouble is None else trouble.value
        if not item.ended.done():
            item.ended.set_result(outcome)
        return item

    def hear(self) -> Item:
        """The first item is played from beginning to end."""
        return self.end(self.begin(), Outcome.HEARD)


class ScriptedRooms:
    """The rooms of a client, by guild."""

    def __init__(self) -> None:
        self.rooms: dict[int, ScriptedRoom] = {}

    def room(self, guild: Any) -> ScriptedRoom:
        return self.rooms.setdefault(guild.id, ScriptedRoom(guild))

    def find(self, guild: int) -> ScriptedRoom | None:
        return self.rooms.get(guild)

    def __getitem__(self, guild: int) -> ScriptedRoom:
        return self.rooms[guild]

    @property
    def all(self) -> Sequence[ScriptedRoom]:
        return list(self.rooms.values())
