"""The loopback Telegram's faults and limits: each error as the library tells it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from telegram import Bot
from telegram.error import (
    BadRequest,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.doubles.telegram import Chat, Clock, FakeTelegram
from tests.doubles.telegram.client import a_bot, ogg


@pytest.mark.parametrize(
    ("code", "description", "error"),
    [
        (400, "Bad Request: something", BadRequest),
        (401, "Unauthorized", InvalidToken),
        (403, "Forbidden: bot was kicked from the supergroup chat", Forbidden),
        (404, "Not Found: method not found", InvalidToken),
        (409, "Conflict: terminated by other getUpdates request", Conflict),
        (413, "Request Entity Too Large", NetworkError),
        (500, "Internal Server Error: Request aborted", NetworkError),
    ],
)
async def test_a_refusal_is_what_the_library_makes_of_it(
    code: int, description: str, error: type[TelegramError]
) -> None:
    """Once, then all is well again; nothing was done."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        fault = fake.faults.refuse("sendMessage", code, description)
        with pytest.raises(error) as refused:
            await bot.send_message(ann.id, "x")
        assert type(refused.value) is error
        assert (fault.hits, fault.met.is_set(), ann.private.texts) == (1, True, [])
        [call] = fake.of("sendMessage")
        assert call.error is not None
        assert call.error.description == description
        await bot.send_message(ann.id, "x")
        assert ann.private.texts == ["x"]


async def test_too_many_requests_say_when_to_come_again() -> None:
    """As a parameter."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        fake.faults.refuse("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
        with pytest.raises(RetryAfter) as limited:
            await bot.send_message(fake.person().id, "x")
        assert limited.value.retry_after == timedelta(seconds=7)


async def test_an_answer_may_be_lost() -> None:
    """The message is there, though the bot does not hear of it."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        fake.faults.lose("sendVoice")
        with pytest.raises(NetworkError):
            await bot.send_voice(ann.id, ogg(0.2), filename="voice.ogg")
        assert len(fake.notes(ann.private)) == 1


async def test_a_connection_may_be_cut() -> None:
    """Nothing is there."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, bob = fake.person(), fake.person()
        for chat in (None, ann.private):
            fake.faults.cut("sendVoice", chat=chat)
            with pytest.raises(NetworkError):
                await bot.send_voice(ann.id, ogg(0.2), filename="voice.ogg")
        fake.faults.cut("sendVoice", chat=ann.private)
        await bot.send_voice(bob.id, ogg(0.2), filename="voice.ogg")
        assert [len(fake.notes(chat)) for chat in (ann.private, bob.private)] == [0, 1]


async def test_a_call_may_hang() -> None:
    """Until it is let go; who waits no longer gets ``TimedOut``."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        fault = fake.faults.hang("sendMessage", times=2)
        with pytest.raises(TimedOut):
            await bot.send_message(ann.id, "one", read_timeout=0.05)
        sending = asyncio.create_task(bot.send_message(ann.id, "two"))
        await fake.until(lambda: fault.hits == 2)
        assert ann.private.texts == []
        fault.release()
        assert (await sending).text == "two"


async def test_a_call_may_be_late() -> None:
    """By some seconds, or until an event."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, gate = fake.person(), asyncio.Event()
        fake.faults.delay("sendMessage", 0.01)
        await bot.send_message(ann.id, "late")
        fault = fake.faults.delay("sendMessage", gate)
        sending = asyncio.create_task(bot.send_message(ann.id, "later"))
        await fault.met.wait()
        await bot.send_message(ann.id, "meanwhile")
        gate.set()
        await sending
        assert ann.private.texts == ["late", "meanwhile", "later"]


async def test_a_page_may_come_in_place_of_an_answer() -> None:
    """As from a proxy whose server is away."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        fake.faults.html("sendMessage", 502)
        with pytest.raises(NetworkError):
            await bot.send_message(fake.person().id, "x")


async def test_a_fault_may_be_of_one_chat_and_last() -> None:
    """Until all faults are taken away."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann, bob = fake.person(), fake.person()
        fault = fake.faults.refuse("", 500, "Internal Server Error", times=None, chat=ann.private)
        for _ in range(3):
            with pytest.raises(NetworkError):
                await bot.send_message(ann.id, "x")
        await bot.send_message(bob.id, "x")
        assert fault.hits == 3
        fake.faults.clear()
        await bot.send_message(ann.id, "x")


async def test_a_fault_of_everything_spares_the_polling() -> None:
    """Unless it is named."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        fake.faults.refuse("", 500, "Internal Server Error")
        await bot.get_updates()
        fake.faults.clear()
        fake.faults.refuse("getUpdates", 502, "Bad Gateway")
        with pytest.raises(NetworkError):
            await bot.get_updates()


async def test_what_is_not_known_is_told_to_the_test() -> None:
    """Methods, and parameters that nobody looks at."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        ann = fake.person()
        with pytest.raises(InvalidToken):
            await bot.get_star_transactions()
        await bot.send_message(ann.id, "x", api_kwargs={"colour": "blue"})
        assert fake.unknown == ["getStarTransactions", "sendMessage(colour)"]


async def test_what_does_not_come_is_told_with_what_came() -> None:
    """The failure of ``until`` lists the calls and what became of them."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        with pytest.raises(BadRequest):
            await bot.send_message(1, "hello")
        await fake.person().say("hi")
        with pytest.raises(TimeoutError) as failure:
            await fake.until(lambda: None, 0.01)
        assert "sendMessage -> Bad Request: chat not found: {'chat_id': 1, 'text': 'hello'}" in str(failure.value)
        assert "has not fetched: ['message']" in str(failure.value)


# Limits


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def passed(bot: Bot, chats: list[Chat]) -> int:
    """How many of these messages, one after the other, were let through."""
    answers = [await asyncio.gather(bot.send_message(chat.id, "x"), return_exceptions=True) for chat in chats]
    assert all(isinstance(one, RetryAfter) for [one] in answers if isinstance(one, BaseException))
    return sum(not isinstance(one, BaseException) for [one] in answers)


async def test_limits_are_off_until_they_are_wanted() -> None:
    """A test that is not about them is not disturbed."""
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        group = fake.group()
        assert await passed(bot, [group] * 40) == 40
        assert fake.floods == 0


async def test_a_chat_takes_one_message_a_second() -> None:
    """A few may come at once; the seconds pass by the clock that was given."""
    hand = Hand()
    async with FakeTelegram(Clock(hand)) as fake, a_bot(fake) as bot:
        fake.limits.on, ann = True, fake.person()
        assert await passed(bot, [ann.private] * 5) == 3
        assert fake.floods == 2
        hand.now += 3
        assert await passed(bot, [ann.private] * 5) == 3


async def test_a_group_takes_twenty_a_minute() -> None:
    """However they are spread."""
    hand = Hand()
    async with FakeTelegram(Clock(hand)) as fake, a_bot(fake) as bot:
        fake.limits.on, group = True, fake.group()
        sent = 0
        for _ in range(30):
            hand.now += 1
            sent += await passed(bot, [group])
        assert (sent, fake.floods) == (20, 10)
        hand.now += 60
        assert await passed(bot, [group]) == 1


async def test_thirty_a_second_are_all() -> None:
    """Over all chats; the refusal says how long to wait."""
    hand = Hand()
    async with FakeTelegram(Clock(hand)) as fake, a_bot(fake) as bot:
        fake.limits.on = True
        people = [fake.person() for _ in range(35)]
        assert await passed(bot, [one.private for one in people]) == 30
        [last] = [call for call in fake.calls[-1:] if call.error is not None]
        assert last.error is not None
        assert (last.error.code, last.error.parameters) == (429, {"retry_after": 1})
        hand.now += 1
        assert await passed(bot, [people[-1].private]) == 1
