"""Requests are accepted, made and brought to their chats, and people are told what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.telegram import delivery
from bot.adapters.telegram.target import target_of
from bot.adapters.words import word
from bot.errors import EngineUnavailable
from bot.queue import Limits, State
from bot.speech import Priority, Reason
from tests.adapters.telegram.office import BOT, Office, at_work
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.telegram import FakeTelegram


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
def gate(offline: FakeEngine) -> asyncio.Event:
    """The engine speaks on when this is set."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    return gate


# Accepting


async def test_it_is_journalled_with_its_target_before_it_is_acknowledged(office: Office, gate: asyncio.Event) -> None:
    """What send has returned a crash cannot take away; it is wanted for as long as the settings say."""
    target = replace(office.target(reply_to=7, locale="ja"), bot=0)
    parcel = await office.send(to=target)
    row = office.row(parcel)
    assert row.state is State.ACCEPTED
    assert row.expires == pytest.approx(time.time() + 840, abs=5)
    assert target_of(parcel.request.target) == parcel.target == replace(target, bot=BOT)


async def test_a_deadline_of_ones_own_stays(office: Office, gate: asyncio.Event) -> None:
    """Chat read aloud is soon stale."""
    deadline = time.time() + 60
    assert office.row(await office.send(deadline=deadline)).expires == deadline


async def test_what_is_refused_is_not_journalled(office: Office) -> None:
    """The refusal is handed on as it is."""
    assert (await office.refused("...")).reason is Reason.NOTHING_TO_SAY
    assert not office.courier.parcels(f"telegram:{office.chat.id}")
    with pytest.raises(KeyError):
        office.row("anything")


async def test_a_person_and_a_chat_have_so_many_places(fake: FakeTelegram, opened: Opened, tmp_path: Path) -> None:
    """Until it was heard, not only until it was made."""
    group = fake.group(members=[next(iter(fake.world.chats.values())).person])  # type: ignore[list-item]
    async with at_work(fake, opened, tmp_path, limits=Limits(per_user=2, per_guild=3)) as office:
        held = fake.faults.hang("sendVoice", times=None)
        first = await office.send("First.", group)
        await office.send("Second.", group)
        await fake.until(lambda: first.said.speech.done)
        refused = await office.refused(chat=group)
        assert (refused.reason, refused.details["limit"]) == (Reason.USER_QUEUE_FULL, 2)
        await office.send("Third.", group, user="telegram:7")
        assert (await office.refused(chat=group, user="telegram:8")).reason is Reason.GUILD_QUEUE_FULL
        await office.send("Elsewhere.")
        fake.faults.clear()
        held.release()
        await first.delivered()
        await office.send("Fourth.", group)


# Delivering


async def test_a_request_becomes_a_note(fake: FakeTelegram, office: Office) -> None:
    """It answers the asker's message, its receipt names it, and the journal is done with it."""
    asked = await office.ann.say("/say hello")
    parcel = await office.send(to=office.target(reply_to=asked.id))
    receipt = await parcel.delivered()
    [note] = fake.notes(office.chat)
    assert receipt.delivered
    assert receipt.messages == (note.message.id,) == tuple(parcel.notes)
    assert (receipt.why, receipt.note, note.caption) == ("", "", "")
    assert note.ogg == (await parcel.said.speech.clip()).ogg
    assert note.reply_to is asked
    row = office.row(parcel)
    assert (row.state, row.mark) == (State.DONE, str(note.message.id))
    assert parcel.seconds == parcel.said.speech.seconds
    assert parcel.wait is None


async def test_two_chats_are_served_at_once(fake: FakeTelegram, office: Office) -> None:
    """One whose connection hangs holds up nobody else."""
    bob = fake.person("Bob")
    hung = fake.faults.hang("sendVoice", chat=office.chat)
    mine = await office.send()
    await hung.met.wait()
    assert (await office.delivered("For Bob.", bob.private)).delivered
    assert mine.receipt is None
    hung.release()
    assert (await mine.delivered()).delivered
    assert len(fake.notes(office.chat)) == len(fake.notes(bob.private)) == 1


async def test_a_long_one_does_not_hold_up_a_short_one(
    fake: FakeTelegram, office: Office, offline: FakeEngine, edge: FakeEngine
) -> None:
    """Each arrives when it is ready."""
    waiting = asyncio.Event()
    edge.sleep = lambda _: waiting.wait()  # type: ignore[assignment,return-value]
    long = await office.send("A long one.", engine="edge")
    await fake.until(lambda: edge.active)
    assert (await office.delivered("A short one.")).delivered
    assert long.receipt is None
    waiting.set()
    assert (await long.delivered()).delivered


async def test_an_engine_that_is_down_is_told_in_words(fake: FakeTelegram, office: Office, offline: FakeEngine) -> None:
    """In the asker's language, and nothing is sent."""
    offline.scripts = (Script(0, error=EngineUnavailable("offline", "down")),)
    parcel = await office.send(to=office.target(locale="zh-CN"))
    receipt = await parcel.delivered()
    assert not receipt.delivered
    assert "引擎" in receipt.why
    assert office.row(parcel).state is State.FAILED
    assert not fake.of("sendVoice")


async def test_what_waited_too_long_is_not_sent(fake: FakeTelegram, office: Office, gate: asyncio.Event) -> None:
    """It is told, and the journal has it as expired."""
    office.speaker.dispatcher.limits = Limits()
    others = [await office.send(f"Text {number}.", user=f"telegram:{number}") for number in range(4)]
    await fake.until(lambda: office.speaker.dispatcher.snapshot())
    parcel = await office.send("Too late.", deadline=time.time() + 0.05, user="telegram:9")
    receipt = await parcel.delivered()
    assert receipt.why == word("refusals.failure.expired", "en")
    assert office.row(parcel).state is State.EXPIRED
    for other in others:
        other.cancel()


async def test_what_waits_too_long_for_its_turn_is_not_sent(fake: FakeTelegram, office: Office) -> None:
    """It was made in time; its deadline counts until it leaves."""
    office.messenger.post._lane(office.chat.id).hold(office.messenger.post._clock() + 100)
    parcel = await office.send(deadline=time.time() + 2)
    receipt = await parcel.delivered()
    assert receipt.why == word("refusals.failure.expired", "en")
    assert office.row(parcel).state is State.EXPIRED
    assert not fake.of("sendVoice")


async def test_what_was_made_too_late_but_begun_in_time_is_sent(
    fake: FakeTelegram, office: Office, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Though it has to wait for its turn a little."""
    parcel = await office.send(deadline=time.time() + 0.1)
    await fake.until(lambda: offline.active)
    await fake.until(lambda: time.time() > (parcel.request.deadline or 0.0))
    office.messenger.post._lane(office.chat.id).hold(office.messenger.post._clock() + 10)
    gate.set()
    assert (await parcel.delivered()).delivered


async def test_people_see_that_it_is_recorded(fake: FakeTelegram, office: Office, gate: asyncio.Event) -> None:
    """From its acceptance until the note is there."""
    parcel = await office.send()
    await fake.until(lambda: office.chat.action == "record_voice")
    gate.set()
    await parcel.delivered()
    assert office.chat.action is None


async def test_a_surprise_in_one_delivery_stays_in_it(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered in words, logged without any, and the next is delivered."""

    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(delivery, "parts", breaks)
        parcel = await office.send()
        receipt = await parcel.delivered()
    assert not receipt.delivered
    assert receipt.why == word("delivery.crashed", "en")
    assert [entry["event"] for entry in logs] == ["delivery_crashed"]
    assert "secret" not in str(logs)
    assert office.row(parcel).state is State.FAILED
    assert (await office.delivered()).delivered


async def test_parcels_that_nobody_waits_for_leave_nothing_behind(fake: FakeTelegram, office: Office) -> None:
    """No task, no place, no parcel."""
    parcels = [await office.send(f"Text {number}.", priority=Priority.LOW) for number in range(5)]
    await fake.until(lambda: all(parcel.receipt for parcel in parcels))
    assert not len(office.courier._deliveries)
    assert not len(office.courier._deliveries._errands)
    assert not list(office.courier._deliveries._crowd)
    assert office.courier._deliveries._crowd._bounds.total == 0
    assert office.courier.find(parcels[0].request.id) is None


# Looking on


async def test_parcels_stand_in_the_order_in_which_they_were_asked_for(office: Office, gate: asyncio.Event) -> None:
    """Those of one chat."""
    second = await office.send("Second.", at=2.0)
    first = await office.send("First.", at=1.0)
    lane = f"telegram:{office.chat.id}"
    assert office.courier.parcels(lane) == [first, second]
    assert office.courier.parcels("telegram:1") == []
    assert office.courier.find(first.request.id) is first


async def test_a_wait_is_the_longer_of_queue_and_post(
    fake: FakeTelegram, opened: Opened, tmp_path: Path, offline: FakeEngine
) -> None:
    """Both are told of the same place; what has arrived or is leaving waits for nothing."""
    async with at_work(fake, opened, tmp_path, slots=1) as office:
        waiting = asyncio.Event()
        offline.sleep = lambda _: waiting.wait()  # type: ignore[assignment,return-value]
        parcels = [await office.send(f"Text {number}.", at=float(number)) for number in range(3)]
        position, wait = parcels[2].said.position, parcels[2].wait
        assert position is not None
        assert wait is not None
        assert wait.ahead == position.ahead > 0
        assert wait.seconds == pytest.approx(position.eta, abs=1.0)
        assert parcels[2].remaining == pytest.approx(wait.seconds, abs=1.0)
        hung = fake.faults.hang("sendVoice")
        waiting.set()
        await hung.met.wait()
        await fake.until(lambda: all(each.said.speech.done for each in parcels))
        await fake.until(lambda: office.messenger.post.ahead(office.chat.id) == 3)
        leaving = next(each for each in parcels if each.leaving)
        assert leaving.wait is None
        waits = sorted((each.wait.ahead, each.wait.seconds) for each in parcels if each.wait is not None)
        assert [ahead for ahead, _ in waits] == [1, 2]
        assert [seconds for _, seconds in waits] == pytest.approx([1.03, 2.06])
        hung.release()
        await asyncio.gather(*(each.delivered() for each in parcels))
        assert all(each.wait is None and each.remaining == 0.0 for each in parcels)


# Taking back


async def test_a_note_that_is_taken_back_is_not_made_any_further(
    fake: FakeTelegram, office: Office, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Nor sent, nor brought back by a restart."""
    parcel = await office.send()
    await fake.until(lambda: offline.active)
    parcel.cancel()
    parcel.cancel()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back) == (False, True)
    assert receipt.why == word("delivery.taken_back", "en")
    await fake.until(lambda: not offline.active)
    assert not fake.of("sendVoice")
    assert office.row(parcel).state is State.CANCELLED


async def test_what_is_made_already_can_be_taken_back_before_it_leaves(fake: FakeTelegram, office: Office) -> None:
    """It comes from the cache, and somebody is quick."""
    await office.delivered()
    parcel = await office.send()
    assert parcel.said.cached
    parcel.cancel()
    assert (await parcel.delivered()).taken_back
    assert len(fake.notes()) == 1


async def test_what_waits_for_its_turn_can_be_taken_back_at_once(fake: FakeTelegram, office: Office) -> None:
    """Nobody before it need have left; and it was never written down as leaving."""
    hung = fake.faults.hang("sendVoice")
    first = await office.send("First.")
    await hung.met.wait()
    second = await office.send("Second.")
    await fake.until(lambda: office.messenger.post.ahead(office.chat.id) == 2)
    assert office.row(second).state is State.ACCEPTED
    second.cancel()
    await asyncio.sleep(0)
    second.cancel()
    assert (await second.delivered()).taken_back
    assert first.receipt is None
    hung.release()
    assert (await first.delivered()).delivered
    assert len(fake.notes()) == 1


async def test_a_note_that_is_leaving_is_taken_away_once_it_is_there(fake: FakeTelegram, office: Office) -> None:
    """On the wire it cannot be called back."""
    hung = fake.faults.hang("sendVoice")
    parcel = await office.send()
    await hung.met.wait()
    parcel.cancel()
    await asyncio.sleep(0)
    assert parcel.receipt is None
    hung.release()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back, receipt.messages) == (False, True, ())
    assert len(fake.of("sendVoice")) == 1
    assert not fake.notes()
    assert office.row(parcel).state is State.CANCELLED


async def test_a_note_that_cannot_be_taken_away_is_there(fake: FakeTelegram, office: Office) -> None:
    """And so it is said, whatever its asker wanted; the wire may be as slow as it likes when it comes to that."""
    hung = fake.faults.hang("sendVoice")
    fake.faults.refuse("deleteMessage", 400, "Bad Request: message can't be deleted for everyone")
    parcel = await office.send()
    await hung.met.wait()
    parcel.cancel()
    hung.release()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back, len(receipt.messages)) == (True, False, 1)
    assert office.row(parcel).state is State.DONE


async def test_what_is_being_taken_away_is_so_when_the_courier_has_closed(fake: FakeTelegram, office: Office) -> None:
    """It has the same moment as a note on the wire."""
    hung, slow = fake.faults.hang("sendVoice"), fake.faults.hang("deleteMessage")
    parcel = await office.send()
    await hung.met.wait()
    parcel.cancel()
    hung.release()
    await slow.met.wait()
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    slow.release()
    await closing
    assert (await parcel.delivered()).taken_back
    assert not fake.notes()


async def test_what_was_taken_back_and_perhaps_arrived_is_not_offered_again(fake: FakeTelegram, office: Office) -> None:
    """Nobody wants it."""
    lost = fake.faults.lose("sendVoice")
    parcel = await office.send()
    await lost.met.wait()
    assert parcel.leaving
    parcel.cancel()
    receipt = await parcel.delivered()
    assert (receipt.taken_back, receipt.unsure) == (True, False)


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # of the library's own, for a 429
async def test_what_telegram_holds_up_can_be_taken_back(fake: FakeTelegram, office: Office) -> None:
    """At once, while it waits to be sent again; and in the moment in which it was refused."""
    busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 600", retry_after=600)
    waits = await office.send()
    await busy.met.wait()
    await fake.until(lambda: office.row(waits).mark == "there 0")
    await fake.until(lambda: not waits.leaving)
    waits.cancel()
    assert (await waits.delivered()).taken_back
    bob = fake.person("Bob")
    busy = fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 600", retry_after=600)
    refused = await office.send(chat=bob.private)
    await busy.met.wait()
    assert refused.leaving
    refused.cancel()
    async with asyncio.timeout(5):
        assert (await refused.delivered()).taken_back
    assert not fake.notes()


async def test_who_takes_back_what_another_wants_too_takes_only_their_own(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """The same words at the same time are made once, for whoever is left."""
    deadline = time.time() + 60
    mine, theirs = await office.send(deadline=deadline), await office.send(user="telegram:7", deadline=deadline)
    assert theirs.said.shared
    mine.cancel()
    assert (await mine.delivered()).taken_back
    gate.set()
    assert (await theirs.delivered()).delivered
    assert len(fake.notes()) == 1


async def test_a_person_is_recalled_wherever_they_are_heard(office: Office, gate: asyncio.Event) -> None:
    """In every chat, for themselves and for others, and nobody else."""
    me, bob = f"telegram:{office.ann.id}", office.fake.person("Bob")
    quoted = await office.send(user="telegram:8", author=me)
    mine = [await office.send("One."), await office.send("Two.", bob.private), quoted]
    other = await office.send("Three.", user="telegram:7")
    office.courier.recall(me)
    assert [(await parcel.delivered()).taken_back for parcel in mine] == [True] * 3
    assert other.receipt is None


# Chats that end, and chats that move


async def test_a_chat_that_has_shut_the_bot_out_is_cleared(
    fake: FakeTelegram, office: Office, offline: FakeEngine
) -> None:
    """What is made for it, what waits for its turn, and what is still to be made: all at once, and nobody else's."""
    bob = fake.person("Bob")
    hung = fake.faults.hang("sendVoice", chat=office.chat)
    first = await office.send("First.")
    await hung.met.wait()
    ready = await office.send("Second.")
    await fake.until(lambda: office.messenger.post.ahead(office.chat.id) == 2)
    waiting = asyncio.Event()
    offline.sleep = lambda _: waiting.wait()  # type: ignore[assignment,return-value]
    unmade, elsewhere = await office.send("Third."), await office.send("For Bob.", bob.private)
    office.chat.blocked = True
    hung.release()
    receipts = [await parcel.delivered() for parcel in (first, ready, unmade)]
    assert [receipt.delivered for receipt in receipts] == [False] * 3
    assert receipts[0].why == word("telegram_send.blocked", "en")
    assert [receipt.why for receipt in receipts[1:]] == [word("telegram_send.outside", "en")] * 2
    assert [office.row(parcel).state for parcel in (first, ready, unmade)] == [State.FAILED] * 3
    assert len(fake.of("sendVoice")) == 1
    waiting.set()
    assert (await elsewhere.delivered()).delivered


async def test_a_chat_that_was_left_is_cleared_before_anything_is_tried(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """An event of Telegram's is enough."""
    parcel = await office.send()
    office.courier.clear(office.chat.id)
    assert not (await parcel.delivered()).delivered
    assert not fake.of("sendVoice")


async def test_a_group_that_becomes_another_takes_what_waits_with_it(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """What is on its way is found and sent there, what was decided holds there; being told twice does no harm."""
    group = fake.group(members=[office.ann], basic=True)
    await office.speaker.store.settings.set_guild(f"telegram:{group.id}", voice="heart")
    parcel = await office.send(chat=group, to=office.target(group, reply_to=3, thread=4))
    new = await fake.migrate(group)
    office.courier.moved(group.id, new.id)
    office.courier.moved(group.id, new.id)
    assert office.courier.parcels(f"telegram:{new.id}") == [parcel]
    assert (parcel.target.chat, parcel.target.thread, parcel.target.reply_to) == (new.id, None, None)
    gate.set()
    assert (await parcel.delivered()).delivered
    assert len(fake.notes(new)) == 1
    await fake.until(lambda: not office.courier._deliveries._errands)
    assert (await office.speaker.store.settings.guild(f"telegram:{new.id}")).voice == "heart"


async def test_a_group_that_became_another_unnoticed_is_followed(fake: FakeTelegram, office: Office) -> None:
    """Telegram's refusal says where it went; others that wait for the old one go there as well."""
    group = fake.group(members=[office.ann], basic=True)
    new = await fake.migrate(group)
    first, second = await office.send("First.", group), await office.send("Second.", group)
    assert (await first.delivered()).delivered
    assert (await second.delivered()).delivered
    assert len(fake.notes(new)) == 2
    assert len([call for call in fake.of("sendVoice") if call.params["chat_id"] == group.id]) <= 2
    assert first.target.chat == second.target.chat == new.id


# Closing


async def test_what_is_not_delivered_when_the_courier_closes_stays_in_the_journal(
    fake: FakeTelegram, office: Office, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Its asker hears that it comes later, and nothing new is taken."""
    parcel = await office.send()
    await fake.until(lambda: offline.active)
    await office.courier.close()
    receipt = await parcel.delivered()
    assert (receipt.later, receipt.why) == (True, word("delivery.restarting", "en"))
    assert office.row(parcel).state is State.ACCEPTED
    assert (await office.refused()).reason is Reason.CLOSING
    await fake.until(lambda: not offline.active)


async def test_a_note_on_the_wire_arrives_before_the_courier_closes(fake: FakeTelegram, office: Office) -> None:
    """It is given a moment; one that waits for its turn is not, and comes later."""
    hung = fake.faults.hang("sendVoice")
    parcel, next_one = await office.send(), await office.send("The next one.")
    await hung.met.wait()
    await fake.until(lambda: office.messenger.post.ahead(office.chat.id) == 2)
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    hung.release()
    await closing
    arrived, waits = (parcel, next_one) if parcel.notes else (next_one, parcel)
    assert (await arrived.delivered()).delivered
    assert office.row(arrived).state is State.DONE
    assert (await waits.delivered()).later
    assert office.row(waits).state is State.ACCEPTED


async def test_a_note_that_does_not_arrive_does_not_hold_the_house(
    fake: FakeTelegram, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start sees to it."""
    monkeypatch.setattr("bot.adapters.deliveries.GRACE", 0.01)
    hung = fake.faults.hang("sendVoice")
    parcel = await office.send()
    await hung.met.wait()
    await office.courier.close()
    assert (await parcel.delivered()).later
    row = office.row(parcel)
    assert (row.state, row.mark) == (State.SENDING, f"leaving all {parcel.said.key}")


async def test_what_the_speaker_gives_up_when_it_closes_is_not_given_up_for_good(
    fake: FakeTelegram, office: Office, offline: FakeEngine, gate: asyncio.Event
) -> None:
    """Even if the courier is closed after it."""
    parcel = await office.send()
    await fake.until(lambda: offline.active)
    await office.speaker.close(0.0)
    assert (await parcel.delivered()).later
    assert office.row(parcel).state is State.ACCEPTED


# In the order in which it was written


async def test_a_chat_that_is_read_aloud_is_heard_in_its_order(
    fake: FakeTelegram, office: Office, offline: FakeEngine
) -> None:
    """The second message is made long before the first, and waits for it; what somebody asked for does not."""
    gate = asyncio.Event()

    async def first_waits(_seconds: float) -> None:
        if len(offline.asked) == 1:
            await gate.wait()

    offline.sleep = first_waits
    aloud = office.target(quiet=True)
    first = await office.send("This is long in the making.", to=aloud)
    await fake.until(lambda: offline.asked)
    second = await office.send("This is not.", to=aloud)
    asked = await office.send("Nor is this.")
    await asked.delivered()
    assert second.said.speech.done
    assert second.receipt is None
    gate.set()
    await second.delivered()
    assert [note.message.id for note in fake.notes()] == [*asked.notes, *first.notes, *second.notes]


async def test_what_is_taken_back_holds_up_nobody_behind_it(
    fake: FakeTelegram, office: Office, gate: asyncio.Event
) -> None:
    """Neither the one that went, nor the one that waited for it."""
    aloud = office.target(quiet=True)
    first, second, third = [await office.send(f"Number {n}.", to=aloud) for n in range(3)]
    second.cancel()
    assert (await second.delivered()).taken_back
    first.cancel()
    gate.set()
    assert (await third.delivered()).delivered
    assert len(fake.notes()) == 1
