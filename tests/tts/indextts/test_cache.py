"""The cache of keys and values: each row is what was written to it, or to the row that it was copied from."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bot.tts.indextts.cache import STRIDE, Cache, Slots
from bot.tts.indextts.config import GptConfig

CONFIG = GptConfig(
    dim=6,
    layers=2,
    heads=3,
    text_tokens=9,
    codes=9,
    most_text=9,
    most_codes=9,
    start_text=0,
    stop_text=1,
    start_code=7,
    stop_code=8,
)
ROWS, POSITIONS = 4, 12


def cache_of(rows: int = ROWS, positions: int = POSITIONS) -> Cache:
    return Cache(CONFIG, rows, positions, dtype=torch.float32, device=torch.device("cpu"))


def numbers(first: int, count: int) -> Tensor:
    """Keys of so many positions (n, heads, head_dim), each with a number of its own."""
    return torch.arange(first, first + count).float()[:, None, None].expand(count, CONFIG.heads, 2)


def prefill(cache: Cache, row: int, first: int, count: int) -> None:
    cache.clear(row, count)
    for layer in range(CONFIG.layers):
        cache.fill(layer, row, numbers(first, count) + layer / 2, -numbers(first, count) - layer / 2)


def step(cache: Cache, first: int, rows: int) -> Slots:
    slots = cache.grow(rows)
    for layer in range(CONFIG.layers):
        cache.put(layer, slots, numbers(first, rows) + layer / 2, -numbers(first, rows) - layer / 2)
    return slots


def contents(cache: Cache) -> list[list[float]]:
    """The numbers of each row as far as it goes; heads, layers, keys and values agree on them, and beyond is zero."""
    for layer in range(CONFIG.layers):
        own = (cache.keys[layer] - layer / 2) * (cache.keys[layer] != 0)
        assert torch.equal(own, cache.keys[0])
        assert torch.equal(cache.values[layer], -cache.keys[layer])
    row_numbers = cache.keys[0, :, 0, :, 0]
    assert torch.equal(row_numbers[:, None, :, None].expand_as(cache.keys[0]), cache.keys[0])
    for row, length in enumerate(cache.lengths):
        assert not row_numbers[row, length:].any()
    return [row_numbers[row, :length].tolist() for row, length in enumerate(cache.lengths)]


PREFILL = st.tuples(st.just("prefill"), st.integers(0, ROWS - 1), st.integers(1, 6))
STEP = st.tuples(st.just("step"), st.integers(1, ROWS))
MOVE = st.tuples(st.just("move"), st.integers(0, ROWS - 1), st.integers(0, ROWS - 1))
REORDER = st.integers(0, ROWS - 1).flatmap(
    lambda first: st.tuples(
        st.just("reorder"),
        st.just(first),
        st.lists(st.integers(0, ROWS - 1 - first), min_size=1, max_size=ROWS - first),
    )
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.one_of(PREFILL, STEP, STEP, MOVE, REORDER), max_size=20))
def test_a_row_is_what_was_written_to_it(actions: list[tuple[object, ...]]) -> None:
    """Whatever is begun, prolonged, moved and crossed, in any order, rows hold what rows of lists would."""
    cache, model, new = cache_of(), [list[float]() for _ in range(ROWS)], 1
    for action in actions:
        match action:
            case ("prefill", int(row), int(count)):
                prefill(cache, row, new, count)
                model[row] = [float(new + n) for n in range(count)]
            case ("step", int(rows)) if all(len(row) < POSITIONS for row in model[:rows]):
                step(cache, new, rows)
                model[:rows] = [[*row, float(new + n)] for n, row in enumerate(model[:rows])]
            case ("move", int(source), int(target)):
                cache.move(source, target)
                model[target] = list(model[source])
            case ("reorder", int(first), list(sources)):
                cache.reorder(first, sources)
                model[first : first + len(sources)] = [list(model[first + source]) for source in sources]
            case _:
                pass
        new += 10
    assert contents(cache) == model


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param([0, 1, 2], [1, 2, 3], id="same"),
        pytest.param([1, 0, 2], [2, 1, 3], id="swapped"),
        pytest.param([1, 2, 0], [2, 3, 1], id="circle"),
        pytest.param([0, 0, 1], [1, 1, 2], id="chain"),
        pytest.param([1, 2, 2], [2, 3, 3], id="chain-back"),
        pytest.param([2, 2, 2], [3, 3, 3], id="one-survives"),
        pytest.param([1, 0, 0], [2, 1, 1], id="swapped-and-doubled"),
    ],
)
def test_beams_continue_each_other(sources: list[int], expected: list[int]) -> None:
    """Every beam becomes what its source was before any of them changed; the row before them stays."""
    cache = cache_of()
    prefill(cache, 0, 90, 5)
    prefill(cache, 1, 50, 4)
    cache.reorder(1, [0, 0, 0])
    for row in range(1, 4):
        prefill(cache, row, 10 * row, 3)
    cache.reorder(1, sources)
    assert contents(cache) == [[90, 91, 92, 93, 94]] + [[10.0 * row + n for n in range(3)] for row in expected]


def test_only_what_differs_is_copied() -> None:
    """Of beams with a common past only what came after it is copied, as far as it goes, and of equal ones nothing."""
    cache = cache_of()
    prefill(cache, 0, 1, 5)
    cache.reorder(0, [0, 0, 0])
    step(cache, 20, 2)
    # Signs at the targets that would go if more were written than what differs.
    cache.keys[:, 1, :, 4] = 77
    cache.keys[:, 1, :, 9] = 78
    cache.reorder(0, [0, 0])
    assert cache.keys[0, 1, 0, :, 0].tolist() == [1, 2, 3, 4, 77, 20, 0, 0, 0, 78, 0, 0]
    cache.keys[:, 1, :, 5] = 79
    cache.reorder(0, [0, 0, 0])
    cache.move(0, 1)
    assert cache.keys[0, 1, 0, 5].tolist() == [79, 79]
    assert cache.keys[0, 2, 0, 5].tolist() == [20, 20]


def test_more_rows_than_positions() -> None:
    """Neither size bounds the other."""
    cache = cache_of(POSITIONS, ROWS)
    step(cache, 1, POSITIONS)
    assert contents(cache) == [[n] for n in range(1, POSITIONS + 1)]


def test_the_block_never_moves() -> None:
    """All that happens happens in place: what was recorded of the addresses stays true."""
    cache = cache_of()
    before = cache.keys.data_ptr(), cache.values.data_ptr()
    prefill(cache, 0, 1, 5)
    cache.reorder(0, [0, 0, 0])
    step(cache, 10, 3)
    cache.reorder(0, [2, 0, 1])
    cache.move(2, 0)
    kept, held = cache.put(0, cache.grow(2), numbers(30, 2), numbers(40, 2))
    assert (kept.data_ptr(), held.data_ptr()) == before
    assert (cache.keys.data_ptr(), cache.values.data_ptr()) == before


@pytest.mark.parametrize(
    ("longest", "positions", "span"),
    [
        pytest.param(1, 128, STRIDE, id="short"),
        pytest.param(STRIDE - 1, 128, STRIDE, id="just-full"),
        pytest.param(STRIDE, 128, 2 * STRIDE, id="one-more"),
        pytest.param(STRIDE, STRIDE + 5, STRIDE + 5, id="end-of-the-cache"),
    ],
)
def test_a_step_looks_no_farther_than_the_longest(longest: int, positions: int, span: int) -> None:
    """A step's span is that of its longest row, rounded up, within the cache; rows that are not in it do not count."""
    cache = cache_of(3, positions)
    cache.clear(0, longest)
    cache.clear(1, 1)
    cache.clear(2, positions)
    slots = cache.grow(2)
    assert slots.span == span
    assert slots.ends.tolist() == [longest, 1]
    open_to = (slots.mask[:, 0, 0] == 0).sum(-1).tolist()
    assert open_to == [longest + 1, 2]
    assert slots.mask[0, 0, 0, : longest + 1].tolist() == [0.0] * (longest + 1)


def test_lengths_are_of_who_is_there() -> None:
    """Each row has its own length; a copy has that of its source."""
    cache = cache_of()
    assert cache.lengths == [0, 0, 0, 0]
    prefill(cache, 2, 1, 7)
    step(cache, 20, 1)
    cache.move(2, 3)
    assert cache.lengths == [1, 0, 7, 7]
