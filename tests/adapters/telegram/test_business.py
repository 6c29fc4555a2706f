"""To a bot a business's chat has its customer's id, like her own private chat; all else about the two is apart."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.adapters.telegram import events, reading
from bot.adapters.telegram.commands import control, say, settings
from bot.adapters.telegram.following import Pauses
from bot.adapters.telegram.handling import Handlers
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.rules import Auto, with_rules
from bot.adapters.telegram.station import Station
from bot.adapters.words import word
from bot.speaker import Speaker
from bot.store import GuildSettings
from tests.adapters.telegram.commands.talking import Slow, note, settled, spoken
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import Call, FakeTelegram, Message, Person
from tests.doubles.telegram.world import Business


class Shop:
    """A business, its customer, and a bot that is connected with it."""

    def __init__(self, fake: FakeTelegram, station: Station, boss: Person, business: Business) -> None:
        self.fake, self.station = fake, station
        self.boss, self.business, self.ann = boss, business, fake.person("Ann")
        self.chat = business.chat(self.ann)
        self.lanes = guild_key(self.ann.id), guild_key(self.ann.id, business.id)

    async def writes(self, person: Person, text: str, **more: Any) -> Message:
        """One of the two writes in the business's chat."""
        return await person.say(text, self.chat, business=self.business, **more)

    def count_again(self, message: Message) -> None:
        """The next message has the id that this one had: each account counts its own."""
        self.fake.world.own_ids = itertools.count(message.id)

    def sounds(self) -> list[Call]:
        return [call for call in self.fake.of("sendVoice") if call.answered]


@asynccontextmanager
async def opened(fake: FakeTelegram, speaker: Speaker, *modules: Callable[[Station], Handlers]) -> AsyncIterator[Shop]:
    boss = fake.person("Boss")
    async with online(fake, speaker, say.handlers, *modules) as station:
        station.messenger.post = quick_post()
        station.asking.pauses = Pauses(60.0, 60.0)
        yield Shop(fake, station, boss, await boss.connect())


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


@pytest.fixture
async def shop(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Shop]:
    async with opened(fake, speaker, events.handlers, control.handlers, settings.handlers, reading.handlers) as shop:
        yield shop


async def test_two_messages_with_one_number_are_two_wishes(shop: Shop) -> None:
    """The second is not taken for the first, delivered again."""
    first = await shop.ann.say("/say private words")
    await note(shop.fake, shop.ann.private)
    shop.count_again(first)
    second = await shop.writes(shop.ann, "/say business words")
    assert second.id == first.id
    assert (await note(shop.fake, shop.chat)).message.business == shop.business.id
    assert len(shop.sounds()) == 2


async def test_an_edit_in_one_leaves_the_note_of_the_other(shop: Shop, offline: FakeEngine) -> None:
    """What is taken back is what that very message asked for."""
    first = await shop.ann.say("/say private words")
    await note(shop.fake, shop.ann.private)
    shop.count_again(first)
    second = await shop.writes(shop.ann, "/say business words")
    await note(shop.fake, shop.chat)
    await shop.ann.edit(second, "/say other words")
    await shop.fake.until(lambda: spoken(offline)[2:] == ["other words"] and len(shop.fake.notes(shop.chat)) == 1)
    assert len(shop.fake.notes(shop.ann.private)) == 1


async def test_what_a_customer_decides_for_her_own_chat_holds_there_alone(shop: Shop) -> None:
    """The business's words to her are not spoken in its name because she likes to be read to."""
    await shop.ann.say("/settings auto always")
    await shop.fake.until(lambda: shop.ann.private.texts[1:])
    await shop.writes(shop.boss, "Dear Ann, your parcel has arrived.")
    await shop.ann.say("Read this to me.")
    await note(shop.fake, shop.ann.private)
    await settled(shop.fake, shop.station)
    assert shop.fake.notes(shop.chat) == []
    assert not shop.station.courier.parcels(shop.lanes[1])


async def test_a_pace_of_her_own_does_not_slow_the_business(shop: Shop, speaker: Speaker) -> None:
    """Limits are a chat's as well."""
    extra = with_rules(GuildSettings(), auto=Auto.OFF, per_minute=1)
    await speaker.store.settings.set_guild(shop.lanes[0], extra=extra)
    for number in (1, 2):
        await shop.writes(shop.ann, f"/say Number {number}.")
    await note(shop.fake, shop.chat, 2)


async def test_a_customer_who_blocks_the_bot_does_not_silence_the_business(shop: Shop, offline: FakeEngine) -> None:
    """It writes to her in its own name; what was on its way to her from the bot itself is given up."""
    slow = Slow(offline)
    await shop.ann.say("/say for myself")
    await shop.writes(shop.boss, "/say your parcel is here")
    parcels = shop.station.courier.parcels
    await shop.fake.until(lambda: [len(parcels(lane)) for lane in shop.lanes] == [1, 1])
    await shop.ann.block()
    await shop.fake.until(lambda: not parcels(shop.lanes[0]))
    slow.go()
    await note(shop.fake, shop.chat)
    assert shop.fake.notes(shop.ann.private) == []


async def test_what_waits_at_the_post_for_the_business_is_not_thrown_away(shop: Shop, offline: FakeEngine) -> None:
    """Its note had been made, and only waited for its turn in the one lane that Telegram has for both."""
    held = shop.fake.faults.refuse("sendVoice", 429, "Too Many Requests: retry after 5", retry_after=5)
    await shop.writes(shop.boss, "/say your parcel is here")
    await shop.fake.until(held.met.is_set)
    await shop.ann.block()
    await note(shop.fake, shop.chat)


async def test_the_queue_shows_what_waits_in_that_chat(shop: Shop, offline: FakeEngine) -> None:
    """Nobody sees in the one, or takes back, what they asked for in the other."""
    slow = Slow(offline)
    await shop.ann.say("/say for myself")
    await shop.fake.until(lambda: shop.station.courier.parcels(shop.lanes[0]))
    asked = await shop.writes(shop.ann, "/queue")
    assert (await answered(shop, asked)).text == word("telegram_say.queue.empty", "en")
    await answered(shop, await shop.writes(shop.ann, "/cancel"))
    slow.go()
    await note(shop.fake, shop.ann.private)


async def test_the_business_decides_and_its_customer_does_not(shop: Shop, offline: FakeEngine) -> None:
    """The chat has her id, but is not hers: what others asked for is not for her to take back."""
    slow = Slow(offline)
    await shop.writes(shop.boss, "/say your parcel is here")
    await shop.fake.until(lambda: shop.station.courier.parcels(shop.lanes[1]))
    asked = await shop.writes(shop.ann, "/cancel all")
    assert (await answered(shop, asked)).text == word("telegram_say.cancel.everybody", "en")
    await answered(shop, await shop.writes(shop.boss, "/cancel all"))
    await shop.fake.until(lambda: not shop.station.courier.parcels(shop.lanes[1]))
    slow.go()
    assert shop.fake.notes(shop.chat) == []


async def test_it_is_replayed_where_it_was_heard(shop: Shop, offline: FakeEngine) -> None:
    """A note is known by its message in its own chat, and the last one by the chat."""
    await shop.ann.say("/say private words")
    first = await note(shop.fake, shop.ann.private)
    shop.count_again(first.message)
    await shop.writes(shop.boss, "Good morning.")
    known = shop.station.asking.heard.message
    await shop.fake.until(lambda: known(shop.ann.id, first.message.id))
    assert known(shop.ann.id, first.message.id, shop.business.id) is None
    await shop.writes(shop.boss, "/say business words")
    await note(shop.fake, shop.chat)
    await shop.writes(shop.boss, "/replay")
    again = await note(shop.fake, shop.chat, 2)
    assert again.ogg == shop.fake.notes(shop.chat)[0].ogg
    assert spoken(offline) == ["private words", "business words"]


async def test_her_wishes_for_herself_go_with_her(shop: Shop, speaker: Speaker, offline: FakeEngine) -> None:
    """Who wants never to be spoken is not, wherever she writes."""
    await speaker.store.preferences.set(user_key(shop.ann.id), opted_out=True)
    await answered(shop, await shop.writes(shop.ann, "/say hello"))
    assert offline.asked == []


async def answered(shop: Shop, message: Message) -> Message:
    """What is written in answer in the business's name."""

    def found() -> Message | None:
        return next((one for one in shop.chat.messages if one.reply_to is message and one.text), None)

    return await shop.fake.until(found)
