"""What a crash interrupted goes on at the next start: no note twice, and nothing lost in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from structlog.testing import capture_logs
from telegram.error import NetworkError

from bot.adapters.telegram import parts as cutting
from bot.adapters.telegram import revival
from bot.adapters.telegram.commands import control, say
from bot.adapters.telegram.mark import Leaving, There, read
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.parts import Point
from bot.adapters.telegram.slips import Slips, short
from bot.adapters.telegram.target import Target
from bot.adapters.words import word
from bot.errors import StoreError
from bot.queue import Entry, Limits, State, to_json
from bot.queue.journal import ATTEMPTS
from bot.speech import Request
from tests.adapters.telegram.office import BOT, Office, Row, at_work, heard, rows
from tests.adapters.telegram.scene import online
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.telegram import FakeTelegram, Person

LONG = " ".join(f"This is sentence number {number}." for number in range(1, 9))

Work = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        fake.person("Ann")
        yield fake
        assert fake.unknown == []


@pytest.fixture
def work(fake: FakeTelegram, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A run of the process, and then another, over the same database; none waits for what is on the wire."""
    monkeypatch.setattr("bot.adapters.deliveries.GRACE", 0.0)
    monkeypatch.setattr(revival, "PUT_OFF", 0.0)
    return partial(at_work, fake, opened, tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Callable[[], dict[str, Row]]:
    """What is on the disk."""
    return lambda: rows(tmp_path / "sayso.db")


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, offline: FakeEngine) -> None:
    """A note holds about three seconds, and each sentence has one."""
    monkeypatch.setattr(cutting, "LIMIT", 16_000)
    monkeypatch.setattr(cutting, "SHORT", 30)
    offline.scripts = (Script(10),)


async def ended(office: Office, number: int = 1) -> list[Parcel]:
    """The parcels that a restart brought back, once it is known what became of them."""
    await office.fake.until(lambda: len(office.told) == number)
    for parcel in office.told:
        await parcel.delivered()
    return office.told


async def _sent_once(fake: FakeTelegram, work: Work, parcel: Parcel) -> None:
    """The next process delivers it."""
    async with work() as office:
        assert await office.courier.resume() == 1
        [told] = await ended(office)
        assert (await told.delivered()).delivered
        assert office.row(parcel).state is State.DONE
    assert len(fake.notes()) == 1


# In each state


async def test_a_note_that_was_accepted_is_delivered_once(fake: FakeTelegram, work: Work, offline: FakeEngine) -> None:
    """The crash came before it was made; people are told how it goes on."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with work() as office:
        parcel = await office.send()
        await fake.until(lambda: offline.active)
        office.kill()
    gate.set()
    for times in (1, 0):
        async with work() as office:
            assert await office.courier.resume() == times
            await office.settled(parcel.request.id)
            assert len(await ended(office, times)) == times
    assert len(fake.notes(office.chat)) == 1


async def test_a_note_that_was_leaving_is_not_sent_again(fake: FakeTelegram, work: Work, offline: FakeEngine) -> None:
    """Whether it arrived or not: its asker is told, and may have it again by its key; it is not even made."""
    async with work() as office:
        hung = fake.faults.hang("sendVoice")
        parcel = await office.send(to=office.target(locale="ja"))
        await hung.met.wait()
        office.kill()
    fake.faults.clear()
    made = len(offline.asked)
    async with work() as office:
        assert await office.courier.resume() == 1
        [told] = await ended(office)
        receipt = await told.delivered()
        assert (receipt.delivered, receipt.unsure, receipt.messages) == (False, True, ())
        assert receipt.why == word("telegram_delivery.interrupted", "ja")
        assert told.said.key == parcel.said.key is not None
        assert (told.wait, told.request.text) == (None, parcel.request.text)
        assert office.row(parcel).state is State.FAILED
        assert await office.courier.resume() == 0
    assert len(fake.of("sendVoice")) == 1
    assert len(offline.asked) == made


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # of the library's own, for a 429
@pytest.mark.parametrize("killed", [False, True])
async def test_what_telegram_surely_did_not_take_is_sent(fake: FakeTelegram, work: Work, killed: bool) -> None:
    """It held the chat up when the process ended, however that came."""
    async with work() as office:
        busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 600", retry_after=600)
        parcel = await office.send()
        await busy.met.wait()
        await fake.until(lambda: not parcel.leaving)
        if killed:
            office.kill()
    await _sent_once(fake, work, parcel)


async def test_what_never_had_a_connection_is_sent(
    fake: FakeTelegram, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram could not be reached when the process ended."""
    tried = asyncio.Event()

    async def unreached(self: object, url: str, *_: object, **__: object) -> None:
        tried.set()
        raise NetworkError("httpx.ConnectError") from httpx.ConnectError("refused")

    async with work() as office:
        with monkeypatch.context() as away:
            away.setattr(type(office.messenger.bot.request), "do_request", unreached)
            parcel = await office.send()
            await tried.wait()
            await fake.until(lambda: not parcel.leaving)
            office.kill()
    await _sent_once(fake, work, parcel)


async def test_a_first_note_that_waited_too_long_for_a_restart_is_late(fake: FakeTelegram, work: Work) -> None:
    """Though it was tried before."""
    async with work() as office:
        asked = await office.left(office.request(deadline=time.time() - 1), State.SENDING, "there 0")
        await office.courier.resume()
        [told] = await ended(office)
        assert (await told.delivered()).why == word("refusals.failure.expired", "en")
        assert office.row(asked.id).state is State.EXPIRED


async def test_what_was_unsure_can_be_had_again_without_an_upload(fake: FakeTelegram, work: Work) -> None:
    """By the key that its parcel has: the sound is kept."""
    async with work() as office:
        assert (await office.delivered()).delivered
        hung = fake.faults.hang("sendVoice")
        await office.send()
        await hung.met.wait()
        office.kill()
    hung.times = 0
    fake.faults.clear()
    uploaded = fake.uploaded_bytes
    async with work() as office:
        await office.courier.resume()
        [told] = await ended(office)
        again = await office.send("", replay=told.said.key)
        assert (await again.delivered()).delivered
    assert fake.uploaded_bytes == uploaded


async def test_a_sequence_goes_on_after_what_was_there(
    fake: FakeTelegram, work: Work, small: None, offline: FakeEngine
) -> None:
    """Sample by sample: nothing is heard twice, and nothing is missing."""
    gate = asyncio.Event()

    async def sixth(_: float) -> None:
        if len(offline.asked) == 6:
            await gate.wait()

    offline.sleep = sixth
    async with work() as office:
        parcel = await office.send(LONG)
        await fake.until(lambda: isinstance(read(office.row(parcel).mark), There))
        office.kill()
        before = len(fake.notes())
    gate.set()
    async with work() as office:
        assert await office.courier.resume() == 1
        [told] = await ended(office)
        receipt = await told.delivered()
        assert receipt.delivered
        assert len(fake.notes()) == before + len(receipt.messages) > before
        whole = heard((await told.said.speech.clip()).ogg)
        assert office.row(parcel).state is State.DONE
    together = np.concatenate([heard(note.ogg) for note in fake.notes()])
    assert together.size == whole.size
    assert np.abs(together - whole).max() < 0.01


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_sequence_goes_on_after_what_was_leaving(
    fake: FakeTelegram, work: Work, small: None, arrives: bool
) -> None:
    """The other notes come, once each; of the one nobody knows, and so it is told."""
    async with work() as office:
        hung = fake.faults.hang("sendVoice")
        parcel = await office.send(LONG)
        await hung.met.wait()
        mark = read(office.row(parcel).mark)
        assert isinstance(mark, Leaving)
        assert mark.end is not None
        office.kill()
        if arrives:
            hung.release()
            await fake.until(fake.notes)
    fake.faults.clear()
    async with work() as office:
        await office.courier.resume()
        [told] = await ended(office)
        receipt = await told.delivered()
        assert (receipt.delivered, receipt.unsure) == (False, True)
        assert receipt.why == word("telegram_send.unsure", "en")
        assert told.said.key
        assert office.row(parcel).state is State.FAILED
        notes = fake.notes()
        assert [note.message.id for note in notes][-len(receipt.messages) :] == list(receipt.messages)
        rest = np.concatenate([heard(note.ogg) for note in notes[-len(receipt.messages) :]])
        whole = heard((await told.said.speech.clip()).ogg)
    assert np.abs(rest - whole[whole.size - rest.size :]).max() < 0.01
    starts = [round(spoken.start * 48_000) for spoken in told.said.speech.spoken]
    assert 0 < starts[mark.end.utterance] - (whole.size - rest.size) <= 1920


async def test_what_was_unsure_before_stays_so(fake: FakeTelegram, work: Work, small: None) -> None:
    """Though all that came after it was there."""
    async with work() as office:
        asked = await office.left(office.request(LONG), State.SENDING, "unsure 5")
        await office.courier.resume()
        [told] = await ended(office)
        assert (await told.delivered()).unsure
        assert office.row(asked.id).state is State.FAILED
    assert fake.notes()


async def test_nothing_is_left_of_a_sequence_that_was_there(fake: FakeTelegram, work: Work, small: None) -> None:
    """The process died before it could write down the end."""
    async with work() as office:
        asked = await office.left(office.request(LONG), State.SENDING, "there 8")
        await office.courier.resume()
        [told] = await ended(office)
        assert (await told.delivered()).delivered
        assert office.row(asked.id).state is State.DONE
    assert not fake.of("sendVoice")


@pytest.mark.parametrize("mark", ["-", "17", "note 1800000000.000 4000"])
async def test_a_mark_that_cannot_be_read_counts_as_leaving(fake: FakeTelegram, work: Work, mark: str) -> None:
    """Another version wrote it: rather asked for again than heard twice."""
    async with work() as office:
        asked = await office.left(office.request(), State.SENDING, mark)
        await office.courier.resume()
        [told] = await ended(office)
        assert (await told.delivered()).unsure
        assert told.said.key is None
        assert office.row(asked.id).state is State.FAILED
    assert not fake.of("sendVoice")


async def test_what_expired_meanwhile_is_told_and_not_sent(fake: FakeTelegram, work: Work) -> None:
    """Once."""
    async with work() as office:
        asked = await office.left(office.request(deadline=time.time() - 1), State.ACCEPTED)
        assert await office.courier.resume() == 1
        [told] = await ended(office)
        assert (await told.delivered()).why == word("refusals.failure.expired", "en")
        assert office.row(asked.id).state is State.EXPIRED
        assert await office.courier.resume() == 0
    assert not fake.of("sendVoice")


async def test_what_has_no_end_is_never_too_late(fake: FakeTelegram, work: Work) -> None:
    """However long nobody was there to send it."""
    async with work() as office:
        asked = replace(office.request(at=1.0), target=office.target().to_json())
        data = to_json(asked)
        assert data is not None
        await office.speaker.store.journal.accept(Entry(asked.id, data, at=1.0))
        await office.courier.resume()
        await office.settled(asked.id)
    assert len(fake.notes()) == 1


async def test_what_expires_while_the_queue_is_full_is_told(fake: FakeTelegram, work: Work) -> None:
    """It is tried again until its time is over."""
    now = [time.time()]
    async with work(limits=Limits(total=1), wall=lambda: now[0]) as office:
        asked = await office.left(office.request(), State.ACCEPTED)
        refused = asyncio.Event()
        say = office.speaker.say

        async def full(request: Request) -> Any:
            office.speaker.dispatcher.limits = Limits(total=0)
            answer = await say(request)
            refused.set()
            now[0] += 500.0
            return answer

        office.speaker.say = full  # type: ignore[method-assign]
        await office.courier.resume()
        await refused.wait()
        [told] = await ended(office)
        assert (await told.delivered()).why == word("refusals.failure.expired", "en")
        assert office.row(asked.id).state is State.EXPIRED


async def test_what_is_not_allowed_any_more_is_told(fake: FakeTelegram, work: Work) -> None:
    """Somebody was blocked in the meantime."""
    async with work() as office:
        asked = await office.left(office.request(), State.ACCEPTED)
        settings = office.speaker.store.settings
        await settings.set_guild(asked.guild, blocked_users=[asked.user])
        await office.courier.resume()
        [told] = await ended(office)
        assert (await told.delivered()).why == word("refusals.not_allowed.blocked", "en")
        assert office.row(asked.id).state is State.FAILED
    assert not fake.of("sendVoice")


# Words that must not be lost


@pytest.mark.parametrize(("state", "mark", "late"), [("sending", "leaving all", False), ("accepted", None, True)])
async def test_an_answer_that_cannot_be_heard_any_more_arrives_as_text(
    fake: FakeTelegram, work: Work, state: str, mark: str | None, late: bool
) -> None:
    """What an LLM has answered is in the journal."""
    async with work() as office:
        target = office.target(text=True, quiet=True)
        deadline = time.time() + (-1 if late else 100)
        await office.left(office.request("It is 42.", deadline=deadline), State(state), mark, target)
        await office.courier.resume()
        await ended(office)
    assert [text.splitlines()[0] for text in office.chat.texts] == ["It is 42."]


# Whose it is, and in which order


async def test_each_bot_takes_up_its_own(fake: FakeTelegram, work: Work) -> None:
    """And another adapter's is left alone, and what another version wrote."""
    async with work() as office:
        mine = await office.left(office.request(), State.ACCEPTED)
        others = [
            await office.left(office.request(), State.ACCEPTED, to=Target(BOT + 1, office.chat.id)),
            replace(office.request(), target={"via": "discord", "channel": 1}),
            replace(office.request(), target={"via": "telegram", "chat": "no number"}),
        ]
        for other in others[1:]:
            data = to_json(other)
            assert data is not None
            await office.speaker.store.journal.accept(Entry(other.id, data, at=1.0))
        assert await office.courier.resume() == 1
        await office.settled(mine.id)
        assert [office.row(other.id).state for other in others] == [State.ACCEPTED] * 3
    assert len(fake.notes()) == 1


async def test_a_chat_gets_its_own_in_their_order(fake: FakeTelegram, work: Work) -> None:
    """And no chat waits for another."""
    bob = fake.person("Bob")
    async with work(slots=1) as office:
        for number in range(3):
            await office.left(
                office.request(f"Text {number}.", at=1000.0 + number, deadline=time.time() + 100), State.ACCEPTED
            )
        elsewhere = office.request("For Bob.", bob.private, at=1001.5, deadline=time.time() + 100)
        await office.left(elsewhere, State.ACCEPTED, to=office.target(bob.private))
        assert await office.courier.resume() == 4
        told = await ended(office, 4)
        order = sorted((parcel.notes[0], str(parcel.request.text)) for parcel in told if parcel.target.chat != bob.id)
    assert [text for _, text in order] == ["Text 0.", "Text 1.", "Text 2."]
    assert len(fake.notes(bob.private)) == 1


async def test_what_is_asked_for_since_the_start_is_not_taken_for_old(
    fake: FakeTelegram, work: Work, offline: FakeEngine
) -> None:
    """Even if it is in the journal when that is read, or was delivered while it was."""
    async with work() as office:
        asked = await office.left(office.request("The old one."), State.ACCEPTED)
        await office.delivered("Delivered already.")
        gate = asyncio.Event()
        offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
        waiting = await office.send("Still to be heard.")
        assert await office.courier.resume() == 1
        gate.set()
        await office.settled(asked.id)
        assert (await waiting.delivered()).delivered
    assert len(fake.notes()) == 3


async def test_a_chat_that_has_shut_the_bot_out_is_tried_once(fake: FakeTelegram, work: Work) -> None:
    """What else waits for it is given up."""
    async with work() as office:
        office.chat.blocked = True
        asked = [await office.left(office.request(f"Text {number}."), State.ACCEPTED) for number in range(3)]
        await office.courier.resume()
        await office.settled(*(each.id for each in asked))
        assert {office.row(each.id).state for each in asked} == {State.FAILED}
    assert 1 <= len(fake.of("sendVoice")) <= 3


async def test_a_group_that_moved_while_nobody_listened_is_found(fake: FakeTelegram, work: Work) -> None:
    """The journal knows its old id only."""
    async with work() as office:
        group = fake.group(members=[office.ann], basic=True)
        asked = await office.left(office.request(chat=group), State.ACCEPTED)
        new = await fake.migrate(group)
        await office.courier.resume()
        await office.settled(asked.id)
    assert len(fake.notes(new)) == 1


# What stands in the way


async def test_a_journal_that_cannot_be_read_is_read_later(fake: FakeTelegram, work: Work) -> None:
    """Nothing is given up because the store was away for a moment."""
    async with work() as office:
        asked = await office.left(office.request(), State.ACCEPTED)
        unfinished, failures = office.speaker.unfinished, [StoreError("away"), StoreError("away")]

        async def away(*wanted: Any) -> Any:
            if failures:
                raise failures.pop()
            return await unfinished(*wanted)

        office.speaker.unfinished = away  # type: ignore[assignment,method-assign]
        with capture_logs() as logs:
            assert await office.courier.resume() == 1
        await office.settled(asked.id)
    assert [entry["event"] for entry in logs if "put_off" in entry["event"]] == ["resuming_put_off"] * 2
    assert len(fake.notes()) == 1


async def test_an_entry_that_has_to_wait_lets_the_next_go_first(fake: FakeTelegram, work: Work) -> None:
    """And comes when it can."""
    async with work() as office:
        first = await office.left(office.request("First.", at=1.0, deadline=time.time() + 99), State.ACCEPTED)
        second = await office.left(office.request("Second.", at=2.0, deadline=time.time() + 99), State.ACCEPTED)
        say, failed = office.speaker.say, [StoreError("away")]

        async def away(request: Request) -> Any:
            if request.id == first.id and failed:
                raise failed.pop()
            return await say(request)

        office.speaker.say = away  # type: ignore[method-assign]
        assert await office.courier.resume() == 2
        await office.settled(first.id, second.id)
        assert [str(parcel.request.text) for parcel in office.told] == ["Second.", "First."]


async def test_an_entry_that_surprises_keeps_no_other_back(fake: FakeTelegram, work: Work) -> None:
    """It is logged, and the next is taken up."""
    async with work() as office:
        first = await office.left(office.request("First.", at=1.0, deadline=time.time() + 99), State.ACCEPTED)
        second = await office.left(office.request("Second.", at=2.0, deadline=time.time() + 99), State.ACCEPTED)
        say = office.speaker.say

        async def breaks(request: Request) -> Any:
            if request.id == first.id:
                raise RuntimeError("secret")
            return await say(request)

        office.speaker.say = breaks  # type: ignore[method-assign]
        with capture_logs() as logs:
            await office.courier.resume()
            await office.settled(second.id)
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["resuming_crashed"]
    assert "secret" not in str(logs)


async def test_a_start_that_ends_before_it_is_through_leaves_the_rest_to_the_next(
    fake: FakeTelegram, work: Work, journal: Callable[[], dict[str, Row]]
) -> None:
    """A full queue holds it up, and somebody stops the process."""
    async with work(limits=Limits(total=1)) as office:
        asked = await office.left(office.request(), State.ACCEPTED)
        office.speaker.dispatcher.limits = Limits(total=0)
        assert await office.courier.resume() == 1
        await asyncio.sleep(0.01)
    assert journal()[asked.id].state is State.ACCEPTED
    async with work() as office:
        assert await office.courier.resume() == 1
        await office.settled(asked.id)
    assert len(fake.notes()) == 1


@pytest.mark.parametrize(
    ("mark", "unsure"),
    [(None, False), (str(There(Point(1))), False), (str(There(Point(1), sure=False)), True), (str(Leaving()), True)],
)
async def test_what_ends_every_process_is_given_up_and_told(
    fake: FakeTelegram, work: Work, offline: FakeEngine, mark: str | None, unsure: bool
) -> None:
    """Once, after five starts; of what was leaving meanwhile nobody knows whether it arrived."""
    async with work() as office:
        asked = await office.left(office.request(), State.SENDING, mark, office.target(locale="ru"))
        await office.speaker.store.journal.count([asked.id], ATTEMPTS)
        assert await office.courier.resume() == 1
        [told] = await ended(office)
        receipt = await told.delivered()
        why = word("telegram_delivery.interrupted" if unsure else "delivery.given_up", "ru")
        assert (receipt.delivered, receipt.unsure, receipt.why) == (False, unsure, why)
        assert office.row(asked.id).state is State.FAILED
        assert await office.courier.resume() == 0
    assert not fake.of("sendVoice")
    assert not offline.asked


async def test_who_waits_for_what_is_given_up_is_told_where_the_status_was(fake: FakeTelegram, opened: Opened) -> None:
    """With all of the rest of Sayso: no message says for ever that it waits."""
    ann = next(one for one in fake.world.accounts.values() if isinstance(one, Person))
    async with opened() as speaker, online(fake, speaker, say.handlers, control.handlers) as station:
        target = Target(BOT, ann.id)
        number = await station.messenger.text(target.place, "⏳")
        asked = Request(f"telegram:{ann.id}", f"telegram:{ann.id}", "Boom.", target=target.to_json())
        data = to_json(asked)
        assert data is not None
        await speaker.store.journal.accept(Entry(asked.id, data, at=1.0))
        await speaker.store.journal.count([asked.id], ATTEMPTS)
        await Slips(speaker, BOT, time.time).put("status", short(asked.id), {"message": number})
        assert await station.courier.resume() == 1
        told = ann.private.by_id[number]
        await fake.until(lambda: told.text == word("delivery.given_up", "en"))
    assert [each.text for each in ann.private.messages] == [told.text]


async def test_who_is_told_can_have_it_sent_again_with_one_press(fake: FakeTelegram, opened: Opened) -> None:
    """With all of the rest of Sayso: the restart, the word, the button, the note, and no synthesis."""
    ann = next(one for one in fake.world.accounts.values() if isinstance(one, Person))
    async with opened() as speaker, online(fake, speaker, say.handlers, control.handlers) as station:
        await ann.say("/say Good morning.")
        [note] = await fake.until(lambda: fake.notes(ann.private))
        key = await fake.until(lambda: station.asking.heard.message(ann.id, note.message.id))
        data = to_json(
            Request(f"telegram:{ann.id}", f"telegram:{ann.id}", "Good morning.", target=Target(BOT, ann.id).to_json())
        )
        assert data is not None
        await speaker.store.journal.accept(Entry("before", data, at=1.0))
        await speaker.store.journal.mark("before", State.SENDING, mark=str(Leaving(None, key)))
        assert await station.courier.resume() == 1
        told = await fake.until(lambda: next((each for each in ann.private.messages if each.buttons), None))
        assert told.text == word("telegram_delivery.interrupted", "en")
        uploaded = fake.uploaded_bytes
        await ann.press(told, word("telegram_say.button.again", "en"))
        await fake.until(lambda: len(fake.notes(ann.private)) == 2)
    assert fake.uploaded_bytes == uploaded
