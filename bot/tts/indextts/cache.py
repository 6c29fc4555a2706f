"""Keys and values of the sequences that the language model is writing, so that a step is one position of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

import torch
from torch import Tensor

from bot.tts.indextts.config import GptConfig

STRIDE = 32
"""Steps attend over a multiple of so many positions: few different sizes, and rows that kernels like."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Where one step of the first r rows writes, and what it looks at; the same for all layers.

    ``rows`` and ``ends`` (r,) say where each row's new position is; ``mask`` (r, 1, 1, span) is added to the scores of
    attention: 0 for what a row has, its new position among it, -inf beyond.
    """

    rows: Tensor
    ends: Tensor
    mask: Tensor

    @property
    def span(self) -> int:
        return self.mask.shape[-1]


class Cache:
    """Keys and values of up to ``rows`` sequences in one block that never moves, each as long as it is (ragged).

    The rows in use are always the first ones, so that a step works on a view: who takes out a row moves the last one
    into its place. Keys and values are (layers, rows, heads, positions, head_dim) each.
    """

    def __init__(
        self, config: GptConfig, rows: int, positions: int, *, dtype: torch.dtype, device: torch.device
    ) -> None:
        shape = (config.layers, rows, config.heads, positions, config.dim // config.heads)
        # Whoever makes it under inference_mode would otherwise be the only one who may write to it.
        with torch.inference_mode(False):
            # Beyond its length a row is zero, always: a stale NaN would come through any mask (0 · NaN).
            self.keys = torch.zeros(shape, dtype=dtype, device=device)
            self.values = torch.zeros(shape, dtype=dtype, device=device)
            self._places = torch.arange(max(rows, positions), device=device)
        self.rows, self.positions = rows, positions
        # Every position ever written has a mark of its own, and takes it along when it is copied: where two rows have
        # the same marks they are the same. Beams differ in their last few positions only, and only those are copied.
        self._marks: list[list[int]] = [[] for _ in range(rows)]
        self._fresh = count()

    @property
    def lengths(self) -> list[int]:
        """How many positions of each row are filled."""
        return [len(marks) for marks in self._marks]

    def move(self, source: int, target: int) -> None:
        """Make the target row what the source row is."""
        self._copy([source], [target])

    def reorder(self, first: int, sources: Sequence[int]) -> None:
        """Make row ``first + i`` what row ``first + sources[i]`` was (beams); equal rows are not copied."""
        self._copy([first + source for source in sources], list(range(first, first + len(sources))))

    def clear(self, row: int, length: int) -> None:
        """Make the row one of that many new positions, to be filled layer by layer.

        Raises ValueError if it cannot be so long.
        """
        if length > self.positions:
            raise ValueError(f"a prompt of {length} positions does not fit into a cache of {self.positions}")
        for block in (self.keys, self.values):
            block[:, row, :, length : len(self._marks[row])] = 0
        self._marks[row] = list(islice(self._fresh, length))

    def fill(self, layer: int, row: int, keys: Tensor, values: Tensor) -> None:
        """Put what one layer makes of a whole row, each (n, heads, head_dim), at its beginning."""
        self.keys[layer, row, :, : len(keys)] = keys.transpose(0, 1)
        self.values[layer, row, :, : len(values)] = values.transpose(0, 1)

    def grow(self, rows: int) -> Slots:
        """Make each of the first rows one position longer, to be filled layer by layer.

        Raises ValueError if there are not so many rows, or one of them is full; none has grown then.
        """
        if not 0 < rows <= self.rows:
            raise ValueError(f"a step of {rows} rows, in a cache of {self.rows}")
        lengths = self.lengths[:rows]
        if self.positions in lengths:
            raise ValueError(f"row {lengths.index(self.positions)} of the cache has all its {self.positions} positions")
        for marks in self._marks[:rows]:
            marks.append(next(self._fresh))
        return self._slots(lengths)

    def put(self, layer: int, slots: Slots, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Put what one layer makes of a step, each (r, heads, head_dim) → all that it attends to, each a view
        (r, heads, span, head_dim)."""
        self.keys[layer, slots.rows, :, slots.ends] = keys
        self.values[layer, slots.rows, :, slots.ends] = values
        rows = len(keys)
        return self.keys[layer, :rows, :, : slots.span], self.values[layer, :rows, :, : slots.span]

    def _slots(self, lengths: list[int]) -> Slots:
        span = min(-(-(max(lengths) + 1) // STRIDE) * STRIDE, self.positions)
        ends = torch.tensor(lengths, device=self.keys.device)
        mask = self.keys.new_zeros(len(lengths), span).masked_fill_(self._places[:span] > ends[:, None], -torch.inf)
        return Slots(self._places[: len(lengths)], ends, mask[:, None, None])

    def _copy(self, sources: list[int], targets: list[int]) -> None:
        pairs = [(s, t) for s, t in zip(sources, targets, strict=True) if self._marks[s] != self._marks[t]]
        if not pairs:
            return
        start = min(_shared(self._marks[s], self._marks[t]) for s, t in pairs)
        # As far as the longer of the two, so that the zeros beyond a source's end come along.
        stop = max(len(self._marks[row]) for pair in pairs for row in pair)
        for block in (self.keys, self.values):
            _assign(block[:, :, :, start:stop], pairs)
        marks = [self._marks[source] for source in sources]
        for target, copied in zip(targets, marks, strict=True):
            self._marks[target] = list(copied)


def _assign(block: Tensor, pairs: list[tuple[int, int]]) -> None:
    """Make each pair's second row what its first one was before any of it."""
    written = {target for _, target in pairs}
    held = {source: block[:, source].clone() for source, _ in pairs if source in written}
    for source, target in pairs:
        block[:, target] = held.get(source, block[:, source])


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many positions from the first on are the same in both."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
