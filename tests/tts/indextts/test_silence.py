"""Long silence: cut as upstream cuts it, and as well as that can be done on a stream."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.tts.indextts.silence import SILENT_CODE, LongSilence, remove_long_silence

STOP = 513

speech = st.lists(st.integers(0, 60), max_size=6)
silence = st.integers(0, 45).map(lambda length: [SILENT_CODE] * length)
sentences = st.lists(speech | silence, max_size=8).map(lambda parts: [code for part in parts for code in part])
"""Codes with short and long runs of silence."""


def streamed(codes: list[int]) -> list[int]:
    keeper = LongSilence()
    return [code for code in codes if keeper.keeps(code)]


def longest_silence(codes: list[int]) -> int:
    return max((len(list(run)) for code, run in groupby(codes) if code == SILENT_CODE), default=0)


def within(some: list[int], codes: list[int]) -> bool:
    """Whether they are some of these codes, in their order."""
    rest = iter(codes)
    return all(code in rest for code in some)


def test_it_is_cut_as_upstream_cuts_it(told: Mapping[str, Any]) -> None:
    """In each of its cases; the stop code ends a sentence."""
    cases = told["remove_long_silence"]
    assert len(cases) == 15
    for case in cases:
        assert remove_long_silence(case["codes"], STOP) == case["out"], case["id"]
        assert len(case["out"]) == case["length"]


def test_what_generation_gave_is_cut_as_it_was_there(told: Mapping[str, Any]) -> None:
    """In whole runs of upstream's, from codes to sound."""
    used = 0
    for run in told["infer"]:
        for sentence in run["sentences"]:
            assert remove_long_silence(sentence["codes"], STOP) == sentence["codes_used"]
            used += 1
    assert used


@given(sentences)
def test_nothing_else_is_touched_and_no_run_stays_long(codes: list[int]) -> None:
    """What is not silence stays, in order; where there is much silence, ten in a row are the most."""
    cut = remove_long_silence(codes, STOP)
    assert [code for code in cut if code != SILENT_CODE] == [code for code in codes if code != SILENT_CODE]
    assert longest_silence(cut) <= 10 or codes.count(SILENT_CODE) <= 30


def test_the_codes_given_are_not_changed() -> None:
    """What comes back is a list of its own, also when nothing is cut."""
    codes = [1, 2]
    remove_long_silence(codes, STOP).append(3)
    assert codes == [1, 2]


@given(sentences.filter(lambda codes: codes.count(SILENT_CODE) <= 30))
@example([SILENT_CODE] * 30)
def test_a_stream_with_little_silence_stays_whole(codes: list[int]) -> None:
    """As upstream leaves it."""
    assert streamed(codes) == codes == remove_long_silence(codes, STOP)


@given(sentences)
@example([SILENT_CODE] * 31)
@example([SILENT_CODE] * 29 + [7] + [SILENT_CODE] * 11)
def test_a_stream_drops_nothing_that_upstream_would_keep(codes: list[int]) -> None:
    """Only silence, in no other order; and it keeps at most twenty silent codes more."""
    kept, whole = streamed(codes), remove_long_silence(codes, STOP)
    assert within(whole, kept)
    assert within(kept, codes)
    assert [code for code in kept if code != SILENT_CODE] == [code for code in codes if code != SILENT_CODE]
    assert 0 <= len(kept) - len(whole) <= 20


@pytest.mark.parametrize(
    ("codes", "kept"),
    [
        ([SILENT_CODE] * 40, 30),
        ([SILENT_CODE] * 30 + [7] + [SILENT_CODE] * 15, 41),
        ([SILENT_CODE] * 9 + [7] + [SILENT_CODE] * 22, 31),
        ([SILENT_CODE, 7] * 40, 80),
    ],
    ids=["one-long-run", "a-long-run-later", "the-run-in-which-it-becomes-too-much", "never-long"],
)
def test_a_stream_cuts_from_where_it_is_too_much(codes: list[int], kept: int) -> None:
    """A run in progress ends there; one that begins later may have ten."""
    assert len(streamed(codes)) == kept


def test_each_sentence_begins_anew() -> None:
    """Silence in another does not count."""
    streamed([SILENT_CODE] * 100)
    assert streamed([SILENT_CODE] * 30) == [SILENT_CODE] * 30
