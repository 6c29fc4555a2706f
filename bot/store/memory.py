"""What the audio cache holds in memory: the clips used last, which keys there are, and uses to be written down."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from bot.speech import Clip
from bot.store.clips import Play


@dataclass(slots=True)
class Uses:
    """Uses that are not written down yet, the latest of each."""

    used: dict[str, float] = field(default_factory=dict)
    plays: dict[Play, float] = field(default_factory=dict)

    def add(self, key: str, play: Play | None, at: float) -> None:
        """The clip was used, and heard by somebody if that is known."""
        self.used[key] = at
        if play is not None:
            self.plays[play] = at

    def merged(self, later: Uses) -> Uses:
        """These and those."""
        return Uses(self.used | later.used, self.plays | later.plays)


class Memory:
    """The clips used last, within a bound of bytes. ``removals`` counts how often some were taken out on purpose."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._clips: OrderedDict[str, tuple[Clip, float]] = OrderedDict()
        self.bytes = 0
        self.removals = 0

    def __len__(self) -> int:
        return len(self._clips)

    def get(self, key: str, since: float) -> Clip | None:
        """The clip, if it was used since then."""
        held = self._clips.get(key)
        return held[0] if held is not None and held[1] >= since else None

    def use(self, key: str, at: float) -> None:
        """It was used."""
        held = self._clips.get(key)
        if held is not None:
            self._clips[key] = held[0], at
            self._clips.move_to_end(key)

    def put(self, key: str, clip: Clip, at: float) -> None:
        """Hold it, unless it is larger than all of this."""
        weight = _weight(clip)
        if weight > self._limit:
            return
        self._take(key)
        self._clips[key] = clip, at
        self.bytes += weight
        while self.bytes > self._limit:
            self._take(next(iter(self._clips)))

    def drop(self, keys: Collection[str]) -> None:
        """Hold these no longer."""
        if keys:
            self.removals += 1
        for key in keys:
            self._take(key)

    def drop_all(self) -> None:
        """Hold nothing."""
        self.drop(list(self._clips))

    def _take(self, key: str) -> None:
        held = self._clips.pop(key, None)
        if held is not None:
            self.bytes -= _weight(held[0])


class Keys:
    """Which keys the database has, so that what nobody ever said need not be looked for there.

    Until it is ``complete`` anything may be there; after that it may still name what is gone. Of a key only its hash is
    kept: a hundred thousand take some megabytes.
    """

    def __init__(self) -> None:
        self.complete = False
        self._known: set[int] = set()

    def may_have(self, key: str) -> bool:
        """Whether it may be there."""
        return not self.complete or hash(key) in self._known

    def add(self, keys: Iterable[str]) -> None:
        """They are there."""
        self._known.update(map(hash, keys))

    def drop(self, keys: Iterable[str]) -> None:
        """They are gone."""
        self._known.difference_update(map(hash, keys))


def _weight(clip: Clip) -> int:
    return len(clip.data) + len(clip.waveform) + sum(500 + 4 * len(each.utterance.text) for each in clip.spoken)
