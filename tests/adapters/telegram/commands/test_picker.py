"""A picker in somebody else's menu: what it promises to its host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from bot.adapters.telegram.commands import voice
from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.commands.picker import Picker
from bot.adapters.telegram.handling import Handlers, command
from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.casting import VoiceChoice
from bot.speaker import Speaker
from tests.adapters.telegram.commands.menus import answered, full, pressed, shows, turned, voices
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person


class House:
    """Whoever is named Ann chooses the voice of a chat."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.picker = Picker(
            station, "house", self.chosen, self.home, barred=self.barred, current=self.current,
            ask="telegram_voice.search.ask_chat", own=False,
        )  # fmt: skip

    def handlers(self) -> Handlers:
        return [command(self.station, "house", lambda _, incoming: self.open(incoming)), *self.picker.handlers()]

    async def open(self, incoming: Incoming) -> None:
        page = await self.picker.page(incoming)
        self.station.tell(incoming, page.text, page.buttons)

    async def chosen(self, incoming: Incoming, choice: VoiceChoice) -> str:
        await self.station.speaker.store.settings.set_guild(incoming.lane, voice=choice.value)
        return f"It is {choice.value}."

    async def home(self, incoming: Incoming) -> Page:
        return Page("This is the house.")

    async def barred(self, incoming: Incoming, owner: int) -> str:
        person = incoming.update.effective_user
        return "" if person is not None and person.first_name == "Ann" else "You are not Ann."

    async def current(self, incoming: Incoming) -> str | None:
        return (await self.station.speaker.store.settings.guild(incoming.lane)).voice


def _houses(station: Station) -> Handlers:
    """As in the real application, the person's own menu stands beside it."""
    return [*voice.handlers(station), *House(station).handlers()]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def station(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Station]:
    async with online(fake, speaker, _houses) as station:
        station.messenger.post = quick_post()
        yield station


@pytest.fixture
def people(fake: FakeTelegram) -> Sequence[Person]:
    return fake.person("Ann"), fake.person("Bob")


@pytest.fixture
def group(fake: FakeTelegram, people: Sequence[Person]) -> Chat:
    return fake.group(members=people)


async def _opened(fake: FakeTelegram, person: Person, group: Chat) -> Message:
    return await answered(fake, await person.say("/house", group))


async def test_the_host_keeps_what_is_chosen_and_says_so(
    fake: FakeTelegram, station: Station, people: Sequence[Person], group: Chat
) -> None:
    """And is where the way leads then."""
    ann, _ = people
    menu = await _opened(fake, ann, group)
    await turned(fake, ann, menu, "nanami")
    assert await pressed(fake, ann, menu, "Take it") == "It is nanami."
    await shows(fake, menu, "This is the house.")
    assert (await station.speaker.store.settings.guild(guild_key(group.id))).voice == "nanami"


async def test_the_host_says_who_may(
    fake: FakeTelegram, station: Station, people: Sequence[Person], group: Chat
) -> None:
    """At each press, whoever opened it: also at an answer to its search."""
    ann, bob = people
    menu = await _opened(fake, bob, group)
    assert await pressed(fake, bob, menu, "nanami") == "You are not Ann."
    await pressed(fake, ann, menu, "Search")
    asked = await fake.until(lambda: next((one for one in group.messages if "for this chat" in one.text), None))
    assert (await answered(fake, await bob.say("nanami", group, reply_to=asked))).text == "You are not Ann."
    found = await answered(fake, await ann.say("nanami", group, reply_to=asked))
    assert await pressed(fake, ann, found, "Take it") == "It is nanami."


async def test_the_hosts_choice_is_marked(
    fake: FakeTelegram, station: Station, people: Sequence[Person], group: Chat
) -> None:
    """By any of its names."""
    await station.speaker.store.settings.set_guild(guild_key(group.id), voice="Nanami")
    menu = await _opened(fake, people[0], group)
    while "nanami" not in voices(menu):
        await turned(fake, people[0], menu, "▶")
    assert full(menu, "nanami").startswith("✓ ")


async def test_who_locks_voices_may_still_choose_which(
    fake: FakeTelegram, station: Station, people: Sequence[Person], group: Chat
) -> None:
    """But nobody can ask for one there, and so not hear it before."""
    await station.speaker.store.settings.set_guild(guild_key(group.id), locked=True)
    menu = await _opened(fake, people[0], group)
    await turned(fake, people[0], menu, "nanami")
    assert menu.buttons == ["✅ Take it", "‹ Back"]
    assert await pressed(fake, people[0], menu, "Take it") == "It is nanami."


async def test_a_press_that_came_late_is_done_all_the_same(
    fake: FakeTelegram, station: Station, people: Sequence[Person], group: Chat
) -> None:
    """The bot was away, and Telegram takes no answer any more."""
    menu = await _opened(fake, people[0], group)
    fake.faults.refuse("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired")
    await people[0].tap(menu, full(menu, "nanami"))
    await shows(fake, menu, "nanami · ")
    fake.faults.refuse("answerCallbackQuery", 400, "Bad Request: query is too old and response timeout expired")
    await people[0].tap(menu, full(menu, "Take it"))
    await shows(fake, menu, "This is the house.")
    assert (await station.speaker.store.settings.guild(guild_key(group.id))).voice == "nanami"
