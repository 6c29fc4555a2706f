"""A parcel arrives as voice notes: in order, each at most once, uploaded once, and with a word where one is due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.adapters.telegram import delivery, uploads
from bot.adapters.telegram import note as notes
from bot.adapters.telegram import parts as cutting
from bot.adapters.telegram.courier import Parcel
from bot.adapters.telegram.mark import There, read
from bot.adapters.words import word
from bot.config import AudioSettings, SpeakSettings
from bot.errors import EngineTruncated, EngineUnavailable, StoreError
from bot.queue import State
from bot.speech import SAMPLE_RATE
from bot.tts.audio import packets
from tests.adapters.telegram.office import BOT, Office, at_work, heard
from tests.conftest import Opened
from tests.doubles import engine as engines
from tests.doubles.engine import RATE, FakeEngine, Script
from tests.doubles.telegram import FakeTelegram

SMALL = 16_000
LONG = " ".join(f"This is sentence number {number}." for number in range(1, 9))


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.person("Ann")
        yield fake
        assert fake.unknown == []


@pytest.fixture
async def office(fake: FakeTelegram, opened: Opened, tmp_path: Path) -> AsyncIterator[Office]:
    async with at_work(fake, opened, tmp_path) as office:
        yield office


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, offline: FakeEngine) -> None:
    """A note holds about three seconds, and each sentence has one."""
    monkeypatch.setattr(cutting, "LIMIT", SMALL)
    monkeypatch.setattr(cutting, "SHORT", 30)
    offline.scripts = (Script(10),)


@pytest.fixture
def gate(offline: FakeEngine) -> asyncio.Event:
    """The engine speaks on when this is set."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    return gate


async def words(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


class Turns:
    """Lets an engine speak so many utterances."""

    def __init__(self, engine: FakeEngine) -> None:
        self._left = asyncio.Semaphore(0)
        engine.sleep = self._sleep
        self._engine = engine
        self._begun = 0

    def give(self, turns: int) -> None:
        for _ in range(turns):
            self._left.release()

    async def _sleep(self, _: float) -> None:
        if len(self._engine.asked) > self._begun:
            self._begun = len(self._engine.asked)
            await self._left.acquire()


# Several notes


async def test_a_long_speech_arrives_as_several_notes_in_order(fake: FakeTelegram, office: Office, small: None) -> None:
    """Together they are the speech, sample by sample; each answers, and says which of them it is."""
    asked = await office.ann.say("/say …")
    parcel = await office.send(LONG, to=office.target(reply_to=asked.id))
    receipt = await parcel.delivered()
    notes, clip = fake.notes(office.chat), await parcel.said.speech.clip()
    assert len(notes) > 2
    assert receipt.messages == tuple(note.message.id for note in notes) == tuple(parcel.notes)
    assert all(note.reply_to is asked for note in notes)
    assert [note.caption for note in notes] == [f"Part {number}." for number in range(1, len(notes) + 1)]
    assert all(len(note.ogg) <= SMALL for note in notes)
    together = np.concatenate([heard(note.ogg) for note in notes])
    assert np.abs(together - heard(clip.ogg)).max() < 0.01
    assert together.size == round(clip.seconds * SAMPLE_RATE)
    assert parcel.seconds == pytest.approx(clip.seconds)
    row = office.row(parcel)
    assert (row.state, row.mark) == (State.DONE, " ".join(map(str, receipt.messages)))


async def test_notes_beyond_a_megabyte_all_have_a_waveform(
    fake: FakeTelegram, office: Office, offline: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real limit, with a sound whose packets are as large as Opus makes them."""
    noise = np.random.default_rng(7).uniform(-0.5, 0.5, RATE * 15).astype(np.float32)
    monkeypatch.setattr(engines, "tone", lambda: noise)
    monkeypatch.setattr(office.speaker._workshop, "_audio", AudioSettings(bitrate=256_000))
    offline.scripts = (Script(1),)
    assert (await office.delivered("One sentence. Another one. The third and last.")).delivered
    notes = fake.notes(office.chat)
    assert len(notes) > 1
    assert all(note.has_waveform and len(note.ogg) <= 1_000_000 for note in notes)
    assert sum(len(note.ogg) for note in notes) > 1_000_000


async def test_the_first_note_is_there_while_the_rest_is_made(
    fake: FakeTelegram, office: Office, offline: FakeEngine, small: None
) -> None:
    """And the parcel knows how far it has come."""
    turns = Turns(offline)
    parcel = await office.send(LONG)
    turns.give(6)
    await fake.until(lambda: fake.notes(office.chat))
    await fake.until(lambda: parcel.notes)
    assert not parcel.said.speech.done
    assert 1.0 < parcel.seconds < 4.0
    await fake.until(lambda: isinstance(read(office.row(parcel).mark), There))
    assert office.row(parcel).state is State.SENDING
    turns.give(9)
    assert (await parcel.delivered()).delivered


async def test_two_sequences_at_once_keep_their_order(
    fake: FakeTelegram, office: Office, offline: FakeEngine, small: None
) -> None:
    """In one chat, mixed as they may be, and in two."""
    bob = fake.person("Bob")
    parcels = [
        await office.send(LONG),
        await office.send(LONG.replace("This", "That")),
        await office.send(LONG.replace("This", "Which"), bob.private),
    ]
    for parcel in parcels:
        receipt = await parcel.delivered()
        assert receipt.delivered
        assert sorted(receipt.messages) == list(receipt.messages)
        there = {note.message.id: note for note in fake.notes()}
        together = np.concatenate([heard(there[message].ogg) for message in receipt.messages])
        assert np.abs(together - heard((await parcel.said.speech.clip()).ogg)).max() < 0.01
    assert {message for parcel in parcels[:2] for message in parcel.notes} == {
        note.message.id for note in fake.notes(office.chat)
    }


async def test_what_is_taken_back_in_the_middle_goes_no_further(
    fake: FakeTelegram, office: Office, offline: FakeEngine, small: None
) -> None:
    """The receipt names what had arrived, so that it can be taken away."""
    turns = Turns(offline)
    parcel = await office.send(LONG)
    turns.give(6)
    await fake.until(lambda: parcel.notes)
    parcel.cancel()
    receipt = await parcel.delivered()
    assert (receipt.taken_back, receipt.messages) == (True, tuple(parcel.notes))
    assert len(fake.notes()) == len(receipt.messages)
    assert office.row(parcel).state is State.CANCELLED
    turns.give(9)


async def test_what_is_taken_back_while_it_is_written_down_is_not_sent(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the journal and the wire there is still time."""
    parcel: Parcel | None = None
    mark = office.speaker.store.journal.mark

    async def late(id: str, state: State, **how: Any) -> None:
        await mark(id, state, **how)
        if state is State.SENDING and parcel is not None:
            parcel.cancel()

    monkeypatch.setattr(office.speaker.store.journal, "mark", late)
    parcel = await office.send()
    assert (await parcel.delivered()).taken_back
    assert not fake.of("sendVoice")
    assert office.row(parcel).state is State.CANCELLED


async def test_a_courier_that_closes_lets_one_note_of_several_arrive(
    fake: FakeTelegram, office: Office, small: None
) -> None:
    """The one on the wire; the others come after the restart."""
    hung = fake.faults.hang("sendVoice")
    parcel = await office.send(LONG)
    await hung.met.wait()
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    hung.release()
    await closing
    receipt = await parcel.delivered()
    assert (receipt.later, len(receipt.messages)) == (True, 1)
    assert len(fake.of("sendVoice")) == 1
    mark = read(office.row(parcel).mark)
    assert isinstance(mark, There)
    assert mark.sure


async def test_a_speech_that_breaks_off_leaves_what_was_sent(
    fake: FakeTelegram, office: Office, offline: FakeEngine, small: None
) -> None:
    """Its asker is told that the rest is missing, and why."""
    offline.scripts = (*[Script(10)] * 6, Script(1, error=EngineTruncated("offline", "broke off")))
    parcel = await office.send(LONG)
    receipt = await parcel.delivered()
    assert not receipt.delivered
    assert receipt.why.startswith("The rest of it is missing. The engine offline broke off")
    assert receipt.messages == tuple(note.message.id for note in fake.notes()) != ()
    assert office.row(parcel).state is State.FAILED


# What is known of it


async def test_who_spoke_instead_stands_below_the_note(fake: FakeTelegram, office: Office, edge: FakeEngine) -> None:
    """With engine and voice, in the asker's language."""
    edge.scripts = (Script(0, error=EngineUnavailable("edge", "down")),)
    receipt = await office.delivered(engine="edge", to=office.target(locale="ja"))
    [note] = fake.notes()
    assert (receipt.delivered, receipt.note) == (True, "")
    assert note.caption == word("delivery.stood_in", "ja", wanted="edge", spoke="offline (heart)")


async def test_of_several_notes_each_thing_is_said_once(
    fake: FakeTelegram, office: Office, edge: FakeEngine, small: None
) -> None:
    """Below the first note of which it holds, after which of them it is."""
    edge.scripts = (Script(0, error=EngineUnavailable("edge", "down")),)
    assert (await office.delivered(LONG, engine="edge")).delivered
    captions = [note.caption for note in fake.notes()]
    stood_in = "edge could not say this, so offline (heart) spoke instead."
    assert captions == [f"Part 1. {stood_in}", *(f"Part {number}." for number in range(2, len(captions) + 1))]


async def test_a_stream_that_was_cut_says_so_at_its_end(
    fake: FakeTelegram, opened: Opened, tmp_path: Path, small: None
) -> None:
    """Below its last note."""
    async with at_work(fake, opened, tmp_path, speak=SpeakSettings(max_chars=150)) as office:
        assert (await office.delivered(words(*(f"{each} " for each in LONG.split())))).delivered
    captions = [note.caption for note in fake.notes()]
    assert len(captions) > 1
    cut = word("delivery.truncated", "en")
    assert captions[-1] == f"Part {len(captions)}. {cut}"
    assert not any(cut in caption for caption in captions[:-1])


async def test_languages_that_nobody_speaks_are_named(fake: FakeTelegram, office: Office) -> None:
    """Where the rest was worth saying."""
    assert (await office.delivered("Hello there. Это по-русски, и довольно длинно.", lenient=True)).delivered
    assert fake.notes()[0].caption == word("telegram_delivery.skipped", "en", languages="Russian")


# Uploaded once


async def test_the_second_time_nothing_is_uploaded(fake: FakeTelegram, office: Office) -> None:
    """In any chat: Telegram has it already."""
    bob, group = fake.person("Bob"), fake.group(members=[office.ann])
    first = await office.send()
    await first.delivered()
    uploaded = fake.uploaded_bytes
    for chat in (office.chat, bob.private, group):
        assert (await office.delivered(chat=chat)).delivered
    assert fake.uploaded_bytes == uploaded == len((await first.said.speech.clip()).ogg)
    assert [note.uploaded for note in fake.notes()] == [True, False, False, False]


async def test_the_second_time_nothing_is_written_twice(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note from the cache is marked as leaving and as there, and no file id is kept anew."""
    await office.delivered()
    marks: list[State] = []
    mark, cache = office.speaker.store.journal.mark, office.speaker.store.cache

    async def counted(id: str, state: State, **how: Any) -> None:
        marks.append(state)
        await mark(id, state, **how)

    async def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(office.speaker.store.journal, "mark", counted)
    monkeypatch.setattr(cache, "attach", never)
    assert (await office.delivered()).delivered
    assert marks == [State.SENDING, State.DONE]


async def test_several_notes_are_uploaded_once(fake: FakeTelegram, office: Office, small: None) -> None:
    """Each by its own file id, although the key was known only when the last of them was made."""
    await office.delivered(LONG)
    uploaded, first = fake.uploaded_bytes, [note.ogg for note in fake.notes()]
    receipt = await office.delivered(LONG)
    assert fake.uploaded_bytes == uploaded
    assert [note.ogg for note in fake.notes()][len(first) :] == first
    assert len(receipt.messages) == len(first)


async def test_what_has_arrived_is_not_uploaded_again_while_the_rest_is_on_its_way(
    fake: FakeTelegram, office: Office, small: None
) -> None:
    """The key was known only when the first notes had arrived; somebody else gets those by their file ids."""
    bob = fake.person("Bob")
    parcel = await office.send(LONG)
    await fake.until(lambda: len(parcel.notes) >= 2)
    arrived, hung = len(parcel.notes), fake.faults.hang("sendVoice", chat=office.chat)
    await hung.met.wait()
    await fake.until(lambda: parcel.said.key)
    theirs = await office.send(LONG, chat=bob.private)
    await fake.until(lambda: len(theirs.notes) >= arrived)
    assert not any(note.uploaded for note in fake.notes(bob.private)[:arrived])
    hung.release()
    assert (await theirs.delivered()).delivered


async def test_what_has_arrived_is_kept_though_the_house_is_closed_in_between(
    fake: FakeTelegram, opened: Opened, tmp_path: Path, small: None
) -> None:
    """And so is not uploaded again, by whomever."""
    async with at_work(fake, opened, tmp_path) as office:
        parcel = await office.send(LONG)
        await fake.until(lambda: parcel.notes)
        hung = fake.faults.hang("sendVoice", chat=office.chat)
        await hung.met.wait()
        await fake.until(lambda: parcel.said.key)
        asyncio.get_running_loop().call_later(0.1, hung.release)
    before, bob = len(fake.notes()), fake.person("Bob")
    async with at_work(fake, opened, tmp_path) as office:
        assert (await office.delivered(LONG, chat=bob.private)).delivered
    assert before
    assert [note.uploaded for note in fake.notes(bob.private)][:before] == [False] * before


async def test_two_chats_at_once_upload_a_sound_once(fake: FakeTelegram, office: Office) -> None:
    """Who comes second waits for the file of the first, and holds up nobody else."""
    bob, eve = fake.person("Bob"), fake.person("Eve")
    hung = fake.faults.hang("sendVoice", chat=office.chat)
    mine = await office.send()
    await hung.met.wait()
    theirs = await office.send(chat=bob.private)
    assert (await office.delivered("Something else.", chat=eve.private)).delivered
    assert not theirs.notes
    hung.release()
    for parcel in (mine, theirs):
        assert (await parcel.delivered()).delivered
    assert [note.uploaded for note in fake.notes(office.chat)] == [True]
    assert [note.uploaded for note in fake.notes(bob.private)] == [False]


async def test_an_upload_that_fails_is_made_by_the_next(fake: FakeTelegram, office: Office) -> None:
    """Though its own was waited for."""
    bob, hung = fake.person("Bob"), fake.faults.hang("sendVoice", chat=office.chat)
    mine = await office.send()
    await hung.met.wait()
    theirs = await office.send(chat=bob.private)
    await fake.until(lambda: office.messenger.post.ahead(bob.id))
    office.chat.blocked = True
    hung.release()
    assert not (await mine.delivered()).delivered
    assert (await theirs.delivered()).delivered
    assert [note.uploaded for note in fake.notes(bob.private)] == [True]


async def test_an_upload_that_hangs_is_not_waited_for_for_long(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other chat's line may be better."""
    monkeypatch.setattr(uploads, "PATIENCE", 0.05)
    bob, hung = fake.person("Bob"), fake.faults.hang("sendVoice", chat=office.chat)
    mine = await office.send()
    await hung.met.wait()
    assert (await office.delivered(chat=bob.private)).delivered
    hung.release()
    assert (await mine.delivered()).delivered
    assert (await office.delivered(chat=bob.private)).delivered
    assert [note.uploaded for note in fake.notes(bob.private)] == [True, False]


async def test_a_restart_uploads_nothing_again(fake: FakeTelegram, opened: Opened, tmp_path: Path, small: None) -> None:
    """The file ids are kept with the sound."""
    async with at_work(fake, opened, tmp_path) as office:
        await office.delivered(LONG)
        await office.delivered("A short one.")
    uploaded = fake.uploaded_bytes
    async with at_work(fake, opened, tmp_path) as office:
        assert (await office.delivered(LONG)).delivered
        assert (await office.delivered("A short one.")).delivered
    assert fake.uploaded_bytes == uploaded


async def test_a_file_id_that_telegram_refuses_is_renewed(fake: FakeTelegram, office: Office) -> None:
    """It is uploaded once more, and the new one is kept in the place of the old."""
    parcel = await office.send()
    await parcel.delivered()
    key = parcel.said.key
    assert key is not None
    await fake.until(lambda: not office.courier.uploads._errands)
    old = await office.speaker.store.cache.attachment(key, f"telegram:{BOT}:1:0")
    fake.forget_files()
    assert (await office.delivered()).delivered
    await fake.until(lambda: not office.courier.uploads._errands)
    new = await office.speaker.store.cache.attachment(key, f"telegram:{BOT}:1:0")
    assert None is not new != old
    uploaded = fake.uploaded_bytes
    assert (await office.delivered()).delivered
    assert fake.uploaded_bytes == uploaded


async def test_a_file_that_somebody_else_uploaded_is_used(fake: FakeTelegram, office: Office) -> None:
    """Inline mode keeps it under the same name."""
    said = await office.speaker.say(office.request())
    clip = await said.speech.clip()  # type: ignore[union-attr]
    await office.delivered("Another one, for its file.")
    [other] = fake.notes()
    await fake.until(lambda: said.key)  # type: ignore[union-attr]
    cache, name = office.speaker.store.cache, f"telegram:{BOT}:1:0"
    await cache.attach(said.key, name, other.file.file_id)  # type: ignore[union-attr,arg-type]
    assert (await office.delivered()).delivered
    assert len(fake.notes()) == 2
    assert not fake.notes()[1].uploaded
    assert packets(clip.ogg)


async def test_a_sound_that_is_cached_late_keeps_its_file(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note may be there before its sound is in the cache: it is tried again."""
    cache, put, may = office.speaker.store.cache, office.speaker.store.cache.put, asyncio.Event()

    async def late(*what: Any, **how: Any) -> None:
        await may.wait()
        await put(*what, **how)

    monkeypatch.setattr(cache, "put", late)
    parcel = await office.send()
    await parcel.delivered()
    key = parcel.said.key or ""
    assert await cache.attachment(key, f"telegram:{BOT}:1:0") is None
    may.set()
    await fake.until(lambda: not office.courier.uploads._errands)
    assert await cache.attachment(key, f"telegram:{BOT}:1:0") is not None


async def test_a_cache_that_fails_costs_an_upload_and_no_note(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in looking for a file id nor in keeping one."""

    async def broken(*_: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(office.speaker.store.cache, "attachment", broken)
    monkeypatch.setattr(office.speaker.store.cache, "attach", broken)
    assert (await office.delivered()).delivered
    assert (await office.delivered()).delivered


# What goes wrong


async def test_where_voice_is_unwanted_it_comes_as_music(fake: FakeTelegram, office: Office) -> None:
    """The receipt says why; and that file is not kept as a voice message's."""
    office.chat.voice_forbidden = True
    parcel = await office.send()
    receipt = await parcel.delivered()
    [message] = [message for message in office.chat.messages if message.file is not None]
    assert receipt.messages == (message.id,)
    assert receipt.note == word("telegram_delivery.as_audio", "en")
    assert message.file is not None
    assert message.file.kind == "audio"
    await fake.until(lambda: not office.courier.uploads._errands)
    assert await office.speaker.store.cache.attachment(parcel.said.key or "", f"telegram:{BOT}:1:0") is None
    assert await office.speaker.store.cache.attachment(parcel.said.key or "", f"telegram:{BOT}:1:0:audio") is not None


async def test_what_comes_as_music_is_made_and_uploaded_once(
    fake: FakeTelegram, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where that is found out anew, and after a restart."""
    async with at_work(fake, opened, tmp_path) as office:
        office.chat.voice_forbidden = True
        assert (await office.delivered()).delivered
        uploaded = fake.uploaded_bytes
        monkeypatch.setattr(notes, "convert", None)
        assert (await office.delivered()).delivered
    assert fake.uploaded_bytes == uploaded
    async with at_work(fake, opened, tmp_path) as office:
        fake.faults.refuse("sendVoice", 400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
        assert (await office.delivered()).delivered
    assert len(fake.of("sendAudio")) == 3
    assert [bool(call.files) for call in fake.of("sendAudio")] == [True, False, False]


async def test_where_nothing_may_be_heard_the_asker_is_told_why(fake: FakeTelegram, office: Office) -> None:
    """Neither voice nor music: with what to do instead, and the journal does not try it again."""
    group = fake.group(members=[office.ann])
    group.denied |= {"can_send_voice_notes", "can_send_audios"}
    parcel = await office.send(chat=group)
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.why) == (False, word("telegram_send.no_voice_here", "en"))
    assert office.row(parcel).state is State.FAILED


async def test_a_lost_answer_makes_no_second_note(fake: FakeTelegram, office: Office) -> None:
    """Nobody knows whether it is there, and the asker may have it sent again."""
    fake.faults.lose("sendVoice")
    parcel = await office.send()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.unsure) == (False, True)
    assert receipt.why == word("telegram_send.unsure", "en")
    assert len(fake.of("sendVoice")) == len(fake.notes()) == 1
    assert office.row(parcel).state is State.FAILED
    assert parcel.said.key


async def test_after_a_lost_answer_the_other_notes_come(
    fake: FakeTelegram, office: Office, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, once each; receipt and journal are unsure all the same."""
    marks: list[str | None] = []
    mark = office.speaker.store.journal.mark

    async def seen(id: str, state: State, **how: Any) -> None:
        marks.append(how["mark"])
        await mark(id, state, **how)

    monkeypatch.setattr(office.speaker.store.journal, "mark", seen)
    held = fake.faults.lose("sendVoice")
    parcel = await office.send(LONG)
    receipt = await parcel.delivered()
    assert held.hits == 1
    assert [str(mark).split()[0] for mark in marks[:-2]] == ["leaving", "unsure"] * (len(receipt.messages))
    assert (receipt.delivered, receipt.unsure) == (False, True)
    there = [note.message.id for note in fake.notes()]
    assert list(receipt.messages) == there[1:]
    assert (
        np.concatenate([heard(note.ogg) for note in fake.notes()]).size
        == heard((await parcel.said.speech.clip()).ogg).size
    )


async def test_a_note_that_cannot_be_noted_down_is_not_sent(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash nobody would know of it; the asker is told."""

    async def full(*_: object, **__: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(office.speaker.store.journal, "mark", full)
    receipt = await office.delivered()
    assert receipt.why == word("refusals.failure.store_error", "en")
    assert not fake.of("sendVoice")


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # of the library's own, for a 429
async def test_what_telegram_does_not_take_for_now_comes_a_little_later(fake: FakeTelegram, office: Office) -> None:
    """Too much at once, or no connection: once all the same."""
    fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 1", retry_after=1)
    assert (await office.delivered()).delivered
    assert len(fake.notes()) == 1


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
@pytest.mark.parametrize("arrived", [0, 1])
async def test_what_telegram_holds_up_is_tried_until_it_is_not_wanted_any_more(
    fake: FakeTelegram, office: Office, small: None, monkeypatch: pytest.MonkeyPatch, arrived: int
) -> None:
    """However little patience there is beyond that; the first note, and those that follow it."""
    monkeypatch.setattr(delivery, "PATIENCE", 0.0)
    parcel = await office.send(LONG, deadline=time.time() + 600)
    await fake.until(lambda: len(parcel.notes) >= arrived)
    busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 5", retry_after=5)
    assert (await parcel.delivered()).delivered
    assert busy.hits == 1


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_what_was_begun_in_time_is_tried_for_a_while_after_it(
    fake: FakeTelegram, office: Office, small: None
) -> None:
    """Who has heard the first of it would not thank us for that."""
    parcel = await office.send(LONG, deadline=time.time() + 600)
    await fake.until(lambda: parcel.notes)
    parcel.request = replace(parcel.request, deadline=time.time() - 1)
    busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 5", retry_after=5)
    assert (await parcel.delivered()).delivered
    assert busy.hits == 1


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_each_time_it_is_tried_it_is_written_down_whether_it_left(
    fake: FakeTelegram, office: Office, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is refused has surely not left, whatever comes next: after a crash it is sent."""
    marks: list[str] = []
    mark = office.speaker.store.journal.mark

    async def seen(id: str, state: State, **how: Any) -> None:
        marks.append(how["mark"])
        await mark(id, state, **how)

    monkeypatch.setattr(office.speaker.store.journal, "mark", seen)
    fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 1", retry_after=1)
    fake.faults.refuse("sendVoice", 400, "Bad Request: VOICE_MESSAGES_FORBIDDEN")
    parcel = await office.send(LONG)
    await fake.until(lambda: parcel.notes)
    assert (await parcel.delivered()).delivered
    end = marks[0].removeprefix("leaving ")
    assert marks[:6] == [f"leaving {end}", "there 0", f"leaving {end}", "there 0", f"leaving {end}", f"there {end}"]


async def test_a_business_that_may_not_write_to_somebody_bars_nobody(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """What they have asked the bot for goes on."""
    gate.set()
    assert (await office.delivered("Your parcel is here.")).delivered
    gate.clear()
    own = await office.send("For herself.")
    fake.faults.refuse("sendVoice", 403, "Forbidden: bot was blocked by the user")
    target = office.target(business="connected")
    assert not (await office.delivered("Your parcel is here.", to=target)).delivered
    gate.set()
    assert (await own.delivered()).delivered


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
async def test_what_telegram_holds_up_is_given_up_when_its_chat_is(fake: FakeTelegram, office: Office) -> None:
    """Nobody waits minutes to be told that they have shut the bot out."""
    busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 600", retry_after=600)
    parcel = await office.send()
    await busy.met.wait()
    await fake.until(lambda: office.messenger.post.wait(office.chat.id) > 100)
    office.courier.clear(office.chat.id)
    assert not (await parcel.delivered()).delivered
    assert len(fake.of("sendVoice")) == 1


# Words that must not be lost


async def test_an_answer_that_cannot_be_heard_arrives_as_text(
    fake: FakeTelegram, office: Office, offline: FakeEngine
) -> None:
    """As a reply, with the reason below it."""
    offline.scripts = (Script(0, error=EngineUnavailable("offline", "down")),)
    asked = await office.ann.say("What is the answer?")
    receipt = await office.delivered("It is 42.", to=office.target(reply_to=asked.id, text=True, quiet=True))
    assert not receipt.delivered
    [shown] = [message for message in office.chat.messages if message.sender is fake.bot]
    assert shown.text == f"It is 42.\n\n{word('telegram_answers.failed', 'en', why=receipt.why)}"
    assert shown.reply_to is asked


async def test_an_answer_that_perhaps_was_not_heard_arrives_as_text(fake: FakeTelegram, office: Office) -> None:
    """Rather twice than never."""
    fake.faults.lose("sendVoice")
    assert (await office.delivered("It is 42.", to=office.target(text=True))).unsure
    assert any(text.startswith("It is 42.") for text in office.chat.texts)


async def test_an_answer_that_was_heard_or_taken_back_is_not_shown(fake: FakeTelegram, office: Office) -> None:
    """Nor one of which only its writer knows the words."""
    target = office.target(text=True)
    assert (await office.delivered("It is 42.", to=target)).delivered
    parcel = await office.send("It is 43.", to=target)
    parcel.cancel()
    assert (await parcel.delivered()).taken_back
    fake.faults.lose("sendVoice")
    assert (await office.delivered(words("It is 44."), to=target)).unsure
    assert [message.text for message in office.chat.messages if message.sender is fake.bot and message.text] == []


async def test_in_a_chat_that_is_gone_nothing_is_shown_either(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """Telegram has said so once."""
    parcel = await office.send("It is 42.", to=office.target(text=True))
    office.courier.clear(office.chat.id)
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back, receipt.why) == (False, False, word("telegram_send.outside", "en"))
    assert office.row(parcel).state is State.FAILED
    assert not fake.of("sendMessage")


async def test_where_nothing_can_be_written_either_it_ends_in_a_receipt(
    fake: FakeTelegram, office: Office, offline: FakeEngine
) -> None:
    """No surprise, and the journal is done with it."""
    offline.scripts = (Script(0, error=EngineUnavailable("offline", "down")),)
    office.chat.blocked = True
    parcel = await office.send(to=replace(office.target(), text=True))
    assert not (await parcel.delivered()).delivered
    assert office.row(parcel).state is State.FAILED
