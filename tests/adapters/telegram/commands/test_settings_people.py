"""Who is blocked is not heard: by an answer, an id or a link, back by a button, and what waits is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.adapters.telegram.identity import guild_key, user_key
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from bot.store import GuildSettings
from tests.adapters.telegram.commands.administered import Council, council, key
from tests.adapters.telegram.commands.menus import answered
from tests.doubles.telegram import FakeTelegram, Message


@pytest.fixture
async def here(speaker: Speaker) -> AsyncIterator[Council]:
    async with FakeTelegram() as fake, council(fake, speaker) as here:
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


async def test_a_topic_was_opened_by_nobody_who_is_meant(speaker: Speaker) -> None:
    """In a topic every message answers what opened it, as far as Telegram is concerned."""
    async with FakeTelegram() as fake, council(fake, speaker, forum=True) as here:
        topic = await here.eve.open_topic(here.group, "News")
        asked = await here.ann.say("/settings block", here.group, thread=topic)
        assert "Answer a message of the person’s" in (await answered(fake, asked)).text
        said = await here.eve.say("Listen!", here.group, thread=topic)
        assert (await _answer(here, "/settings block", said, thread=topic)).startswith("✅")
        assert (await here.kept()).blocked_users == {key(here.eve)}


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


@dataclass(eq=False)
class OnTheWay:
    """A parcel as far as blocking looks at it."""

    request: Request
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Waiting:
    """The courier's waiting room, with these in it."""

    parcels_: list[OnTheWay]
    recalled: list[str] = field(default_factory=list)

    def parcels(self, guild: str) -> list[OnTheWay]:
        return [parcel for parcel in self.parcels_ if parcel.request.guild == guild]

    def recall(self, user: str) -> None:
        self.recalled.append(user)


def _waiting(here: Council, monkeypatch: pytest.MonkeyPatch) -> tuple[Waiting, list[OnTheWay]]:
    guild, eve, ann = guild_key(here.group.id), key(here.eve), key(here.ann)
    requests = [
        Request(guild, eve, "Hers."),
        Request(guild, ann, "Hers, for another.", author=eve),
        Request(guild, ann, "Another's."),
        Request("telegram:-5", eve, "Hers, elsewhere."),
    ]
    parcels = [OnTheWay(request) for request in requests]
    waiting = Waiting(parcels)
    monkeypatch.setattr(here.station.courier, "parcels", waiting.parcels)
    monkeypatch.setattr(here.station.courier, "recall", waiting.recall)
    return waiting, parcels


async def test_what_waits_of_somebody_blocked_is_taken_back(here: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs and what others wait to hear of theirs; nobody else's, and not what another chat waits for."""
    waiting, parcels = _waiting(here, monkeypatch)
    answer = await here.type(f"/settings block {here.eve.id}")
    assert answer.startswith("✅ Changed. Taken back of what they had waiting: 2.")
    assert [parcel.cancelled for parcel in parcels] == [True, True, False, False]
    assert waiting.recalled == []


async def test_the_owner_blocks_somebody_everywhere(here: Council, monkeypatch: pytest.MonkeyPatch) -> None:
    """In all chats, with all that is on its way."""
    waiting, _ = _waiting(here, monkeypatch)
    await here.type(f"/settings global block {here.eve.id}", by=here.owner, chat=here.owner.private)
    assert waiting.recalled == [key(here.eve)]
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
