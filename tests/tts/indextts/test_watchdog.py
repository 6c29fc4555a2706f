"""The watchdog: what a lost model does is noticed soon, and what a slow speaker does is not taken for it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.indextts.silence import SILENT_CODE
from bot.tts.indextts.watchdog import Fault, Watchdog

LONG = 100
"""Tokens of a sentence that may have all the codes there are."""


def first_fault(codes: Iterable[int], tokens: int = LONG) -> tuple[int, Fault] | None:
    """After how many codes, and what."""
    watchdog = Watchdog(tokens)
    for count, code in enumerate(codes, start=1):
        if (fault := watchdog.look(code)) is not None:
            return count, fault
    return None


def ended_after(count: int, tokens: int) -> Fault | None:
    watchdog = Watchdog(tokens)
    for code in range(count):
        assert watchdog.look(code) is None
    return watchdog.end()


def slow_loop(period: int, sounding: int) -> list[int]:
    """So many codes of which so many are sound, each another, and the rest silence."""
    return [*range(100, 100 + sounding), *[SILENT_CODE] * (period - sounding)]


@pytest.mark.parametrize("period", range(1, 41))
def test_a_loop_is_noticed_after_three_rounds(period: int) -> None:
    """Or after a second, if three are less; whatever was said before it."""
    said = list(range(1000, 1060))
    fault = first_fault([*said, *islice(cycle(slow_loop(period, period)), 200)])
    assert fault == (len(said) + period + max(24, 2 * period), Fault.REPEATS)


@given(st.integers(1, 40), st.data())
def test_a_loop_that_is_mostly_silent_is_noticed_too(period: int, data: st.DataObject) -> None:
    """After twelve codes of sound that have come again, which is within the most that a sentence may have."""
    sounding = data.draw(st.integers(1, period))
    fault = first_fault(islice(cycle(slow_loop(period, sounding)), 600))
    assert fault is not None
    assert fault[1] is Fault.REPEATS
    assert fault[0] <= period + max(24, 2 * period, period * -(-12 // sounding))


@given(st.lists(st.integers(0, 8191), min_size=1, max_size=40).filter(lambda loop: {*loop} != {SILENT_CODE}))
def test_any_loop_is_noticed_before_the_limit(loop: list[int]) -> None:
    """Whatever it holds, but for mere silence."""
    fault = first_fault(islice(cycle(loop), 600))
    assert fault is not None
    assert fault[1] is Fault.REPEATS


@pytest.mark.parametrize("codes", [4, 16, 8192])
def test_chance_is_not_taken_for_a_loop(codes: int) -> None:
    """With but four codes that are equally likely, 24 agree by chance with 3.6e-15; on 600 codes with 40 periods, that
    is below 1e-10."""
    for seed in range(50):
        said = np.random.default_rng(seed).integers(0, codes, size=599).tolist()
        assert first_fault(said) is None


def test_silence_is_no_loop() -> None:
    """However long; nor are words with pauses of one length between them."""
    assert first_fault([SILENT_CODE] * 599) is None
    said = [code for word in range(30) for code in (word, *[SILENT_CODE] * 18)]
    assert first_fault(said) is None


def test_a_sound_that_is_held_for_a_second_is_no_loop() -> None:
    """It comes again less than 24 times."""
    assert first_fault([*range(10), *[77] * 24, *range(10)]) is None


def test_a_passage_that_comes_twice_is_no_loop() -> None:
    """People say things twice; and a round in which one code is another begins the count anew."""
    passage = list(range(30))
    assert first_fault(passage * 2) is None
    assert first_fault([*passage * 2, 99, *passage[1:] * 2]) is None


def test_a_period_beyond_what_is_watched_is_left_to_the_limit() -> None:
    """It is noticed there."""
    assert first_fault(islice(cycle(range(41)), 1000)) == (600, Fault.RUNAWAY)


@pytest.mark.parametrize("tokens", [1, 2, 10, 43, 44, 45, 120, 200])
def test_a_slow_speaker_is_not_cut(tokens: int) -> None:
    """Eleven codes for a token and two seconds of pauses are let be, up to upstream's limit."""
    limit = Watchdog(tokens).limit
    assert min(600, 11 * tokens + 47) <= limit <= 600
    assert first_fault(range(limit - 1), tokens) is None


@pytest.mark.parametrize("tokens", [1, 10, 43, 44, 200])
def test_who_does_not_come_to_an_end_is_noticed_at_the_limit(tokens: int) -> None:
    """The stop code counts among those that may be: the last code that is not one is one too many."""
    limit = Watchdog(tokens).limit
    assert first_fault(range(limit + 5), tokens) == (limit, Fault.RUNAWAY)


def test_more_text_may_have_more_codes() -> None:
    """Short text little, long text as much as upstream gives to any."""
    limits = [Watchdog(tokens).limit for tokens in range(1, 121)]
    assert limits == sorted(limits)
    assert (limits[0], limits[-1]) == (84, 600)


@pytest.mark.parametrize(
    ("count", "tokens", "fault"),
    [
        (3, 30, Fault.TOO_SHORT),
        (14, 30, Fault.TOO_SHORT),
        (15, 30, None),
        (0, 1, Fault.TOO_SHORT),
        (1, 1, None),
        (150, 30, None),
    ],
)
def test_what_ends_before_it_can_have_been_said_is_noticed(count: int, tokens: int, fault: Fault | None) -> None:
    """Less than half a code for a token, or none at all."""
    assert ended_after(count, tokens) is fault


@pytest.mark.parametrize("per_token", [3, 4.5, 5.6, 11])
@pytest.mark.parametrize("tokens", [1, 5, 30, 50])
def test_speech_at_any_pace_is_well(tokens: int, per_token: float) -> None:
    """From the fastest speakers to slow dictation."""
    assert ended_after(round(tokens * per_token), tokens) is None


def test_a_fault_is_told_as_long_as_it_lasts() -> None:
    """And no longer: what goes on in other words has left the loop."""
    watchdog = Watchdog(LONG)
    assert [watchdog.look(7) for _ in range(26)][-2:] == [Fault.REPEATS, Fault.REPEATS]
    assert watchdog.look(8) is None
