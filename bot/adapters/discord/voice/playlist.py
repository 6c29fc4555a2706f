"""What is to be heard in a room, in strict order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.adapters.discord.voice.act import Act
from bot.adapters.discord.voice.playing import Item, Outcome, Wait
from bot.adapters.discord.voice.trouble import Trouble


class Playlist:
    """Acts from the one that plays to the last one; who has ended is not on it any more."""

    def __init__(self) -> None:
        self._acts: list[Act] = []

    @property
    def first(self) -> Act | None:
        """What plays, or is next."""
        return self._acts[0] if self._acts else None

    @property
    def items(self) -> Sequence[Item]:
        """All of them."""
        return [act.item for act in self._acts]

    def add(self, act: Act) -> None:
        """Put it last."""
        self._acts.append(act)

    def remove(self, act: Act) -> None:
        """Take it off, if it is on the list."""
        if act in self._acts:
            self._acts.remove(act)

    def find(self, item: Item | None) -> Act | None:
        """The act of an item; of None, the one that plays."""
        if item is None:
            return self.first
        return next((act for act in self._acts if act.item is item), None)

    def wait(self, item: Item) -> Wait:
        """What stands before an item."""
        act = self.find(item)
        before = [] if act is None else self._acts[: self._acts.index(act)]
        return Wait(len(before), sum(one.left for one in before))

    def redirect(self, old: int, new: int) -> None:
        """What was for one channel is now for another."""
        for act in self._acts:
            if act.item.channel == old:
                act.item.channel = new

    def end(self, outcome: Outcome, trouble: Trouble | None = None, *, channel: int | None = None) -> int:
        """End all, or all for one channel; returns how many."""
        acts = [act for act in self._acts if channel in (None, act.item.channel)]
        for act in _last_first(acts):
            act.end(outcome, trouble)
        return len(acts)

    def withdraw(self) -> None:
        """End all without an outcome."""
        for act in _last_first(self._acts):
            act.withdraw()


def _last_first(acts: Sequence[Act]) -> Iterable[Act]:
    """So that none begins only to end."""
    return reversed(list(acts))
