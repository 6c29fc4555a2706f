"""Who is blocked is not heard: by an answer, an id or a link, back by a button, and what waits is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.adapters.telegram.commands import say
from bot.adapters.telegram.identity import guild_key, user_key
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from bot.store import GuildSettings
from tests.adapters.telegram.commands.administered import Council, council, key
from tests.adapters.telegram.commands.menus import answered
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import Chat, FakeTelegram, Message


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def here(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Council]:
    async with council(fake, speaker) as here:
        yield here


async def _answer(here: Council, text: str, to: Message, **more: Any) -> str:
    """What comes of a command that replies to a message."""
    return (await answered(here.fake, await here.ann.say(text, here.group, reply_to=to, **more))).text


async def _said(here: Council, user: str, **more: Any) -> Any:
    return await here.speaker.explain(Request(guild_key(here.group.id), user, "Hello there.", **more))


async def test_whoever_wrote_the_message_is_blocked(here: Council) -> None:
    """Nothing of theirs is spoken here any more, not even for others; elsewhere it is."""
    said = await here.eve.say("Listen!", here.group)
    assert (await _answer(here, "/settings block", said)).startswith("✅ Changed.\n\n🚫 Blocked people\n\nBlocked: 1")
    assert isinstance(await _said(here, key(here.eve)), Refusal)
    assert isinstance(await _said(here, key(here.ann), author=key(here.eve)), Refusal)
    assert not isinstance(await here.speaker.explain(Request(guild_key(-5), key(here.eve), "Hello.")), Refusal)
    assert [change.name for change in await here.audit()] == ["blocked_users"]


async def test_somebody_is_blocked_and_heard_again_by_id(here: Council) -> None:
    """As it is typed, or by the button that bears it."""
    menu = await here.open(f"/settings block {here.eve.id}")
    assert isinstance(await _said(here, key(here.eve)), Refusal)
    assert await here.press(menu, f"Unblock {here.eve.id}") == "✅ Changed."
    await here.shows(menu, "Nobody is blocked.")
    assert not isinstance(await _said(here, key(here.eve)), Refusal)
    await here.type(f"/settings block {here.eve.id}")
    assert (await here.type(f"/settings unblock {here.eve.id}")).startswith("✅ Changed.")
    assert (await here.kept()).blocked_users == frozenset()


async def test_a_name_that_is_a_link_is_somebody(here: Council) -> None:
    """People without a username are mentioned so, and the link knows who they are."""
    asked = await here.ann.say("/settings block Eve", here.group, naming=here.eve)
    await answered(here.fake, asked)
    assert (await here.kept()).blocked_users == {key(here.eve)}


async def test_a_channel_that_writes_in_the_group_is_blocked(here: Council) -> None:
    """Whoever writes in a chat's name is that chat."""
    assert (await here.type("/settings block -1001234567890")).startswith("✅ Changed.")
    assert (await here.kept()).blocked_users == {user_key(-1001234567890)}
    menu = await here.open("/settings people")
    assert "Unblock -1001234567890" in menu.buttons


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("block", "Answer a message of the person’s with /settings block"),
        ("unblock", "Answer a message of the person’s with /settings unblock"),
        ("block @eve", "Telegram does not let me look up names"),
        ("block --5", "Telegram does not let me look up names"),
        ("block 0", "I cannot tell who “0” is"),
        ("block 123456", "That message is mine"),
        ("unblock 77", "77 is not blocked"),
    ],
)
async def test_who_is_not_known_is_not_blocked(here: Council, typed: str, hint: str) -> None:
    """The answer says how somebody is named."""
    assert hint in await here.type(f"/settings {typed}")
    assert await here.kept() == GuildSettings()


async def test_the_bot_does_not_block_itself(here: Council) -> None:
    """Who answers a note of the bot's means whoever had it said, and is told so."""
    menu = await here.open()
    assert "That message is mine" in await _answer(here, "/settings block", menu)


async def test_a_topic_was_opened_by_nobody_who_is_meant(fake: FakeTelegram, speaker: Speaker) -> None:
    """In a topic every message answers what opened it, as far as Telegram is concerned."""
    async with council(fake, speaker, forum=True) as here:
        topic = await here.eve.open_topic(here.group, "News")
        asked = await here.ann.say("/settings block", here.group, thread=topic)
        assert "Answer a message of the person’s" in (await answered(fake, asked)).text
        said = await here.eve.say("Listen!", here.group, thread=topic)
        assert (await _answer(here, "/settings block", said, thread=topic)).startswith("✅")
        assert (await here.kept()).blocked_users == {key(here.eve)}


async def test_a_topic_that_grew_from_a_message_was_opened_by_nobody_who_is_meant(
    fake: FakeTelegram, speaker: Speaker
) -> None:
    """What stands at its beginning need not be Telegram's own word that it was opened."""
    async with council(fake, speaker, forum=True) as here:
        topic = await here.eve.open_topic(here.group, "News")
        here.group.by_id[topic.id].parts = {"text": "News of today"}
        asked = await here.ann.say("/settings block", here.group, thread=topic)
        assert "Answer a message of the person’s" in (await answered(fake, asked)).text
        assert (await here.kept()).blocked_users == frozenset()


async def test_many_blocked_people_have_pages(here: Council) -> None:
    """Each is there with a button, whatever their number."""
    blocked = {user_key(number) for number in range(101, 120)}
    await here.speaker.store.settings.set_guild(guild_key(here.group.id), blocked_users={*blocked, "discord:5"})
    menu = await here.open("/settings people")
    found: set[str] = set()
    for _ in range(3):
        found |= {one for one in menu.buttons if one.startswith("Unblock")}
        await here.turn(menu, "▶")
    assert found == {f"Unblock {number}" for number in range(101, 120)}


@asynccontextmanager
async def _waiting(here: Council, offline: FakeEngine) -> AsyncIterator[Chat]:
    """Until the end of the block four requests are made: Eve's, hers in another's name, another's, and hers elsewhere.

    Gives where that is.
    """
    end, elsewhere = asyncio.Event(), here.fake.group("Elsewhere", members=[here.eve])
    offline.sleep = lambda _seconds: end.wait()  # type: ignore[assignment, return-value]
    said = await here.eve.say("Listen to this.", here.group)
    await here.eve.say("/say Hers.", here.group)
    await here.owner.say("/say", here.group, reply_to=said)
    await here.ann.say("/say Another's.", here.group)
    await here.eve.say("/say Hers, but not here.", elsewhere)
    courier, chats = here.station.courier, (here.group, elsewhere)
    await here.fake.until(lambda: [len(courier.parcels(guild_key(chat.id))) for chat in chats] == [3, 1])
    yield elsewhere
    end.set()
    await here.fake.until(lambda: not any(courier.parcels(guild_key(chat.id)) for chat in chats))


async def test_what_waits_of_somebody_blocked_is_taken_back(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine
) -> None:
    """Theirs and what others wait to hear of theirs; nobody else's, and not what another chat waits for."""
    async with council(fake, speaker, say.handlers) as here:
        async with _waiting(here, offline) as elsewhere:
            answer = await here.type(f"/settings block {here.eve.id}")
            assert answer.startswith("✅ Changed. Taken back of what they had waiting: 2.")
        assert [len(fake.notes(chat)) for chat in (here.group, elsewhere)] == [1, 1]


async def test_what_waits_of_somebody_blocked_everywhere_is_taken_back_everywhere(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine
) -> None:
    """The owner's word holds in all chats."""
    async with council(fake, speaker, say.handlers) as here:
        async with _waiting(here, offline) as elsewhere:
            await here.type(f"/settings global block {here.eve.id}", by=here.owner, chat=here.owner.private)
        assert [len(fake.notes(chat)) for chat in (here.group, elsewhere)] == [1, 0]


async def test_the_owner_blocks_somebody_everywhere(here: Council) -> None:
    """In all chats, until it is taken back."""
    await here.type(f"/settings global block {here.eve.id}", by=here.owner, chat=here.owner.private)
    refused = await here.speaker.explain(Request(guild_key(-5), key(here.eve), "Hello."))
    assert isinstance(refused, Refusal)
    assert refused.details == {"cause": "blocked_everywhere"}
    menu = await here.open("/settings global people", by=here.owner)
    await here.press(menu, f"Unblock {here.eve.id}", by=here.owner)
    assert (await here.everywhere()).blocked_users == frozenset()


async def test_blocking_at_once_keeps_both(here: Council) -> None:
    """Two lists that grow at the same moment become one."""
    menus = [await here.open("/settings people"), await here.open("/settings people")]
    for menu, id in zip(menus, (71, 72), strict=True):
        assert menu.markup is not None
        menu.markup["inline_keyboard"][0][0]["callback_data"] = f"sayso:settings:block={id}"
    presses = [await here.ann.tap(menu, menu.keyboard[0][0]["callback_data"]) for menu in menus]
    await asyncio.gather(*(press.answered.wait() for press in presses))
    assert (await here.kept()).blocked_users == {user_key(71), user_key(72)}
