"""What is to be heard in a room, and who is next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.adapters.discord.voice.act import Act
from bot.adapters.discord.voice.playing import Item, Outcome, Wait
from bot.adapters.discord.voice.trouble import Trouble


class Playlist:
    """Acts from the one that plays to the last one; who has ended is not on it any more.

    They come in the order of the list, but who has nothing to play yet lets others go first.
    """

    def __init__(self) -> None:
        self._acts: list[Act] = []

    @property
    def first(self) -> Act | None:
        """What plays, or is next."""
        return self._acts[0] if self._acts else None

    @property
    def next(self) -> Act | None:
        """Whose turn it is: who plays, as long as they do."""
        return next(iter(self._order()), None)

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

    def turn(self) -> Act | None:
        """Put first whose turn it is."""
        if (act := self.next) is not None:
            self._acts.remove(act)
            self._acts.insert(0, act)
        return act

    def find(self, item: Item | None) -> Act | None:
        """The act of an item; of None, the one that plays."""
        if item is None:
            return self.first
        return next((act for act in self._acts if act.item is item), None)

    def wait(self, item: Item) -> Wait:
        """What stands before an item."""
        act = self.find(item)
        order = self._order()
        before = order[: order.index(act)] if act in order else []
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

    def _order(self) -> list[Act]:
        """All that are wanted still, as they would be heard if nothing came of those that have nothing yet."""
        first, rest = list[Act](), list[Act]()
        for act in self._acts:
            if not act.over:
                (first if act.feed.ready and all(_passes(act, one) for one in rest) else rest).append(act)
        return first + rest


def _passes(act: Act, other: Act) -> bool:
    """Whether an act may go before another: nobody overtakes themselves, nor takes the bot elsewhere by it."""
    return act.item.user != other.item.user and act.item.channel == other.item.channel


def _last_first(acts: Sequence[Act]) -> Iterable[Act]:
    """So that none begins only to end."""
    return reversed(list(acts))
