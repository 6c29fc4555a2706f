"""Who waits is told how it goes: late, seldom, in one message, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
import telegram

from bot.adapters.telegram.again import Again
from bot.adapters.telegram.following import Following, Pauses, clock
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.once import Once
from bot.adapters.telegram.parcel import Receipt, Wait
from bot.adapters.telegram.slips import Slips, short
from bot.adapters.telegram.status import Status
from bot.speaker import Speaker
from tests.adapters.telegram.held import Held, held
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import host
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person

AT_ONCE = Pauses(0.0, 0.02)
SOON = Pauses(0.02, 0.02)


@dataclass(slots=True)
class Teller:
    """Follows parcels in the private chat of somebody."""

    fake: FakeTelegram
    messenger: Messenger
    slips: Slips
    again: Again
    once: Once
    person: Person
    asked: Message

    @property
    def chat(self) -> Chat:
        return self.person.private

    def parcel(self, **facts: Any) -> Held:
        """What the person has asked for."""
        return held(self.chat.id, **{"reply_to": self.asked.id, **facts})

    def following(self, parcel: Held, pauses: Pauses = AT_ONCE) -> tuple[Following, Status]:
        status = Status(self.messenger, self.slips, parcel)
        return Following(parcel, self.messenger, status, self.again, self.once, pauses), status

    async def told(self, parcel: Held, pauses: Pauses = AT_ONCE) -> Receipt:
        """Follow it to its end, and tell of that."""
        following, _ = self.following(parcel, pauses)
        receipt = await following.to_the_end()
        await following.conclude(receipt)
        return receipt

    @property
    def texts(self) -> list[Message]:
        """What the bot has written and is there now."""
        return [one for one in self.chat.messages if one.sender is self.fake.bot]

    async def status(self) -> Message:
        """The message that tells how it goes, once it is there."""
        return await self.fake.until(lambda: next(iter(self.texts), None))


@pytest.fixture
async def teller(speaker: Speaker) -> AsyncIterator[Teller]:
    async with FakeTelegram() as fake, host(fake) as application:
        bot: telegram.Bot = application.bot
        slips = Slips(speaker, bot.id, lambda: 1_000_000.0)
        person = fake.person()
        asked = await person.say("/say hello")
        yield Teller(fake, Messenger(bot, quick_post()), slips, Again(slips), Once(), person, asked)
        assert not fake.unknown


@asynccontextmanager
async def under_way(work: Coroutine[Any, Any, Receipt]) -> AsyncIterator[asyncio.Task[Receipt]]:
    """It goes on in the background; in the end it must have ended by itself."""
    task = asyncio.create_task(work)
    try:
        yield task
        await asyncio.wait_for(task, 5)
    finally:
        task.cancel()


# -- while it is on its way


async def test_what_comes_at_once_is_not_talked_about(teller: Teller) -> None:
    """The chat has shown that a voice message is being recorded, and there it is."""
    parcel = teller.parcel()
    parcel.waits = Wait(3, 20.0)
    async with under_way(teller.told(parcel, Pauses(5.0, 5.0))):
        parcel.end(8)
    assert not teller.texts


async def test_a_wait_that_is_nearly_over_is_not_worth_a_word(teller: Teller) -> None:
    """It may be over before the word arrives."""
    parcel = teller.parcel()
    parcel.waits = Wait(1, 1.9)
    async with under_way(teller.told(parcel)):
        await asyncio.sleep(0.1)
        parcel.end(8)
    assert not teller.fake.of("sendMessage")


async def test_who_must_wait_is_told_where_and_how_long(teller: Teller) -> None:
    """As an answer to what they asked, without a sound, and with a button to take it back."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        status = await teller.status()
        assert status.text == "⏳ Number 3 in line; it begins in about 20 s."
        assert status.reply_to is teller.asked
        assert status.silent
        assert status.buttons == ["Cancel"]
        parcel.end(8)


async def test_the_status_follows_what_it_tells_of(teller: Teller) -> None:
    """The same message: in line, then being made, then part by part; gone when all of it is there."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        status = await teller.status()
        parcel.waits = Wait(0, 12.0)
        await teller.fake.until(lambda: status.text == "🎙️ I am recording it; it comes in about 12 s.")
        parcel.waits = None
        await teller.fake.until(lambda: status.text == "🎙️ I am recording it…")
        parcel.notes, parcel.seconds = [20], 100.0
        await teller.fake.until(lambda: status.text == "🎙️ Part 2 is being recorded, 1:40 so far.")
        assert status.buttons == ["Cancel"]
        parcel.end(20, 21)
    assert not teller.texts
    assert len(teller.fake.of("sendMessage")) == 1


async def test_a_status_in_a_group_that_becomes_another_is_given_up(teller: Teller) -> None:
    """Nothing of it is known to the next process, in whose group its number may be another's message."""
    group = teller.fake.group(members=[teller.person], basic=True)
    parcel = held(group.id, id="r1")
    _, status = teller.following(parcel)
    await status.show("One moment.")
    assert await teller.slips.get("status", short("r1"))
    await teller.fake.migrate(group)
    await status.show("Soon.")
    await status.show("Now.")
    assert not status.shown
    assert not await teller.slips.get("status", short("r1"))
    assert len(teller.fake.of("sendMessage")) == 1


async def test_the_same_words_are_not_sent_twice(teller: Teller) -> None:
    """Telegram counts changes like messages, and refuses those that change nothing."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        await teller.status()
        await asyncio.sleep(0.1)
        parcel.end(8)
    assert not teller.fake.of("editMessageText")


async def test_there_is_no_status_where_notes_already_wait_for_their_turn(teller: Teller) -> None:
    """What Telegram lets through is for them."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    sending = [asyncio.ensure_future(teller.messenger.text(parcel.target.place, f"{number}")) for number in range(8)]
    await asyncio.sleep(0)
    _, status = teller.following(parcel)
    await status.show("in line")
    assert not status.shown
    await asyncio.wait(sending)
    await teller.fake.until(lambda: teller.messenger.post.wait(teller.chat.id) < 1)
    await status.show("in line")  # when there is room again
    assert status.shown


async def test_a_status_that_somebody_takes_away_does_not_come_back(teller: Teller) -> None:
    """They do not want to see it; why it failed they are told all the same."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        await teller.person.delete(await teller.status())
        parcel.waits = Wait(1, 10.0)
        await teller.fake.until(lambda: teller.fake.of("editMessageText"))
        parcel.waits = Wait(0, 5.0)
        await asyncio.sleep(0.1)
        assert not teller.texts
        parcel.end(why="The engine fell silent.")
    assert [one.text for one in teller.texts] == ["The engine fell silent."]


async def test_a_status_that_telegram_refuses_harms_nothing(teller: Teller) -> None:
    """It is tried no more, and what is asked for goes its way."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    teller.fake.faults.refuse("sendMessage", 400, "Bad Request: not enough rights to send text messages")
    async with under_way(teller.told(parcel)) as following:
        await teller.fake.until(lambda: teller.fake.of("sendMessage"))
        await asyncio.sleep(0.1)
        parcel.end(8)
    assert following.result().delivered
    assert len(teller.fake.of("sendMessage")) == 1


async def test_chat_read_aloud_is_not_talked_about(teller: Teller) -> None:
    """Nobody has asked: neither how it goes nor why it failed is told."""
    parcel = teller.parcel(quiet=True)
    parcel.waits = Wait(9, 90.0)
    async with under_way(teller.told(parcel)):
        await asyncio.sleep(0.05)
        parcel.end(why="The engine fell silent.")
    assert not teller.fake.of("sendMessage")


# -- how it ended


async def test_why_it_failed_is_an_answer(teller: Teller) -> None:
    """To what was asked for."""
    parcel = teller.parcel()
    async with under_way(teller.told(parcel, SOON)):
        parcel.end(why="The engine fell silent.")
    assert [(one.text, one.reply_to, one.buttons) for one in teller.texts] == [
        ("The engine fell silent.", teller.asked, [])
    ]


async def test_a_status_becomes_the_reason(teller: Teller) -> None:
    """There is one message, not two, and nothing left to press."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        status = await teller.status()
        parcel.end(why="The engine fell silent.")
    assert [(one, one.text, one.buttons) for one in teller.texts] == [(status, "The engine fell silent.", [])]


async def test_a_failure_without_a_reason_is_told_as_well(teller: Teller) -> None:
    """Silence would be no answer."""
    parcel = teller.parcel()
    async with under_way(teller.told(parcel)):
        parcel.end()
    assert [one.text for one in teller.texts] == ["That came to nothing. Ask for it again."]


async def test_what_fails_for_many_is_told_once(teller: Teller) -> None:
    """When an engine dies, a chat is not flooded with its obituary."""
    for _ in range(3):
        parcel = teller.parcel()
        parcel.end(why="The engine fell silent.")
        await teller.told(parcel)
    other = teller.parcel()
    other.end(why="That is too long.")
    await teller.told(other)
    assert [one.text for one in teller.texts] == ["The engine fell silent.", "That is too long."]


async def test_who_took_it_back_is_told_nothing_more(teller: Teller) -> None:
    """The status is gone, and that is the answer."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        await teller.status()
        parcel.end(taken_back=True, why="Cancelled.", delivered=False)
    assert not teller.texts


async def test_what_is_to_be_known_of_a_note_follows_it(teller: Teller) -> None:
    """That it was cut, say."""
    parcel = teller.parcel()
    async with under_way(teller.told(parcel)):
        parcel.end(8, note="It was too long and was cut.")
    assert [one.text for one in teller.texts] == ["It was too long and was cut."]


async def test_what_holds_for_all_notes_of_a_chat_is_told_once(teller: Teller) -> None:
    """That they come as audio files, where voice messages are forbidden."""
    for message in (8, 9):
        parcel = teller.parcel()
        parcel.end(message, note="It came as an audio file.")
        await teller.told(parcel)
    assert [one.text for one in teller.texts] == ["It came as an audio file."]


# -- where nobody knows


async def test_nobody_knows_whether_it_arrived(teller: Teller) -> None:
    """That is what people are told; by a button they have it sent again."""
    parcel = teller.parcel(key="abc")
    async with under_way(teller.told(parcel)):
        parcel.end(unsure=True, delivered=False)
    (told,) = teller.texts
    assert "nobody can tell whether it arrived" in told.text
    assert told.buttons == ["Send it again"]
    name = told.button("Send it again")["callback_data"].removeprefix("sayso:again:")
    lane = parcel.target.place.lane
    wish = await Again(teller.slips).find(name, lane)  # by another process, too
    assert wish is not None
    assert (wish.replay, wish.reply_to) == ("abc", teller.asked.id)


async def test_why_nobody_knows_is_told_where_that_is_known(teller: Teller) -> None:
    """With the same button."""
    parcel = teller.parcel(key="abc")
    async with under_way(teller.told(parcel)):
        parcel.end(unsure=True, why="I was restarted.", delivered=False)
    assert [(one.text, one.buttons) for one in teller.texts] == [("I was restarted.", ["Send it again"])]


async def test_what_was_never_whole_is_known_by_its_words_as_long_as_the_process_lives(teller: Teller) -> None:
    """Words are not written down for it."""
    parcel = teller.parcel(text="My words.", user="telegram:77")
    async with under_way(teller.told(parcel)):
        parcel.end(unsure=True, delivered=False)
    name = teller.texts[0].button("Send it again")["callback_data"].removeprefix("sayso:again:")
    lane = parcel.target.place.lane
    assert await Again(teller.slips).find(name, lane) is None
    wish = await teller.again.find(name, lane)
    assert wish is not None
    assert (wish.text, wish.author, wish.reply_to) == ("My words.", "telegram:77", teller.asked.id)


async def test_what_was_meant_for_one_chat_is_heard_in_no_other(teller: Teller) -> None:
    """Names can be guessed, and buttons forged: by this process and by the next."""
    parcel = teller.parcel(key="abc")
    name = await teller.again.put(parcel)
    assert name is not None
    for again in (teller.again, Again(teller.slips)):
        assert await again.find(name, "telegram:666") is None
        assert await again.find(name, parcel.target.place.lane) is not None


async def test_two_who_are_unsure_each_have_their_button(teller: Teller) -> None:
    """Though the words are the same."""
    for key in ("abc", "def"):
        parcel = teller.parcel(key=key)
        parcel.end(unsure=True, delivered=False)
        await teller.told(parcel)
    assert [one.buttons for one in teller.texts] == [["Send it again"]] * 2


# -- over a restart


async def test_a_status_outlives_the_process_that_showed_it(teller: Teller) -> None:
    """The next one finds it, and takes it away when the note is there."""
    parcel = teller.parcel(id="telegram-1-2-3-0")
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        status = await teller.status()
        parcel.end(later=True, delivered=False)
    assert status.text == "I am being restarted; this comes as soon as I am back."
    again = teller.parcel(id="telegram-1-2-3-0")
    following, found = teller.following(again)
    await found.find()
    again.end(9)
    await following.conclude(await following.to_the_end())
    assert not teller.texts


async def test_a_restart_is_no_news_for_who_was_told_nothing(teller: Teller) -> None:
    """It comes a little later."""
    parcel = teller.parcel()
    async with under_way(teller.told(parcel, SOON)):
        parcel.end(later=True, delivered=False)
    assert not teller.texts


async def test_nothing_is_left_of_a_status_that_is_gone(teller: Teller, speaker: Speaker) -> None:
    """Neither in the chat nor in the store; and while it is there, no id of a person stands there."""
    parcel = teller.parcel(id=f"telegram-{teller.person.id}")
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        await teller.status()

        parcel.waits = Wait(1, 10.0)
        await teller.fake.until(lambda: teller.fake.of("editMessageText"))  # by then the first is written down
        slips = await speaker.store.keep.all("telegram:slip:")
        assert slips
        assert str(teller.person.id) not in repr(slips)
        parcel.end(8)
    assert not await speaker.store.keep.all("telegram:slip:")


async def test_in_a_group_with_another_id_nothing_is_touched_by_the_old_number(teller: Teller) -> None:
    """There it is somebody else's message; why it failed is told anew."""
    parcel = teller.parcel()
    parcel.waits = Wait(2, 20.0)
    async with under_way(teller.told(parcel)):
        status = await teller.status()
        group = teller.fake.group(members=[teller.person])
        others = [await teller.person.say("Mine.", group) for _ in range(status.id)]
        parcel.target = replace(parcel.target, chat=group.id, reply_to=None)
        parcel.end(why="The engine fell silent.")
    assert [one.text for one in group.messages] == ["Mine."] * len(others) + ["The engine fell silent."]
    assert not teller.fake.of("editMessageText")
    assert not teller.fake.of("deleteMessage")


# -- in numbers


def test_a_length_is_told_as_players_show_it() -> None:
    """Minutes and seconds."""
    assert [clock(seconds) for seconds in (0, 9.9, 60, 100, 3725)] == ["0:00", "0:09", "1:00", "1:40", "62:05"]
