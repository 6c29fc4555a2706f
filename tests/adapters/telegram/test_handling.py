"""Between the library's handlers and the work: nobody waits for anybody, no press is left turning, nothing crashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest
from telegram.ext import filters

from bot.adapters.intake import Intake
from bot.adapters.telegram.handling import Handlers, Work, command, data, message, press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import word
from bot.errors import StoreError
from bot.speaker import Speaker
from tests.adapters.telegram.scene import online
from tests.doubles.telegram import FakeTelegram, Message, Person

Doing = Callable[[Incoming], Awaitable[None]]

BUTTON = InlineKeyboardMarkup.from_button(InlineKeyboardButton("Press me", callback_data="sayso:test:rest"))
CRASHED, OUTDATED, TOO_FAST = (word(f"telegram.{name}", "en") for name in ("crashed", "outdated", "too_fast"))


class Desk:
    """A bot that has one piece of work, for everything that comes; ``came`` is what it was called with."""

    def __init__(self, fake: FakeTelegram, station: Station, came: list[Incoming]) -> None:
        self.fake, self.station, self.came = fake, station, came
        self.ann = fake.person("Ann")

    async def button(self, person: Person | None = None) -> Message:
        """A message of the bot's with a button."""
        person = person or self.ann
        await person.say("hello")
        await self.station.bot.send_message(person.id, "Choose.", reply_markup=BUTTON)
        return person.private.messages[-1]


@asynccontextmanager
async def working(fake: FakeTelegram, speaker: Speaker, doing: Doing) -> AsyncIterator[Desk]:
    came: list[Incoming] = []

    async def work(station: Station, found: Incoming) -> None:
        came.append(found)
        await doing(found)

    async with online(fake, speaker, lambda station: _handlers(station, work)) as station:
        yield Desk(fake, station, came)


def _handlers(station: Station, work: Work) -> Handlers:
    return [
        command(station, ("test", "other"), work),
        press(station, "test", work),
        message(station, filters.PHOTO, work),
    ]


async def nothing(_: Incoming) -> None: ...


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


async def test_commands_presses_and_messages_come_in(fake: FakeTelegram, speaker: Speaker) -> None:
    """By each of a command's names, from groups, channels and businesses, and also when a message becomes one."""
    async with working(fake, speaker, nothing) as desk:
        ann, boss = desk.ann, fake.person("Boss")
        await ann.say("/test", fake.group(members=[ann]))
        await ann.say("/other", fake.channel(admins=[ann]))
        await ann.say("/test", business=await boss.connect())
        became = await ann.say("test")
        await ann.edit(became, "/test")
        await ann.post({"photo": [{"file_id": "A", "file_unique_id": "B", "width": 1, "height": 1}]})
        await ann.press(await desk.button(), "Press me")
        await fake.until(lambda: len(desk.came) == 6)
    assert [bool(found.query) for found in desk.came].count(True) == 1
    assert {found.message.message_id for found in desk.came if found.edited} == {became.id}


async def test_other_areas_and_commands_are_not_its_own(fake: FakeTelegram, speaker: Speaker) -> None:
    """The host's buttons least of all: nobody answers them in its place."""
    async with working(fake, speaker, nothing) as desk:
        await desk.ann.say("/testing")
        others = ("test", "sayso:tests:", "theirs sayso:test:")
        buttons = [InlineKeyboardButton(text, callback_data=text) for text in others]
        await desk.station.bot.send_message(desk.ann.id, "Choose.", reply_markup=InlineKeyboardMarkup([buttons]))
        for text in others:
            await desk.ann.tap(desk.ann.private.messages[-1], text)
        await desk.ann.say("/test")
        await fake.until(lambda: desk.came)
    assert [found.message.text for found in desk.came] == ["/test"]
    assert fake.of("answerCallbackQuery") == []


def test_what_a_button_says_of_itself_fits() -> None:
    """Telegram takes 64 bytes, and refuses the whole message otherwise."""
    assert data("voice", "a:b") == "sayso:voice:a:b"
    with pytest.raises(AssertionError):
        data("voice", "ё" * 30)


async def test_a_chat_keeps_its_order_and_holds_up_no_other(fake: FakeTelegram, speaker: Speaker) -> None:
    """The library is not held up either, though it hands over one update at a time."""
    gate, done = asyncio.Event(), list[int]()

    async def doing(found: Incoming) -> None:
        if found.chat.id == desk.ann.id:
            await gate.wait()
        done.append(found.chat.id)

    async with working(fake, speaker, doing) as desk:
        bob = fake.person("Bob")
        for person in (desk.ann, desk.ann, bob):
            await person.say("/test")
        await fake.until(lambda: done == [bob.id])
        gate.set()
        await fake.until(lambda: len(done) == 3)
    texts = [found.message.message_id for found in desk.came if found.chat.id == desk.ann.id]
    assert texts == sorted(texts)


async def test_a_press_is_answered_whatever_the_work_says_of_it(fake: FakeTelegram, speaker: Speaker) -> None:
    """A button that nobody answers turns for half a minute."""
    async with working(fake, speaker, nothing) as desk:
        answer = await desk.ann.press(await desk.button(), "Press me")
        assert not answer.text
        assert desk.came[0].data == "rest"


async def test_what_the_work_answers_is_not_answered_over(fake: FakeTelegram, speaker: Speaker) -> None:
    """The first answer is the one that is seen."""

    async def doing(found: Incoming) -> None:
        await found.answer("Done.")

    async with working(fake, speaker, doing) as desk:
        assert (await desk.ann.press(await desk.button(), "Press me")).text == "Done."
    assert len(fake.of("answerCallbackQuery")) == 1


async def test_a_press_below_what_telegram_shows_no_more_is_answered(fake: FakeTelegram, speaker: Speaker) -> None:
    """Of a very old message a bot learns nothing but its id: it is told so, and what to do, in one's language."""
    async with working(fake, speaker, nothing) as desk:
        people = [desk.ann, fake.person("Lin", locale="zh-hant")]
        answers = []
        for person in people:
            old = await desk.button(person)
            old.date = 0
            answers.append(await person.press(old, "Press me"))
    assert [(each.text, each.alert) for each in answers] == [
        (OUTDATED, True),
        (word("telegram.outdated", "zh-CN"), True),
    ]
    assert desk.came == []


async def test_a_press_in_a_chat_that_is_too_full_is_answered(fake: FakeTelegram, speaker: Speaker) -> None:
    """It is not done, and its presser is told to press again; of what is written nobody is told."""
    gate = asyncio.Event()

    async def doing(found: Incoming) -> None:
        await gate.wait()

    async with working(fake, speaker, doing) as desk:
        menu = await desk.button()
        desk.station.intake = Intake(1)
        with capture_logs() as logs:
            await desk.ann.say("/test")
            await fake.until(lambda: desk.came)
            for _ in range(2):  # one has room to wait
                await desk.ann.say("/test")
            answer = await desk.ann.press(menu, "Press me")
        gate.set()
        assert (answer.text, answer.alert) == (TOO_FAST, True)
        assert [line["event"] for line in logs].count("chat_too_fast") == 2
        await fake.until(lambda: len(desk.came) == 2)
        # There is room again.
        await desk.ann.press(menu, "Press me")
        assert len(desk.came) == 3
    assert fake.of("sendMessage")[1:] == []


async def test_a_failure_is_told_in_words(fake: FakeTelegram, speaker: Speaker) -> None:
    """Its own if it has any; a press has them in a window, a message in an answer, both once."""
    failures = [StoreError("The notes are away."), ValueError("secret words")]

    async def doing(found: Incoming) -> None:
        raise failures[0 if len(desk.came) % 2 else 1]

    async with working(fake, speaker, doing) as desk:
        menu = await desk.button()
        with capture_logs() as logs:
            alerts = [await desk.ann.press(menu, "Press me") for _ in failures]
            asked = [await desk.ann.say("/test") for _ in failures]
            told = await fake.until(lambda: _answers(desk, asked) if len(_answers(desk, asked)) == 2 else None)
    assert all(alert.alert for alert in alerts)
    assert {alert.text for alert in alerts} == set(told)
    assert CRASHED in told
    crashes = [line for line in logs if line["event"] == "handler_failed"]
    assert [(line["error"], line["chat"]) for line in crashes] == [("ValueError", desk.ann.id)] * 2
    assert "secret" not in str(logs)


async def test_a_failure_after_the_answer_is_told_below(fake: FakeTelegram, speaker: Speaker) -> None:
    """A press is only answered once."""

    async def doing(found: Incoming) -> None:
        await found.answer("Wait a moment.")
        raise ValueError("too late")

    async with working(fake, speaker, doing) as desk:
        menu = await desk.button()
        assert (await desk.ann.press(menu, "Press me")).text == "Wait a moment."
        await fake.until(lambda: desk.ann.private.texts[-1] == CRASHED)
        assert desk.ann.private.messages[-1].reply_to is menu


async def test_what_telegram_refuses_is_only_noted(fake: FakeTelegram, speaker: Speaker) -> None:
    """Who could be told of it, if Telegram takes nothing? The press is still answered."""

    async def doing(found: Incoming) -> None:
        raise BadRequest("Bad Request: not enough rights to send text messages to the chat")

    async with working(fake, speaker, doing) as desk:
        menu = await desk.button()
        with capture_logs() as logs:
            answer = await desk.ann.press(menu, "Press me")
        assert not answer.text
    assert [(line["event"], line["error"]) for line in logs] == [("telegram_refused", "BadRequest")]
    assert len(fake.of("sendMessage")) == 1


def _answers(desk: Desk, asked: list[Message]) -> list[Any]:
    return [one.text for one in desk.ann.private.messages if one.reply_to in asked]
