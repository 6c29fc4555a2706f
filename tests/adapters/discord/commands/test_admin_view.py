"""Administrators see what is in force, what waits, how all is doing and who changed what; and take it back."""

from __future__ import annotations

import asyncio
import dataclasses
import re
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bot.adapters.discord.rules import channel_rules_of
from bot.adapters.discord.voice import Rooms
from bot.errors import EngineUnavailable
from bot.speaker import Speaker
from bot.speech import Utterance
from bot.tts.breaker import Breaker
from tests.adapters.discord.commands.administered import (
    ANN_ID,
    GENERAL,
    GUILD,
    TALK,
    Counted,
    answer,
    ask,
    embed,
    kept,
    spoken,
)
from tests.adapters.discord.commands.online import Online
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import FakeEngine, Script


async def test_everything_in_force_is_shown(fake: FakeDiscord, here: Online) -> None:
    """All that was decided, and the channels that differ, each under its title."""
    role = fake.add_role("vip")
    await answer(fake, "engine", engine="edge")
    await answer(fake, "limits", length=100)
    await answer(fake, "roles", require=role)
    await answer(fake, "autoread", prefix="!")
    await answer(fake, "block", user=fake.add_user("eve"))
    await answer(fake, "channel", read=True)
    shown = await embed(fake, "show")
    assert "engine: `edge`" in shown["Voices"]
    assert "100" in shown["Limits"]
    assert role.id in shown["Roles"]
    assert "`!`" in shown["Reading aloud"]
    assert "<@" in shown["Blocked"]
    assert shown["Channels"] == f"<#{GENERAL}>\n· read aloud: yes"


async def test_only_channels_that_differ_and_are_there_are_shown(
    fake: FakeDiscord, here: Online, speaker: Speaker
) -> None:
    """What is left of a channel that was deleted means nothing to anybody; a thread may have its own decisions."""
    thread = fake.add_thread("aside")
    await fake.until(lambda: here.bot.guilds[0].get_thread(int(thread.id)))
    for channel in ("123456789", thread.id):
        await speaker.store.settings.set_channel(GUILD, channel, voice="heart")
    await speaker.store.settings.set_channel(GUILD, TALK, voice="heart")
    await speaker.store.settings.set_channel(GUILD, TALK, voice=None)
    assert (await embed(fake, "show"))["Channels"] == f"<#{thread.id}>\n· voice: `heart`"


async def test_a_slow_store_does_not_cost_the_answer(
    fake: FakeDiscord, here: Online, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Discord hears of the command before the store is asked."""
    free, audit = asyncio.Event(), speaker.store.settings.audit

    async def slow(*given: Any) -> Any:
        await free.wait()
        return await audit(*given)

    monkeypatch.setattr(speaker.store.settings, "audit", slow)
    ix = await fake.slash("voice-admin history")
    await ix.wait_callback()
    assert ix.deferred
    free.set()
    assert "Nothing was changed" in (await ix.wait_answered())["content"]


async def test_long_lists_fit_into_what_discord_takes(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """However much was decided, an answer is no longer than Discord allows, and says how much is left out."""
    names = [f"voice-{n:03}-{'x' * 90}" for n in range(300)]
    await speaker.store.settings.set_guild(
        GUILD, banned_voices=names, blocked_users=[f"discord:{10**18 + n}" for n in range(500)]
    )
    for n in range(60):
        channel = fake.add_channel(f"c{n}")
        await speaker.store.settings.set_channel(GUILD, channel.id, voice="v" * 400, engine="e" * 400)
    await fake.until(lambda: len(here.bot.guilds[0].text_channels) == 61)
    ix = await ask(fake, "show")
    assert ix.original is not None
    fields = ix.original["embeds"][0]["fields"]
    assert all(len(field["value"]) <= 1024 for field in fields)
    assert sum(len(field["name"]) + len(field["value"]) for field in fields) < 6000
    assert "more" in str(fields)
    assert len(await answer(fake, "voice")) <= 2000
    assert "and 485 more" in await answer(fake, "unblock", user=ANN_ID)


async def test_what_waits_is_shown_by_person(fake: FakeDiscord, here: Online) -> None:
    """How much, whose, and when the next of it is heard."""
    bob = fake.add_user("bob", voice=TALK)
    await fake.slash("say", text="One.")
    await fake.until(lambda: len(here.room.items) == 1)
    for text in ("Two.", "Three."):
        await fake.slash("say", text=text, by=bob)
    await fake.until(lambda: len(here.room.items) == 3)
    lines = (await answer(fake, "queue")).splitlines()
    assert lines == [
        "Said or waiting here: 3, the last in about 20 s.",
        f"<@{ANN_ID}>: 1, the next now",
        f"<@{bob.id}>: 2, the next in about 10 s",
    ]


async def test_nothing_waits(fake: FakeDiscord, here: Online) -> None:
    """Then that is said."""
    assert await answer(fake, "queue") == "Nothing is said here and nothing waits."


async def test_how_all_is_doing(fake: FakeDiscord, here: Online, speaker: Speaker, edge: FakeEngine) -> None:
    """Each engine with its breaker, the cache, and the voice connections."""
    broken = Breaker(edge, failures=1, open_seconds=60, chance=lambda: 0.0)
    edge.scripts = [Script(0, error=EngineUnavailable("edge", "away"))]
    speaker.stage = dataclasses.replace(speaker.stage, breakers={"edge": broken})
    with pytest.raises(EngineUnavailable):
        async for _ in broken.synthesize(Utterance("Hello.", "edge", "x", "en")):
            pass
    room = here.room
    room.channel = here.bot.get_channel(int(TALK))
    here.station.rooms = cast(Rooms, Counted({int(FakeDiscord.guild_id): room}))
    shown = await embed(fake, "status")
    assert "🟢 well · 0 of 4 busy · 0 waiting" in shown["Engines"]
    assert re.search(r"`edge`: 🔴 failing, tried again in about (60 s|59 s)", shown["Engines"])
    assert f"voice connection here: <#{TALK}>" in shown["This bot"]
    assert "voice connections in all: 1" in shown["This bot"]
    assert "audio kept: clips: 0," in shown["This bot"]


async def test_what_the_cache_saves_is_shown(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Once something was asked for twice."""
    here.station.rooms = cast(Rooms, Counted())
    for _ in range(2):
        await spoken(speaker)
        await fake.until(lambda: not any(task.get_name().startswith("speech ") for task in asyncio.all_tasks()))
    shown = await embed(fake, "status")
    assert "audio kept: clips: 1," in shown["This bot"]
    assert re.search(r"[1-9]\d* % of requests answered from it", shown["This bot"])


async def test_a_view_that_cannot_be_shown_harms_nobody(fake: FakeDiscord, here: Online) -> None:
    """What Discord does not take is logged by its code."""
    fake.fail_next("PATCH", "/messages/@original", 400, 50035)
    with capture_logs() as logs:
        await fake.slash("voice-admin show")
        await fake.until(lambda: any(log["event"] == "answer_failed" and log["code"] == 50035 for log in logs))
    assert "Voices" in await embed(fake, "show")


async def test_an_engine_without_voices_is_not_well(
    fake: FakeDiscord, here: Online, edge: FakeEngine, offline: FakeEngine
) -> None:
    """One that cannot speak is told from one that is idle."""
    offline.installed = ()
    here.station.rooms = cast(Rooms, Counted())
    shown = await embed(fake, "status")
    assert "`offline`: 🔴 has no voices here" in shown["Engines"]
    assert "voice connection here: none" in shown["This bot"]


async def test_who_changed_what(fake: FakeDiscord, here: Online) -> None:
    """Each change with its person, newest first; of lists, what came and what went."""
    role = fake.add_role("vip")
    await answer(fake, "ban", voice="heart")
    await answer(fake, "roles", require=role)
    await answer(fake, "channel", {"read": True, "voice-channel": TALK})
    await answer(fake, "unban", voice="heart")
    await answer(fake, "engine", engine="edge")
    shown = await embed(fake, "history")
    lines = [line.split(": ", 1)[1] for line in shown["Last changes"].splitlines()]
    assert lines == [
        "engine: default → `edge`",
        "banned voices: −`heart`",
        f"in <#{GENERAL}>, read aloud: default → yes",
        f"in <#{GENERAL}>, heard in: default → <#{TALK}>",
        f"required roles: +<@&{role.id}>",
        "banned voices: +`heart`",
    ]
    assert re.match(rf"<t:\d+:R> <@{ANN_ID}>: ", shown["Last changes"])
    assert len((await embed(fake, "history", count=2))["Last changes"].splitlines()) == 2


async def test_there_is_a_history_only_of_changes(fake: FakeDiscord, here: Online) -> None:
    """A server in which nobody decided anything has none."""
    assert "Nothing was changed" in await answer(fake, "history")


async def test_a_change_of_another_house_is_shown(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """What Sayso itself or another adapter wrote is told as such, and nothing in it can break the answer."""
    await speaker.store.settings.set_guild(GUILD, extra={"telegram": {"a": 1}}, voice="a`b" * 60)
    await speaker.store.settings.reset(GUILD, by="someone-odd")
    shown = (await embed(fake, "history"))["Last changes"]
    assert "Sayso itself: other settings" in shown
    assert "`someone-odd`: reset" in shown
    assert shown.count("`") % 2 == 0


async def test_a_channel_is_set_back(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """And nothing else."""
    await answer(fake, "engine", engine="edge")
    await answer(fake, "channel", read=True)
    assert f"<#{GENERAL}>" in await answer(fake, "reset", channel=GENERAL)
    assert not channel_rules_of(await speaker.store.settings.channel(GUILD, GENERAL)).read
    assert (await kept(speaker)).engine == "edge"


async def test_everything_is_set_back(fake: FakeDiscord, here: Online, speaker: Speaker) -> None:
    """Only when that was said; the log has the guild and nothing else."""
    await answer(fake, "engine", engine="edge")
    await answer(fake, "channel", read=True)
    assert "one channel, or everything" in await answer(fake, "reset")
    assert "one channel, or everything" in await answer(fake, "reset", channel=GENERAL, everything=True)
    assert (await kept(speaker)).engine == "edge"
    with capture_logs() as logs:
        await answer(fake, "reset", everything=True)
    assert (await kept(speaker)).engine is None
    assert not channel_rules_of(await speaker.store.settings.channel(GUILD, GENERAL)).read
    assert {"event": "guild_settings_reset", "guild": GUILD}.items() <= logs[-1].items()
