"""What is left of the scores, held against Hugging Face's own processors and against what upstream draws from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from bot.tts.indextts.candidates import Candidates, Seen, best, on_processor, penalize, warp
from bot.tts.indextts.options import Sampling
from bot.tts.indextts.sampling import probabilities

Golden = Mapping[str, npt.NDArray[Any]]

START = 512


def by_hugging_face(scores: Tensor, seen: list[int], options: Sampling) -> Tensor:
    """Scores (codes,) → probabilities, as `generate` would have them."""
    row = scores[None].clone()
    ids = torch.tensor([seen], dtype=torch.int64)
    row = RepetitionPenaltyLogitsProcessor(options.repetition_penalty)(ids, row)
    row = TemperatureLogitsWarper(options.temperature)(ids, row)
    least = 2 if options.beams > 1 else 1
    if options.top_k:
        row = TopKLogitsWarper(options.top_k, min_tokens_to_keep=least)(ids, row)
    row = TopPLogitsWarper(options.top_p, min_tokens_to_keep=least)(ids, row)
    return torch.softmax(row, dim=-1)[0]


@pytest.mark.parametrize(("name", "temperature"), [("sampler_probs_t10", 1.0), ("sampler_probs_t07", 0.7)])
def test_probabilities_are_upstreams(golden: Golden, name: str, temperature: float) -> None:
    """Of the first steps of a decoding, with what each of them had seen, at upstream's own options."""
    options = Sampling(temperature=temperature)
    for step, expected in enumerate(golden[name]):
        seen = [1, START, *golden["t0_greedy_kv_codes"][:step].tolist()]
        found = probabilities(torch.from_numpy(golden["t0_greedy_kv_logits"][step]), seen, options)
        assert np.abs(found.numpy() - expected).max() <= 1e-6
        assert np.array_equal(found.numpy() > 0, expected > 0)


@pytest.mark.parametrize("grain", [0.0, 0.5], ids=["all-differ", "many-are-equal"])
@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("top_k", [0, 1, 5, 30, 1000])
@pytest.mark.parametrize("beams", [1, 3])
def test_what_is_left_is_what_hugging_face_leaves(beams: int, top_k: int, top_p: float, grain: float) -> None:
    """By whatever options and for any scores. Which of equal ones it drops is its sort's affair; how many is not."""
    rng = np.random.default_rng(top_k)
    for temperature, penalty in ((1.0, 10.0), (0.7, 1.5), (1.8, 1.0), (1.0, 0.5)):
        options = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty, beams=beams)
        scores = torch.from_numpy(rng.normal(scale=2.0, size=200).astype(np.float32))
        if grain:
            scores = torch.round(scores / grain) * grain
        seen = rng.integers(0, 200, size=40).tolist()
        found, expected = probabilities(scores, seen, options), by_hugging_face(scores, seen, options)
        assert grain or torch.equal(found > 0, expected > 0)
        torch.testing.assert_close(found.sort().values, expected.sort().values, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("count", [2, 4, 5, 8, 10])
def test_equal_scores_at_the_edge_of_top_p_are_decided_as_there(count: int) -> None:
    """Where what is dropped holds exactly as much as may be dropped."""
    options = Sampling(repetition_penalty=1.0, top_p=0.8)
    scores = torch.zeros(count)
    found, expected = probabilities(scores, [], options), by_hugging_face(scores, [0], options)
    assert torch.equal(found.sort().values, expected.sort().values)


def test_penalty_strikes_once_however_often_a_code_was_seen() -> None:
    """A positive score is divided, one of zero or below multiplied."""
    scores = np.array([[4.0, -4.0, 2.0, 0.0]], np.float32)
    penalize(scores, [Seen([0, 1, 0, 0, 1, 3])], 2.0)
    assert scores.tolist() == [[2.0, -8.0, 2.0, 0.0]]


def test_each_row_is_penalised_for_its_own_codes() -> None:
    """Also when one has seen nothing."""
    scores = np.ones((3, 4), np.float32)
    penalize(scores, [Seen([1]), Seen(), Seen([3, 0])], 4.0)
    assert scores.tolist() == [[1, 0.25, 1, 1], [1, 1, 1, 1], [0.25, 1, 1, 0.25]]


@given(st.lists(st.integers(0, 20)))
def test_codes_seen_are_kept_once_in_order(codes: list[int]) -> None:
    """As a dictionary's keys would be."""
    assert Seen(codes).codes.tolist() == list(dict.fromkeys(codes))


def test_a_copy_sees_for_itself() -> None:
    """What a beam sees, another that has the same past does not."""
    first = Seen([3])
    other = first.copy()
    other.add(5)
    assert (first.codes.tolist(), other.codes.tolist()) == ([3], [3, 5])


@given(
    st.lists(st.lists(st.integers(-6, 6), min_size=7, max_size=7), min_size=1, max_size=4),
    st.integers(1, 9),
)
def test_best_are_the_highest_and_what_equals_the_last_of_them(rows: list[list[int]], count: int) -> None:
    """In rising order, and of equals the lower code first."""
    for row, found in zip(rows, best(np.array(rows, np.float32), count), strict=True):
        ranked = sorted(range(7), key=lambda code: (row[code], code))
        least = row[ranked[-min(count, 7)]]
        assert found.codes.tolist() == [code for code in ranked if row[code] >= least]
        assert found.scores.tolist() == [row[code] for code in found.codes]


@given(st.lists(st.floats(-20, 20, width=32), min_size=5, max_size=5), st.integers(1, 5), st.floats(0, 1))
def test_a_row_is_left_the_same_whoever_is_with_it(row: list[float], top_k: int, top_p: float) -> None:
    """To the bit; though the others have ties, which take more room."""
    options = Sampling(top_k=top_k, top_p=top_p)
    (alone,) = warp(np.array([row], np.float32), options)
    among = warp(np.array([[1] * 5, row, [0, 1, 1, 1, 0]], np.float32), options)[1]
    assert alone.codes.tolist() == among.codes.tolist()
    assert alone.probabilities().tobytes() == among.probabilities().tobytes()


def test_beams_are_left_two_codes_each() -> None:
    """The stop code alone would be no way to go on."""
    scores = np.array([[9.0, 0.0, -9.0]], np.float32)
    for options in (Sampling(top_k=1, beams=3), Sampling(top_p=0.1, beams=3), Sampling(top_p=0.0, beams=2)):
        assert warp(scores, options)[0].codes.tolist() == [1, 0]


@pytest.mark.parametrize("worst", [float("nan"), float("inf"), float("-inf")])
def test_nothing_is_left_where_no_best_is_finite(worst: float) -> None:
    """And the row beside it is as it would be."""
    spoilt, well = warp(np.array([[worst] * 4, [0, 1, 2, 3]], np.float32), Sampling())
    assert not len(spoilt.codes)
    assert well.codes.tolist() == [2, 3]


def test_a_code_that_cannot_be_has_no_probability() -> None:
    """A score of minus infinity is in order, as long as another is finite."""
    scores = torch.tensor([float("-inf"), 1.0, float("-inf"), 1.0])
    assert probabilities(scores, [1], Sampling(repetition_penalty=1.0)).tolist() == [0, 0.5, 0, 0.5]


def test_probabilities_of_scores_that_are_no_numbers_are_refused() -> None:
    """Rather than made up."""
    with pytest.raises(ValueError, match="finite"):
        probabilities(torch.full((4,), float("nan")), [], Sampling())


def test_probabilities_leave_the_scores_as_they_were() -> None:
    """They are the caller's."""
    scores = torch.arange(8.0)
    probabilities(scores, [7], Sampling())
    assert torch.equal(scores, torch.arange(8.0))


def test_likelier_candidates_are_at_the_end() -> None:
    """So many of them, with their scores."""
    left = Candidates(np.array([4, 2, 7]), np.array([-1.0, 0.0, 3.0], np.float32)).likeliest(2)
    assert (left.codes.tolist(), left.scores.tolist()) == ([2, 7], [0.0, 3.0])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_scores_come_as_float32(dtype: torch.dtype) -> None:
    """Whatever the model computes in, also with gradients still hanging on."""
    scores = torch.tensor([[1.5, -2.25]], dtype=dtype, requires_grad=True)
    found = on_processor(scores)
    assert found.dtype == np.float32
    assert found.tolist() == [[1.5, -2.25]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": 0.0},
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"repetition_penalty": 0.0},
        {"top_k": -1},
        {"top_p": -0.1},
        {"top_p": 1.1},
        {"beams": 0},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    """When they are put together, not at the first step."""
    with pytest.raises(ValueError, match="must be"):
        Sampling(**wrong)
