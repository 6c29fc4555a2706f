"""Sentences of many askers, decoded together: who comes joins at the next step, who is done leaves at once.

Every sentence has one row of the model's cache, or as many as it has beams, side by side. Between two steps the state
of each row waits, that which predicts its next code. A step chooses these codes, lets those go that have come to their
end by them, and has the model read the others: nothing is read whose answer nobody wants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor

from bot.tts.indextts import sampling
from bot.tts.indextts.cache import Cache
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.options import Positions
from bot.tts.indextts.sampling import Move, Search
from bot.tts.indextts.watchdog import Fault, Watchdog


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One sentence to decode: the voice (32, dim), text ids without start and stop, how its codes are found, and who
    watches them (None: nobody)."""

    conditioning: Tensor
    ids: Sequence[int]
    search: Search
    watchdog: Watchdog | None = None


class Track:
    """A sentence that is being decoded; ``gpt`` makes its latents where they are not those that came by the way."""

    def __init__(self, task: Task, gpt: Gpt | None = None) -> None:
        self.task = task
        self.done = False
        """Whether there is nothing more to come: it has stopped, reached its limit, or ``fault`` is set."""
        self.fault: Fault | None = None
        self._gpt = gpt
        self._codes: list[int] = []
        self._states: list[Tensor] = []
        self._taken = 0
        self._steps = 0
        self._next: Sequence[int] = ()

    @torch.inference_mode()
    def take(self) -> tuple[Sequence[int], Tensor]:
        """The codes that are new since the last time, and their latents (n, dim): the states that predicted them.

        Of beams, and with upstream's positions, nothing before it is done; the latents are those of a second pass then.
        """
        codes = self._codes[self._taken :] if self.done or self._gpt is None else []
        self._taken += len(codes)
        if not codes:
            return codes, self.task.conditioning.new_empty(0, self.task.conditioning.shape[1])
        if self._gpt is not None:
            return codes, self._gpt.latents(self.task.conditioning, self.task.ids, codes)
        states, self._states = torch.stack(self._states), []
        return codes, states

    def _note(self, states: Tensor, over: bool) -> None:
        """Keep what has been found from the states (rows, dim), and look at it; of beams it is told at their end."""
        search = self.task.search
        new = search.codes[len(self._codes) :] if over or search.rows == 1 else []
        self._codes += new
        if self._gpt is None:
            self._states += states[: len(new)]
        self.fault = self._seen(new, over)
        self.done = over or self.fault is not None

    def _seen(self, codes: Sequence[int], over: bool) -> Fault | None:
        watchdog = self.task.watchdog
        if watchdog is None:
            return None
        fault = next((fault for code in codes if (fault := watchdog.look(code))), None)
        if fault or not over:
            return fault
        return watchdog.end() if self.task.search.stopped else Fault.RUNAWAY


class Decoder:
    """Decodes up to ``rows`` sequences at once, step by step; a beam search takes as many rows as it has beams.

    A row has ``room`` for so many positions (voice, text and codes together), by default for all that the model's
    tables have. No memory is taken before the first sentence. What comes from the model in a failure (RuntimeError)
    leaves it in no state to go on: drop it.
    """

    def __init__(
        self, gpt: Gpt, rows: int, *, positions: Positions = Positions.CONTIGUOUS, room: int | None = None
    ) -> None:
        self._gpt = gpt
        self._rows = rows
        self._positions = positions
        self._room = room
        self._tracks: list[Track] = []
        self._cache: Cache | None = None
        self._states = torch.empty(0, gpt.config.dim)

    @property
    def free(self) -> int:
        """Rows that are not in use."""
        return self._rows - self._firsts[-1]

    @torch.inference_mode()
    def admit(self, task: Task) -> Track:
        """Begin it: its prompt goes through the model alone. Raises ValueError if there are not enough free rows, or
        for a text longer than the model's table of positions."""
        rows, first = task.search.rows, self._firsts[-1]
        if rows > self.free:
            raise ValueError(f"the search takes {rows} rows; {self.free} are free")
        prompt = self._gpt.prompt(task.conditioning, task.ids)
        cache = self._cache = self._cache or self._opened(task)
        state = self._gpt.prefill(prompt, cache, first)
        for row in range(first + 1, first + rows):
            cache.move(first, row)
        self._states = torch.cat((self._states[:first].to(state), state.expand(rows, -1)))
        live = rows == 1 and self._positions == Positions.CONTIGUOUS
        track = Track(task, None if live else self._gpt)
        self._tracks.append(track)
        return track

    @torch.inference_mode()
    def step(self) -> Sequence[Track]:
        """One more code for each track → those that are done by it; they have left."""
        if not self._tracks:
            return []
        scores = self._gpt.logits(self._states).cpu()
        moves = sampling.advance([track.task.search for track in self._tracks], scores)
        for track, first, move in zip(self._tracks, self._firsts[:-1], moves, strict=True):
            self._go_on(track, first, move)
        done = [track for track in self._tracks if track.done]
        for track in done:
            self._leave(track)
        if self._tracks:
            self._read()
        return done

    @torch.inference_mode()
    def drop(self, track: Track) -> None:
        """Give it up, wherever it is; the others are not touched."""
        track.done = True
        if track in self._tracks:
            self._leave(track)

    @property
    def _firsts(self) -> Sequence[int]:
        """The first row of each track, and after them the first that is free."""
        return [0, *accumulate(track.task.search.rows for track in self._tracks)]

    def _opened(self, task: Task) -> Cache:
        config = self._gpt.config
        room = self._room or len(task.conditioning) + config.text_positions + config.mel_positions
        return self._gpt.cache(self._rows, room)

    def _go_on(self, track: Track, first: int, move: Move | None) -> None:
        rows = track.task.search.rows
        track._note(self._states[first : first + rows], move is None or self._full(track, first))
        if move is None or track.done:
            return
        track._steps += 1
        track._next = move.codes
        if rows > 1:
            assert self._cache is not None
            self._cache.reorder(first, move.sources)

    def _full(self, track: Track, first: int) -> bool:
        """Whether there is no place for one more code, in the model's table or in the cache."""
        assert self._cache is not None
        place = self._positions.of(track._steps + 1)
        return place >= self._gpt.config.mel_positions or self._cache.lengths[first] >= self._cache.positions

    def _leave(self, track: Track) -> None:
        """The last ones move into the hole if it is of their size, else all behind it move up."""
        firsts = dict(zip(self._tracks, self._firsts, strict=False))
        hole = self._tracks.index(track)
        last = self._tracks[-1]
        if last.task.search.rows == track.task.search.rows:
            self._tracks[hole] = last
            self._tracks.pop()
        else:
            del self._tracks[hole]
        rows = [firsts[one] + beam for one in self._tracks for beam in range(one.task.search.rows)]
        assert self._cache is not None
        for target, source in enumerate(rows):
            if source != target:
                self._cache.move(source, target)
        self._states = self._states[rows]

    def _read(self) -> None:
        codes = [code for track in self._tracks for code in track._next]
        places = [self._positions.of(track._steps) for track in self._tracks for _ in track._next]
        assert self._cache is not None
        # A copy: what a next step may write over is still somebody's latents.
        self._states = self._gpt.step(torch.tensor(codes), torch.tensor(places), self._cache).clone()
