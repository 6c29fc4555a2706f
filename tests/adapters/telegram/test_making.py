"""Voice notes in the making: one a person, given up for what is typed on, but not what was promised."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.files import Files
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.making import Makings
from bot.adapters.telegram.offers import Offer, Sample
from bot.adapters.telegram.plugin import assemble, close
from bot.config import TelegramSettings
from bot.errors import EngineUnavailable
from bot.speaker import Speaker
from bot.speech import Request
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import host
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.telegram import FakeTelegram, Person

KEY, OTHER = "k" * 64, "o" * 64


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


@pytest.fixture
def ann(fake: FakeTelegram) -> Person:
    return fake.person("Ann")


@pytest.fixture
async def makings(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Makings]:
    async with host(fake) as application:
        station = assemble(application.bot, speaker, TelegramSettings())
        station.messenger.post = quick_post()
        yield Makings(station, Files(station))
        await close(station)


@pytest.fixture
def gate(offline: FakeEngine) -> asyncio.Event:
    """The engine speaks when it is set."""
    gate = asyncio.Event()
    offline.scripts = [Script(delay=1.0)]
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    return gate


def wanted(person: Person, text: str = "Good morning.", engine: str | None = None) -> Request:
    """What a person types after the bot's name."""
    return Request(guild_key(person.id), user_key(person.id), text, engine=engine)


async def test_a_note_is_found_while_it_is_made(makings: Makings, ann: Person, gate: asyncio.Event) -> None:
    """By its person and key alone; once it is there it is Telegram's."""
    making = makings.begin(KEY, wanted(ann), "en", "Heart")
    assert makings.find(user_key(ann.id), KEY) is making
    assert makings.find(user_key(ann.id), OTHER) is makings.find("telegram:9", KEY) is None
    gate.set()
    sample = await making.done
    assert isinstance(sample, Sample)
    assert sample.title == "Heart"
    assert makings.find(user_key(ann.id), KEY) is None


async def test_the_end_of_one_that_was_given_up_is_not_that_of_the_next(
    makings: Makings, ann: Person, gate: asyncio.Event
) -> None:
    """Who comes back to the same words is not made to wait for a third."""
    first = makings.begin(KEY, wanted(ann), "en", "Heart")
    makings.give_up(user_key(ann.id))
    second = makings.begin(KEY, wanted(ann), "en", "Heart")
    assert isinstance(await first.done, Offer)
    await asyncio.sleep(0)
    assert makings.find(user_key(ann.id), KEY) is second
    gate.set()
    assert isinstance(await second.done, Sample)


async def test_what_is_promised_is_made(makings: Makings, ann: Person, gate: asyncio.Event) -> None:
    """Whatever is typed on; the rest is not, but what has the key that is typed."""
    kept, promised, dropped = [makings.begin(key, wanted(ann, key[:1]), "en", "") for key in (KEY, OTHER, "x" * 64)]
    promised.promised = True
    makings.give_up(user_key(ann.id), but=KEY)
    assert [making.unwanted for making in (kept, promised, dropped)] == [False, False, True]
    gate.set()
    assert isinstance(await kept.done, Sample)
    assert isinstance(await promised.done, Sample)


async def test_who_spoke_instead_is_named(makings: Makings, ann: Person, edge: FakeEngine, offline: FakeEngine) -> None:
    """Nobody is told that a voice has spoken which was not there."""
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "down"))]
    sample = await makings.begin(KEY, wanted(ann, engine="edge"), "en", "Ava").done
    assert isinstance(sample, Sample)
    assert sample.title == offline.asked[0].voice
