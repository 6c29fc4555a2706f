"""/privacy: what is kept about one, and one's wish to be left alone."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
from telegram.constants import ParseMode
from telegram.ext import Application, Defaults

from bot.adapters.telegram.commands import privacy, say, settings
from bot.adapters.telegram.identity import guild_key, user_key
from bot.adapters.telegram.plugin import assemble, close
from bot.adapters.telegram.target import Target
from bot.config import TelegramSettings
from bot.speaker import Speaker
from bot.speech import Request
from bot.store import Preference
from tests.adapters.telegram.commands.menus import answered, full, menus, opened, pressed, shows, turned
from tests.adapters.telegram.quick import quick_post
from tests.adapters.telegram.scene import online, polling
from tests.doubles.engine import FakeEngine, Script
from tests.doubles.store import clip
from tests.doubles.telegram import FakeTelegram, Message, Person


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


async def _lived(speaker: Speaker, ann: Person) -> None:
    """Ann has chosen, spoken and decided."""
    store, user, lane = speaker.store, user_key(ann.id), guild_key(ann.id)
    await store.preferences.set(user, voice="heart", rate=1.5, language="en")
    await store.preferences.remember(user, "heart", guild=lane)
    await store.cache.put("abc", clip("Hello from Ann."), user=user, guild=lane, owner=user)
    await store.settings.set_guild(lane, by=user, max_chars=100)


async def _file(fake: FakeTelegram, ann: Person) -> Message:
    return await fake.until(lambda: next((one for one in ann.private.messages if "document" in one.parts), None))


# What is kept


async def test_what_is_kept_is_told_in_words(fake: FakeTelegram, speaker: Speaker) -> None:
    """Choices as they are, the rest by number; and the way back."""
    ann = fake.person()
    await _lived(speaker, ann)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        assert (await turned(fake, ann, menu, "What is kept")).splitlines() == [
            "This is kept about you:",
            "• your voice: heart",
            "• your speed: 1.5×",
            "• your language: English",
            "• voices you were spoken in, and how often: 1",
            "• recordings with your words or heard by you: 1",
            "• settings of chats that you changed: 1",
            "And your Telegram id, by which this is found. Your name and your messages are not kept otherwise.",
        ]
        assert "Hello from Ann" not in menu.text
        assert "your words are spoken" in await turned(fake, ann, menu, "Back")


async def test_the_wish_to_be_left_alone_is_kept_too(fake: FakeTelegram, speaker: Speaker) -> None:
    """And told."""
    ann = fake.person(locale="ja")
    await speaker.store.preferences.set(user_key(ann.id), opted_out=True)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        assert "読み上げを望まない" in await turned(fake, ann, menu, "保存しているもの")


async def test_everything_kept_comes_as_a_file(fake: FakeTelegram, speaker: Speaker) -> None:
    """In plain JSON, with the words themselves: to the person alone."""
    ann = fake.person()
    await _lived(speaker, ann)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        await pressed(fake, ann, menu, "As a file")
        message = await _file(fake, ann)
        assert message.caption == "This is everything that I keep about you."
        assert message.parts["document"]["file_name"] == "sayso.json"
        assert message.file is not None
        kept: dict[str, Any] = json.loads(message.file.data)
        everything = await speaker.store.preferences.export(user_key(ann.id), [guild_key(ann.id)])
        assert kept == json.loads(json.dumps(everything, default=str))
        assert kept["homes"][guild_key(ann.id)]["settings"]["max_chars"] == 100
        assert kept["preference"]["voice"] == "heart"
        assert kept["voices"] == {"heart": 1}
        assert "Hello from Ann." in json.dumps(kept["clips"])


async def test_much_is_packed(fake: FakeTelegram, speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same when it is unpacked."""
    monkeypatch.setattr("bot.adapters.dossier.PLAIN", 10)
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        await pressed(fake, ann, menu, "As a file")
        message = await _file(fake, ann)
        assert message.parts["document"]["file_name"] == "sayso.json.gz"
        assert message.file is not None
        assert json.loads(gzip.decompress(message.file.data))["user"] == user_key(ann.id)


async def test_in_a_group_the_file_is_promised_for_elsewhere(fake: FakeTelegram, speaker: Speaker) -> None:
    """It holds what one said; nor does a channel get its own before all who read it."""
    ann = fake.person()
    async with menus(fake, speaker):
        for chat in (fake.group(members=[ann]), fake.group(anonymous=[ann]), fake.channel(admins=[ann])):
            menu = await opened(fake, ann, "/privacy", chat)
            press = await ann.press(menu, full(menu, "As a file"))
            assert press.alert
            assert "in a private chat" in str(press.text)
        assert fake.of("sendDocument") == []


async def test_in_a_business_chat_the_file_is_promised_for_elsewhere(fake: FakeTelegram, speaker: Speaker) -> None:
    """Whose business it is reads along."""
    ann, bob = fake.person("Ann"), fake.person("Bob")
    business = await bob.connect()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy", business=business)
        assert "in a private chat" in str(await pressed(fake, ann, menu, "As a file"))


async def test_a_file_that_telegram_does_not_take_is_told_in_words(fake: FakeTelegram, speaker: Speaker) -> None:
    """With what to do."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        fake.faults.refuse("sendDocument", 400, "Bad Request: file is too funny")
        await pressed(fake, ann, menu, "As a file")
        assert "could not be sent" in (await answered(fake, menu)).text


@asynccontextmanager
async def _hosted(fake: FakeTelegram, speaker: Speaker) -> AsyncIterator[None]:
    """/privacy in an application that is in a hurry, and takes all that it sends for markup."""
    builder = Application.builder().token(fake.token).base_url(fake.base_url).base_file_url(fake.base_file_url)
    hurried = builder.read_timeout(0.4).write_timeout(0.4).media_write_timeout(0.4)
    async with polling(hurried.defaults(Defaults(parse_mode=ParseMode.MARKDOWN_V2)).build()) as application:
        station = assemble(application.bot, speaker, TelegramSettings())
        application.add_handlers(privacy.handlers(station))
        station.messenger.post = quick_post()
        yield
        await close(station)


async def test_a_file_is_as_it_is_whatever_the_host_sends_by_default(fake: FakeTelegram, speaker: Speaker) -> None:
    """No markup is looked for in our words."""
    ann = fake.person()
    async with _hosted(fake, speaker):
        await pressed(fake, ann, await opened(fake, ann, "/privacy"), "As a file")
        assert (await _file(fake, ann)).caption == "This is everything that I keep about you."
        assert "parse_mode" not in fake.of("sendDocument")[0].params


async def test_a_file_has_the_time_that_it_takes(fake: FakeTelegram, speaker: Speaker) -> None:
    """However little a text may take: nobody is told that it failed while it is on its way."""
    ann = fake.person()
    async with _hosted(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        fake.faults.delay("sendDocument", 0.8)
        await pressed(fake, ann, menu, "As a file")
        await _file(fake, ann)
    assert [one for one in ann.private.messages if one.text and one.reply_to is menu] == []


async def test_a_file_that_may_have_arrived_is_not_told_to_have_failed(fake: FakeTelegram, speaker: Speaker) -> None:
    """Only Telegram knows; the person sees it."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        fake.faults.lose("sendDocument")
        await pressed(fake, ann, menu, "As a file")
        assert "has not told me whether" in (await answered(fake, menu)).text
        assert len(fake.of("sendDocument")) == 1


async def test_a_file_that_is_too_large_is_not_tried(
    fake: FakeTelegram, speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram takes 50 MB."""
    monkeypatch.setattr("bot.adapters.telegram.commands.privacy.MOST", 10)
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        await pressed(fake, ann, menu, "As a file")
        assert "more than Telegram takes" in (await answered(fake, menu)).text
        assert fake.of("sendDocument") == []


# Being spoken or not


async def test_who_opts_out_is_not_spoken_until_they_opt_in(fake: FakeTelegram, speaker: Speaker) -> None:
    """The menu always says which it is."""
    ann = fake.person()
    user = user_key(ann.id)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        assert "nothing of yours is spoken, anywhere" in str(await pressed(fake, ann, menu, "Speak nothing"))
        await shows(fake, menu, "At present nothing of yours is spoken.")
        assert await speaker.store.preferences.get(user) == Preference(opted_out=True)
        assert "spoken again" in str(await pressed(fake, ann, menu, "Speak me again"))
        await shows(fake, menu, "At present your words are spoken.")
        assert await speaker.store.preferences.get(user) == Preference()


@pytest.mark.parametrize("buttons", [("Speak nothing",), ("Delete everything", "Yes, delete")])
async def test_what_waits_is_taken_back(
    fake: FakeTelegram, speaker: Speaker, offline: FakeEngine, buttons: tuple[str, ...]
) -> None:
    """Who opts out, or is forgotten, does not hear it after that."""
    ann, go = fake.person(), asyncio.Event()

    async def wait(_: float) -> None:
        await go.wait()

    offline.scripts, offline.sleep = (Script(pieces=1),), wait
    async with menus(fake, speaker) as station:
        request = Request(guild_key(ann.id), user_key(ann.id), "Hello there.")
        parcel = await station.courier.send(request, Target(int(fake.token.split(":")[0]), ann.id))
        menu = await opened(fake, ann, "/privacy")
        await turned(fake, ann, menu, *buttons)
        receipt = await parcel.delivered()  # type: ignore[union-attr]
        assert receipt.taken_back
        go.set()
        assert fake.notes(ann.private) == []


# Being forgotten


async def test_who_is_forgotten_is_asked_first(fake: FakeTelegram, speaker: Speaker) -> None:
    """There is a way back, and nothing has happened then."""
    ann = fake.person()
    await _lived(speaker, ann)
    before = await speaker.store.preferences.export(user_key(ann.id))
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        assert "cannot be undone" in await turned(fake, ann, menu, "Delete everything")
        await turned(fake, ann, menu, "Back")
        assert await speaker.store.preferences.export(user_key(ann.id)) == before


async def test_who_is_forgotten_leaves_nothing(fake: FakeTelegram, speaker: Speaker) -> None:
    """Not even buttons."""
    ann = fake.person()
    user = user_key(ann.id)
    await _lived(speaker, ann)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        await turned(fake, ann, menu, "Delete everything", "Yes, delete everything")
        assert menu.text == "Deleted. Nothing is kept about you any more."
        assert menu.buttons == []
    kept = await speaker.store.preferences.export(user)
    assert kept["preference"] == {"voice": None, "engine": None, "rate": None, "language": None, "opted_out": False}
    assert not any(kept[name] for name in ("voices", "clips", "journal", "settings_changed"))


async def test_who_is_forgotten_is_named_in_no_row(fake: FakeTelegram, speaker: Speaker, tmp_path: Path) -> None:
    """Their chat with the bot has their id: what was decided and counted there is theirs."""
    ann = fake.person()
    async with online(fake, speaker, say.handlers, settings.handlers, privacy.handlers) as station:
        station.messenger.post = quick_post()
        await ann.say("/say hello")
        await fake.until(lambda: fake.notes(ann.private))
        await answered(fake, await ann.say("/settings language en"))
        await fake.until(lambda: not list(station.courier.parcels(guild_key(ann.id))))
        assert {"favourites", "guilds", "audit", "plays"} <= await _naming(speaker, tmp_path, ann)
        menu = await opened(fake, ann, "/privacy")
        await turned(fake, ann, menu, "Delete everything", "Yes, delete everything")
        assert await _naming(speaker, tmp_path, ann) == set()


async def _naming(speaker: Speaker, folder: Path, ann: Person) -> set[str]:
    """The tables with a row in which somebody's id stands, once everything is written down."""
    await speaker.store.preferences.export(user_key(ann.id))
    id = re.compile(rf"(?<![\d.]){ann.id}(?![\d.])")
    with closing(sqlite3.connect(folder / "sayso.db")) as database:
        tables = [table for (table,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = {table: database.execute(f'select * from "{table}"').fetchall() for table in tables}
    return {table for table, held in rows.items() if any(id.search(str(value)) for row in held for value in row)}


async def test_who_is_forgotten_for_a_channel_takes_nothing_from_it(fake: FakeTelegram, speaker: Speaker) -> None:
    """What was decided in a chat is that chat's, though somebody asks in its name."""
    ann = fake.person()
    channel = fake.channel(admins=[ann])
    await speaker.store.settings.set_guild(guild_key(channel.id), by=user_key(channel.id), max_chars=100)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy", channel)
        await turned(fake, ann, menu, "Delete everything", "Yes, delete everything")
    assert (await speaker.store.settings.guild(guild_key(channel.id))).max_chars == 100


async def test_who_is_forgotten_is_not_held_in_memory(fake: FakeTelegram, speaker: Speaker) -> None:
    """Nor what they might have sent again."""
    ann = fake.person()
    async with online(fake, speaker, say.handlers, privacy.handlers) as station:
        station.messenger.post = quick_post()
        fake.faults.lose("sendVoice")
        asked = await ann.say("/say hello there")
        await fake.until(lambda: any(one.buttons for one in ann.private.messages if one.reply_to is asked))
        assert user_key(ann.id) in repr(list(station.asking.again._wishes))
        menu = await opened(fake, ann, "/privacy")
        await turned(fake, ann, menu, "Delete everything", "Yes, delete everything")
        assert list(station.asking.again._wishes) == []


async def test_the_wish_to_be_left_alone_outlives_being_forgotten(fake: FakeTelegram, speaker: Speaker) -> None:
    """It is what protects them; and they are told how it goes as well."""
    ann = fake.person(locale="ru")
    await speaker.store.preferences.set(user_key(ann.id), voice="heart", opted_out=True)
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        await turned(fake, ann, menu, "Удалить всё", "Да, удалить всё")
        assert "снова разрешите озвучивать" in menu.text
        assert await speaker.store.preferences.get(user_key(ann.id)) == Preference(opted_out=True)


# Whose it is


async def test_nobody_else_presses(fake: FakeTelegram, speaker: Speaker) -> None:
    """Neither to look nor to delete."""
    ann, bob = fake.person("Ann"), fake.person("Bob")
    group = fake.group(members=[ann], admins=[bob])
    await _lived(speaker, ann)
    before = await speaker.store.preferences.export(user_key(ann.id))
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy", group)
        for button in menu.buttons:
            assert "somebody else" in str(await pressed(fake, bob, menu, button))
        await turned(fake, ann, menu, "Delete everything")
        assert "somebody else" in str(await pressed(fake, bob, menu, "Yes, delete"))
        assert await speaker.store.preferences.export(user_key(ann.id)) == before


async def test_a_button_works_after_a_restart(fake: FakeTelegram, speaker: Speaker) -> None:
    """All that it needs is in it."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
    async with menus(fake, speaker):
        await pressed(fake, ann, menu, "Speak nothing")
        assert (await speaker.store.preferences.get(user_key(ann.id))).opted_out


@pytest.mark.parametrize("data", ["sayso:privacy:", "sayso:privacy:q.1.0.."])
async def test_a_button_that_nobody_understands_is_answered(fake: FakeTelegram, speaker: Speaker, data: str) -> None:
    """With the way to a new one."""
    ann = fake.person()
    async with menus(fake, speaker):
        menu = await opened(fake, ann, "/privacy")
        menu.keyboard[0][0]["callback_data"] = data
        assert "too old" in str(await pressed(fake, ann, menu, "What is kept"))
        await turned(fake, ann, menu, "Done")
        assert menu.buttons == []
