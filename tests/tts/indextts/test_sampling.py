"""How codes are chosen, step by step: by upstream's scores as upstream did, and by chance as chance would have it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.options import Sampling
from bot.tts.indextts.sampling import Move, Search, advance, probabilities, search

Golden = Mapping[str, npt.NDArray[Any]]

GREEDY = Sampling(sample=False)
FREE = Sampling(repetition_penalty=1.0)
START, STOP, CODES = 512, 513, 514


def begin(options: Sampling, *, limit: int = 40, seed: int = 0) -> Search:
    return search(options, start=START, stop=STOP, limit=limit, seed=seed)


def scores(rows: int, seed: int, *, never_stop: bool = True) -> Tensor:
    made = torch.randn(rows, CODES, generator=torch.Generator().manual_seed(seed)) * 3
    if never_stop:
        made[:, STOP] = -100
    return made


def certain(code: int) -> Tensor:
    """Scores that leave nothing to choose."""
    made = torch.full((1, CODES), -1000.0)
    made[0, code] = 1000.0
    return made


def codes_of(found: Search, steps: Sequence[Tensor]) -> list[int]:
    for step in steps:
        found.advance(step)
    return found.codes


@pytest.mark.parametrize("positions", ["kv", "nokv"])
@pytest.mark.parametrize("text", [0, 1, 2])
def test_by_upstreams_scores_the_greedy_choice_is_upstreams(golden: Golden, text: int, positions: str) -> None:
    """As far as its scores are known to us: eight steps."""
    logits = torch.from_numpy(golden[f"t{text}_greedy_{positions}_logits"])
    found = codes_of(begin(GREEDY), [step[None] for step in logits])
    assert found == golden[f"t{text}_greedy_{positions}_codes"][: len(logits)].tolist()


def test_without_the_penalty_the_choice_is_another(golden: Golden) -> None:
    """It is upstream's because of it, and because of the two codes that always count as seen."""
    steps = [step[None] for step in torch.from_numpy(golden["t0_greedy_kv_logits"])]
    found = codes_of(begin(Sampling(sample=False, repetition_penalty=1.0)), steps)
    assert found == [int(step.argmax()) for step in steps]
    assert found != golden["t0_greedy_kv_codes"][:8].tolist()


@pytest.mark.parametrize("sample", [True, False], ids=["drawn", "greedy"])
@pytest.mark.parametrize(("counted", "code"), [(True, 2), (False, 1)])
@pytest.mark.parametrize("second", [1, START])
def test_codes_of_the_placeholder_count_as_seen_only_if_they_are_to(
    second: int, counted: bool, code: int, sample: bool
) -> None:
    """1 and the start code, from the first step on."""
    row = torch.full((1, CODES), -900.0)
    row[0, second], row[0, 2] = 100.0, 50.0
    found = begin(Sampling(sample=sample, placeholder_seen=counted))
    assert codes_of(found, [row]) == [2 if code == 2 else second]


def test_a_code_that_was_found_is_penalised_from_then_on() -> None:
    """Once, however often it comes."""
    row = torch.full((1, CODES), -900.0)
    row[0, 7], row[0, 8], row[0, 9] = 100.0, 50.0, 20.0
    assert codes_of(begin(GREEDY), [row] * 5) == [7, 8, 9, 7, 7]


@pytest.mark.parametrize("options", [GREEDY, Sampling()], ids=["greedy", "drawn"])
def test_the_stop_code_ends_it_and_is_not_among_the_codes(options: Sampling) -> None:
    """It says that it has stopped."""
    found = begin(options)
    assert found.advance(certain(5)) == Move((5,), (0,))
    assert not found.stopped
    assert found.advance(certain(STOP)) is None
    assert (found.codes, found.stopped) == ([5], True)


@pytest.mark.parametrize("options", [GREEDY, Sampling()], ids=["greedy", "drawn"])
def test_the_limit_ends_it_with_the_last_code(options: Sampling) -> None:
    """It has not stopped then; the stop code may be the one that reaches the limit."""
    found = begin(options, limit=2)
    assert found.advance(certain(5)) is not None
    assert found.advance(certain(6)) is None
    assert (found.codes, found.stopped) == ([5, 6], False)
    other = begin(options, limit=2)
    other.advance(certain(5))
    assert other.advance(certain(STOP)) is None
    assert (other.codes, other.stopped) == ([5], True)


@pytest.mark.parametrize("options", [GREEDY, Sampling()], ids=["greedy", "drawn"])
@pytest.mark.parametrize("worst", [float("nan"), float("inf")])
def test_scores_that_are_no_numbers_end_it(options: Sampling, worst: float) -> None:
    """Of that row, not of the one beside it; and not as if it had stopped."""
    spoilt, well = begin(options), begin(options)
    rows = torch.cat((certain(5), certain(6)))
    assert advance([spoilt, well], rows) == [Move((5,), (0,)), Move((6,), (0,))]
    rows[0] = worst
    rows[1] = certain(8)
    assert advance([spoilt, well], rows) == [None, Move((8,), (0,))]
    assert (spoilt.codes, spoilt.stopped, len(spoilt.codes) < 40) == ([5], False, True)


def test_codes_are_drawn_as_often_as_is_their_probability() -> None:
    """Pearson's chi square over five thousand draws, at upstream's options and at hotter ones."""
    row = scores(1, 3)
    for options in (FREE, Sampling(repetition_penalty=1.0, temperature=2.0, top_p=0.95)):
        found = begin(options, limit=100_000, seed=11)
        count = Counter(codes_of(found, [row] * 5_000))
        expected = probabilities(row[0], [], options)
        assert set(count) == set(torch.nonzero(expected).flatten().tolist())
        square = sum((count[code] - 5_000 * p) ** 2 / (5_000 * p) for code, p in enumerate(expected.tolist()) if p)
        freedom = len(count) - 1
        assert (square - freedom) / math.sqrt(2 * freedom) < 4


def test_one_draw_does_not_tell_of_the_next() -> None:
    """Pairs are as often as chance would have them."""
    row = torch.full((1, CODES), float("-inf"))
    row[0, 7] = row[0, 8] = 0.0
    options = Sampling(repetition_penalty=1.0, top_p=1.0)
    drawn = codes_of(begin(options, limit=100_000, seed=4), [row] * 4000)
    pairs = Counter(zip(drawn[::2], drawn[1::2], strict=True))
    assert len(pairs) == 4
    assert sum((count - 500) ** 2 / 500 for count in pairs.values()) < 3 + 4 * math.sqrt(6)


def test_a_draw_is_one_uniform_number_laid_on_the_probabilities() -> None:
    """Added up from the likeliest code on; whoever has the seed can tell what comes."""
    chance = np.random.Generator(np.random.PCG64(9))
    found = begin(FREE, seed=9)
    for step in range(30):
        row = scores(1, step)
        ranked = probabilities(row[0], [], FREE).sort(descending=True)
        reached = ranked.values.double().cumsum(0)
        at = int(torch.searchsorted(reached, chance.random() * reached[-1], right=True))
        assert found.advance(row) == Move((int(ranked.indices[at]),), (0,))


def test_the_seed_decides() -> None:
    """The same seed draws the same, another another; and each sentence has its own."""
    steps = [scores(1, step) for step in range(30)]
    first, again, other = (codes_of(begin(Sampling(), seed=seed), steps) for seed in (5, 5, 6))
    assert first == again
    assert first != other


MIXED = [
    Sampling(),
    GREEDY,
    Sampling(beams=3),
    Sampling(temperature=0.7),
    Sampling(),
    Sampling(sample=False, beams=2),
    Sampling(top_k=0, top_p=1.0),
    Sampling(repetition_penalty=1.0),
]


def alone(place: int, steps: Sequence[Tensor], rows: slice) -> tuple[list[Move | None], Search]:
    found = begin(MIXED[place], seed=place)
    return [found.advance(step[rows]) for step in steps], found


def test_together_each_finds_what_it_finds_alone() -> None:
    """Whatever the others are; rows go to their own search, in order."""
    together = [begin(options, seed=place) for place, options in enumerate(MIXED)]
    steps = [scores(sum(one.rows for one in together), step) for step in range(12)]
    moves = [advance(together, step) for step in steps]
    first = 0
    for place, one in enumerate(together):
        expected, by_itself = alone(place, steps, slice(first, first + one.rows))
        assert [at_once[place] for at_once in moves] == expected
        assert (one.codes, one.score) == (by_itself.codes, by_itself.score)
        first += one.rows


def test_who_is_in_the_batch_does_not_change_what_is_drawn() -> None:
    """Though it has ties, which leave it more to choose from."""
    steps = [scores(1, step) for step in range(40)]
    ties = torch.zeros(1, CODES)
    for seed in range(10):
        first, second, third = begin(Sampling(), seed=seed), begin(Sampling(), seed=1), begin(Sampling(), seed=seed)
        for step in steps:
            advance([second, first], torch.cat((ties, step)))
            third.advance(step)
        assert first.codes == third.codes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_is_drawn_is_drawn_in_float32(dtype: torch.dtype) -> None:
    """Scores in 16 bits are drawn from as the same numbers in 32."""
    for options in MIXED:
        short, long = begin(options, seed=2), begin(options, seed=2)
        for step in range(10):
            rows = scores(short.rows, step).to(dtype)
            assert short.advance(rows) == long.advance(rows.float())


def test_the_scores_are_not_written_to() -> None:
    """They are the model's."""
    for options in MIXED:
        found = begin(options)
        rows = scores(found.rows, 1)
        before = rows.clone()
        found.advance(rows)
        found.advance(rows)
        assert torch.equal(rows, before)


@pytest.mark.parametrize("rows", [2, 4])
def test_rows_that_belong_to_nobody_are_refused(rows: int) -> None:
    """And rows that are missing; nobody goes on by another's."""
    searches = [begin(GREEDY), begin(Sampling(sample=False, beams=2))]
    with pytest.raises(ValueError, match=f"{rows} rows"):
        advance(searches, scores(rows, 1))
    assert searches[0].codes == []


def test_no_searches_go_nowhere() -> None:
    """An empty batch is in order."""
    assert advance([], torch.zeros(0, CODES)) == []


@pytest.mark.parametrize("options", [GREEDY, Sampling(beams=3)], ids=["single", "beams"])
def test_a_search_that_cannot_be_is_refused(options: Sampling) -> None:
    """No code at all, or a seed below zero."""
    with pytest.raises(ValueError, match="at least one"):
        begin(options, limit=0)
    with pytest.raises(ValueError, match="non-negative"):
        begin(options, seed=-1)


@pytest.mark.parametrize(("options", "rows"), [(GREEDY, 1), (Sampling(), 1), (Sampling(beams=3), 3)])
def test_a_search_says_how_many_rows_it_takes(options: Sampling, rows: int) -> None:
    """And begins with nothing found."""
    found = begin(options)
    assert (found.rows, found.codes, found.stopped, found.score) == (rows, [], False, 0.0)


def test_the_options_are_upstreams_but_for_the_beams() -> None:
    """As its `infer` has them."""
    assert Sampling() == Sampling(
        sample=True, temperature=1.0, top_k=30, top_p=0.8, repetition_penalty=10.0, beams=1, placeholder_seen=True
    )
