"""Preferences, favourites, and what is kept about a user."""

from __future__ import annotations

import asyncio
import json

import pytest
from sqlalchemy import select

from bot.queue.journal import Entry
from bot.store import GuildSettings, Preference, Store
from bot.store.favourites import VOICES_KEPT
from bot.store.tables import METADATA
from tests.doubles.store import Clock, Sleep, clip

ANN, BOB, GUILD, HOME = "discord:1", "discord:2", "discord:42", "discord:dm:1"


async def test_nobody_has_said_anything_yet(store: Store) -> None:
    """A stranger has the defaults."""
    assert await store.preferences.get(ANN) == Preference()


async def test_what_is_set_is_kept_and_the_rest_left(store: Store) -> None:
    """Changes add up."""
    await store.preferences.set(ANN, voice="aria", rate=1.5)
    changed = await store.preferences.set(ANN, opted_out=True, rate=None)
    assert changed == Preference(voice="aria", opted_out=True)
    assert await store.preferences.get(ANN) == changed
    assert await store.preferences.get(BOB) == Preference()


async def test_preferences_survive_a_restart(url: str) -> None:
    """What was set is there after closing and opening."""
    async with Store.open(url) as store:
        await store.preferences.set(ANN, voice="aria", engine="edge", rate=0.8, language="en", opted_out=True)
    async with Store.open(url) as store:
        assert await store.preferences.get(ANN) == Preference("aria", "edge", 0.8, "en", True)


async def test_setting_nothing_changes_nothing(store: Store) -> None:
    """An empty change is allowed and returns what there is."""
    await store.preferences.set(ANN, voice="aria")
    assert await store.preferences.set(ANN) == Preference(voice="aria")


async def test_a_wrong_change_changes_nothing(store: Store) -> None:
    """All or nothing."""
    with pytest.raises(ValueError, match="rate must be"):
        await store.preferences.set(ANN, voice="aria", rate=-1)
    assert await store.preferences.get(ANN) == Preference()


async def test_reset_goes_back_to_the_defaults(store: Store) -> None:
    """One call undoes all settings."""
    await store.preferences.set(ANN, voice="aria")
    await store.preferences.reset(ANN)
    assert await store.preferences.get(ANN) == Preference()


async def test_another_process_is_seen(url: str, clock: Clock) -> None:
    """Two processes on one database see each other's changes within seconds, and lose none."""
    async with Store.open(url, clock=clock) as one, Store.open(url, clock=clock) as other:
        await other.preferences.get(ANN)
        await one.preferences.set(ANN, voice="aria")
        await other.preferences.set(ANN, rate=2.0)
        clock.advance(60)
        assert await one.preferences.get(ANN) == await other.preferences.get(ANN) == Preference("aria", rate=2.0)


async def test_many_at_once(store: Store) -> None:
    """A crowd that reads and writes at the same moment gets what each wrote."""

    async def one(number: int) -> Preference:
        user = f"discord:{number % 50}"
        await store.preferences.set(user, voice=f"v{number}")
        await store.preferences.get(f"discord:{(number + 1) % 50}")
        return await store.preferences.set(user, rate=1.5)

    await asyncio.gather(*(one(number) for number in range(300)))
    for number in range(50):
        preference = await store.preferences.get(f"discord:{number}")
        assert preference.rate == 1.5
        assert int((preference.voice or "v")[1:]) % 50 == number


async def test_a_cancelled_change_is_whole(store: Store) -> None:
    """Who gives up on a change gets all of it or nothing, and memory agrees with the database."""
    for delay in range(12):
        task = asyncio.create_task(store.preferences.set(ANN, voice=f"v{delay}", language=f"l{delay}"))
        for _ in range(delay):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await store.preferences._database.settle()
    now = await store.preferences.get(ANN)
    store.preferences._copies.clear()
    assert await store.preferences.get(ANN) == now
    assert (now.voice or "v")[1:] == (now.language or "l")[1:]


async def test_favourites_are_the_users_own_then_the_guilds(store: Store) -> None:
    """What the user picks most comes first, then what those around them pick."""
    for voice in ("a", "b", "b"):
        await store.preferences.remember(ANN, voice, guild=GUILD)
    for voice in ("c", "d", "d", "d", "a", "a"):
        await store.preferences.remember(BOB, voice, guild=GUILD)
    assert await store.preferences.favourites(ANN, GUILD, 10) == ["b", "a", "d", "c"]
    assert await store.preferences.favourites(ANN, GUILD, 2) == ["b", "a"]
    assert await store.preferences.favourites(ANN, None, 10) == ["b", "a"]


async def test_favourites_come_from_memory(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who types a name asks with every key; what they themselves choose meanwhile is seen at once."""
    await store.preferences.remember(ANN, "a", guild=GUILD)
    assert await store.preferences.favourites(ANN, GUILD) == ["a"]
    with monkeypatch.context() as patch:
        patch.setattr(store.preferences._database, "read", None)
        assert await store.preferences.favourites(ANN, GUILD) == ["a"]
    for _ in range(2):
        await store.preferences.remember(ANN, "b", guild=GUILD)
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a"]
    await store.preferences.remember(BOB, "c", guild=GUILD)
    clock.advance(60)
    assert await store.preferences.favourites(ANN, GUILD) == ["b", "a", "c"]
    await store.preferences.forget(ANN)
    assert await store.preferences.favourites(ANN, None) == []


async def test_a_private_chat_is_not_its_user(store: Store) -> None:
    """Telegram gives a private chat the id of its user; the counts of the two stay apart."""
    await store.preferences.remember("telegram:7", "a", guild="telegram:9")
    await store.preferences.remember("telegram:8", "b", guild="telegram:7")
    assert await store.preferences.favourites("telegram:7", None, 5) == ["a"]


async def test_favourites_are_bounded(store: Store, clock: Clock, sleep: Sleep) -> None:
    """The voices counted for one user do not grow without end; the newest always has its chance."""
    for _ in range(2):
        await store.preferences.remember(ANN, "loved")
    for number in range(VOICES_KEPT + 5):
        clock.advance(1)
        await store.preferences.remember(ANN, f"v{number}")
    await sleep.one_round()
    kept = await store.preferences.favourites(ANN, None, 1000)
    assert len(kept) <= VOICES_KEPT + 1
    assert {"loved", f"v{VOICES_KEPT + 4}"} <= set(kept)


async def test_a_guilds_favourites_move_with_it(store: Store) -> None:
    """Counts are added to those of the new id; those of a user with the same id are theirs."""
    for guild, voice in ((GUILD, "a"), (GUILD, "b"), ("new", "b"), ("new", "c"), ("third", "d")):
        await store.preferences.remember(GUILD, voice, guild=guild)
    assert await store.preferences.favourites(BOB, "new") == ["b", "c"]
    for _ in range(2):
        await store.preferences.move(GUILD, "new")
    assert await store.preferences.favourites(BOB, GUILD) == []
    assert await store.preferences.favourites(BOB, "new") == ["b", "a", "c"]
    assert set(await store.preferences.favourites(GUILD, None)) == {"a", "b", "c", "d"}


async def test_favourites_stay_bounded_when_two_guilds_become_one(store: Store) -> None:
    """The voices used most stay."""
    for guild in (GUILD, "new"):
        await store.preferences.remember(BOB, "loved", guild=guild)
        for number in range(VOICES_KEPT - 1):
            await store.preferences.remember(BOB, f"{guild} {number}", guild=guild)
    await store.preferences.move(GUILD, "new")
    kept = await store.preferences.favourites(ANN, "new", 1000)
    assert len(kept) == VOICES_KEPT
    assert kept[0] == "loved"


async def _live(store: Store, user: str, text: str) -> None:
    """Leave every trace that a user can leave."""
    await store.preferences.set(user, voice="aria")
    await store.preferences.remember(user, "aria", guild=GUILD)
    await store.cache.put(f"key of {text}", clip(text), user=user, guild=GUILD)
    await store.journal.accept(Entry(f"job of {user}", {"user": user, "guild": GUILD, "text": text}, at=1.0))
    await store.settings.set_guild(GUILD, by=user, extra={"by": text[:3]})


async def test_export_shows_everything(store: Store) -> None:
    """A user can see all that is kept about them, as JSON."""
    await _live(store, ANN, "ann's secret")
    await _live(store, BOB, "bob's")
    kept = await store.preferences.export(ANN)
    assert json.loads(json.dumps(kept)) == kept
    assert kept["user"] == ANN
    assert kept["preference"] == {
        "voice": "aria",
        "engine": None,
        "rate": None,
        "language": None,
        "opted_out": False,
    }
    assert kept["voices"] == {"aria": 1}
    assert [heard["text"] for heard in kept["clips"]] == [["ann's secret"]]  # type: ignore[attr-defined]
    assert [job["request"]["text"] for job in kept["journal"]] == ["ann's secret"]  # type: ignore[attr-defined]
    assert [change["new"] for change in kept["settings_changed"]] == [{"by": "ann"}]  # type: ignore[attr-defined]
    assert "bob" not in json.dumps(kept)


async def test_export_shows_what_holds_ones_words_though_another_heard_it(store: Store) -> None:
    """What another had read aloud was first made of one's own words; forgetting drops it, so one is shown it."""
    await store.cache.put("theirs", clip("ann's words"), user=BOB, guild=GUILD, owner=ANN)
    await store.cache.put("unheard", clip("ann's other words"), owner=ANN)
    kept = await store.cache.export(ANN)
    assert {(heard["key"], heard["guild"]) for heard in kept} == {("theirs", ""), ("unheard", "")}
    assert [heard["key"] for heard in await store.cache.export(BOB)] == ["theirs"]


async def test_forget_deletes_everything(store: Store) -> None:
    """Afterwards nothing is kept about the user, in memory or in the database; others keep theirs."""
    await _live(store, ANN, "ann's secret")
    await _live(store, BOB, "bob's")
    await store.preferences.forget(ANN)
    assert await store.preferences.export(ANN) == {
        "user": ANN,
        "preference": {"voice": None, "engine": None, "rate": None, "language": None, "opted_out": False},
        "voices": {},
        "clips": [],
        "journal": [],
        "settings_changed": [],
        "homes": {},
    }
    assert await store.cache.get("key of ann's secret") is None
    assert await store.cache.get("key of bob's") is not None
    assert (await store.preferences.get(BOB)).voice == "aria"
    assert [entry.id for entry in await store.journal.pending(0.0)] == [f"job of {BOB}"]


async def _decorate(store: Store) -> None:
    """Ann decides for the guild that is hers alone, and is heard there."""
    await store.settings.set_guild(HOME, by=ANN, max_chars=9, banned_voices=["b", "a"], extra={"chat": {"auto": "off"}})
    await store.settings.set_channel(HOME, "room", rate=2.0)
    await store.preferences.remember(ANN, "aria", guild=HOME)
    await store.cache.put("hers", clip("ann's secret"), user=ANN, guild=HOME)
    await store.cache.put("nobody's", clip("who knows"), guild=HOME)


async def test_export_shows_the_home_of_a_user(store: Store) -> None:
    """All that was decided in the guild that is theirs alone, and what was heard there whoever asked."""
    await _decorate(store)
    kept = await store.preferences.export(ANN, [HOME])
    assert json.loads(json.dumps(kept)) == kept
    assert {heard["key"] for heard in kept["clips"]} == {"hers", "nobody's"}  # type: ignore[attr-defined]
    home = kept["homes"][HOME]  # type: ignore[index]
    assert home["settings"]["max_chars"] == 9
    assert home["settings"]["banned_voices"] == ["a", "b"]
    assert home["settings"]["extra"] == {"chat": {"auto": "off"}}
    assert home["channels"]["room"]["rate"] == 2.0
    assert [(change["name"], change["by"]) for change in home["changes"]] == [
        ("rate", None),
        ("extra", ANN),
        ("banned_voices", ANN),
        ("max_chars", ANN),
    ]
    assert home["voices"] == {"aria": 1}


async def test_forget_leaves_nothing_of_a_users_home(store: Store) -> None:
    """Neither in memory nor in a row of any table; other guilds keep what is theirs."""
    await _decorate(store)
    await store.settings.set_guild(GUILD, locked=True)
    await store.preferences.favourites(BOB, HOME)
    await store.cache.put("also bob's", clip("who knows that"), guild=HOME)
    await store.cache.get("also bob's", user=BOB, guild=GUILD)
    await store.preferences.forget(ANN, [HOME])
    assert await store.settings.guild(HOME) == GuildSettings()
    assert await store.preferences.favourites(BOB, HOME) == []
    await store.cache.flush()
    for table in METADATA.tables.values():
        rows = await store.preferences._database.read(select(table))
        assert not [row for row in rows if ANN in map(str, row) or HOME in map(str, row)], table.name
    assert await store.cache.get("nobody's") is None
    assert await store.cache.get("also bob's") is not None
    assert (await store.settings.guild(GUILD)).locked


async def test_a_home_is_forgotten_only_with_its_user(store: Store) -> None:
    """Whoever else is forgotten."""
    await _decorate(store)
    await store.preferences.forget(BOB, ["discord:dm:2"])
    await store.preferences.forget(ANN)
    assert (await store.settings.guild(HOME)).max_chars == 9
    assert await store.preferences.favourites(BOB, HOME) == ["aria"]


async def test_who_heard_what_a_forgotten_user_wrote_has_not_written_it(store: Store) -> None:
    """It stays with who heard it; whose words it holds is not known any more."""
    await store.cache.put("theirs", clip("ann's words"), user=BOB, guild=GUILD, owner=ANN)
    assert await store.cache.owner("theirs") == ANN
    await store.preferences.forget(ANN)
    assert await store.cache.get("theirs") is not None
    assert await store.cache.owner("theirs") is None
    await store.preferences.forget(BOB)
    assert await store.cache.get("theirs") is None


async def test_forget_leaves_no_name_in_the_audit(store: Store) -> None:
    """What was changed stays with the guild; who changed it is gone."""
    await store.settings.set_guild(GUILD, by=ANN, locked=True)
    await store.preferences.forget(ANN)
    (change,) = await store.settings.audit(GUILD)
    assert (change.by, change.name, change.new) == (None, "locked", True)


async def test_forget_does_not_opt_in_again(store: Store) -> None:
    """That somebody does not want to be spoken is kept, and nothing beside it, for nothing else would protect them."""
    await store.preferences.set(ANN, opted_out=True, voice="aria", rate=1.5)
    await store.preferences.forget(ANN)
    store.preferences._copies.clear()
    assert await store.preferences.get(ANN) == Preference(opted_out=True)


async def test_forget_does_not_lift_a_block(store: Store) -> None:
    """Whom a guild blocked stays blocked, or being forgotten would be the way round it."""
    await store.settings.set_guild(GUILD, blocked_users=[ANN])
    await store.preferences.forget(ANN)
    assert (await store.settings.guild(GUILD)).blocked_users == {ANN}
