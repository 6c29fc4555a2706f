"""/settings: who may decide, and each decision by a button."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.rules import Auto, Replies
from bot.adapters.words import LOCALES, word
from bot.queue import Limits
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from bot.store import GuildSettings
from tests.adapters.telegram.commands.administered import Council, council, key
from tests.adapters.telegram.commands.menus import answered
from tests.conftest import AVA, Opened
from tests.doubles.telegram import FakeTelegram

DENIED = "Only this chat’s administrators"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


@pytest.fixture
async def here(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[Council]:
    async with council(fake, speaker) as here:
        yield here


# Who may


async def test_an_administrator_gets_the_menu(here: Council) -> None:
    """What holds is told, and what can be decided has a button."""
    menu = await here.open()
    assert menu.text.startswith("⚙️ How I speak in this chat")
    assert "Engine: offline (default)" in menu.text
    assert "Voice: sayso (default)" in menu.text
    assert "Read aloud: default" in menu.text
    assert {"🛠 Engine", "👮 Who may ask", "🚫 Blocked", "♻️ Reset", "✕ Close"} <= set(menu.buttons)


@pytest.mark.parametrize("text", ["/settings", "/settings auto always", "/auto always", "/settings block 5"])
async def test_who_does_not_administer_is_told_whom_to_ask(here: Council, text: str) -> None:
    """Nothing is shown and nothing changed, whatever is typed."""
    answer = await here.open(text, by=here.eve)
    assert answer.text.startswith(DENIED)
    assert answer.buttons == []
    assert await here.kept() == GuildSettings()


async def test_a_press_of_somebody_else_is_refused(here: Council) -> None:
    """The menu is there for all to see, and the right to press it is looked up at each press."""
    menu = await here.open("/auto")
    assert (await here.press(menu, "Everything", by=here.eve) or "").startswith(DENIED)
    assert (await here.rules()).auto is None
    assert await here.press(menu, "Everything") == "✅ Changed."
    assert (await here.rules()).auto is Auto.ALWAYS


async def test_who_is_no_administrator_any_more_decides_nothing(here: Council) -> None:
    """The change of standing counts with the next press, and not when what is remembered has grown old."""
    menu = await here.open("/auto")
    await here.owner.demote(here.ann, here.group)
    assert (await here.press(menu, "Everything") or "").startswith(DENIED)
    assert (await here.rules()).auto is None


async def test_who_becomes_an_administrator_decides(here: Council) -> None:
    """Also where it was just found out that they are none."""
    menu = await here.open("/auto")
    assert (await here.press(menu, "Everything", by=here.eve) or "").startswith(DENIED)
    await here.owner.promote(here.eve, here.group)
    assert await here.press(menu, "Everything", by=here.eve) == "✅ Changed."


async def test_where_telegram_does_not_say_nobody_decides(here: Council) -> None:
    """What cannot be found out is no, and is said to be."""
    for method in ("getChatAdministrators", "getChatMember"):
        here.fake.faults.refuse(method, 500, "Internal Server Error", times=None)
    assert (await here.type("/settings")).startswith(DENIED)


async def test_an_anonymous_administrator_decides(fake: FakeTelegram, speaker: Speaker) -> None:
    """Who writes in the group's name is one of its administrators; the audit names the group, for nobody else."""
    bob = fake.person("Bob")
    async with council(fake, speaker, anonymous=[bob]) as here:
        asked = await bob.say("/auto mention", here.group)
        assert (await answered(fake, asked)).text.startswith("✅ Changed.")
        assert (await here.rules()).auto is Auto.MENTION
        assert [change.by for change in await here.audit()] == [guild_key(here.group.id)]
        assert "an anonymous administrator: Read aloud" in await here.type("/settings history")
        menu = await here.open("/auto")
        assert await here.press(menu, "Nothing", by=bob) == "✅ Changed."  # whoever presses is seen by the bot


async def test_a_channel_is_its_administrators(here: Council) -> None:
    """A post in its name decides; of those who read it only an administrator's press does."""
    news = here.fake.channel(admins=[here.ann])
    menu = await answered(here.fake, await here.ann.say("/auto", news))
    assert (await here.press(menu, "Nothing", by=here.eve) or "").startswith(DENIED)
    assert await here.press(menu, "Nothing") == "✅ Changed."
    assert (await here.kept(news)).extra["telegram"] == {"auto": "off"}


async def test_in_a_private_chat_it_is_ones_own(here: Council) -> None:
    """Nothing about others is asked there."""
    menu = await here.open(by=here.eve, chat=here.eve.private)
    assert not {"👮 Who may ask", "🚫 Blocked"} & set(menu.buttons)
    await here.walk(menu, "🤖 AI answers", "Both", by=here.eve)
    assert (await here.kept(here.eve.private)).extra["telegram"] == {"replies": "both"}
    assert await here.kept() == GuildSettings()
    answer = await here.type("/settings block 5", by=here.eve, chat=here.eve.private)
    assert answer == "That matters only among several people. Use /settings block in the group that it is for."


async def test_nothing_is_said_in_the_name_of_a_business(here: Council) -> None:
    """A customer who types /settings to somebody's business account is not answered in that one's name."""
    business = await here.owner.connect()
    await here.eve.say("/settings", business=business)
    await here.open()
    assert all("How I speak" not in text for text in here.eve.private.texts)


# Each decision


WAYS = [
    (("🛠 Engine", "edge"), {"engine": "edge"}),
    (("🛠 Engine", "☑ edge may be used"), {"allowed_engines": frozenset({"offline"})}),
    (("🗣 Voice", "🔒 Lock"), {"locked": True}),
    (("🌐 Language", "Chinese"), {"language": "zh"}),
    (("📏 Limits", "Longest text", "500"), {"max_chars": 500}),
    (("📏 Limits", "Waiting per person", "3"), {"per_user": 3}),
    (("📏 Limits", "Waiting in this chat", "20"), {"per_guild": 20}),
    (("📏 Limits", "Speed", "1.25"), {"rate": 1.25}),
    (("📏 Limits", "Requests a minute", "10"), {"extra": {"telegram": {"per_minute": 10}}}),
    (("🔊 Reading aloud", "Voice for voice"), {"extra": {"telegram": {"auto": Auto.INBOUND}}}),
    (("🤖 AI answers", "Text"), {"extra": {"telegram": {"replies": Replies.TEXT}}}),
    (("👮 Who may ask", "Only administrators"), {"extra": {"telegram": {"admins_only": True}}}),
]


@pytest.mark.parametrize(("buttons", "changes"), WAYS, ids=[way[0][-1] for way in WAYS])
async def test_each_setting_is_decided_by_a_button(
    here: Council, buttons: tuple[str, ...], changes: dict[str, object]
) -> None:
    """It is kept, marked on the page and in the audit, by whoever pressed."""
    menu = await here.open()
    assert await here.walk(menu, *buttons) == "✅ Changed."
    kept = await here.kept()
    assert {name: getattr(kept, name) for name in changes} == changes
    await here.fake.until(lambda: any(one.startswith(("✓", "☐", "🔓")) for one in menu.buttons))
    [change] = await here.audit()
    assert (change.by, change.name) == (key(here.ann), next(iter(changes)))


async def test_the_default_takes_it_back(here: Council) -> None:
    """What was decided is undone by the button for the default, which is then marked."""
    menu = await here.open("/settings engine edge")
    assert "✓ edge" in menu.buttons
    assert await here.press(menu, "Default (offline)") == "✅ Changed."
    await here.shows(menu, "✓ Default (offline)")
    assert (await here.kept()).engine is None


async def test_what_is_so_already_leaves_no_line(here: Council) -> None:
    """A second press of the same button changes nothing, and says so."""
    menu = await here.open("/auto")
    assert await here.press(menu, "Nothing") == "✅ Changed."
    assert await here.press(menu, "Nothing") == "It is so already."
    assert len(await here.audit()) == 1


async def test_the_last_engine_stays(here: Council) -> None:
    """Somebody has to speak: neither the last engine nor the one in use can be taken away."""
    menu = await here.open("/settings engine edge")
    assert "must be among those" in (await here.press(menu, "☑ edge") or "")
    await here.press(menu, "☑ offline")
    await here.shows(menu, "☐ offline may be used")
    assert "last engine" in (await here.press(menu, "☑ edge") or "")
    assert (await here.kept()).allowed_engines == {"edge"}


async def test_all_engines_allowed_is_no_rule(here: Council) -> None:
    """An engine that is installed later is then among them."""
    menu = await here.open("/settings engines offline")
    await here.press(menu, "☐ edge")
    assert (await here.kept()).allowed_engines == frozenset()


async def test_the_reading_modes_are_explained(here: Council) -> None:
    """A sentence for each, what holds while nothing is decided, and what keeps the bot from hearing all."""
    menu = await here.open("/auto")
    assert menu.text.count("• ") == 4
    assert "Nothing is decided yet" in menu.text
    assert "/setprivacy" in menu.text
    await here.press(menu, "Everything")
    await here.fake.until(lambda: "Nothing is decided" not in menu.text)


async def test_a_bot_that_hears_all_says_nothing_of_privacy(fake: FakeTelegram, speaker: Speaker) -> None:
    """The hint is for where it is true."""
    fake.bot.can_read_all_group_messages = True
    async with council(fake, speaker) as here:
        assert "/setprivacy" not in await here.type("/auto")


async def test_numbers_beyond_the_bounds_are_not_offered(fake: FakeTelegram, opened: Opened) -> None:
    """What whoever runs the bot has set is the most that a chat may choose."""
    async with opened(limits=Limits(per_guild=15)) as speaker, council(fake, speaker) as here:
        menu = await here.open("/settings chat")
        assert [one for one in menu.buttons if one.isdecimal()] == ["5", "10"]


async def test_a_language_is_found_on_its_page(here: Council) -> None:
    """They go by their names in the language of who looks."""
    bob = here.fake.person("Bob", locale="ja")
    await here.owner.promote(bob, here.group)
    menu = await here.open("/settings language", by=bob)
    assert {"英語", "中国語", "文章のとおり"} <= {one.removeprefix("✓ ") for one in menu.buttons}


# Voices


async def test_a_voice_is_chosen_from_the_list(here: Council) -> None:
    """The same pages as for oneself, but it is the chat's; then back to where one came from."""
    menu = await here.open("/settings voice")
    await here.walk(menu, "🔎 Choose a voice", "heart", "Take it")
    await here.shows(menu, "Voice: heart")
    assert (await here.kept()).voice == "heart"
    assert (await here.speaker.store.preferences.get(key(here.ann))).voice is None


async def test_the_list_is_closed_to_others(here: Council) -> None:
    """Who may not decide may not choose the chat's voice either."""
    menu = await here.open("/settings voice")
    await here.walk(menu, "🔎 Choose a voice")
    await here.shows(menu, "heart")
    assert (await here.press(menu, "heart", by=here.eve) or "").startswith(DENIED)


async def test_a_locked_voice_is_the_one_that_speaks(here: Council) -> None:
    """Whatever somebody has chosen for themselves, here everybody speaks so."""
    await here.speaker.store.preferences.set(key(here.eve), voice="ava", engine="edge")
    request = Request(guild_key(here.group.id), key(here.eve), "Hello there.")
    assert await _voice_of(here, request) == AVA.name
    menu = await here.open("/settings voice heart")
    await here.press(menu, "🔒 Lock")
    assert await _voice_of(here, request) == "heart"
    await here.shows(menu, "🔓 Unlock voices")
    await here.press(menu, "🔓 Unlock voices")
    assert await _voice_of(here, request) == AVA.name


async def test_a_banned_voice_is_allowed_again_by_its_button(here: Council) -> None:
    """Each banned voice has one, however long its name."""
    menu = await here.open("/settings ban heart")
    refused = await here.speaker.explain(Request(guild_key(here.group.id), key(here.eve), "Hello.", voice="heart"))
    assert isinstance(refused, Refusal)
    await here.press(menu, "Allow heart again")
    assert (await here.kept()).banned_voices == frozenset()


# The menu


async def test_a_reset_is_asked_about_first(here: Council) -> None:
    """Nothing happens before the second press; then all is as it was at first, but for the audit."""
    menu = await here.open("/settings max 500")
    await here.type("/auto always")
    await here.walk(menu, "‹ Back", "‹ Back", "♻️ Reset")
    await here.shows(menu, "All settings of this chat")
    assert (await here.kept()).max_chars == 500
    assert await here.walk(menu, "♻️ Reset everything") == "✅ Changed."
    assert await here.kept() == GuildSettings()
    assert [change.name for change in await here.audit()] == ["reset", "extra", "max_chars"]


async def test_the_menu_is_closed(here: Council) -> None:
    """It is taken away."""
    menu = await here.open()
    await here.press(menu, "✕ Close")
    await here.fake.until(lambda: menu.id not in here.group.by_id)


async def test_every_page_is_reached_and_left(here: Council) -> None:
    """Each button of the menu leads to a page with a way back, and no call of ours was refused."""
    menu = await here.open()
    ways = [one for one in menu.buttons if one != "✕ Close"]
    for way in ways:
        await here.turn(menu, way)
        await here.turn(menu, "‹ Back")
    assert len(ways) == 12
    assert [call.error for call in here.fake.calls if call.error] == []


async def test_old_buttons_work_after_a_restart(fake: FakeTelegram, speaker: Speaker) -> None:
    """All that a button needs stands on it."""
    async with council(fake, speaker) as before:
        menu = await before.open("/settings ban heart")
        auto = await before.open("/auto")
    async with council(fake, speaker) as after:
        after.group, after.ann = before.group, before.ann
        await after.press(menu, "Allow heart again")
        await after.press(auto, "When mentioned")
        assert (await after.kept()).banned_voices == frozenset()
        assert (await after.rules()).auto is Auto.MENTION


@pytest.mark.parametrize("data", ["nothing=x", "unheard", "*", "=", "auto=loud", "max=9999999", "unban=#gone", "max=x"])
async def test_a_button_that_nobody_made_does_nothing(here: Council, data: str) -> None:
    """Of another version, or sent by a client that makes up its own: an answer, and no change."""
    menu = await here.open()
    assert menu.markup is not None
    menu.markup["inline_keyboard"][0][0]["callback_data"] = f"sayso:settings:{data}"
    press = await here.ann.press(menu, f"sayso:settings:{data}")
    assert press.text
    assert press.alert
    assert await here.kept() == GuildSettings()


async def test_a_press_that_came_late_is_done_all_the_same(here: Council) -> None:
    """The bot was away: nobody can be told any more, but what stands on the button holds, and is shown."""
    menu = await here.open("/auto")
    here.fake.faults.refuse("answerCallbackQuery", 400, "Bad Request: query is too old", times=None)
    await here.ann.tap(menu, "Everything")
    await here.shows(menu, "✓ Everything")
    assert (await here.rules()).auto is Auto.ALWAYS


@pytest.mark.parametrize("locale", LOCALES)
def test_what_a_press_is_told_fits_into_its_window(locale: str) -> None:
    """Telegram shows 200 characters of it: whom to ask, and what to do instead, must be among them."""
    engine = {"engine": "offline", "allowed": "edge, offline, indextts"}
    refused = (
        "denied",
        "private",
        "owner",
        "outdated",
        "last_engine",
        "default_barred",
        "engine_barred",
        "not_blocked",
    )
    for name in refused:
        assert len(word(f"telegram_settings.refused.{name}", locale, who="1234567890", **engine)) <= 200, name


async def test_two_administrators_at_once_are_both_heard(here: Council) -> None:
    """What one decides does not undo what the other does."""
    bob = here.fake.person("Bob")
    await here.owner.promote(bob, here.group)
    menu, other = await here.open("/auto"), await here.open("/settings minute")
    presses = [await here.ann.tap(menu, "Everything"), await bob.tap(other, "5")]
    for press in presses:
        await here.fake.until(press.answered.is_set)
    rules = await here.rules()
    assert (rules.auto, rules.per_minute) == (Auto.ALWAYS, 5)
    assert {change.by for change in await here.audit()} == {key(here.ann), key(bob)}


async def test_in_a_forum_the_settings_are_the_chats(fake: FakeTelegram, speaker: Speaker) -> None:
    """Asked for in a topic they are shown there, and hold in all of them."""
    async with council(fake, speaker, forum=True) as here:
        topic = await here.ann.open_topic(here.group, "News")
        answer = await answered(fake, await here.ann.say("/settings max 300", here.group, thread=topic))
        assert answer.thread == topic.id
        assert (await here.kept()).max_chars == 300


@pytest.mark.parametrize(
    ("locale", "title"),
    [("ru", "⚙️ Как я говорю в этом чате"), ("ja", "⚙️ このチャットでの読み上げ"), ("zh-hans", "⚙️ 我在本聊天中如何朗读")],
)
async def test_the_menu_speaks_the_askers_language(here: Council, locale: str, title: str) -> None:
    """Every page of it, without a word missing."""
    bob = here.fake.person("Bob", locale=locale)
    await here.owner.promote(bob, here.group)
    menu = await here.open(by=bob)
    assert menu.text.startswith(title)
    for data in [button["callback_data"] for row in menu.keyboard for button in row][:-1]:
        await bob.press(menu, data)
        await here.fake.until(lambda: "main/" in str(menu.markup))
        await bob.press(menu, "sayso:settings:main/")
        await here.fake.until(lambda: menu.text.startswith(title))


async def _voice_of(here: Council, request: Request) -> str:
    found = await here.speaker.explain(request)
    assert not isinstance(found, Refusal)
    return found.lines[0].utterance.voice
