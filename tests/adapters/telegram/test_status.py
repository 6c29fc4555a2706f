"""The message that tells how it goes gives way to what people wait for, and does not stay when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.post import ROOM, Post, Urgency
from bot.adapters.telegram.slips import Slips
from bot.adapters.telegram.status import LEISURE, LOOK, Status
from bot.speaker import Speaker
from tests.adapters.telegram.held import held
from tests.adapters.telegram.quick import Pauses
from tests.adapters.telegram.scene import host
from tests.doubles.telegram import FakeTelegram, Message, Person


@dataclass(slots=True)
class Board:
    """Statuses in the private chat of somebody; the post's clock stands still until it is moved."""

    fake: FakeTelegram
    messenger: Messenger
    slips: Slips
    person: Person
    pauses: Pauses
    now: float = 1_000.0

    def status(self) -> Status:
        return Status(self.messenger, self.slips, held(self.person.private.id, id="telegram-1"), sleep=self.pauses)

    @property
    def texts(self) -> list[Message]:
        """What the bot has written and is there now."""
        return [one for one in self.person.private.messages if one.sender is self.fake.bot]

    async def crowd(self) -> None:
        """So much leaves for other chats that there is no room for what nobody needs."""

        async def call() -> None:
            """It leaves."""

        for chat in range(1, ROOM + 1):
            await self.messenger.post.send(10_000 + chat, call, Urgency.NOTE)

    def later(self) -> None:
        """What has left is forgotten by Telegram."""
        self.now += 10.0

    async def removing(self, status: Status) -> asyncio.Task[None]:
        """It is about to be taken away, and waits for a quieter moment."""
        task = asyncio.create_task(status.remove())
        await self.fake.until(lambda: self.pauses.sleeping == 1)
        return task


@pytest.fixture
async def board(speaker: Speaker) -> AsyncIterator[Board]:
    async with FakeTelegram() as fake, host(fake) as application:
        slips = Slips(speaker, application.bot.id, lambda: 1_000_000.0)
        board: Board
        messenger = Messenger(application.bot, Post(clock=lambda: board.now))
        person = fake.person()
        await person.say("/say hello")
        board = Board(fake, messenger, slips, person, Pauses())
        yield board
        assert not fake.unknown


async def test_it_is_shown_changed_and_taken_away(board: Board) -> None:
    """Where there is room for it."""
    status = board.status()
    await status.show("in line")
    assert [one.text for one in board.texts] == ["in line"]
    board.later()
    await status.show("soon")
    assert [one.text for one in board.texts] == ["soon"]
    await status.remove()
    assert not board.texts
    assert not status.shown
    assert board.pauses.asked == []


async def test_in_a_crowd_there_is_no_new_one(board: Board) -> None:
    """What may leave is for notes and answers; afterwards there is one again."""
    status = board.status()
    await board.crowd()
    await status.show("in line")
    assert not status.shown
    assert not board.fake.of("sendMessage")
    board.later()
    await status.show("in line")
    assert [one.text for one in board.texts] == ["in line"]


async def test_those_that_come_at_once_leave_room_for_what_is_waited_for(board: Board) -> None:
    """However many would tell something in one moment, half of what Telegram takes is left."""
    people = [board.fake.person() for _ in range(60)]
    for person in people:
        await person.say("/say hello")
    statuses = [Status(board.messenger, board.slips, held(one.id, id=f"telegram-{one.id}")) for one in people]
    await asyncio.gather(*(status.show("in line") for status in statuses))
    assert len(board.fake.of("sendMessage")) == ROOM
    assert sum(status.shown for status in statuses) == ROOM


async def test_in_a_crowd_it_is_taken_away_at_leisure(board: Board) -> None:
    """As soon as there is room."""
    status = board.status()
    await status.show("in line")
    await board.crowd()
    removing = await board.removing(status)
    assert board.texts
    board.pauses.end()
    await board.fake.until(lambda: board.pauses.asked == [LOOK] * 2)
    assert board.texts
    board.later()
    board.pauses.end()
    await removing
    assert not board.texts
    assert not status.shown


async def test_in_a_crowd_without_an_end_it_is_taken_away_all_the_same(board: Board) -> None:
    """It does not tell for ever of what is over."""
    status = board.status()
    await status.show("in line")
    await board.crowd()
    removing = asyncio.create_task(status.remove())
    while not removing.done():
        board.pauses.end()
        await asyncio.sleep(0)
    assert sum(board.pauses.asked) == LEISURE
    assert not board.texts


async def test_it_does_not_stay_when_the_house_closes_meanwhile(board: Board) -> None:
    """Nobody would come back to it; nothing is left in the store either."""
    status = board.status()
    await status.show("in line")
    await board.crowd()
    removing = await board.removing(status)
    removing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await removing
    assert not board.texts
    assert await board.slips.get("status", status._name) == {}


async def test_what_never_left_may_be_told_later(board: Board) -> None:
    """It had no turn in time, so it cannot be there."""
    status, slow = board.status(), asyncio.Event()
    first = asyncio.create_task(board.messenger.post.send(board.person.private.id, slow.wait, Urgency.STATUS))
    await asyncio.sleep(0)
    showing = asyncio.create_task(status.show("in line"))
    await asyncio.sleep(0)
    board.later()
    slow.set()
    await asyncio.gather(first, showing)
    assert not status.shown
    board.later()
    await status.show("in line")
    assert [one.text for one in board.texts] == ["in line"]


async def test_what_may_be_there_is_not_told_a_second_time(board: Board) -> None:
    """Its answer was lost: it may stand there already."""
    status = board.status()
    board.fake.faults.lose("sendMessage")
    await status.show("in line")
    assert not status.shown
    board.later()
    await status.show("soon")
    assert [one.text for one in board.texts] == ["in line"]
