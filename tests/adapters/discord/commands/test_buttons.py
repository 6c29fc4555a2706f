"""The buttons below an answer: who may press them, and what they do long after they were sent."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import discord
import pytest

from bot.adapters.discord.commands.buttons import CANCEL, FORGET, REPLAY, SKIP, STOP
from bot.adapters.discord.identity import guild_key, user_key
from bot.adapters.discord.target import target_of
from bot.speaker import Speaker
from bot.store import Preference
from tests.adapters.discord.commands.online import Online, online, quiet
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord, Interaction
from tests.doubles.engine import FakeEngine

EPHEMERAL = 64


async def _told(ix: Interaction) -> str:
    """What the person who pressed was told alone."""
    callback = await ix.wait_callback()
    assert callback["type"] == 4
    assert callback["data"]["flags"] & EPHEMERAL
    return str(callback["data"]["content"])


async def _changed(ix: Interaction) -> str:
    """What the message of the button says since it was pressed."""
    callback = await ix.wait_callback()
    if callback["type"] == 6:
        return str((await ix.wait_edit()).json["content"])
    assert callback["type"] == 7
    return str(callback["data"]["content"])


def _button(message: dict[str, Any], begins: str) -> str:
    ids = [button["custom_id"] for row in message["components"] for button in row["components"]]
    return str(next(id for id in ids if id.startswith(begins)))


async def _waiting(fake: FakeDiscord, here: Online, **who: Any) -> dict[str, Any]:
    """The answer to a request that waits behind another."""
    here.room.each = 30
    await fake.slash("say", text="First.")
    await fake.until(lambda: here.room.items)
    ix = await fake.slash("say", text="Second.", **who)
    await ix.wait(lambda ix: "Number 2" in (ix.content or ""))
    assert ix.original is not None
    return ix.original


async def _speaking(fake: FakeDiscord, here: Online, text: str = "Hello there.") -> dict[str, Any]:
    """The answer to a request that is being heard."""
    ix = await fake.slash("say", text=text)
    await fake.until(lambda: here.room.items)
    here.room.begin()
    await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))
    assert ix.original is not None
    return ix.original


async def _noted(fake: FakeDiscord, text: str = "Hello there.") -> dict[str, Any]:
    """The answer to a voice note that has arrived."""
    ix = await fake.slash("say", text=text, where="note")
    await ix.wait(lambda ix: "🎙️" in (ix.content or ""))
    assert ix.original is not None
    return ix.original


async def test_who_asked_takes_it_back(speaker: Speaker) -> None:
    """It is neither made any further nor heard, and the answer says so."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _waiting(fake, here)
        assert await _changed(await fake.click(message, _button(message, CANCEL))) == "Taken back."
        await fake.until(lambda: len(here.room.items) == 1)
        await fake.until(lambda: fake.messages[message["id"]]["components"] == [])


async def test_nobody_else_takes_it_back_but_a_moderator(speaker: Speaker) -> None:
    """They are told who may."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea")
        carl = fake.add_user("carl", roles=(fake.add_role("Mods", "manage_messages"),))
        message = await _waiting(fake, here)
        assert "Only who asked for it" in await _told(await fake.click(message, _button(message, CANCEL), by=bea))
        assert len(here.room.items) == 2
        await _changed(await fake.click(message, _button(message, CANCEL), by=carl))
        await fake.until(lambda: len(here.room.items) == 1)


async def test_who_listens_skips_what_is_heard(speaker: Speaker) -> None:
    """And everybody sees who did."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea", voice=fake.voice_channel)
        message = await _speaking(fake, here)
        skipped = await _changed(await fake.click(message, _button(message, SKIP), by=bea))
        assert skipped == f"⏭️ Skipped by <@{bea.id}>."
        assert here.room.items == []


async def test_skip_ends_what_its_answer_is_about(speaker: Speaker) -> None:
    """What plays meanwhile goes on."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _speaking(fake, here, "First.")
        await fake.slash("say", text="Second.")
        await fake.until(lambda: len(here.room.items) == 2)
        here.room.hear()
        await fake.until(lambda: "Spoken" in fake.messages[message["id"]]["content"])
        old = {**message, "components": [{"type": 1, "components": [_plain(SKIP + ":" + "0" * 32)]}]}
        assert "over already" in await _told(await fake.click(old, SKIP + ":" + "0" * 32))
        assert len(here.room.items) == 1


def _plain(id: str) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "x", "custom_id": id}


@pytest.mark.parametrize("button", [SKIP, STOP])
async def test_who_does_not_listen_ends_nothing(speaker: Speaker, button: str) -> None:
    """Unless they asked for it themselves, or are a moderator."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea")
        message = await _speaking(fake, here)
        assert "Join me there first" in await _told(await fake.click(message, _button(message, button), by=bea))
        assert len(here.room.items) == 1


async def test_who_asked_skips_it_from_anywhere_and_stops_nothing_else(speaker: Speaker) -> None:
    """They may have left the voice channel since; what waits there is not theirs to end."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        bea = fake.add_user("bea", voice=fake.voice_channel)
        ix = await fake.slash("say", text="Hello.", by=bea)
        await fake.until(lambda: here.room.items)
        here.room.begin()
        await ix.wait(lambda ix: "Speaking in" in (ix.content or ""))
        await fake.human_voice(None, by=bea)
        guild = here.room.guild
        await fake.until(lambda: guild.get_member(int(bea.id)) is None or guild.get_member(int(bea.id)).voice is None)
        await fake.slash("say", text="Another's.")
        await fake.until(lambda: len(here.room.items) == 2)
        message = ix.original or {}
        assert "Join me there first" in await _told(await fake.click(message, _button(message, STOP), by=bea))
        await _changed(await fake.click(message, _button(message, SKIP), by=bea))
        assert [item.said.request.text for item in here.room.items] == ["Another's."]


async def test_stop_ends_everything(speaker: Speaker) -> None:
    """What waits as well."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _speaking(fake, here, "First.")
        await fake.slash("say", text="Second.")
        await fake.until(lambda: len(here.room.items) == 2)
        assert (await _changed(await fake.click(message, STOP))).startswith("⏹️ Stopped by")
        assert here.room.items == []


@pytest.mark.parametrize("locale", ["ja", "zh-CN"])
async def test_a_button_of_something_that_is_over_says_so(speaker: Speaker, locale: str) -> None:
    """Kindly, in the language of who pressed it, and to them alone."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _speaking(fake, here)
        here.room.stop()
        old = {**message, "components": [{"type": 1, "components": [_plain(id) for id in (f"{CANCEL}:gone", STOP)]}]}
        for id in (f"{CANCEL}:gone", STOP):
            said = await _told(await fake.click(old, id, locale=locale))
            assert said == {"ja": "それはもう終わっています。", "zh-CN": "这已经结束了。"}[locale]


async def test_replay_is_heard_where_one_is_without_synthesis(speaker: Speaker, offline: FakeEngine) -> None:
    """A note becomes a sound in the voice channel for who sits there, and somebody else's may be replayed."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _noted(fake)
        bea = fake.add_user("bea", voice=fake.voice_channel)
        ix = await fake.click(message, _button(message, REPLAY), by=bea)
        assert (await ix.wait_callback())["type"] == 5
        item = await fake.until(lambda: next(iter(here.room.items), None))
        assert item.said.cached
        assert item.user == int(bea.id)
        assert len(offline.asked) == 1


async def test_replay_keeps_to_the_rules(speaker: Speaker) -> None:
    """Who may not have things said may not have them said again."""
    async with FakeDiscord() as fake, online(fake, speaker):
        message = await _noted(fake)
        bea = fake.add_user("bea")
        await speaker.store.preferences.set(user_key(int(bea.id)), opted_out=True)
        ix = await fake.click(message, _button(message, REPLAY), by=bea)
        assert "Opt in again" in (await ix.wait_followup()).json["content"]


async def test_what_is_no_longer_kept_cannot_be_replayed(speaker: Speaker) -> None:
    """The asker is told to say it anew."""
    async with FakeDiscord() as fake, online(fake, speaker):
        message = await _noted(fake)
        key = _button(message, REPLAY).rpartition(":")[2]
        await speaker.store.cache.drop(key)
        ix = await fake.click(message, f"{REPLAY}:{key}")
        assert "Ask for the text to be spoken again." in (await ix.wait_followup()).json["content"]


# After a restart


async def test_replay_survives_a_restart(opened: Opened, offline: FakeEngine) -> None:
    """A new process with the same store has what the button names."""
    async with FakeDiscord(user_in_voice=False) as fake:
        async with opened() as speaker, online(fake, speaker):
            message = await _noted(fake)
        async with opened() as speaker, online(fake, speaker):
            ix = await fake.click(message, _button(message, REPLAY))
            await ix.wait(lambda ix: "🎙️" in (ix.content or ""))
        assert len(fake.notes()) == 2
        assert len(offline.asked) == 1


async def test_cancel_and_skip_survive_a_restart(opened: Opened) -> None:
    """The requests come back, and their answers with them: they are changed as if nothing had been."""
    async with FakeDiscord() as fake:
        async with opened() as speaker, online(fake, speaker) as here:
            first = await _speaking(fake, here, "First.")
            here.room.each = 30
            ix = await fake.slash("say", text="Second.")
            await ix.wait(lambda ix: "Number 2" in (ix.content or ""))
            second = ix.original or {}
        async with opened() as speaker, online(fake, speaker) as here:
            here.room.each = 30
            assert await here.station.courier.resume() == 2
            await fake.until(lambda: len(here.room.items) == 2)
            await fake.until(lambda: "Number 2" in fake.messages[second["id"]]["content"])
            second = fake.messages[second["id"]]
            await _changed(await fake.click(second, _button(second, CANCEL)))
            await fake.until(lambda: len(here.room.items) == 1)
            here.room.begin()
            await fake.until(lambda: "Speaking in" in fake.messages[first["id"]]["content"])
            first = fake.messages[first["id"]]
            await _changed(await fake.click(first, _button(first, SKIP)))
            await fake.until(lambda: here.room.items == [])


async def test_an_answer_that_comes_back_ends_as_any_other(opened: Opened) -> None:
    """With who spoke, and Replay."""
    async with FakeDiscord() as fake:
        async with opened() as speaker, online(fake, speaker) as here:
            message = await _speaking(fake, here)
        async with opened() as speaker, online(fake, speaker) as here:
            await here.station.courier.resume()
            await fake.until(lambda: here.room.items)
            await here.room.items[0].said.speech.clip()
            here.room.hear()
            await fake.until(lambda: "Spoken in" in fake.messages[message["id"]]["content"])
            assert _button(fake.messages[message["id"]], REPLAY)


async def test_a_request_knows_the_message_that_answers_it(speaker: Speaker) -> None:
    """Its id comes with the defer, and is journalled with the request before anything is answered."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ix = await fake.slash("say", text="Hello.")
        item = await fake.until(lambda: next(iter(here.room.items), None))
        target = target_of(item.said.request.target)
        assert target is not None
        assert str(target.response) == (ix.original or {})["id"]
        assert target.token is None


# Deleting everything


async def test_what_is_kept_is_deleted_when_somebody_is_sure(speaker: Speaker) -> None:
    """Asked first; then choices, audio and what waits are gone."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        ann = user_key(int(fake.user_id))
        await speaker.store.preferences.set(ann, voice="heart")
        await _speaking(fake, here)
        await fake.until(quiet)  # it is kept, so that there is something to be deleted
        ix = await fake.slash("voice privacy forget")
        assert "cannot be undone" in await _told(ix)
        press = await fake.click(ix.original or {}, _button(ix.original or {}, FORGET))
        assert "Nothing is kept about you" in await _changed(press)
        kept = await speaker.store.preferences.export(ann)
        assert kept["preference"]["voice"] is None  # type: ignore[index]
        assert (kept["clips"], kept["voices"]) == ([], {})
        assert here.room.items == []


async def test_what_is_kept_of_a_conversation_with_the_bot_is_deleted_there(speaker: Speaker) -> None:
    """And what somebody alone has heard elsewhere: its lane has their id."""
    async with FakeDiscord() as fake, online(fake, speaker):
        direct, ann = fake.direct(), user_key(int(fake.user_id))
        lanes = [guild_key(None, int(fake.user_id)), guild_key(None, int(direct.id))]
        for lane in lanes:
            await speaker.store.preferences.remember(ann, "heart", guild=lane)
        ix = await fake.slash("voice privacy forget", channel=direct)
        await _told(ix)
        await _changed(await fake.click(ix.original or {}, _button(ix.original or {}, FORGET)))
        assert [await speaker.store.preferences.favourites("discord:0", lane) for lane in lanes] == [[], []]


async def test_who_has_opted_out_stays_so_and_is_told(speaker: Speaker) -> None:
    """It is the one thing that is kept, and the answer says how to have that deleted too."""
    async with FakeDiscord() as fake, online(fake, speaker):
        ann = user_key(int(fake.user_id))
        await speaker.store.preferences.set(ann, voice="heart", opted_out=True)
        ix = await fake.slash("voice privacy forget")
        await _told(ix)
        press = await fake.click(ix.original or {}, _button(ix.original or {}, FORGET))
        assert "use /voice optin first" in await _changed(press)
        assert await speaker.store.preferences.get(ann) == Preference(opted_out=True)


async def test_a_slow_store_does_not_cost_the_answer(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord hears of the press at once; the question stays as it is until everything is gone."""
    free, forget = asyncio.Event(), speaker.store.preferences.forget

    async def slow(user: str, homes: Collection[str]) -> None:
        await free.wait()
        await forget(user, homes)

    monkeypatch.setattr(speaker.store.preferences, "forget", slow)
    async with FakeDiscord() as fake, online(fake, speaker):
        ix = await fake.slash("voice privacy forget")
        await _told(ix)
        press = await fake.click(ix.original or {}, _button(ix.original or {}, FORGET))
        await press.wait_callback()
        assert "cannot be undone" in (press.content or "")
        free.set()
        assert "Nothing is kept about you" in await _changed(press)


async def test_nobody_deletes_what_is_kept_about_another(speaker: Speaker) -> None:
    """Whatever button they come upon."""
    async with FakeDiscord() as fake, online(fake, speaker):
        ann, bea = user_key(int(fake.user_id)), fake.add_user("bea")
        await speaker.store.preferences.set(ann, voice="heart")
        message = await _noted(fake)
        old = {**message, "components": [{"type": 1, "components": [_plain(f"{FORGET}:{fake.user_id}")]}]}
        assert "Only whom it concerns" in await _told(await fake.click(old, f"{FORGET}:{fake.user_id}", by=bea))
        assert (await speaker.store.preferences.get(ann)).voice == "heart"


# Coming and going


async def test_no_button_outlives_the_cog(speaker: Speaker) -> None:
    """The library remembers neither our buttons nor the views that they were sent in."""
    async with FakeDiscord() as fake, online(fake, speaker) as here:
        message = await _noted(fake)
        assert here.bot.persistent_views == []
        await here.bot.remove_cog("Sayso say")
        heard = asyncio.Event()

        async def on_interaction(_interaction: discord.Interaction) -> None:
            heard.set()

        here.bot.add_listener(on_interaction)
        ix = await fake.click(message, _button(message, REPLAY))
        await asyncio.wait_for(heard.wait(), 5)
        assert ix.callback is None


async def test_two_bots_in_one_process_press_their_own(opened: Opened) -> None:
    """A button goes to the client that it was pressed in."""
    async with (
        FakeDiscord() as one,
        FakeDiscord() as two,
        opened() as speaker,
        online(one, speaker) as here,
        online(two, speaker) as there,
    ):
        message = await _speaking(one, here)
        await _speaking(two, there)
        await _changed(await one.click(message, STOP))
        assert (here.room.items, len(there.room.items)) == ([], 1)
