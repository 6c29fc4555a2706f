"""Beam search, held against a slow one that is written as the rules are told, and against upstream's own results."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.config import read
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.sampling import Move, Search, search

Model = Callable[[Sequence[int]], Sequence[float]]
"""The codes so far → the scores of what comes next."""
Golden = Mapping[str, npt.NDArray[Any]]

BEAMS = Sampling(sample=False, beams=3)


def chance(vocabulary: int, seed: int, *, sharpness: float = 1.0, eager: float = 0.0) -> Model:
    """A model by dice: what it says depends on all that was said; ``eager`` to stop, the more the longer it is."""

    def scores(codes: Sequence[int]) -> Sequence[float]:
        rng = np.random.default_rng([seed, *codes])
        drawn = rng.normal(scale=sharpness, size=vocabulary)
        drawn[-1] += eager * len(codes)
        return [float(score) for score in drawn]

    return scores


def told(*lines: tuple[tuple[int, ...], dict[int, float]]) -> Model:
    """A model that says what it is told: after these codes, these have these probabilities; there are 8 codes, 6 is the
    start code and 7 stops."""
    table = dict(lines)

    def scores(codes: Sequence[int]) -> Sequence[float]:
        likely = table.get(tuple(codes), {})
        rest = (1 - sum(likely.values())) / (8 - len(likely))
        return [math.log(likely.get(code, rest)) for code in range(8)]

    return scores


def run(found: Search, model: Model) -> list[Move]:
    """Search to the end; each beam's past is followed by the moves."""
    pasts: list[list[int]] = [[] for _ in range(found.rows)]
    moves = []
    while (move := found.advance(torch.tensor([model(past) for past in pasts]))) is not None:
        pasts = [[*pasts[source], code] for source, code in zip(move.sources, move.codes, strict=True)]
        moves.append(move)
    return moves


def slow(
    model: Model, vocabulary: int, beams: int, limit: int, penalty: float, *, others: float = -1e9, each: int = 1000
) -> tuple[list[int], bool, float, int]:
    """Beam search without a thought for time: (codes, stopped, score, steps). The start code is the last but one,
    the stop code the last; the ``each`` best codes of every beam get ranked, and ``others`` is what all but the first
    begin with."""
    stop = vocabulary - 1
    closed: list[tuple[float, list[int]]] = []
    going: list[tuple[float, list[int]]] = [(others if beam else 0.0, []) for beam in range(beams)]
    for _ in range(limit):
        candidates = []
        for score, codes in going:
            scores = np.array(model(codes))
            logs = scores - np.log(np.exp(scores).sum())
            for code in {1, vocabulary - 2, *codes}:
                logs[code] *= penalty
            candidates += [(score + logs[code], codes, int(code)) for code in np.argsort(-logs)[:each]]
        ranked = sorted(candidates, key=lambda one: -one[0])[: 2 * beams]
        closed += [(score, codes) for score, codes, code in ranked[:beams] if code == stop]
        closed = sorted(closed, key=lambda one: -one[0])[:beams]
        going = [(score, [*codes, code]) for score, codes, code in ranked if code != stop][:beams]
        if len(closed) == beams and closed[-1][0] >= ranked[0][0]:
            break
    else:
        closed += going
    score, codes = max(closed, key=lambda one: one[0])
    return codes, len(codes) < limit, score, len(going[0][1])


@pytest.fixture(scope="module")
def gpt(folder: Path) -> Gpt:
    """The tiny model."""
    return Gpt.of(read(folder).gpt, torch.load(folder / "gpt.pth", weights_only=True)["model"], torch.float32)


def generated(gpt: Gpt, found: Search, conditioning: Tensor, ids: Sequence[int], positions: Positions) -> list[int]:
    """What the model and the search find together, with the stop code if it came."""
    prompt = gpt.prompt(conditioning, ids)
    cache = gpt.cache(found.rows, len(prompt) + 40)
    states = torch.stack([gpt.prefill(prompt, cache, row) for row in range(found.rows)])
    count = 0
    while (move := found.advance(gpt.logits(states))) is not None:
        count += 1
        cache.reorder(0, move.sources)
        places = torch.full((found.rows,), positions.of(count))
        states = gpt.step(torch.tensor(move.codes), places, cache)
    return [*found.codes, gpt.config.stop_code] if found.stopped else found.codes


@pytest.mark.parametrize(("short", "positions"), [("kv", Positions.UPSTREAM), ("nokv", Positions.CONTIGUOUS)])
@pytest.mark.parametrize("text", [0, 1, 2])
def test_three_beams_find_what_upstream_found(
    gpt: Gpt, golden: Golden, text: int, short: str, positions: Positions
) -> None:
    """The same codes, and their score, whether they stop or come to the limit."""
    found = search(BEAMS, start=512, stop=513, limit=40)
    conditioning = torch.from_numpy(golden["cond_latents"])
    codes = generated(gpt, found, conditioning, golden[f"t{text}_ids"].tolist(), positions)
    assert codes == golden[f"t{text}_beam3_{short}_codes"].tolist()
    assert found.score == pytest.approx(golden[f"t{text}_beam3_{short}_score"].item(), abs=1e-4)


@pytest.mark.parametrize(("short", "positions"), [("kv", Positions.UPSTREAM), ("nokv", Positions.CONTIGUOUS)])
@pytest.mark.parametrize("text", [0, 1, 2])
def test_greedy_search_finds_what_upstream_found(
    gpt: Gpt, golden: Golden, text: int, short: str, positions: Positions
) -> None:
    """The same codes."""
    found = search(Sampling(sample=False), start=512, stop=513, limit=40)
    conditioning = torch.from_numpy(golden["cond_latents"])
    codes = generated(gpt, found, conditioning, golden[f"t{text}_ids"].tolist(), positions)
    assert codes == golden[f"t{text}_greedy_{short}_codes"].tolist()


@pytest.mark.parametrize("penalty", [1.0, 10.0])
@pytest.mark.parametrize("beams", [2, 3, 5])
@pytest.mark.parametrize("eager", [-1.0, 0.2, 1.0])
def test_it_finds_what_the_slow_one_finds(beams: int, eager: float, penalty: float) -> None:
    """With models of all kinds: such as stop soon, late, and not before the limit."""
    options = Sampling(sample=False, beams=beams, repetition_penalty=penalty)
    for seed in range(6):
        for limit in (1, 2, 9, 25):
            model = chance(20, seed, eager=eager)
            found = search(options, start=18, stop=19, limit=limit)
            steps = len(run(found, model)) + 1
            codes, stopped, score, expected = slow(model, 20, beams, limit, penalty)
            assert (found.codes, found.stopped, steps) == (codes, stopped, expected)
            assert found.score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("eager", [-1.0, 0.2, 1.0])
def test_what_can_only_be_drawn_one_way_is_what_the_slow_one_finds(eager: float) -> None:
    """Two codes for each of three beams are six: all are drawn, in whatever order, and ranked then."""
    options = Sampling(top_k=1, beams=3)
    for seed in range(12):
        model = chance(20, seed, eager=eager)
        found = search(options, start=18, stop=19, limit=12, seed=seed)
        steps = len(run(found, model)) + 1
        codes, stopped, score, expected = slow(model, 20, 3, 12, 10.0, others=0.0, each=2)
        assert (found.codes, found.stopped, steps) == (codes, stopped, expected)
        assert found.score == pytest.approx(score, abs=1e-4)


def test_a_stop_in_the_first_half_closes_a_beam_and_counts_in_its_score() -> None:
    """The likeliest end wins at the limit, if no open beam is better."""
    model = told(((), {2: 0.6, 3: 0.3}), ((2,), {7: 0.9}), ((2, 4), {5: 0.5}))
    found = search(Sampling(sample=False, beams=2, repetition_penalty=1.0), start=6, stop=7, limit=3)
    run(found, model)
    assert (found.codes, found.stopped) == ([2], True)
    assert found.score == pytest.approx(math.log(0.6 * 0.9), abs=1e-5)


def test_a_stop_in_the_second_half_is_passed_over() -> None:
    """Though it would be the best end of all that come."""
    model = told(((), {2: 0.4, 3: 0.35, 7: 0.2}))
    found = search(Sampling(sample=False, beams=2, repetition_penalty=1.0), start=6, stop=7, limit=2)
    moves = run(found, model)
    assert moves == [Move((2, 3), (0, 0))]
    assert not found.stopped


def test_open_beams_compete_at_the_limit() -> None:
    """One that is likelier without an end than the ended one is the answer."""
    model = told(((), {7: 0.1, 2: 0.8}), ((2,), {3: 0.9}))
    found = search(Sampling(sample=False, beams=2, repetition_penalty=1.0), start=6, stop=7, limit=2)
    run(found, model)
    assert (found.codes, found.stopped) == ([2, 3], False)
    assert found.score == pytest.approx(math.log(0.8 * 0.9), abs=1e-5)


def test_it_is_over_when_no_open_beam_can_be_better() -> None:
    """Long before the limit; until then all that are open go on, though a stop took a place among the best."""
    ends = {7: 0.5, 2: 0.3, 3: 0.15}
    model = told(((), ends), ((2,), {7: 0.9}), ((3,), {7: 0.9}), ((2, 4), {7: 0.9}), ((2, 5), {7: 0.9}))
    found = search(Sampling(sample=False, beams=2, repetition_penalty=1.0), start=6, stop=7, limit=500)
    moves = run(found, model)
    assert moves[0] == Move((2, 3), (0, 0))
    assert len(moves) < 4
    assert (found.codes, found.stopped) == ([], True)


def test_the_worst_of_too_many_ends_is_given_up() -> None:
    """When one beam more has ended than are kept, the better ones stay."""
    model = chance(6, 3, sharpness=0.3, eager=0.5)
    found = search(Sampling(sample=False, beams=2, repetition_penalty=1.0), start=4, stop=5, limit=30)
    run(found, model)
    assert (found.codes, found.stopped) == slow(model, 6, 2, 30, 1.0)[:2]


def test_nothing_is_told_of_the_codes_before_it_is_over() -> None:
    """The best beam may be another at each step."""
    found = search(BEAMS, start=18, stop=19, limit=3)
    scores = torch.randn(3, 20, generator=torch.Generator().manual_seed(1))
    scores[:, 19] = -50
    assert found.advance(scores) is not None
    assert found.codes == []
    assert found.advance(scores) is not None
    assert found.advance(scores) is None
    assert len(found.codes) == 3


@pytest.mark.parametrize("options", [BEAMS, Sampling(beams=3)], ids=["best", "drawn"])
def test_scores_that_are_no_numbers_end_it(options: Sampling) -> None:
    """With what there is, and not as if it had stopped; one spoilt row is enough."""
    found = search(options, start=18, stop=19, limit=10)
    scores = torch.zeros(3, 20)
    scores[:, 19] = -50
    assert found.advance(scores) is not None
    scores[2] = float("nan")
    assert found.advance(scores) is None
    assert len(found.codes) == 1
    assert not found.stopped


FIRST = [0.0, -0.7, -99.0, -99.0, -1.4, -2.1, -99.0]
"""Scores by which 0, 1, 4 and 5 may be drawn; 3 is the start code, 6 would stop."""
THEN = [[0.5, 1.5, -99.0, -99.0, 0.0, -1.0, -99.0], [1.0, -1.0, -99.0, -99.0, 0.7, 0.3, -99.0]]
DRAWN = (0, 1, 4, 5)


def test_beams_are_drawn_from_the_sums_without_replacement() -> None:
    """All that can come of two steps, each as often as drawing one candidate after the other would have it."""
    options = Sampling(beams=2, top_k=len(DRAWN), top_p=1.0, repetition_penalty=1.0)
    first: Counter[Move] = Counter()
    second: dict[tuple[int, ...], Counter[Move]] = defaultdict(Counter)
    for seed in range(6000):
        found = search(options, start=3, stop=6, limit=9, seed=seed)
        began = found.advance(torch.tensor([FIRST, FIRST]))
        went_on = found.advance(torch.tensor(THEN))
        assert began is not None
        assert went_on is not None
        first[began] += 1
        second[began.codes][went_on] += 1
    assert deviation(first, outcomes([0.0, 0.0], [FIRST, FIRST])) < 4
    for codes in ((0, 0), (0, 1)):
        sums = [log_probabilities(FIRST)[code] for code in codes]
        assert deviation(second[codes], outcomes(sums, THEN)) < 4


def log_probabilities(scores: Sequence[float]) -> list[float]:
    """Of all codes, before top-k takes any away."""
    return [float(one) for one in torch.log_softmax(torch.tensor(scores), -1)]


def outcomes(sums: Sequence[float], scores: Sequence[Sequence[float]]) -> dict[Move, float]:
    """Every move of two beams and its probability: four of the eight candidates are drawn one after the other, then
    ranked, and the first two go on."""
    logs = {
        (row, code): total + log_probabilities(line)[code]
        for row, (total, line) in enumerate(zip(sums, scores, strict=True))
        for code in DRAWN
    }
    every = sum(math.exp(one) for one in logs.values())
    found: dict[Move, float] = defaultdict(float)
    for drawn in permutations(logs, 4):
        probability, left = 1.0, every
        for candidate in drawn:
            probability *= math.exp(logs[candidate]) / left
            left -= math.exp(logs[candidate])
        going = sorted(drawn, key=lambda one: (-logs[one], one[0]))[:2]
        found[Move(tuple(code for _, code in going), tuple(row for row, _ in going))] += probability
    return found


def deviation(seen: Counter[Move], expected: dict[Move, float]) -> float:
    """Pearson's chi square over what is to be seen often, as standard deviations above what chance gives."""
    total = seen.total()
    assert set(seen) <= set(expected)
    often = {move: part for move, part in expected.items() if total * part >= 5}
    square = sum((seen[move] - total * part) ** 2 / (total * part) for move, part in often.items())
    freedom = len(often) - 1
    return (square - freedom) / math.sqrt(2 * freedom)


def test_beams_drawn_with_the_same_seed_are_the_same() -> None:
    """And with others they are others."""
    model = chance(40, 1)
    found = [search(Sampling(beams=3), start=38, stop=39, limit=15, seed=seed) for seed in (1, 1, 2)]
    first, again, other = ((run(one, model), one.codes) for one in found)
    assert first == again
    assert first[1] != other[1]


def test_beams_continue_rows_of_their_own() -> None:
    """And there is a code for each."""
    found = search(Sampling(beams=4, temperature=2.0), start=38, stop=39, limit=20, seed=5)
    for move in run(found, chance(40, 2, eager=-1)):
        assert len(move.codes) == len(move.sources) == 4
        assert set(move.sources) <= set(range(4))
        assert 39 not in move.codes


def test_the_score_is_the_sum_along_the_codes_it_gives() -> None:
    """Of log-probabilities after the penalty, with temperature where there is one."""
    model = chance(30, 4, eager=-5)
    options = Sampling(beams=3, temperature=0.7, repetition_penalty=3.0, placeholder_seen=False)
    found = search(options, start=28, stop=29, limit=10, seed=3)
    run(found, model)
    total = 0.0
    for at, code in enumerate(found.codes):
        log = log_probabilities(model(found.codes[:at]))[code]
        total += log * (3.0 if code in found.codes[:at] else 1.0) / 0.7
    assert found.score == pytest.approx(total, abs=1e-3)


@pytest.mark.parametrize(("counted", "code"), [(True, 2), (False, 1)])
def test_codes_of_the_placeholder_count_as_seen_only_if_they_are_to(counted: bool, code: int) -> None:
    """Code 1 is likeliest, but for that."""
    scores = torch.tensor([[0.0, 2.0, 1.0, -9.0, -9.0]]).repeat(2, 1)
    found = search(Sampling(sample=False, beams=2, placeholder_seen=counted), start=3, stop=4, limit=9)
    move = found.advance(scores)
    assert move is not None
    assert move.codes[0] == code
