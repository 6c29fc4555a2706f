"""Choosing a voice: by pages, by language, by search and by ear."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.samples import sentence
from bot.adapters.telegram.commands.casting import Cast
from bot.adapters.telegram.commands.keyboard import Press, badge
from bot.adapters.telegram.commands.voice import VOICES
from bot.adapters.telegram.commands.voice_pages import Act, VoicePages
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.words import LOCALES, word
from bot.casting import VoiceChoice
from bot.speaker import Speaker
from bot.store import Preference
from bot.tts.audio import decode
from bot.tts.engine import Voice
from bot.tts.voices import Voices
from bot.wishes import Rules
from tests.adapters.telegram.commands.menus import answered, full, menus, opened, pressed, shows, turned, voices
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import Chat, FakeTelegram, Message, Person

CROWD = tuple(
    [Voice("offline", f"{kind}{letter}", "en-US", "female") for kind in ("mild", "wild") for letter in "abcdefghij"]
    + [Voice("offline", "kore", "ja-JP", "female"), Voice("offline", "miku", "ja-JP", "male")]
    + [Voice("offline", "polyglot", "mul")]
)
"""With the 15 personas that are shipped, and Ava on the other engine, five pages."""


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
def offline() -> FakeEngine:
    return FakeEngine("offline", installed=CROWD)


async def _picker(fake: FakeTelegram, ann: Person, chat: Chat | None = None) -> Message:
    """The first page of voices."""
    menu = await opened(fake, ann, "/voice", chat)
    await turned(fake, ann, menu, "Voice")
    return menu


# Pages


async def test_all_who_may_speak_stand_on_pages_in_a_circle(fake: FakeTelegram, speaker: Speaker) -> None:
    """Each once, eight on a page; after the last comes the first."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await _picker(fake, ann)
        pages = [menu.buttons[:8]]
        assert "Voices: 39" in menu.text
        assert await pressed(fake, ann, menu, "1/5") == "Voices: 39"
        for _ in range(4):
            await turned(fake, ann, menu, "▶")
            pages.append([words for words in menu.buttons if " · " in words])
        assert [len(page) for page in pages] == [8, 8, 8, 8, 7]
        assert len(set(chain(*pages))) == 39
        await turned(fake, ann, menu, "▶")
        assert menu.buttons[:8] == pages[0]
        await turned(fake, ann, menu, "◀")
        assert menu.buttons[:7] == pages[-1]


async def test_the_dear_ones_and_those_of_ones_language_come_first(fake: FakeTelegram, speaker: Speaker) -> None:
    """Whether one has chosen the language, or it is that of one's Telegram."""
    ann, bob = fake.person("Ann", locale="ja"), fake.person("Bob")
    await speaker.store.preferences.remember(user_key(ann.id), "wildc")
    await speaker.store.preferences.set(user_key(bob.id), language="ja")
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "声")
        assert voices(menu)[:3] == ["wildc", "kore", "miku"]
        assert voices(await _picker(fake, bob))[:2] == ["kore", "miku"]


async def test_who_may_not_speak_here_does_not_stand_there(fake: FakeTelegram, speaker: Speaker) -> None:
    """A banned voice, and those of an engine that is not allowed."""
    ann = fake.person()
    group = fake.group(members=[ann])
    lane = guild_key(group.id)
    await speaker.store.settings.set_guild(lane, banned_voices={"milda"}, allowed_engines={"offline"})
    async with menus(fake, speaker):
        menu, seen = await _picker(fake, ann, group), set[str]()
        for _ in range(5):
            seen |= set(voices(menu))
            await turned(fake, ann, menu, "▶")
        assert {"mildb", "miku", "ava"} <= seen
        assert "milda" not in seen
        assert not any("edge" in words for words in menu.buttons)


async def test_a_language_narrows_the_pages(fake: FakeTelegram, speaker: Speaker) -> None:
    """To those who speak it, who have it for their own before who speaks whatever they are given."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await _picker(fake, ann)
        await turned(fake, ann, menu, "Language")
        assert menu.buttons == ["English", "Japanese", "‹ Back", "All voices"]
        await turned(fake, ann, menu, "Japanese")
        assert voices(menu)[:2] == ["kore", "miku"]
        assert "polyglot" in [*voices(menu), *await _rest(fake, ann, menu)]
        assert not [name for name in voices(menu) if name.startswith(("mild", "wild"))]
        assert "Japanese" in menu.text
        await turned(fake, ann, menu, "All voices")
        assert "Voices: 39" in menu.text


async def _rest(fake: FakeTelegram, ann: Person, menu: Message) -> list[str]:
    await turned(fake, ann, menu, "◀")
    found = voices(menu)
    await turned(fake, ann, menu, "▶")
    return found


async def test_the_way_back_is_the_way_one_came(fake: FakeTelegram, speaker: Speaker) -> None:
    """From a voice to its page, from there to the menu."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await _picker(fake, ann)
        await turned(fake, ann, menu, "▶")
        page = voices(menu)
        await turned(fake, ann, menu, page[3], "Back")
        assert voices(menu) == page
        await turned(fake, ann, menu, "Back")
        assert "Voice: sayso" in menu.text


# Search


async def _search(fake: FakeTelegram, ann: Person, menu: Message, typed: str, button: str = "Search") -> Message:
    """Press the button, answer the question, and see what comes."""
    await pressed(fake, ann, menu, button)
    asked = await fake.until(lambda: next((one for one in menu.chat.messages if _asks(one)), None))
    return await answered(fake, await ann.say(typed, menu.chat, reply_to=asked))


def _asks(message: Message) -> bool:
    return message.text in {word("telegram_voice.search.ask", locale) for locale in LOCALES}


async def test_a_search_is_asked_for_and_its_answer_taken(fake: FakeTelegram, speaker: Speaker) -> None:
    """What it brings replaces the old menu, and the question is gone."""
    ann = fake.person()
    async with menus(fake, speaker):
        old = await _picker(fake, ann)
        new = await _search(fake, ann, old, "wild")
        assert set(voices(new)) == {f"wild{letter}" for letter in "abcdefgh"}
        assert new.text.splitlines()[-2:] == ["Voices: 10", "🔎 wild"]
        await fake.until(lambda: old not in ann.private.messages)
        assert not any(map(_asks, ann.private.messages))
        await turned(fake, ann, new, "▶")
        assert set(voices(new)) == {"wildi", "wildj"}
        await turned(fake, ann, new, "wildi", "Back")
        assert set(voices(new)) == {"wildi", "wildj"}
        await turned(fake, ann, new, "All voices")
        assert "🔎" not in new.text


async def test_only_who_searches_has_the_field_opened(fake: FakeTelegram, speaker: Speaker) -> None:
    """In a group nobody else's keyboard pops up."""
    ann = fake.person()
    group = fake.group(members=[ann])
    async with menus(fake, speaker):
        menu = await _picker(fake, ann, group)
        await pressed(fake, ann, menu, "Search")
        asked = await fake.until(lambda: next((one for one in group.messages if _asks(one)), None))
        assert asked.reply_to is menu.reply_to
        markup = fake.of("sendMessage")[-1].params["reply_markup"]
        assert (markup["force_reply"], markup["selective"]) == (True, True)


async def test_a_search_is_answered_after_a_restart(fake: FakeTelegram, speaker: Speaker) -> None:
    """The question itself says what the answer is."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await _picker(fake, ann)
        await pressed(fake, ann, menu, "Search")
        asked = await fake.until(lambda: next((one for one in ann.private.messages if _asks(one)), None))
    async with menus(fake, speaker):
        new = await answered(fake, await ann.say("miku", reply_to=asked))
        assert new.text.startswith("miku · 日本語")


async def test_an_answer_that_is_changed_later_is_no_further_search(fake: FakeTelegram, speaker: Speaker) -> None:
    """One answer, one menu; and all of it in its topic."""
    ann = fake.person()
    forum = fake.group(members=[ann], forum=True)
    topic = await ann.open_topic(forum, "News")
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", forum, thread=topic)
        await turned(fake, ann, menu, "Voice")
        await pressed(fake, ann, menu, "Search")
        asked = await fake.until(lambda: next((one for one in forum.messages if _asks(one)), None))
        said = await ann.say("miku", forum, reply_to=asked, thread=topic)
        new = await answered(fake, said)
        assert asked.thread == new.thread == topic.id
        await ann.edit(said, "kore")
        last = await opened(fake, ann, "/voice", forum, thread=topic)
        assert [one for one in forum.messages if one.reply_to is said] == [new]
        assert last.reply_to is not said


@pytest.mark.parametrize(
    ("typed", "locale", "found"),
    [
        ("japanese", "en", ["kore", "miku"]),
        ("日本語", "en", ["kore", "miku"]),
        ("японский", "ru", ["kore", "miku"]),
        ("япон", "ru", ["kore", "miku"]),
        ("日语", "zh-hans", ["kore", "miku"]),
        ("kor", "en", ["kore"]),
    ],
)
async def test_words_behind_the_command_are_a_search(
    fake: FakeTelegram, speaker: Speaker, typed: str, locale: str, found: list[str]
) -> None:
    """For a name, or for a language as one's own or its own people call it."""
    ann = fake.person(locale=locale)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, f"/voice {typed}")
        assert voices(menu)[: len(found)] == found or menu.text.startswith(found[0])


async def test_the_one_who_is_meant_is_shown_to_be_heard_and_taken(fake: FakeTelegram, speaker: Speaker) -> None:
    """Nobody is taken unheard."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice miku")
        assert menu.text.startswith("miku · 日本語 · male · offline")
        assert menu.buttons == ["🔊 Listen", "✅ Take it", "‹ Back"]
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()
        assert await pressed(fake, ann, menu, "Take it") == "Kept."
        await shows(fake, menu, "Voice: miku (your own choice)")
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference(voice="miku")


async def test_who_is_called_otherwise_is_meant_too(fake: FakeTelegram, speaker: Speaker) -> None:
    """Nova is another name of Ava's."""
    ann = fake.person()
    async with menus(fake, speaker):
        assert (await opened(fake, ann, "/voice Nova")).text.startswith("ava · ")


async def test_nobody_like_that_is_said_so(fake: FakeTelegram, speaker: Speaker) -> None:
    """With those who come near, if there are any, and the way to all."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice nanamo")
        assert "Nobody here is called that" in menu.text
        assert voices(menu)[0] == "nanami"
        assert "Nobody" in await turned(fake, ann, menu, "nanami", "Back")
        assert "Press a voice" in await turned(fake, ann, menu, "All voices")


async def test_where_nobody_can_be_had_that_is_said(fake: FakeTelegram, speaker: Speaker) -> None:
    """No engine is allowed that is installed."""
    ann = fake.person()
    group = fake.group(members=[ann])
    await speaker.store.settings.set_guild(guild_key(group.id), allowed_engines={"steam"})
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", group)
        assert "None of the engines that are allowed here is installed" in menu.text
        assert "no voice like that" in await turned(fake, ann, menu, "Voice")


async def test_another_ones_answer_is_their_own_search(fake: FakeTelegram, speaker: Speaker) -> None:
    """What they then take is theirs; and who was asked can still answer, and has their menu."""
    ann, bob = fake.person("Ann"), fake.person("Bob")
    group = fake.group(members=[ann, bob])
    async with menus(fake, speaker):
        menu = await _picker(fake, ann, group)
        await pressed(fake, ann, menu, "Search")
        asked = await fake.until(lambda: next((one for one in group.messages if _asks(one)), None))
        new = await answered(fake, await bob.say("miku", group, reply_to=asked))
        assert "somebody else" in str(await pressed(fake, ann, new, "Take it"))
        assert await pressed(fake, bob, new, "Take it") == "Kept."
        assert (await speaker.store.preferences.get(user_key(bob.id))).voice == "miku"
        assert menu in group.messages
        assert (await answered(fake, await ann.say("kore", group, reply_to=asked))).text.startswith("kore · ")
        await fake.until(lambda: menu not in group.messages and asked not in group.messages)


# Taking


async def test_who_is_chosen_is_marked(fake: FakeTelegram, speaker: Speaker) -> None:
    """On the page, and on the voice's own."""
    ann = fake.person()
    await speaker.store.preferences.set(user_key(ann.id), voice="Miku")
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice kore")
        assert "already" not in menu.text
        menu = await opened(fake, ann, "/voice miku")
        assert "chosen already" in menu.text
        menu = await opened(fake, ann, "/voice japanese")
        assert full(menu, "miku").startswith("✓ ")
        assert not full(menu, "kore").startswith("✓ ")


async def test_a_button_works_after_a_restart_and_when_others_were_installed(
    fake: FakeTelegram, opened: Opened, offline: FakeEngine
) -> None:
    """It says whom it means, and not where they stood."""
    ann = fake.person()
    async with opened() as speaker, menus(fake, speaker):
        menu = await _picker(fake, ann)
        await turned(fake, ann, menu, "▶", "▶")
        chosen = voices(menu)[2]
    offline.installed = (*(Voice("offline", f"aa_{number:02}", "en-US") for number in range(9)), *CROWD)
    async with opened() as speaker, menus(fake, speaker):
        await turned(fake, ann, menu, chosen)
        assert menu.text.startswith(f"{chosen} · ")
        await pressed(fake, ann, menu, "Take it")
        assert (await speaker.store.preferences.get(user_key(ann.id))).voice == chosen


async def test_who_is_gone_is_not_taken(fake: FakeTelegram, speaker: Speaker, offline: FakeEngine) -> None:
    """Not installed any more, or banned since; the page is shown as it is now."""
    ann = fake.person()
    group = fake.group(members=[ann])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice miku", group)
        await speaker.store.settings.set_guild(guild_key(group.id), banned_voices={"miku"})
        assert "cannot be had here any more" in str(await pressed(fake, ann, menu, "Take it"))
        await shows(fake, menu, "There is no voice like that here")
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()
        offline.installed = CROWD[1:]
        await turned(fake, ann, menu, "All voices")
        menu.keyboard[0][0]["callback_data"] = Press("v", ann.id, voice=badge("milda")).data(VOICES)
        assert "cannot be had here any more" in str(await pressed(fake, ann, menu, menu.buttons[0]))


async def test_where_voices_have_been_locked_since_none_is_taken(fake: FakeTelegram, speaker: Speaker) -> None:
    """And a search brings the reason."""
    ann = fake.person()
    group = fake.group(members=[ann])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice miku", group)
        await speaker.store.settings.set_guild(guild_key(group.id), locked=True)
        assert "cannot be had here any more" in str(await pressed(fake, ann, menu, "Take it"))
        await shows(fake, menu, "The voice is locked here")
        assert menu.buttons == ["‹ Back"]
        again = await opened(fake, ann, "/voice miku", group)
        assert "The voice is locked here" in again.text
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


async def test_a_stranger_neither_takes_nor_turns(fake: FakeTelegram, speaker: Speaker) -> None:
    """Whatever they press."""
    ann, bob = fake.person("Ann"), fake.person("Bob")
    group = fake.group(members=[ann, bob])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice miku", group)
        for button in menu.buttons:
            assert "somebody else" in str(await pressed(fake, bob, menu, button))
        assert await speaker.store.preferences.get(user_key(bob.id)) == Preference()


SHIPPED = [
    name for one in Voices.load().personas() for tags in one.voices.values() for name in (one.name, *tags.values())
]


@given(st.one_of(st.sampled_from(SHIPPED), st.text(min_size=1, max_size=100)), st.sampled_from(list(Act)))
def test_every_voice_fits_on_its_button(name: str, act: Act) -> None:
    """Whatever it is called and wherever it is shown: Telegram takes 64 bytes of data."""
    choice = VoiceChoice(name, name, "offline", "en", "")
    cast = Cast([choice] * 99, {name: frozenset({"abcdefgh"})}, Rules(("offline",)))
    at = Press(act, -(2**52), 9_999, "abcdefgh", badge(name))
    pages = VoicePages("settings_voices", at, "ru")
    shown = (
        pages.locked(),
        pages.several(cast, "x"),
        pages.one(choice, "x", heard=True),
        pages.tongues(["abcdefgh"] * 99),
    )
    for page in shown:
        assert page.buttons is not None
        data = [one.callback_data for row in page.buttons.inline_keyboard for one in row]
        assert data
        assert all(isinstance(held, str) and len(held.encode()) <= 64 for held in data)


# Hearing


async def test_a_voice_is_heard_before_it_is_taken(fake: FakeTelegram, speaker: Speaker, offline: FakeEngine) -> None:
    """It says a sentence in its own language, as a voice note; the second time nothing is made or uploaded."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice miku")
        await pressed(fake, ann, menu, "Listen")
        note = await fake.until(lambda: next(iter(fake.notes(ann.private)), None))
        assert note.reply_to is menu
        assert decode(note.ogg)[0].size
        assert {said.voice for said in offline.asked} == {"miku"}
        assert "".join(said.text for said in offline.asked) == sentence("ja")
        made, uploaded = len(offline.asked), fake.uploaded_bytes
        await pressed(fake, ann, menu, "Listen")
        await fake.until(lambda: len(fake.notes(ann.private)) == 2)
        assert (len(offline.asked), fake.uploaded_bytes) == (made, uploaded)
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()
