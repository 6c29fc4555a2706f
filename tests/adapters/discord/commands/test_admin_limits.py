"""A server decides how much is spoken in it, and of whom."""

from __future__ import annotations

import re

import pytest

from bot.adapters.discord.identity import user_key
from bot.adapters.discord.rules import MOST_IDS, rules_of, with_rules
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from tests.adapters.discord.commands.administered import (
    GUILD,
    TALK,
    answer,
    kept,
    spoken,
)
from tests.adapters.discord.commands.online import Online
from tests.doubles.discord import FakeDiscord


async def test_limits_hold_at_once(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The next request is measured by them."""
    wanted = {"length": 5, "rate": 1.5, "per-minute": 7, "per-person": 2, "per-server": 3}
    said = await answer(fake, "limits", wanted)
    assert re.findall(r": ([\d.]+)$", said, re.MULTILINE) == ["5", "1.5", "7", "2", "3"]
    assert (await spoken(speaker, "Much too long.")).details["limit"] == 5
    held = await kept(speaker)
    assert (held.max_chars, held.rate, held.per_user, held.per_guild) == (5, 1.5, 2, 3)
    assert rules_of(held).per_minute == 7
    assert {change.name for change in await speaker.store.settings.audit(GUILD)} == {
        "max_chars", "rate", "per_user", "per_guild", "extra",
    }  # fmt: skip


async def test_zero_is_the_default(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """A limit is taken back by 0."""
    await answer(fake, "limits", {"length": 5, "per-minute": 7})
    said = await answer(fake, "limits", {"length": 0, "per-minute": 0})
    assert "default (4000)" in said
    assert "no limit" in said
    assert (await kept(speaker)).max_chars is None


@pytest.mark.parametrize(
    ("option", "value", "allowed"),
    [
        ("length", 4001, "1 to 4000"),
        ("length", -1, "1 to 4000"),
        ("rate", 2.5, "0.5 to 2"),
        ("per-minute", 601, "1 to 600"),
        ("per-person", 101, "1 to 100"),
        ("per-server", 101, "1 to 100"),
    ],
)
async def test_a_limit_out_of_bounds_says_the_bounds(
    fake: FakeDiscord, here: Online, speaker: Speaker, option: str, value: float, allowed: str
) -> None:
    """A server cannot take more than whoever runs the bot gives; nothing of the rest is kept either."""
    said = await answer(fake, "limits", {"per-minute": 5, option: value})
    assert allowed in said
    assert f"{value:g}" in said
    assert await speaker.store.settings.audit(GUILD) == []


async def test_roles_are_required_ignored_and_cleared(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Roles are added one by one, and taken out of both lists at once."""
    one, two = fake.add_role("one"), fake.add_role("two")
    await answer(fake, "roles", require=one, ignore=two)
    said = await answer(fake, "roles", require=two)
    assert f"<@&{one.id}>" in said
    rules = rules_of(await kept(speaker))
    assert rules.roles == {int(one.id), int(two.id)}
    assert rules.ignored_roles == {int(two.id)}
    await answer(fake, "roles", clear=two)
    rules = rules_of(await kept(speaker))
    assert rules.roles == {int(one.id)}
    assert not rules.ignored_roles


async def test_everybody_cannot_be_required(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """The role that all have would mean nothing, or nobody."""
    assert "Everybody has that role" in await answer(fake, "roles", ignore=FakeDiscord.guild_id)
    assert await speaker.store.settings.audit(GUILD) == []


async def test_a_list_has_an_end(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """More roles and bots than are kept are refused, and one can be taken out instead."""
    full = range(1, MOST_IDS + 1)
    await speaker.store.settings.set_guild(GUILD, extra=with_rules(await kept(speaker), roles=full, bots=full))
    role, robot = fake.add_role("one too many"), fake.add_user("robot", bot=True)
    assert f"at most {MOST_IDS}" in await answer(fake, "roles", require=role)
    assert f"at most {MOST_IDS}" in await answer(fake, "autoread", {"add-bot": robot})
    rules = rules_of(await kept(speaker))
    assert (len(rules.roles), len(rules.bots)) == (MOST_IDS, MOST_IDS)


async def test_who_is_blocked_is_not_spoken(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Neither what they ask for from now on, nor what they have waiting."""
    bob = fake.add_user("bob", voice=TALK)
    for text in ("One.", "Two."):
        await fake.slash("say", text=text, by=bob)
    await fake.until(lambda: len(here.station.courier.parcels(GUILD)) == 2)
    said = await answer(fake, "block", user=bob)
    assert f"<@{bob.id}>" in said
    assert "taken back: 2" in said
    await fake.until(lambda: not here.station.courier.parcels(GUILD))
    refused = await speaker.say(Request(GUILD, user_key(int(bob.id)), "Three."))
    assert isinstance(refused, Refusal)
    await answer(fake, "unblock", user=bob)
    assert (await kept(speaker)).blocked_users == frozenset()


async def test_what_others_asked_to_hear_of_who_is_blocked_is_taken_back(fake: FakeDiscord, here: Online) -> None:
    """Words are not heard because somebody else wanted them."""
    bob = fake.add_user("bob")
    message = await fake.say("Listen to me.", by=bob)
    await fake.message_menu("Speak this message", message)
    await fake.slash("say", text="My own words.")
    await fake.until(lambda: len(here.station.courier.parcels(GUILD)) == 2)
    assert "taken back: 1" in await answer(fake, "block", user=bob)
    await fake.until(lambda: len(here.station.courier.parcels(GUILD)) == 1)
