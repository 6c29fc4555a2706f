"""Who may decide for a chat is what Telegram says, asked for once for all and never longer than it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import telegram

from bot.adapters.telegram import admins
from bot.adapters.telegram.admins import DENIED_SECONDS, DOUBTED_SECONDS, KEPT_SECONDS, Admins
from bot.adapters.telegram.place import Place
from tests.doubles.telegram import Chat, FakeTelegram, Status
from tests.doubles.telegram.accounts import ANONYMOUS
from tests.doubles.telegram.client import a_bot

OWNER = 99
LIST, ONE = "getChatAdministrators", "getChatMember"


@dataclass(slots=True)
class Time:
    """A clock that a test moves on."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Asked:
    """Admins over a loopback Telegram, with a clock of its own."""

    def __init__(self, fake: FakeTelegram, bot: telegram.Bot) -> None:
        self.fake, self.time = fake, Time()
        self.admins = Admins(bot, frozenset({OWNER}), clock=self.time)

    async def may(self, chat: Chat, asker: int) -> bool:
        """Whether somebody may decide there."""
        return await self.admins.may_decide(Place(chat.id), asker)

    @property
    def lists(self) -> int:
        """How often all administrators of some chat were asked for."""
        return len(self.fake.of(LIST))

    @property
    def ones(self) -> int:
        """How often somebody was asked about alone."""
        return len(self.fake.of(ONE))


@asynccontextmanager
async def asked() -> AsyncIterator[Asked]:
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        yield Asked(fake, bot)
        assert fake.unknown == []


async def test_administrators_may_and_members_may_not() -> None:
    """The creator, every administrator, and the bot's owner; nobody else."""
    async with asked() as here:
        ann, bob, eve = here.fake.person("Ann"), here.fake.person("Bob"), here.fake.person("Eve")
        group = here.fake.group(members=[ann, bob, eve], admins=[bob])
        group.members[ann.id].status = Status.CREATOR
        answers = [await here.may(group, who) for who in (ann.id, bob.id, eve.id, OWNER, 12345)]
        assert answers == [True, True, False, True, False]
        assert here.lists == 1


async def test_a_business_decides_in_its_chats() -> None:
    """The customer has the chat's id, as in their private one, and decides nothing there; nobody asks Telegram."""
    async with asked() as here:
        ann, boss = here.fake.person("Ann"), here.fake.person("Boss")
        place = Place(ann.id, business="connection")
        answers = [await here.admins.may_decide(place, who) for who in (boss.id, ann.id, OWNER, 0)]
        assert answers == [True, False, True, False]
        assert (here.lists, here.ones) == (0, 0)


async def test_an_administrator_with_few_rights_may() -> None:
    """Telegram's own rights are about other things; whoever administers may say how the chat sounds."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        group.members[bob.id].denied = {"can_change_info", "can_delete_messages"}
        assert await here.may(group, bob.id)


async def test_a_bot_may_not_decide() -> None:
    """Neither this one nor another, though it is an administrator."""
    async with asked() as here:
        other = here.fake.robot("Other", "other_bot")
        group = here.fake.group(admins=[other], bot=Status.ADMINISTRATOR)
        assert not await here.may(group, here.fake.bot.id)
        assert not await here.may(group, other.id)


async def test_a_private_chat_is_whose_it_is() -> None:
    """Nobody has to be asked about it."""
    async with asked() as here:
        ann, bob = here.fake.person("Ann"), here.fake.person("Bob")
        assert await here.may(ann.private, ann.id)
        assert not await here.may(ann.private, bob.id)
        assert await here.may(ann.private, OWNER)
        assert here.fake.calls[1:] == []  # the first is the bot's getMe


async def test_who_writes_in_the_chats_own_name_may() -> None:
    """Only administrators can write as the group or the channel; another channel in the group is a guest."""
    async with asked() as here:
        group, news = here.fake.group(), here.fake.channel()
        assert await here.may(group, group.id)
        assert await here.may(group, ANONYMOUS.id)
        assert await here.may(news, news.id)
        assert not await here.may(group, news.id)
        assert not await here.may(group, 0)
        assert here.lists == here.ones == 0


async def test_an_answer_is_kept_for_a_while() -> None:
    """Asked again in time nothing goes to Telegram, and after it what changed is seen."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        assert await here.may(group, bob.id)
        group.members[bob.id].status = Status.MEMBER
        here.time.now += KEPT_SECONDS - 1
        assert await here.may(group, bob.id)
        assert here.lists == 1
        here.time.now += 1
        assert not await here.may(group, bob.id)
        assert here.lists == 2


async def test_who_became_an_administrator_is_not_kept_waiting() -> None:
    """A no is relied on for less long than a yes: a bot that is a plain member is told of nobody's rise."""
    async with asked() as here:
        bob, eve = here.fake.person("Bob"), here.fake.person("Eve")
        group = here.fake.group(members=[eve], admins=[bob])
        assert not await here.may(group, eve.id)
        group.members[eve.id].status = Status.ADMINISTRATOR
        here.time.now += DENIED_SECONDS - 1
        assert not await here.may(group, eve.id)
        assert await here.may(group, bob.id)
        assert here.lists == 1
        here.time.now += 1
        assert await here.may(group, bob.id)
        assert here.lists == 1
        assert await here.may(group, eve.id)
        assert here.lists == 2


async def test_what_was_forgotten_is_asked_for_again() -> None:
    """Somebody's standing changed: one who is no administrator any more may not decide from that moment."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group, other = here.fake.group(admins=[bob]), here.fake.group(admins=[bob])
        assert await here.may(group, bob.id)
        assert await here.may(other, bob.id)
        group.members[bob.id].status = Status.MEMBER
        here.admins.forget(group.id)
        assert not await here.may(group, bob.id)
        assert await here.may(other, bob.id)
        assert here.lists == 3


async def test_many_who_ask_at_once_are_one_request() -> None:
    """A hundred presses of a button are one question to Telegram; another chat does not wait for it."""
    async with asked() as here:
        bob, eve = here.fake.person("Bob"), here.fake.person("Eve")
        group, other = here.fake.group(admins=[bob]), here.fake.group(admins=[eve])
        hanging = here.fake.faults.hang(LIST, chat=group)
        asking = [asyncio.create_task(here.may(group, who)) for who in [bob.id, eve.id] * 50]
        await hanging.met.wait()
        assert await here.may(other, eve.id)
        hanging.release()
        assert await asyncio.gather(*asking) == [True, False] * 50
        assert here.lists == 2


async def test_who_goes_away_while_asking_takes_nobody_along() -> None:
    """The one who asked is given up; the next in line asks instead."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        hanging = here.fake.faults.hang(LIST)
        first, second = (asyncio.create_task(here.may(group, bob.id)) for _ in range(2))
        await hanging.met.wait()
        first.cancel()
        assert await second
        assert first.cancelled()


async def test_a_change_while_telegram_is_asked_is_not_missed() -> None:
    """An answer that was given before the change is not relied on."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        slow = here.fake.faults.hang(LIST)
        asking = asyncio.create_task(here.may(group, bob.id))
        await slow.met.wait()
        here.admins.forget(group.id)
        slow.release()
        await here.fake.until(lambda: here.lists == 2)
        assert await asking
        assert here.lists == 2


async def test_where_administrators_are_not_listed_each_is_asked_about() -> None:
    """Some chats list them only to one of them; then people are looked up alone, and each is remembered."""
    async with asked() as here:
        bob, eve = here.fake.person("Bob"), here.fake.person("Eve")
        group = here.fake.group(members=[eve], admins=[bob])
        here.fake.faults.refuse(LIST, 400, "Bad Request: member list is inaccessible", times=None)
        assert await here.may(group, bob.id)
        assert not await here.may(group, eve.id)
        here.time.now += DOUBTED_SECONDS
        assert await here.may(group, bob.id)
        assert not await here.may(group, eve.id)
        assert (here.lists, here.ones) == (1, 2)
        here.time.now += KEPT_SECONDS
        group.members[bob.id].status = Status.MEMBER
        assert not await here.may(group, bob.id)


async def test_a_person_looked_up_alone_is_forgotten_too() -> None:
    """A change of standing counts, whichever way somebody was looked up."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        here.fake.faults.refuse(LIST, 400, "Bad Request: member list is inaccessible", times=None)
        assert await here.may(group, bob.id)
        group.members[bob.id].status = Status.KICKED
        here.admins.forget(group.id)
        assert not await here.may(group, bob.id)


@pytest.mark.parametrize("fault", ["refuse", "cut", "html"])
async def test_what_cannot_be_found_out_is_no_for_a_moment(fault: str) -> None:
    """Whatever goes wrong, nobody decides; Telegram is left alone for a moment and then asked again."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob])
        extra = {"refuse": (429, "Too Many Requests: retry after 9")}.get(fault, ())
        for method in (LIST, ONE):
            getattr(here.fake.faults, fault)(method, *extra)
        assert not await here.may(group, bob.id)
        assert not await here.may(group, bob.id)
        assert (here.lists, here.ones) == (1, 1)
        here.time.now += DOUBTED_SECONDS
        assert await here.may(group, bob.id)


async def test_where_the_bot_is_not_nobody_decides() -> None:
    """It was thrown out: Telegram says nothing of the chat to it any more."""
    async with asked() as here:
        bob = here.fake.person("Bob")
        group = here.fake.group(admins=[bob], bot=None)
        assert not await here.may(group, bob.id)


async def test_a_crowd_that_is_asked_about_one_by_one_is_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel may have millions who try; who was not heard of for longest is forgotten."""
    monkeypatch.setattr(admins, "MEMBERS", 2)
    async with asked() as here:
        people = [here.fake.person(name) for name in ("Ann", "Bob", "Eve")]
        group = here.fake.group(members=people)
        here.fake.faults.refuse(LIST, 400, "Bad Request: member list is inaccessible", times=None)
        for person in people:
            assert not await here.may(group, person.id)
        assert not await here.may(group, people[2].id)
        assert here.ones == 3
        assert not await here.may(group, people[0].id)
        assert here.ones == 4
