"""/replay, /cancel and /queue, and the buttons below what people are told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.commands.control import SHOWN
from bot.adapters.telegram.following import Pauses
from bot.adapters.telegram.handling import data
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.rules import with_rules
from bot.queue import Limits
from bot.speaker import Speaker
from bot.store import GuildSettings
from tests.adapters.telegram.commands.talking import Slow, answer, answers, note, settled, spoken, talking
from tests.adapters.telegram.held import held
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import FakeTelegram, Message, Person

LONG = " ".join(f"Verse {verse} of a song that has no end." for verse in range(60))
"""Makes whoever comes after it wait."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


@pytest.fixture
def bob(fake: FakeTelegram) -> Person:
    return fake.person("Bob")


# -- /replay


async def test_the_last_is_heard_once_more(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person, bob: Person
) -> None:
    """Whoever asked for it; nothing is made and not a byte is sent anew. The note answers who asks now."""
    group = fake.group(members=[ann, bob])
    async with talking(fake, speaker) as station:
        await ann.say("/say hello", group)
        first = await note(fake, group)
        await fake.until(lambda: station.asking.heard.message(group.id, first.message.id))
        sent = fake.uploaded_bytes
        asked = await bob.say("/replay", group)
        again = await note(fake, group, 2)
    assert again.reply_to is asked
    assert again.ogg == first.ogg
    assert spoken(offline) == ["hello"]
    assert fake.uploaded_bytes == sent


@pytest.mark.parametrize("what", ["the note", "what it answers"])
async def test_what_is_answered_is_heard_once_more(
    fake: FakeTelegram, speaker: Speaker, ann: Person, what: str
) -> None:
    """Not what came after it."""
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello")
        first = await note(fake, ann.private)
        await ann.say("/say some more words than before, and they take longer. Yes, indeed.")
        second = await note(fake, ann.private, 2)
        await fake.until(lambda: station.asking.heard.message(ann.id, second.message.id))
        await ann.say("/replay", reply_to=first.message if what == "the note" else asked)
        third = await note(fake, ann.private, 3)
    assert third.ogg == first.ogg != second.ogg


async def test_a_note_that_nobody_remembers_is_not_mixed_up_with_another(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """After a restart: the last is still known, that one is not."""
    async with talking(fake, speaker):
        await ann.say("/say hello")
        first = await note(fake, ann.private)
    async with talking(fake, speaker):
        refused = await answer(fake, await ann.say("/replay", reply_to=first.message))
        await ann.say("/replay")
        last = await note(fake, ann.private, 2)
    assert refused.text.startswith("That is no longer kept.")
    assert last.ogg == first.ogg


async def test_where_nothing_was_heard_there_is_nothing_to_repeat(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """What to do instead is told."""
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/replay"))
    assert told.text == "Nothing was said here lately. Use /say first."


async def test_who_does_not_want_to_be_spoken_is_not_repeated(
    fake: FakeTelegram, speaker: Speaker, ann: Person, bob: Person
) -> None:
    """From the moment they say so."""
    group = fake.group(members=[ann, bob])
    async with talking(fake, speaker) as station:
        await bob.say("/say mine", group)
        first = await note(fake, group)
        await fake.until(lambda: station.asking.heard.message(group.id, first.message.id))
        await speaker.store.preferences.set(user_key(bob.id), opted_out=True)
        told = await answer(fake, await ann.say("/replay", group))
    assert "does not want to be spoken" in told.text


# -- /cancel


async def test_ones_own_are_taken_back(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person, bob: Person
) -> None:
    """Whether they wait or are being made; the others' go on."""
    group = fake.group(members=[ann, bob])
    slow = Slow(offline)
    async with talking(fake, speaker):
        await ann.say("/say one", group)
        await ann.say("/say two", group)
        other = await bob.say("/say three", group)
        await fake.until(lambda: len(offline.asked) == 3)
        told = await answer(fake, await ann.say("/cancel", group))
        slow.go()
        assert (await note(fake, group)).reply_to is other
    assert told.text == "Taken back: 2."
    assert len(fake.of("sendVoice")) == 1


async def test_who_has_nothing_on_its_way_is_told_so(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """There is nothing to take back."""
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/cancel"))
        assert told.text == "Nothing that you have asked for waits here."


async def test_administrators_take_back_everybodys(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person, bob: Person
) -> None:
    """And nobody else does."""
    group = fake.group(members=[ann], admins=[bob])
    Slow(offline)
    async with talking(fake, speaker) as station:
        await ann.say("/say one", group)
        await bob.say("/say two", group)
        await fake.until(lambda: len(offline.asked) == 2)
        refused = await answer(fake, await ann.say("/cancel all", group))
        left = len(station.courier.parcels(f"telegram:{group.id}"))
        told = await answer(fake, await bob.say("/cancel all", group))
        nothing = await answer(fake, await bob.say("/cancel all", group))
    assert refused.text.startswith("Only administrators may take back what others have asked for.")
    assert left == 2
    assert (told.text, nothing.text) == ("Taken back: 2.", "Nothing waits here.")
    assert not fake.notes()


async def test_what_is_leaving_goes_away_again(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """It cannot be stopped on the wire, and that is what is told."""
    async with talking(fake, speaker) as station:
        hung = fake.faults.hang("sendVoice")
        await ann.say("/say hello")
        await hung.met.wait()
        asked = await ann.say("/cancel")
        await settled(fake, station)
        hung.release()
        told = await answer(fake, asked)
        await fake.until(lambda: fake.of("deleteMessage"))
        await fake.until(lambda: not fake.notes(ann.private))
    assert told.text == "Taken back: 1. What was just being sent goes away in a moment."
    assert len(fake.of("sendVoice")) == 1


# -- /queue


async def test_the_queue_tells_what_waits_and_whose_it_is(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person, bob: Person
) -> None:
    """No word of it, and no name; what waits elsewhere is not told."""
    group = fake.group(members=[ann, bob])
    Slow(offline)
    async with opened(slots=1) as speaker, talking(fake, speaker) as station:
        await ann.say(f"/say {LONG}", group)
        await fake.until(lambda: offline.asked)
        await bob.say("/say my secret", group)
        await bob.say("/say elsewhere")
        await settled(fake, station)
        lines = (await answer(fake, await bob.say("/queue", group))).text.splitlines()
    assert lines[0] == "What is said here:"
    assert lines[1] == "1. another's: being recorded"
    assert lines[2].startswith("2. yours: begins in about ")
    assert len(lines) == 3


async def test_an_empty_queue_says_what_to_do_about_it(fake: FakeTelegram, speaker: Speaker, ann: Person) -> None:
    """In the language of who asks."""
    ann.language_code = "ja"
    async with talking(fake, speaker):
        told = await answer(fake, await ann.say("/queue"))
    assert told.text == "読み上げているものも待っているものもありません。/say で何か読み上げてみてください。"


async def test_a_long_queue_is_counted(fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person) -> None:
    """Not all of it is listed."""
    Slow(offline)
    async with opened(limits=Limits(per_user=50)) as speaker, talking(fake, speaker) as station:
        for number in range(SHOWN + 2):
            await ann.say(f"/say {number}")
        await settled(fake, station)
        lines = (await answer(fake, await ann.say("/queue"))).text.splitlines()
    assert len(lines) == 1 + SHOWN + 1
    assert lines[-1] == "… and 2 more"


async def test_who_asks_for_the_queue_again_and_again_is_answered_once(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """Telegram lets few messages through, and they are for notes."""
    async with talking(fake, speaker) as station:
        asked = [await ann.say("/queue") for _ in range(5)]
        await settled(fake, station)
        await fake.until(lambda: answers(fake, asked[0]))
    assert len(fake.of("sendMessage")) == 1


# -- the buttons


async def waiting(fake: FakeTelegram, offline: FakeEngine, person: Person, chat: object = None) -> Message:
    """The status of something that the person waits for."""
    where = {} if chat is None else {"chat": chat}
    await person.say(f"/say {LONG}", **where)  # type: ignore[arg-type]
    await fake.until(lambda: offline.asked)
    asked = await person.say("/say hello", **where)  # type: ignore[arg-type]
    return await fake.until(lambda: next((one for one in answers(fake, asked) if one.buttons), None))


async def test_who_asked_takes_it_back_by_a_button(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """The status goes with it."""
    slow = Slow(offline)
    async with opened(slots=1) as speaker, talking(fake, speaker, pauses=Pauses(0.0, 60.0)) as station:
        status = await waiting(fake, offline, ann)
        press = await ann.press(status, "Cancel")
        await fake.until(lambda: status.id not in ann.private.by_id)
        over = await ann.press(status, "Cancel")
        assert len(station.courier.parcels(f"telegram:{ann.id}")) == 1
        slow.go()
    assert (press.text, press.alert) == ("Taken back.", False)
    assert over.text == "That is over already."


async def test_the_button_tells_the_same_as_the_command(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person
) -> None:
    """Of what is leaving in the moment in which it is pressed."""
    slow = Slow(offline)
    async with opened(slots=1) as speaker, talking(fake, speaker, pauses=Pauses(0.0, 60.0)) as station:
        status = await waiting(fake, offline, ann)
        first, second = station.courier.parcels(f"telegram:{ann.id}")
        first.cancel()
        hung = fake.faults.hang("sendVoice")
        slow.go()
        await hung.met.wait()
        press = await ann.press(status, "Cancel")
        hung.release()
        assert (await second.delivered()).taken_back
    assert press.text == "Taken back. It was just being sent, so it goes away in a moment."
    assert not fake.notes()


async def test_only_who_asked_and_administrators_take_it_back(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine, ann: Person, bob: Person
) -> None:
    """Others are told why not."""
    chief = fake.person("Chief")
    group = fake.group(members=[ann, bob], admins=[chief])
    Slow(offline)
    async with opened(slots=1) as speaker, talking(fake, speaker, pauses=Pauses(0.0, 60.0)):
        status = await waiting(fake, offline, ann, group)
        refused = await bob.press(status, "Cancel")
        assert refused.text == "Only who asked for it, or an administrator, can take it back."
        assert (await chief.press(status, "Cancel")).text == "Taken back."


async def test_what_is_uncertain_is_sent_again_by_a_button(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, ann: Person
) -> None:
    """As it was, in answer to the same message; and the question is gone, so that it is not sent a third time."""
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello")
        first = await note(fake, ann.private)
        key = await fake.until(lambda: station.asking.heard.message(ann.id, first.message.id))
        parcel = held(ann.id, key=key, reply_to=asked.id)
        station.asking.follow(parcel)
        parcel.end(unsure=True, delivered=False)
        unsure = await answer(fake, asked)
        press = await ann.press(unsure, "Send it again")
        assert (await note(fake, ann.private, 2)).reply_to is asked
        await fake.until(lambda: unsure.id not in ann.private.by_id)
        late = await ann.press(unsure, "Send it again")
    assert press.text is None
    assert late.text == "I no longer know what that was. Ask for it again with /say."
    assert spoken(offline) == ["hello"]


async def test_who_cannot_have_it_sent_again_at_once_presses_later(
    fake: FakeTelegram, speaker: Speaker, ann: Person
) -> None:
    """The button stays until it has done what it says."""
    group = fake.group(members=[ann])
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello", group)
        first = await note(fake, group)
        key = await fake.until(lambda: station.asking.heard.message(group.id, first.message.id))
        parcel = held(group.id, key=key, reply_to=asked.id)
        station.asking.follow(parcel)
        parcel.end(unsure=True, delivered=False)
        unsure = await answer(fake, asked)
        lane, user = guild_key(group.id), user_key(ann.id)
        await speaker.store.settings.set_guild(lane, extra=with_rules(GuildSettings(), per_minute=1))
        station.pace.take(lane, user, 1)
        refused = await ann.press(unsure, "Send it again")
        await speaker.store.settings.set_guild(lane, extra=with_rules(GuildSettings(), per_minute=None))
        await ann.press(unsure, "Send it again")
        assert (await note(fake, group, 2)).reply_to is asked
    assert (refused.text or "").startswith("You have asked 1 time within a minute")


async def test_what_may_not_be_sent_again_is_told_in_a_window(
    fake: FakeTelegram, speaker: Speaker, ann: Person, bob: Person
) -> None:
    """To who pressed, and to nobody else."""
    group = fake.group(members=[ann, bob])
    async with talking(fake, speaker) as station:
        asked = await ann.say("/say hello", group)
        first = await note(fake, group)
        key = await fake.until(lambda: station.asking.heard.message(group.id, first.message.id))
        parcel = held(group.id, key=key, reply_to=asked.id)
        station.asking.follow(parcel)
        parcel.end(unsure=True, delivered=False)
        unsure = await answer(fake, asked)
        await speaker.store.preferences.set(user_key(ann.id), opted_out=True)
        press = await bob.press(unsure, "Send it again")
    assert press.alert
    assert press.text == "Whoever wrote that does not want to be spoken. Choose something else."
    assert len(fake.of("sendMessage")) == 1


def test_what_stands_in_a_button_fits() -> None:
    """Telegram takes 64 bytes."""
    assert len(data("cancel", "0" * 16)) < 64
