"""A speech that stays MP3: frames as they came, breath between the sentences, and samples among them."""

from __future__ import annotations

import numpy as np
import pytest

from bot.errors import AudioError
from bot.speech import FRAME_SECONDS, Codec, Pcm, Utterance
from bot.tts.audio import Mp3Passage, decode, frames
from bot.tts.audio.mp3 import is_silent, silent
from tests.doubles.engine import RATE, mp3, tone

HELLO = Utterance("Hello.", "edge", "aria", "en", codec=Codec.MP3)
WORLD = Utterance("World.", "edge", "aria", "en", codec=Codec.MP3)
PAUSE = 10
"""Frames of a pause of 0.24 s."""

SOUND = tuple(frame for frame in mp3(0.3) if not is_silent(frame))
QUIET = silent(SOUND[0][:4])


def passed(utterance: Utterance, pieces: tuple[bytes, ...] = SOUND) -> Pcm:
    return Pcm(tone(0.0), RATE, utterance, pieces)


def passage(pause: float = 0.24) -> Mp3Passage:
    return Mp3Passage(pause=pause)


def spoken(track: Mp3Passage, *pieces: Pcm) -> list[bytes]:
    """The frames of a whole speech, an utterance for each piece."""
    given: list[bytes] = []
    for piece in pieces:
        track.begin()
        given += track.feed(piece)
    rest, clip = track.finish()
    assert b"".join(given + rest) == clip.data
    return given + rest


def test_frames_go_out_as_they_came() -> None:
    """Bit by bit, and at once."""
    track = passage()
    track.begin()
    assert track.feed(passed(HELLO)) == list(SOUND)
    rest, clip = track.finish()
    assert rest == []
    assert clip.data == b"".join(SOUND)
    assert (clip.codec, clip.waveform) == (Codec.MP3, b"")
    assert clip.seconds == pytest.approx(len(SOUND) * FRAME_SECONDS)


def test_the_whole_is_a_file_that_every_player_reads() -> None:
    """As long as it says, and as loud as it came."""
    track = passage()
    track.begin()
    track.feed(passed(HELLO))
    clip = track.finish()[1]
    sound, rate = decode(clip.data)
    assert rate == RATE
    assert sound.size / rate == pytest.approx(clip.seconds, abs=0.05)
    assert np.abs(sound).max() == pytest.approx(0.5, abs=0.1)


def test_between_two_utterances_lies_a_breath() -> None:
    """Made up where the engine left none, and none before the first or after the last."""
    assert spoken(passage(), passed(HELLO), passed(WORLD)) == [*SOUND, *[QUIET] * PAUSE, *SOUND]


def test_each_utterance_begins_where_it_sounds() -> None:
    """After the breath, in seconds."""
    track = passage()
    spoken(track, passed(HELLO), passed(WORLD))
    assert [one.utterance.text for one in track.spoken] == ["Hello.", "World."]
    assert [one.start for one in track.spoken] == pytest.approx([0.0, (len(SOUND) + PAUSE) * FRAME_SECONDS])


@pytest.mark.parametrize(("left", "made"), [(0, PAUSE), (4, PAUSE - 4), (PAUSE, 0), (30, 0)])
def test_the_engines_own_silence_counts_as_breath(left: int, made: int) -> None:
    """What it left there itself is no more than the pause, and made up where it is less."""
    own = QUIET[:-1] + b"o"
    heard = spoken(passage(), passed(HELLO, (*SOUND, *[own] * left)), passed(WORLD))
    assert heard == [*SOUND, *[own] * min(left, PAUSE), *[QUIET] * made, *SOUND]


def test_silence_within_an_utterance_is_as_long_as_it_came() -> None:
    """A comma is not ours to shorten, in however many pieces it comes."""
    heard = spoken(passage(), passed(HELLO, (*SOUND, *[QUIET] * 30, *SOUND)))
    assert heard == [*SOUND, *[QUIET] * 30, *SOUND]
    track = passage()
    track.begin()
    pieces = [(*SOUND, QUIET), (QUIET,) * 29, SOUND]
    assert [frame for piece in pieces for frame in track.feed(passed(HELLO, piece))] == heard


def test_silence_at_the_end_is_kept() -> None:
    """It is the engine's, and nothing follows that it could be too long for."""
    assert spoken(passage(), passed(HELLO, (*SOUND, QUIET, QUIET))) == [*SOUND, QUIET, QUIET]


def test_silence_at_the_beginning_does_not_hold_the_first_byte_back() -> None:
    """Who waits for a first byte gets it when the engine has one."""
    track = passage()
    track.begin()
    assert track.feed(passed(HELLO, (QUIET, *SOUND)))[:2] == [QUIET, SOUND[0]]
    track = passage()
    track.begin()
    assert track.feed(passed(HELLO, (QUIET,))) == [QUIET]


def test_without_a_pause_sentences_follow_at_once() -> None:
    """Silence that the engine left is then too much as well."""
    assert spoken(passage(0.0), passed(HELLO, (*SOUND, QUIET)), passed(WORLD)) == [*SOUND, *SOUND]


def test_the_same_sentence_twice_is_two_utterances() -> None:
    """Only who speaks knows where one ends."""
    track = passage()
    spoken(track, passed(HELLO), passed(HELLO))
    assert [one.utterance.text for one in track.spoken] == ["Hello.", "Hello."]


def test_samples_become_frames_of_the_same_kind() -> None:
    """A fallback that makes samples is heard in the same MP3, at the wanted level."""
    track = Mp3Passage(target_lufs=-20.0)
    fallback = Pcm(0.05 * tone(1.0), RATE, HELLO)
    heard = spoken(track, fallback)
    assert {frame[:2] + bytes((len(frame),)) for frame in heard} == {SOUND[0][:2] + bytes((len(SOUND[0]),))}
    sound, rate = decode(b"".join(heard))
    assert rate == RATE
    assert 0.08 < np.abs(sound).max() < 0.3
    assert sound.size / rate == pytest.approx(1.0, abs=0.2)


def test_samples_may_follow_frames_and_frames_samples() -> None:
    """An engine that fails in the middle of a text: each sentence is whole, and a breath lies between them."""
    track = passage()
    heard = spoken(track, passed(HELLO), Pcm(tone(0.5), RATE, WORLD), passed(HELLO))
    assert [one.utterance.text for one in track.spoken] == ["Hello.", "World.", "Hello."]
    assert heard[: len(SOUND) + PAUSE] == [*SOUND, *[QUIET] * PAUSE]
    assert heard[-len(SOUND) :] == list(SOUND)
    assert len(frames(b"".join(heard))) == len(heard)
    starts = [round(one.start / FRAME_SECONDS) for one in track.spoken]
    assert starts == [0, len(SOUND) + PAUSE, len(heard) - len(SOUND)]
    sound, _ = decode(b"".join(heard))
    middle = sound[starts[1] * 576 : starts[2] * 576]
    assert np.abs(middle).max() > 0.2


def test_samples_need_not_be_many() -> None:
    """What is shorter than an encoder's patience is heard at the end of its utterance."""
    track = passage()
    heard = spoken(track, Pcm(tone(0.02), RATE, HELLO), passed(WORLD))
    assert [one.utterance.text for one in track.spoken] == ["Hello.", "World."]
    assert heard[-len(SOUND) :] == list(SOUND)


def test_a_speech_without_sound_is_none() -> None:
    """An empty file would be taken for an answer."""
    with pytest.raises(AudioError, match="no sound"):
        passage().finish()
