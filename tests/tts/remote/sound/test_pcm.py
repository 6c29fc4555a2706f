"""Samples without a head."""

from __future__ import annotations

import numpy as np
import pytest

from bot.errors import AudioError
from bot.tts.remote.sound import Cut
from bot.tts.remote.sound.pcm import Form, PcmReader
from tests.doubles.speech_server import integers, said

SOUND = said("one two")


@pytest.mark.parametrize("step", [1, 2, 3, 4095, 100_000])
def test_the_sound_is_the_bytes(step: int) -> None:
    """However they are cut on their way."""
    reader, data = PcmReader(Form()), integers(SOUND)
    pieces = [piece for at in range(0, len(data), step) for piece in reader.feed(data[at : at + step])]
    np.testing.assert_allclose(np.concatenate([piece.samples for piece in pieces]), SOUND, atol=1e-4)
    assert not list(reader.finish())


def test_half_a_sample_is_kept_for_the_other_half() -> None:
    """And is no sound by itself."""
    reader = PcmReader(Form(channels=2))
    assert not list(reader.feed(b"\0\x40\0"))
    assert [piece.samples.tolist() for piece in reader.feed(b"\x20")] == [[0.375]]


def test_half_a_sample_at_the_end_is_cut() -> None:
    """There is nothing else by which that could be told."""
    reader = PcmReader(Form())
    list(reader.feed(b"\0\0\0"))
    with pytest.raises(Cut):
        list(reader.finish())


@pytest.mark.parametrize("form", [{"bits": 12}, {"kind": 2}, {"rate": 10}, {"channels": 0}, {"kind": 3, "bits": 16}])
def test_forms_that_nobody_reads(form: dict[str, int]) -> None:
    """Are refused, with what to have sent instead."""
    with pytest.raises(AudioError, match="16-bit PCM"):
        Form(**form)
