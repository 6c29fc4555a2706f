"""What the service sends, in the form that an utterance wants."""

from __future__ import annotations

import numpy as np
import pytest

from bot.speech import Codec, Pcm, Utterance
from bot.tts.edge.sound import SAMPLE_RATE, Sound
from tests.doubles.edge import speech

HELLO = Utterance("Hello there.", "edge", "en-US-AvaNeural", "en")
MP3 = speech(HELLO.text)


def heard(sound: Sound, data: bytes, size: int = 700) -> list[Pcm]:
    pieces = [sound.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return [pcm for pcm in (*pieces, sound.flush()) if pcm is not None]


@pytest.mark.parametrize("size", [100, 700, 100_000])
def test_frames_for_who_wants_mp3(size: int) -> None:
    """All of them, whole and untouched, and none of them decoded."""
    utterance = Utterance("Hello there.", "edge", "en-US-AvaNeural", "en", codec=Codec.MP3)
    sound = Sound(utterance)
    found = heard(sound, MP3, size)
    assert b"".join(frame for pcm in found for frame in pcm.frames) == MP3
    assert {(pcm.samples.size, pcm.sample_rate, pcm.spoken) for pcm in found} == {(0, SAMPLE_RATE, utterance)}
    assert sound.heard


def test_samples_for_everybody_else() -> None:
    """As loud as they came, at the service's rate."""
    sound = Sound(HELLO)
    found = heard(sound, MP3)
    assert {(pcm.frames, pcm.sample_rate) for pcm in found} == {((), SAMPLE_RATE)}
    assert np.abs(np.concatenate([pcm.samples for pcm in found])).max() == pytest.approx(0.5, abs=0.1)
    assert sound.heard


@pytest.mark.parametrize("codec", list(Codec))
@pytest.mark.parametrize("data", [b"", b"no sound at all", MP3[:50]])
def test_what_holds_no_sound_is_not_heard(codec: Codec, data: bytes) -> None:
    """Nothing comes of it, and that can be told."""
    sound = Sound(Utterance("Hello there.", "edge", "en-US-AvaNeural", "en", codec=codec))
    assert heard(sound, data) == []
    assert not sound.heard
