"""Recordings made fit for cloning."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.errors import AudioError
from bot.speech import Samples
from bot.tts.audio import prepare
from bot.tts.audio.rate import Resampler
from tests.tts.audio.signals import REAL, lufs, onsets, silence, speech


def wav(sound: Samples, rate: int = 24_000, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        clipped = np.round(np.clip(np.repeat(sound, channels), -1, 1) * 32_767)
        writer.writeframes(clipped.astype("<i2").tobytes())
    return file.getvalue()


def samples(data: bytes) -> Samples:
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 24_000)
        frames = reader.readframes(reader.getnframes())
    return np.frombuffer(frames, "<i2").astype(np.float32) / np.float32(32_768)


def loudness(sound: Samples) -> float:
    resampler = Resampler(24_000, 48_000)
    return lufs(np.concatenate((resampler.feed(sound), resampler.finish())))


def test_the_silence_around_it_is_trimmed() -> None:
    """Two seconds before and three after go, but for a moment."""
    reference = prepare(wav(np.concatenate((silence(2), speech(5), silence(3)))))

    assert reference.seconds == pytest.approx(5.1, abs=0.1)
    assert onsets(samples(reference.wav), 24_000)[0][0] < 0.1


def test_pauses_inside_stay() -> None:
    """A breath belongs to the voice."""
    reference = prepare(wav(np.concatenate((speech(2), silence(0.8), speech(2, seed=1)))))

    assert reference.seconds == pytest.approx(4.8, abs=0.2)


@pytest.mark.parametrize("peak", [-40.0, -20.0, -6.0, 0.0])
def test_it_is_brought_to_one_level(peak: float) -> None:
    """About -20 LUFS, and never over -1 dBFS."""
    sound = samples(prepare(wav(speech(5, peak=peak))).wav)

    assert loudness(sound) == pytest.approx(-20, abs=1.0)
    assert np.abs(sound).max() <= 10 ** (-1 / 20) + 1e-3


@pytest.mark.parametrize(("rate", "channels"), [(8_000, 1), (44_100, 2), (48_000, 1), (96_000, 2)])
def test_any_rate_and_number_of_channels_is_taken(rate: int, channels: int) -> None:
    """What comes out is 24 kHz, 16 bit, mono."""
    reference = prepare(wav(speech(4, rate=rate), rate, channels))

    assert samples(reference.wav).size == round(reference.seconds * 24_000)
    assert reference.seconds == pytest.approx(4.0, abs=0.15)


def test_a_real_recording_is_taken_from_its_file() -> None:
    """A path does as well as bytes."""
    reference = prepare(REAL)

    assert 4 < reference.seconds < 5.1
    assert reference == prepare(REAL.read_bytes())


def test_the_digest_is_of_the_result() -> None:
    """Whoever stores it can check it, and the same recording has the same one every time."""
    reference = prepare(REAL)

    assert reference.digest == hashlib.sha256(reference.wav).hexdigest()


def test_a_long_one_is_cut_at_a_pause() -> None:
    """Of sentences of four seconds with pauses between, three fit into fifteen."""
    sentences = [part for seed in range(6) for part in (speech(4, seed=seed), silence(0.6))]
    reference = prepare(wav(np.concatenate(sentences)))

    assert reference.seconds == pytest.approx(3 * 4 + 2 * 0.6, abs=0.2)


def test_a_long_one_without_a_pause_is_cut_at_fifteen_seconds() -> None:
    """Softly, so that the cut is no click."""
    reference = prepare(wav(speech(20)))
    sound = samples(reference.wav)

    assert reference.seconds == pytest.approx(15, abs=0.001)
    assert np.abs(sound[-48:]).max() < 0.02


def test_an_hour_is_not_read_to_its_end() -> None:
    """The first two minutes are enough to find fifteen seconds."""
    hour = np.concatenate((speech(10), silence(0.5), np.tile(speech(10, seed=1), 20)))
    reference = prepare(wav(hour))

    assert reference.seconds == pytest.approx(10, abs=0.2)


@pytest.mark.parametrize("seconds", [0.5, 2.5])
def test_one_too_short_is_refused_with_its_length(seconds: float) -> None:
    """Silence around it does not make it longer."""
    with pytest.raises(AudioError, match=rf"{seconds:.0f}\.\d seconds of speech; .* at least 3"):
        prepare(wav(np.concatenate((silence(2), speech(seconds - 0.1), silence(2)))))


@pytest.mark.parametrize("level", [0.0, 1e-4])
def test_a_silent_one_is_refused(level: float) -> None:
    """Nor is the hiss of a room a voice."""
    noise = np.random.default_rng(0).standard_normal(24_000 * 5).astype(np.float32) * np.float32(level)

    with pytest.raises(AudioError, match="only silence"):
        prepare(wav(noise))


def test_what_is_no_recording_is_refused() -> None:
    """In the words of the reader."""
    with pytest.raises(AudioError, match="WAV, MP3"):
        prepare(b"a text, not a recording")


def test_pydub_is_quiet_and_late() -> None:
    """Nothing imports it before a recording comes, and it neither warns nor looks for ffmpeg then."""
    script = (
        "import sys, warnings\n"
        "from pathlib import Path\n"
        "import bot.tts.audio as audio\n"
        "assert 'pydub' not in sys.modules\n"
        f"audio.prepare(Path({str(REAL)!r}))\n"
        "assert 'pydub' in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        capture_output=True,
        cwd=Path(__file__).parents[3],
        env={"PATH": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
