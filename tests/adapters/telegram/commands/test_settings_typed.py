"""/settings as it is typed: each decision, what is wrong with one and what would be right, and the owner's for all."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.rules import Auto, Replies, Rules
from bot.speaker import Speaker
from bot.speech import Request
from bot.store import GuildSettings
from bot.wishes import EVERY_GUILD
from tests.adapters.telegram.commands.administered import Council, council, key
from tests.doubles.telegram import FakeTelegram


@pytest.fixture
async def here(speaker: Speaker) -> AsyncIterator[Council]:
    async with FakeTelegram() as fake, council(fake, speaker) as here:
        yield here


KEPT = [
    ("engine edge", {"engine": "edge"}),
    ("engine EDGE", {"engine": "edge"}),
    ("engines offline", {"allowed_engines": frozenset({"offline"})}),
    ("engines offline, edge", {"allowed_engines": frozenset({"offline", "edge"})}),
    ("deny edge", {"allowed_engines": frozenset({"offline"})}),
    ("voice Heart", {"voice": "heart"}),
    ("lock", {"locked": True}),
    ("ban heart", {"banned_voices": frozenset({"heart"})}),
    ("language zh", {"language": "zh"}),
    ("language Chinese", {"language": "zh"}),
    ("max 500", {"max_chars": 500}),
    ("rate 1.2", {"rate": 1.2}),
    ("rate 1,2", {"rate": 1.2}),
    ("speed 0.5", {"rate": 0.5}),
    ("person 2", {"per_user": 2}),
    ("per-person 2", {"per_user": 2}),
    ("chat 30", {"per_guild": 30}),
]
RULES = [
    ("auto always", Rules(auto=Auto.ALWAYS)),
    ("auto Voice for voice", Rules(auto=Auto.INBOUND)),
    ("AUTO off", Rules(auto=Auto.OFF)),
    ("replies both", Rules(replies=Replies.BOTH)),
    ("minute 7", Rules(per_minute=7)),
    ("admins on", Rules(admins_only=True)),
    ("admins yes", Rules(admins_only=True)),
]


@pytest.mark.parametrize(("typed", "changes"), KEPT, ids=[typed for typed, _ in KEPT])
async def test_each_setting_is_decided_as_it_is_typed(here: Council, typed: str, changes: dict[str, object]) -> None:
    """It is kept at once, by whoever typed it, and the answer shows what holds now."""
    answer = await here.open(f"/settings {typed}")
    assert answer.text.startswith("✅ Changed.")
    assert answer.buttons
    kept = await here.kept()
    assert kept == GuildSettings(**changes)  # type: ignore[arg-type]
    [change] = await here.audit()
    assert change.by == key(here.ann)


@pytest.mark.parametrize(("typed", "rules"), RULES, ids=[typed for typed, _ in RULES])
async def test_each_rule_of_telegrams_own_is_decided_as_it_is_typed(here: Council, typed: str, rules: Rules) -> None:
    """They are kept beside the settings that every platform has."""
    assert (await here.type(f"/settings {typed}")).startswith("✅ Changed.")
    assert await here.rules() == rules


@pytest.mark.parametrize("typed", ["engine", "engines", "voice", "language", "max", "rate", "person", "chat"])
async def test_default_takes_a_setting_back(here: Council, typed: str) -> None:
    """As if it had never been decided."""
    values = {"engine": "edge", "engines": "offline, edge", "voice": "heart", "language": "zh", "rate": "1.5"}
    await here.type(f"/settings {typed} {values.get(typed, '5')}")
    assert await here.kept() != GuildSettings()
    assert (await here.type(f"/settings {typed} default")).startswith("✅ Changed.")
    assert await here.kept() == GuildSettings()


@pytest.mark.parametrize("typed", ["auto", "replies", "minute", "admins"])
async def test_default_takes_a_rule_back(here: Council, typed: str) -> None:
    """The section in the settings is then empty again."""
    values = {"auto": "off", "replies": "text", "minute": "5", "admins": "on"}
    await here.type(f"/settings {typed} {values[typed]}")
    assert await here.rules() != Rules()
    await here.type(f"/settings {typed} default")
    assert await here.kept() == GuildSettings()


async def test_what_is_locked_and_banned_is_taken_back(here: Council) -> None:
    """By the words for it."""
    for typed in ("lock", "ban heart", "unlock", "unban HEART"):
        assert (await here.type(f"/settings {typed}")).startswith("✅ Changed.")
    assert await here.kept() == GuildSettings()
    assert len(await here.audit()) == 4


REFUSED = [
    ("engine espeak", "Choose one of these: offline, edge"),
    ("engines edge, espeak", "Choose one of these: offline, edge"),
    ("voice hart", "The nearest are heart"),
    ("voice qqqqqqqq", "/settings voice"),
    ("ban qqqqqqqq", "/settings voice"),
    ("ban sayso", "Choose another one first"),
    ("unban heart", "Banned are: none"),
    ("language tlh", "English, Chinese"),
    ("auto loud", "Choose one of these: off, always, inbound, mention"),
    ("replies song", "Choose one of these: voice, text, both"),
    ("admins maybe", "Choose one of these: on, off"),
    ("max 5000", "a number from 1 to 4000"),
    ("max many", "type for example /settings max 1"),
    ("max -5", "a number from 1 to 4000"),
    ("max 1.5", "a number from 1 to 4000"),
    ("minute 601", "a number from 1 to 600"),
    ("rate 3", "a number from 0.5 to 2"),
    ("rate nan", "a number from 0.5 to 2"),
    ("person 101", "a number from 1 to 100"),
    ("reset now", "/settings reset yes"),
    ("engin edge", "Did you mean “engine”?"),
    ("xyzzy", "There are: admins, allow, auto"),
]


@pytest.mark.parametrize(("typed", "hint"), REFUSED, ids=[typed for typed, _ in REFUSED])
async def test_what_cannot_be_decided_says_what_can(here: Council, typed: str, hint: str) -> None:
    """Nothing is changed, and the answer ends with what is allowed."""
    assert hint in await here.type(f"/settings {typed}")
    assert await here.kept() == GuildSettings()
    assert await here.audit() == []


async def test_an_engine_that_is_not_allowed_does_not_speak_for_all(here: Council) -> None:
    """Nor can the one that does be taken away; and a banned voice is not the chat's."""
    await here.type("/settings engines offline")
    assert "is not among those that may be used here: offline" in await here.type("/settings engine edge")
    assert "last engine" in await here.type("/settings deny offline")
    await here.type("/settings ban heart")
    assert "is banned here" in await here.type("/settings voice heart")
    assert (await here.kept()).voice is None


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("", "⚙️ How I speak"), ("show", "⚙️ How I speak"), ("engine", "🛠"), ("engines", "🛠"), ("voice", "🗣"),
        ("ban", "🗣"), ("language", "🌐"), ("auto", "🔊"), ("replies", "🤖"), ("limits", "📏"), ("max", "📏"),
        ("admins", "👮"), ("people", "🚫"), ("blocked", "🚫"), ("history", "🕘"), ("history 3", "🕘"), ("status", "🩺"),
        ("reset", "♻️"), ("help", "⌨️"),
    ],
)  # fmt: skip
async def test_a_name_alone_shows_its_page(here: Council, typed: str, title: str) -> None:
    """Nothing is decided by looking."""
    answer = await here.open(f"/settings {typed}")
    assert answer.text.startswith(title)
    assert answer.buttons
    assert await here.kept() == GuildSettings()


async def test_what_can_be_typed_is_told(here: Council) -> None:
    """Each line of it works as it stands there, but for the names to be filled in."""
    answer = await here.type("/settings help")
    lines = [line for line in answer.splitlines() if line.startswith("/settings ")]
    assert len(lines) > 15
    for line in lines:
        if not line.endswith(("NAME", "ID")):
            said = await here.type(line)
            assert said.startswith(("✅", "It is so", "🚫", "🕘", "🩺", "Engine", "No voice", "“")), line
            assert "There is no setting" not in said


async def test_auto_is_the_short_way(here: Council) -> None:
    """With a word behind it, it decides; without one, it shows the four."""
    menu = await here.open("/auto")
    assert menu.buttons[:4] == ["Nothing", "Everything", "Voice for voice", "When mentioned"]
    assert (await here.type("/auto mention")).startswith("✅ Changed.")
    assert (await here.rules()).auto is Auto.MENTION


async def test_a_reset_that_is_meant_needs_no_button(here: Council) -> None:
    """Whoever writes programmes for their bots can do without the menu."""
    await here.type("/settings max 5")
    assert (await here.type("/settings reset yes")).startswith("✅ Changed.")
    assert await here.kept() == GuildSettings()


async def test_the_status_tells_of_engines_and_cache(here: Council) -> None:
    """Each engine with what it has to do."""
    answer = await here.type("/settings status")
    assert "offline: 🟢 well · 0 of 4 busy · 0 waiting" in answer
    assert "edge: 🟢 well" in answer
    assert "Audio kept: 0 clips" in answer


# For all chats


async def test_the_owner_decides_for_all_chats(here: Council) -> None:
    """What holds everywhere is said where the owner is, and holds where nothing else was decided."""
    answer = await here.type("/settings global voice heart", by=here.owner, chat=here.owner.private)
    assert answer.startswith("✅ Changed.\n\n🌍 What holds in all chats\n🗣 Voice")
    assert (await here.everywhere()).voice == "heart"
    found = await here.speaker.explain(Request(guild_key(-77), "telegram:5", "Hello."))
    assert found.lines[0].utterance.voice == "heart"  # type: ignore[union-attr]
    assert "Voice: heart (default)" in await here.type("/settings")


async def test_the_owner_decides_for_all_chats_by_buttons(here: Council) -> None:
    """Its buttons are the owner's alone, also where they stand in a group."""
    menu = await here.open("/settings global", by=here.owner)
    assert not {"🔊 Reading aloud", "🩺 Status", "👮 Who may ask"} & set(menu.buttons)
    assert "Only whoever runs this bot" in (await here.press(menu, "🛠 Engine") or "")
    await here.walk(menu, "🛠 Engine", "edge", by=here.owner)
    assert (await here.everywhere()).engine == "edge"
    assert await here.kept() == GuildSettings()
    await here.shows(menu, "✓ edge")
    assert [change.by for change in await here.speaker.store.settings.audit(EVERY_GUILD)] == [key(here.owner)]


async def test_the_owner_chooses_the_voice_for_all_chats_from_the_list(here: Council) -> None:
    """The list that was opened for all chats decides for all chats."""
    menu = await here.open("/settings global voice", by=here.owner)
    await here.walk(menu, "🔎 Choose a voice", "heart", "Take it", by=here.owner)
    await here.shows(menu, "🌍", "Voice: heart")
    assert (await here.everywhere()).voice == "heart"
    assert await here.kept() == GuildSettings()


async def test_an_administrator_is_no_owner(here: Council) -> None:
    """They are told how to decide for their chat alone."""
    assert "without “global”" in await here.type("/settings global voice heart")
    assert await here.everywhere() == GuildSettings()


async def test_the_owner_decides_in_every_chat(here: Council) -> None:
    """Though they administer none."""
    assert (await here.type("/settings max 5", by=here.owner)).startswith("✅ Changed.")


@pytest.mark.parametrize("typed", ["auto always", "replies both", "minute 5", "admins on", "status", "reset yes"])
async def test_what_each_chat_has_for_itself_is_not_decided_for_all(here: Council, typed: str) -> None:
    """The answer says where it is."""
    answer = await here.type(f"/settings global {typed}", by=here.owner)
    assert f"/settings {typed.split()[0]}" in answer
    assert await here.everywhere() == GuildSettings()


async def test_what_the_owner_forbids_no_chat_allows(here: Council) -> None:
    """The engines that are left are those that both allow."""
    await here.type("/settings global engines offline", by=here.owner)
    menu = await here.open("/settings engine")
    assert not [one for one in menu.buttons if "edge" in one]
    assert "is not among those" in await here.type("/settings engine edge")
