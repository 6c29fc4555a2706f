"""/voice: who speaks for one, how fast, in which language, and who decided that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.telegram.identity import guild_key, user_key
from bot.speaker import Speaker
from bot.store import Preference
from bot.tts.engine import Voice
from bot.wishes import EVERY_GUILD
from tests.adapters.telegram.commands.menus import full, menus, opened, pressed, shows, turned
from tests.doubles.engine import FakeEngine
from tests.doubles.telegram import FakeTelegram

HEART = Voice("offline", "heart", "en-US", "female", revision="1")
SVETLANA = Voice("edge", "ru-RU-SvetlanaNeural", "ru-RU", "female")


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


# What is shown


async def test_who_decided_is_told_of_every_layer(fake: FakeTelegram, speaker: Speaker) -> None:
    """The person, the topic, the chat, the configuration."""
    ann = fake.person()
    forum = fake.group(members=[ann], forum=True)
    topic = await ann.open_topic(forum, "News")
    await speaker.store.preferences.set(user_key(ann.id), rate=1.2)
    await speaker.store.settings.set_channel(guild_key(forum.id), str(topic.id), language="en")
    await speaker.store.settings.set_guild(guild_key(forum.id), voice="xiaoyi")
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", forum, thread=topic)
        assert menu.thread == topic.id
        assert menu.text.splitlines() == [
            "How you are spoken here",
            "Voice: xiaoyi (decided for this chat)",
            "Engine: offline (decided by whoever runs this bot)",
            "Speed: 1.2× (your own choice)",
            "Language: English (decided for this topic)",
        ]


@pytest.mark.parametrize(
    ("locale", "said", "button"),
    [
        ("ru", "Голос: sayso (решено тем, кто запустил этого бота)", "🗣 Голос"),
        ("ja", "声：sayso（ボットの運営者の設定）", "🗣 声"),
        ("zh-hans", "声音：sayso（机器人的默认配置）", "🗣 声音"),
        ("xx", "Voice: sayso (decided by whoever runs this bot)", "🗣 Voice"),
    ],
)
async def test_the_menu_speaks_the_persons_language(
    fake: FakeTelegram, speaker: Speaker, locale: str, said: str, button: str
) -> None:
    """On its buttons too."""
    ann = fake.person(locale=locale)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        assert said in menu.text
        assert button in menu.buttons


async def test_who_is_not_spoken_is_told_how_to_be_again(fake: FakeTelegram, speaker: Speaker) -> None:
    """And can choose all the same."""
    ann = fake.person()
    await speaker.store.preferences.set(user_key(ann.id), opted_out=True)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        assert "/privacy" in menu.text
        assert full(menu, "Voice")


async def test_a_choice_that_counts_only_elsewhere_is_named(fake: FakeTelegram, speaker: Speaker) -> None:
    """With the way to another."""
    ann = fake.person()
    group = fake.group(members=[ann])
    await speaker.store.preferences.set(user_key(ann.id), voice="emma")
    await speaker.store.settings.set_guild(guild_key(group.id), banned_voices={"emma"})
    async with menus(fake, speaker):
        assert "counts only elsewhere: emma." in (await opened(fake, ann, "/voice", group)).text
        assert "elsewhere" not in (await opened(fake, ann, "/voice")).text


@pytest.mark.parametrize("everywhere", [False, True])
async def test_where_voices_are_locked_there_is_none_to_choose(
    fake: FakeTelegram, speaker: Speaker, everywhere: bool
) -> None:
    """By the chat's word or by the owner's; speed and language are still one's own."""
    ann = fake.person()
    group = fake.group(members=[ann])
    lane = EVERY_GUILD if everywhere else guild_key(group.id)
    await speaker.store.settings.set_guild(lane, locked=True)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", group)
        assert "The voice is locked here" in menu.text
        assert menu.buttons == ["🌐 Language", "⏩ Speed", "🔊 Listen", "↺ Reset", "✓ Done"]


# What is chosen


async def test_a_speed_is_kept(fake: FakeTelegram, speaker: Speaker) -> None:
    """And left to others again."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Speed")
        assert await pressed(fake, ann, menu, "1.25×") == "Kept."
        await shows(fake, menu, "Speed: 1.25× (your own choice)")
        assert (await speaker.store.preferences.get(user_key(ann.id))).rate == 1.25
        await turned(fake, ann, menu, "Speed")
        assert "✓ 1.25×" in menu.buttons
        await pressed(fake, ann, menu, "As decided here")
        await shows(fake, menu, "Speed: 1× (decided by whoever runs this bot)")
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


async def test_a_language_is_kept(fake: FakeTelegram, speaker: Speaker) -> None:
    """And left to the text again."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Language")
        assert menu.buttons == ["English", "Chinese", "‹ Back", "As the text is written"]
        assert await pressed(fake, ann, menu, "Chinese") == "Kept."
        await shows(fake, menu, "Language: Chinese (your own choice)")
        assert (await speaker.store.preferences.get(user_key(ann.id))).language == "zh"
        await turned(fake, ann, menu, "Language")
        assert "✓ Chinese" in menu.buttons
        await pressed(fake, ann, menu, "As the text is written")
        await shows(fake, menu, "Language: as the text is written")
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


async def test_a_language_that_is_gone_is_not_kept(fake: FakeTelegram, speaker: Speaker, offline: FakeEngine) -> None:
    """The menu was opened before whoever spoke it went."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Language")
        offline.installed = (HEART,)
        said = await pressed(fake, ann, menu, "Chinese")
        assert said == "Nobody here speaks that language any more. Choose another."
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


async def test_a_language_that_does_not_go_with_the_other_choices_is_not_kept(
    fake: FakeTelegram, speaker: Speaker, edge: FakeEngine
) -> None:
    """The person is told why, and what to do."""
    ann = fake.person()
    edge.installed = (SVETLANA,)
    await speaker.store.preferences.set(user_key(ann.id), engine="offline")
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Language")
        assert "No voice of the engine offline speaks Russian here" in str(await pressed(fake, ann, menu, "Russian"))
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference(engine="offline")


async def test_where_a_voice_speaks_whatever_it_is_given_its_engines_languages_are_there(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine
) -> None:
    """In pages, if they are many; the middle button tells how many."""
    ann = fake.person(locale="de")
    tags = {f"q{letter}{more}" for letter in "abcde" for more in "abcdef"}
    offline.installed = (Voice("offline", "polyglot", ""),)
    offline.capabilities = replace(offline.capabilities, languages=frozenset(tags | {"de"}))
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Language")
        assert menu.buttons[0] == "German"
        assert len(menu.buttons) == 24 + 3 + 2
        assert await pressed(fake, ann, menu, "1/2") == "Languages: 32"
        await turned(fake, ann, menu, "▶")
        assert "2/2" in menu.buttons


async def test_a_reset_forgets_the_choices_but_not_the_wish_to_be_left_alone(
    fake: FakeTelegram, speaker: Speaker
) -> None:
    """Who opted out does not come back in by it."""
    ann = fake.person()
    await speaker.store.preferences.set(user_key(ann.id), voice="heart", rate=1.5, language="en", opted_out=True)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        assert "Forgotten" in str(await pressed(fake, ann, menu, "Reset"))
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference(opted_out=True)


async def test_who_is_done_has_no_buttons_any_more(fake: FakeTelegram, speaker: Speaker) -> None:
    """What was decided stays to be read."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await turned(fake, ann, menu, "Done")
        assert menu.buttons == []
        assert "Voice: sayso" in menu.text


# Whose it is


async def test_a_stranger_who_presses_is_sent_to_a_menu_of_their_own(fake: FakeTelegram, speaker: Speaker) -> None:
    """Nothing of either's changes."""
    ann, bob = fake.person("Ann"), fake.person("Bob", locale="ru")
    group = fake.group(members=[ann, bob])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", group)
        await turned(fake, ann, menu, "Speed")
        assert "чужое" in str(await pressed(fake, bob, menu, "2×"))
        for person in (ann, bob):
            assert await speaker.store.preferences.get(user_key(person.id)) == Preference()


async def test_a_channels_menu_is_its_administrators(fake: FakeTelegram, speaker: Speaker) -> None:
    """They choose for the channel, in whose name its posts are."""
    ann, bob = fake.person("Ann"), fake.person("Bob")
    channel = fake.channel(admins=[ann])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", channel)
        await turned(fake, ann, menu, "Speed")
        assert "somebody else" in str(await pressed(fake, bob, menu, "2×"))
        assert await pressed(fake, ann, menu, "1.5×") == "Kept."
        await shows(fake, menu, "Speed: 1.5× (your own choice)")
        assert (await speaker.store.preferences.get(user_key(channel.id))).rate == 1.5
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


async def test_who_administers_unseen_chooses_for_all_who_do(fake: FakeTelegram, speaker: Speaker) -> None:
    """Written in the group's name, pressed in one's own: another administrator may, a member may not."""
    ann, bob, cid = fake.person("Ann"), fake.person("Bob"), fake.person("Cid")
    group = fake.group(anonymous=[ann], admins=[bob], members=[cid])
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice", group)
        await turned(fake, ann, menu, "Speed")
        assert "somebody else" in str(await pressed(fake, cid, menu, "2×"))
        assert await pressed(fake, bob, menu, "1.5×") == "Kept."
        assert (await speaker.store.preferences.get(user_key(group.id))).rate == 1.5


@pytest.mark.parametrize("data", ["sayso:voice:", "sayso:voice:z.1.0..", "sayso:voice:f.{me}.e8..", "sayso:voices:l"])
async def test_a_button_that_nobody_understands_is_answered(fake: FakeTelegram, speaker: Speaker, data: str) -> None:
    """It may be an old one, or one that a client made up (a speed of 5)."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        assert menu.markup is not None
        menu.markup["inline_keyboard"][0][0]["callback_data"] = data.format(me=_base36(ann.id))
        assert "too old" in str(await pressed(fake, ann, menu, "Voice"))
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference()


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits


async def test_a_menu_that_is_gone_is_pressed_in_vain(fake: FakeTelegram, speaker: Speaker) -> None:
    """The press is answered, and the next command as well."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        press = await ann.tap(menu, full(menu, "Speed"))
        await ann.delete(menu)
        await fake.until(press.answered.is_set)
        assert await opened(fake, ann, "/voice")


# What is heard


async def test_one_hears_how_one_is_spoken(fake: FakeTelegram, speaker: Speaker) -> None:
    """A sentence in one's own language, by the voice and at the speed in force."""
    ann = fake.person()
    await speaker.store.preferences.set(user_key(ann.id), voice="heart", rate=1.5)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/voice")
        await pressed(fake, ann, menu, "Listen")
        note = await fake.until(lambda: next(iter(fake.notes(ann.private)), None))
        assert note.seconds > 0
