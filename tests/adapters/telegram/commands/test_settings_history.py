"""Who changed what is told in words, and people only by their ids."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.rules import with_rules
from bot.speaker import Speaker
from bot.store import GuildSettings
from tests.adapters.telegram.commands.administered import Council, council, key
from tests.doubles.telegram import FakeTelegram


@pytest.fixture
async def here(speaker: Speaker) -> AsyncIterator[Council]:
    async with FakeTelegram() as fake, council(fake, speaker) as here:
        yield here


async def _lines(here: Council, typed: str = "/settings history") -> list[str]:
    answer = await here.type(typed)
    return [line.partition(", ")[2] for line in answer.splitlines() if line.startswith("• ")]


async def test_nothing_was_changed_yet(here: Council) -> None:
    """A chat that is new has no changes to show."""
    assert "Nothing was changed yet." in await here.type("/settings history")


async def test_each_change_is_told_with_what_it_was_before(here: Council) -> None:
    """The newest first; a list by who came and went, a switch in words, a rule by its name."""
    for typed in ("max 500", "max default", "lock", "auto always", "auto mention", "ban heart", "block 77"):
        await here.type(f"/settings {typed}")
    assert await _lines(here) == [
        "you: Blocked people: +77",
        "you: Banned voices: +heart",
        "you: Read aloud: always → mention",
        "you: Read aloud: default → always",
        "you: Voices locked: no → yes",
        "you: Longest text, in characters: 500 → default",
        "you: Longest text, in characters: default → 500",
    ]


async def test_others_are_told_by_their_ids(here: Council) -> None:
    """Another administrator, one who forgot themselves, Sayso itself: no names of anybody."""
    settings, guild = here.speaker.store.settings, guild_key(here.group.id)
    await settings.set_guild(guild, by=key(here.owner), rate=1.5)
    await settings.set_guild(guild, rate=1.2)
    assert await _lines(here) == [
        "I myself: Speed: 1.5 → 1.2",
        f"another administrator ({here.owner.id}): Speed: default → 1.5",
    ]


async def test_what_has_no_values_is_told_by_its_name(here: Council) -> None:
    """A reset, a move to another id, and what only another adapter understands."""
    settings, guild = here.speaker.store.settings, guild_key(here.group.id)
    await settings.set_guild(guild, by=key(here.ann), extra={"discord": {"prefix": "!"}})
    await settings.reset(guild, by=key(here.ann))
    await settings.set_guild("telegram:-5", by=key(here.ann), max_chars=5)
    await settings.move("telegram:-5", guild)
    assert await _lines(here) == [
        "I myself: The group became a supergroup and took its settings along",
        "you: Longest text, in characters: default → 5",
        "you: Everything back to the defaults",
        "you: Other settings",
    ]


async def test_several_rules_at_once_are_several_lines(here: Council) -> None:
    """Each is told by itself."""
    extra = with_rules(GuildSettings(), per_minute=5, admins_only=True)
    await here.speaker.store.settings.set_guild(guild_key(here.group.id), by=key(here.ann), extra=extra)
    assert sorted(await _lines(here)) == [
        "you: Only administrators may ask: default → yes",
        "you: Requests of one person in a minute: default → 5",
    ]


async def test_as_many_are_shown_as_are_asked_for(here: Council) -> None:
    """Ten, or another number; never more than a message holds."""
    settings, guild = here.speaker.store.settings, guild_key(here.group.id)
    for number in range(1, 41):
        await settings.set_guild(guild, max_chars=number)
    assert len(await _lines(here)) == 10
    assert len(await _lines(here, "/settings history 3")) == 3
    assert len(await _lines(here, "/settings history 9999")) == 30
    assert len(await _lines(here, "/settings history x")) == 10


async def test_a_long_history_fits_into_a_message(here: Council) -> None:
    """What is too much is left out at its end."""
    settings, guild = here.speaker.store.settings, guild_key(here.group.id)
    for number in range(30):
        banned = [f"{number} {other} {'x' * 90}" for other in range(20)]
        await settings.set_guild(guild, banned_voices=banned)
    answer = await here.type("/settings history 30")
    assert len(answer) < 4096
    assert answer.count("• ") > 1
    assert all(not call.error for call in here.fake.of("sendMessage"))


async def test_when_it_was_is_told(here: Council) -> None:
    """As a time that people count in."""
    await here.type("/settings max 5")
    later = here.station.wall() + 7000.0
    here.station.wall = lambda: later
    assert "• 2 h ago, you: Longest text" in await here.type("/settings history")
