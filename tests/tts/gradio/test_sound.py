"""What a web UI sent back."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from bot.errors import EngineUnavailable
from bot.speech import Samples
from bot.tts.gradio.sound import Memory, Sound, heard
from tests.doubles.webui import RATE, wav


def tone(seconds: float, hertz: float = 440.0, loud: float = 0.5) -> Samples:
    return (loud * np.sin(2 * np.pi * hertz * np.arange(round(RATE * seconds)) / RATE)).astype(np.float32)


def pitch(samples: Samples) -> float:
    """The loudest frequency."""
    middle = samples[samples.size // 4 : -samples.size // 4]
    return float(np.abs(np.fft.rfft(middle)).argmax() * RATE / middle.size)


def test_a_file_is_heard() -> None:
    """As samples, at its own rate."""
    sound = heard(wav(tone(1.0)), "indextts")
    assert sound.rate == RATE
    np.testing.assert_allclose(sound.samples, tone(1.0), atol=2 / 32_768)


def test_it_comes_in_pieces_that_are_the_whole() -> None:
    """Half a second each, and the rest."""
    sound = heard(wav(tone(1.3)), "indextts")
    pieces = list(sound.pieces())
    assert [piece.size for piece in pieces] == [12_000, 12_000, 7_200]
    np.testing.assert_array_equal(np.concatenate(pieces), sound.samples)


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "no sound"),
        (b"<html>", "no sound"),
        (wav(tone(0.09)), "silence"),
        (wav(np.zeros(RATE, np.float32)), "silence"),
        (wav(tone(1.0, loud=0.0009)), "silence"),
    ],
)
def test_what_is_nothing_to_hear_may_be_tried_again(file: bytes, words: str) -> None:
    """Nobody is given an empty voice message."""
    with pytest.raises(EngineUnavailable, match=words) as caught:
        heard(file, "studio")
    assert caught.value.engine == "studio"
    assert caught.value.retryable


@pytest.mark.parametrize("seconds", [0.11, 1.0])
def test_what_is_quiet_or_short_is_heard(seconds: float) -> None:
    """A whisper is not silence, and a syllable is a sentence."""
    assert heard(wav(tone(seconds, loud=0.01)), "indextts").samples.size == round(RATE * seconds)


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.25, 2.0])
def test_it_can_be_hurried(rate: float) -> None:
    """So much shorter or longer, at the same pitch and loudness."""
    sound = heard(wav(tone(2.0)), "indextts", rate)
    assert sound.samples.size == pytest.approx(2.0 * RATE / rate, rel=0.02)
    assert sound.samples.dtype == np.float32
    assert pitch(sound.samples) == pytest.approx(440.0, rel=0.01)
    assert float(np.abs(sound.samples).max()) == pytest.approx(0.5, rel=0.1)


def test_who_is_not_hurried_is_left_as_he_is() -> None:
    """Not a sample is touched."""
    np.testing.assert_array_equal(
        heard(wav(tone(1.0)), "indextts", 1.001).samples, heard(wav(tone(1.0)), "indextts").samples
    )


# ---- whose answer it is


def given(content: str) -> Sound:
    return Sound(tone(0.2), RATE, content)


def test_the_answer_to_another_text_is_known_again() -> None:
    """And to another voice."""
    memory = Memory()
    assert not memory.knows(given("a"), "ann", "Hello.")
    assert memory.knows(given("a"), "ann", "Goodbye.")
    assert memory.knows(given("a"), "bob", "Hello.")
    assert not memory.knows(given("b"), "ann", "Goodbye.")


def test_the_same_words_may_have_the_same_answer() -> None:
    """However they are punctuated."""
    memory = Memory()
    assert not memory.knows(given("a"), "ann", "Hello, you!")
    assert not memory.knows(given("a"), "ann", "hello you")


def test_only_the_latest_are_remembered() -> None:
    """What was said an hour ago is under no name any more."""
    memory = Memory()
    for i in range(33):
        memory.knows(given(str(i)), "ann", str(i))
    assert memory.knows(given("1"), "ann", "x")
    assert not memory.knows(given("0"), "ann", "x")


def test_no_words_are_remembered() -> None:
    """Nor anything that they could be read from; with all that the memory holds, however deep."""
    memory = Memory()
    memory.knows(given("a"), "ann", "Confidential.")
    held = pickle.dumps(vars(memory))
    assert b"confidential" not in held.lower()
    assert b"ann" not in held.lower()
