"""A long speech becomes notes that are whole in themselves, and together are the speech."""

from __future__ import annotations

import asyncio
import io
import random
from itertools import pairwise

import av
import numpy as np
import pytest

from bot.adapters.telegram import parts as cutting
from bot.adapters.telegram.parts import BEGINNING, Part, Point, parts
from bot.errors import EngineTruncated, SaysoError
from bot.speech import PACKET_SAMPLES, PACKET_SECONDS, SAMPLE_RATE, Clip, Pcm, Samples, Speech, Spoken, Utterance
from bot.tts.audio import Loudness, SpeechEncoder, packets
from tests.doubles.engine import RATE, tone

PAUSE = 0.25


def utterance(number: int = 0) -> Utterance:
    return Utterance(f"Sentence {number}.", "offline", "heart", "en")


def recorded(*lengths: float) -> Speech:
    """A speech of one tone an utterance, so many seconds each, as the house encodes it."""
    encoder = SpeechEncoder(target_lufs=-16.0, bitrate=32_000, pause=PAUSE, loudness=Loudness())
    for number, seconds in enumerate(lengths):
        encoder.begin()
        encoder.feed(Pcm(tone(seconds, 300.0 + 40 * (number % 9)), RATE, utterance(number)))
    clip = encoder.finish()[1]
    return Speech.finished(clip, packets(clip.ogg))


def made_up(*lengths: int, size: int = 100) -> Speech:
    """Packets that hold no sound: utterances of so many packets, of ``size`` bytes each."""
    starts = [sum(lengths[:number]) * PACKET_SECONDS for number in range(len(lengths))]
    spoken = tuple(Spoken(utterance(number), start) for number, start in enumerate(starts))
    frames = [bytes(size) for _ in range(sum(lengths))]
    return Speech.finished(Clip(b"OggS", len(frames) * PACKET_SECONDS - 312 / SAMPLE_RATE, b"", spoken), frames)


async def cut(speech: Speech, begin: Point = BEGINNING) -> list[Part]:
    return [part async for part in parts(speech, begin)]


def heard(ogg: bytes) -> Samples:
    """What a player plays."""
    with av.open(io.BytesIO(ogg), "r") as file:
        assert file.streams.audio[0].codec_context.name in ("opus", "libopus")
        frames = [frame.to_ndarray()[0] for frame in file.decode(audio=0)]
    return np.concatenate(frames)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> int:
    """A note holds about 10 s of tones."""
    monkeypatch.setattr(cutting, "LIMIT", 40_000)
    return 40_000


async def test_a_speech_that_fits_is_one_note_as_it_is_kept() -> None:
    """Its very bytes: nothing is copied, nothing is written anew."""
    speech = recorded(1.0, 0.5)
    [part] = await cut(speech)
    clip = await speech.clip()
    assert part.ogg() is clip.ogg
    assert (part.start, part.end, part.seconds) == (0, None, clip.seconds)
    assert list(part.spoken) == list(clip.spoken)


async def test_a_million_bytes_are_a_note_and_not_one_more() -> None:
    """About four minutes; each note is within what Telegram draws a waveform for, and as few as there can be."""
    speech = made_up(*[250] * 120, size=80)
    files = [part.ogg() for part in await cut(speech)]
    assert len(files) == 3
    assert all(len(file) <= 1_000_000 for file in files)
    assert min(map(len, files[:-1])) > 960_000


@pytest.mark.parametrize("size", [1, 3, 80, 254, 255, 600, 1275])
async def test_a_note_is_never_larger_than_it_may_be(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """However its packets lie in pages; nor so much smaller that there would be one more."""
    limit = 600 * (size + 2)
    monkeypatch.setattr(cutting, "LIMIT", limit)
    found = await cut(made_up(*[10] * 200, size=size))
    assert 4 <= len(found) <= 5
    assert all(len(part.ogg()) <= limit for part in found)


async def test_the_notes_together_are_the_speech(small: int) -> None:
    """Sample by sample: nothing is lost between two notes, and nothing is heard twice."""
    speech = recorded(4.0, 3.0, 6.0, 2.0, 5.0, 4.5)
    clip = await speech.clip()
    found = await cut(speech)
    assert len(found) > 2
    assert all(len(part.ogg()) <= small for part in found)
    whole, pieces = heard(clip.ogg), [heard(part.ogg()) for part in found]
    assert [piece.size for piece in pieces] == [round(part.seconds * SAMPLE_RATE) for part in found]
    assert sum(piece.size for piece in pieces) == whole.size
    assert sum(part.seconds for part in found) == pytest.approx(clip.seconds)
    assert np.abs(np.concatenate(pieces) - whole).max() < 0.01


async def test_it_is_cut_in_the_silence_between_two_sentences(small: int) -> None:
    """Where nobody hears it: both sides of a cut are silent."""
    found = await cut(recorded(4.0, 3.0, 6.0, 2.0, 5.0, 4.5))
    for before, after in pairwise(found):
        assert np.abs(heard(before.ogg())[-480:]).max() < 0.001
        assert np.abs(heard(after.ogg())[:480]).max() < 0.001
        assert before.spoken[-1] is not after.spoken[0]
        assert before.end == Point(int(after.spoken[0].utterance.text[9:-1]))
        assert before.stop == after.start


async def test_utterances_are_told_with_the_note_in_which_they_are_heard(small: int) -> None:
    """All of them, in their order, each once."""
    speech = recorded(4.0, 3.0, 6.0, 2.0, 5.0, 4.5)
    found = await cut(speech)
    assert [spoken for part in found for spoken in part.spoken] == list(speech.spoken)


async def test_a_sentence_too_long_for_a_note_is_cut_at_a_packet(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no other place for it; the sentence then counts to both."""
    monkeypatch.setattr(cutting, "LIMIT", 60_000)
    found = await cut(made_up(100, 1000, 100))
    assert [part.stop for part in found] == [99, 99 + 575, 1200]
    assert [part.end for part in found] == [Point(1), Point(1, 575), None]
    assert [len(part.spoken) for part in found] == [1, 1, 2]


async def test_a_cut_inside_of_a_sentence_is_not_heard(small: int) -> None:
    """Nothing is lost or repeated, and the decoder has found its feet when the note begins to sound."""
    speech = recorded(25.0)
    found = await cut(speech)
    pieces = [heard(part.ogg()) for part in found]
    assert len(found) > 2
    assert np.abs(np.concatenate(pieces) - heard((await speech.clip()).ogg)).max() < 0.01


async def test_the_last_note_is_not_a_single_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left over is shared out between the last two."""
    monkeypatch.setattr(cutting, "LIMIT", 61_400)
    found = await cut(made_up(*[100] * 6, 40))
    assert [(part.start, part.stop) for part in found] == [(0, 299), (299, 640)]


async def test_a_short_last_sentence_is_rather_alone_than_cut_in_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no other place to end before."""
    monkeypatch.setattr(cutting, "LIMIT", 61_400)
    found = await cut(made_up(590, 100))
    assert [(part.start, part.stop) for part in found] == [(0, 589), (589, 690)]


async def test_a_long_sentence_leaves_no_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut a little earlier, so that the rest is worth listening to."""
    monkeypatch.setattr(cutting, "LIMIT", 61_400)
    found = await cut(made_up(620))
    assert [part.stop - part.start for part in found] == [470, 150]


async def test_the_first_note_leaves_while_the_rest_is_made(small: int) -> None:
    """As soon as there is so much after it that it surely ends there."""
    made = recorded(*[2.5] * 12)
    frames, speech = packets((await made.clip()).ogg), Speech()
    found: list[Part] = []
    listening = asyncio.create_task(listened(speech, found))
    firsts: list[int] = []
    for number, frame in enumerate(frames):
        for spoken in made.spoken[len(speech.spoken) :]:
            if spoken.start < (number + 2) * PACKET_SECONDS:
                speech.begin(spoken)
        speech.append([frame])
        for _ in range(3):
            await asyncio.sleep(0)
        firsts += [number] * (len(found) - len(firsts))
    assert firsts[0] < len(frames) / 2
    assert not speech.done
    speech.finish(await made.clip())
    await listening
    whole = await cut(made)
    assert [(part.start, part.stop, part.end) for part in found] == [(p.start, p.stop, p.end) for p in whole]
    assert [part.ogg() for part in found] == [part.ogg() for part in whole]


async def listened(speech: Speech, found: list[Part]) -> None:
    async for part in parts(speech):
        found += [part]


async def test_the_same_sound_is_always_cut_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of it was there when: what was uploaded of it can be used again."""
    monkeypatch.setattr(cutting, "LIMIT", 50_000)
    chance = random.Random(7)
    for _ in range(20):
        lengths = [chance.randrange(20, 700) for _ in range(chance.randrange(1, 9))]
        made, speech, found = made_up(*lengths), Speech(), list[Part]()
        listening = asyncio.create_task(listened(speech, found))
        frames = [frame async for frame in made]
        while frames:
            step = chance.randrange(1, 300)
            for spoken in made.spoken[len(speech.spoken) :]:
                speech.begin(spoken)
            speech.append(frames[:step])
            del frames[:step]
            await asyncio.sleep(0)
        speech.finish(await made.clip())
        await listening
        assert [(p.start, p.stop) for p in found] == [(p.start, p.stop) for p in await cut(made)]
        assert [p.start for p in found] == [0, *(p.stop for p in found[:-1])]
        assert sum(p.seconds for p in found) == pytest.approx((await made.clip()).seconds)


async def test_what_was_sent_before_is_not_cut_again(small: int) -> None:
    """From the end of any note on, the rest is cut as it was."""
    speech = recorded(4.0, 3.0, 6.0, 2.0, 5.0, 4.5)
    found = await cut(speech)
    for number, part in enumerate(found[:-1], 1):
        assert part.end is not None
        rest = await cut(speech, part.end)
        assert [(p.start, p.stop) for p in rest] == [(p.start, p.stop) for p in found[number:]]
        assert [p.ogg() for p in rest] == [p.ogg() for p in found[number:]]


async def test_a_point_inside_of_a_sentence_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the speech is still being made."""
    monkeypatch.setattr(cutting, "LIMIT", 60_000)
    speech = made_up(100, 1500, 100)
    found = await cut(speech)
    assert found[0].end is not None
    assert [(p.start, p.stop) for p in await cut(speech, found[0].end)] == [(p.start, p.stop) for p in found[1:]]


async def test_nothing_is_left_behind_the_end() -> None:
    """A text that is spoken in fewer sentences than before is over."""
    assert await cut(made_up(100, 100), Point(2)) == []
    assert await cut(made_up(100), Point(0, 500)) == []


async def test_what_was_whole_is_there_before_the_speech_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason comes after it."""
    monkeypatch.setattr(cutting, "LIMIT", 60_000)
    made, speech = made_up(*[100] * 20), Speech()
    for spoken in made.spoken:
        speech.begin(spoken)
    speech.append([frame async for frame in made][:1000])
    speech.fail(EngineTruncated("offline", "broke off"))
    found: list[Part] = []
    with pytest.raises(SaysoError):
        await listened(speech, found)
    assert [(part.start, part.stop) for part in found] == [(0, 499)]


async def test_a_file_is_made_only_when_it_is_needed(small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has it uploaded already does not write a million bytes for nothing."""

    class Never:
        def __init__(self, **_: object) -> None:
            raise AssertionError

    monkeypatch.setattr(cutting, "OggWriter", Never)
    assert len(await cut(recorded(4.0, 3.0, 6.0, 2.0))) > 1


async def test_a_note_begins_with_what_a_decoder_needs_before_it(small: int) -> None:
    """Packets of the note before, which are not heard again; its pages are those of one file."""
    first, second, *_ = await cut(recorded(4.0, 3.0, 6.0, 2.0, 5.0, 4.5))
    assert packets(second.ogg())[:11] == packets(first.ogg())[-11:]
    assert int.from_bytes(second.ogg()[38:40], "little") == 312 + 10 * PACKET_SAMPLES
    assert heard(second.ogg()).size == (second.stop - second.start) * PACKET_SAMPLES
    numbers = [int.from_bytes(page[14:18], "little") for page in second.ogg().split(b"OggS")[1:]]
    assert numbers[:5] == [0, 1, 2, 3, 4]
