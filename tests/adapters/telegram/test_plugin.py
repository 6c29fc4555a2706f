"""Sayso goes into anybody's Application, works beside what is there, and goes out without a trace."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import telegram
from structlog.testing import capture_logs
from telegram.error import NetworkError
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, PicklePersistence, filters

from bot.adapters.telegram import plugin
from bot.adapters.telegram.courier import Courier
from bot.adapters.telegram.plugin import GROUP, install, speak_reply, uninstall
from bot.errors import ConfigError
from bot.speaker import Speaker
from bot.speech import Refusal
from tests.adapters.telegram.scene import Host, host, polling
from tests.doubles.telegram import FakeTelegram


def ours(application: Host) -> set[str]:
    """The commands that Sayso listens to there."""
    found = (handler for handler in application.handlers.get(GROUP, ()) if isinstance(handler, CommandHandler))
    return {name for handler in found for name in handler.commands}


def a_message(application: Host) -> telegram.Message:
    """One that came to its bot."""
    message = telegram.Message(1, datetime.now(UTC), telegram.Chat(1, "private"), text="hi")
    message.set_bot(application.bot)
    return message


COMMANDS = {"say", "voice", "replay", "queue", "cancel", "privacy", "help", "start", "settings", "auto"}


async def test_it_speaks_in_an_application_that_runs(speaker: Speaker) -> None:
    """Installed after the start, with polling under way."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        async with polling(host(fake)) as application:
            await install(application, speaker)
            asked = await ann.say("/say Hello there.")
            note = await fake.until(lambda: fake.notes(ann.private))
            await uninstall(application)
        assert note[0].reply_to is asked
        assert fake.unknown == []


async def test_it_is_installed_before_the_start_as_well(speaker: Speaker) -> None:
    """A host that builds, installs and then runs need not use `post_init`."""
    async with FakeTelegram() as fake:
        ann, application = fake.person(), host(fake)
        await install(application, speaker)
        async with polling(application):
            await ann.say("/say Hello there.")
            await fake.until(lambda: fake.notes(ann.private))
            await uninstall(application)


async def test_updates_that_the_host_feeds_in_are_enough(speaker: Speaker) -> None:
    """No polling and no webhook of the library's: `process_update` is all that Sayso needs."""
    async with FakeTelegram() as fake, host(fake) as application:
        ann = fake.person()
        await install(application, speaker)
        chat = {"id": ann.id, "type": "private", "first_name": "Ann"}
        entities = [{"type": "bot_command", "offset": 0, "length": 4}]
        sent = {"message_id": 5, "date": 1_900_000_000, "chat": chat, "from": ann.payload(), "text": "/say hi there"}
        update = telegram.Update.de_json({"update_id": 1, "message": {**sent, "entities": entities}}, application.bot)
        await application.process_update(update)
        await fake.until(lambda: fake.notes(ann.private))
        await uninstall(application)


async def test_it_leaves_no_trace(speaker: Speaker) -> None:
    """Put in and taken out twice, the application is what it was, and nothing runs on."""
    async with FakeTelegram() as fake, host(fake) as application:
        before = {task for task in asyncio.all_tasks() if not task.done()}
        for _ in range(2):
            await install(application, speaker)
            assert ours(application) == COMMANDS
            await uninstall(application)
        assert not application.handlers
        assert application.post_init is None
        assert application.bot_data == {}
        assert {task for task in asyncio.all_tasks() if not task.done()} <= before
        await uninstall(application)


async def test_a_second_time_is_a_mistake(speaker: Speaker) -> None:
    """It is told in words, and the first goes on."""
    async with FakeTelegram() as fake, host(fake) as application:
        await install(application, speaker)
        with pytest.raises(ConfigError, match="uninstall it first"):
            await install(application, speaker)
        assert ours(application) == COMMANDS
        await uninstall(application)


async def test_two_at_once_are_a_mistake_of_the_second(speaker: Speaker) -> None:
    """It comes while the first still waits for Telegram; nobody has an answer spoken meanwhile."""
    async with FakeTelegram() as fake:
        application, hanging = host(fake), fake.faults.hang("getMe")
        first = asyncio.create_task(install(application, speaker))
        await fake.until(hanging.met.is_set)
        with pytest.raises(ConfigError, match="uninstall it first"):
            await install(application, speaker)
        with pytest.raises(ConfigError, match=r"see install\(\)"):
            await speak_reply(a_message(application), "Hello.")
        await uninstall(application)  # there is nothing yet
        hanging.release()
        await first
        assert ours(application) == COMMANDS
        await uninstall(application)
        assert not application.handlers
        await application.bot.shutdown()


async def test_a_telegram_that_is_away_leaves_nothing_behind(speaker: Speaker) -> None:
    """It may be tried again."""
    async with FakeTelegram() as fake:
        application = host(fake)
        fake.faults.html("getMe", 502)
        with pytest.raises(NetworkError):
            await install(application, speaker)
        assert not application.handlers
        await install(application, speaker)
        await uninstall(application)
        await application.bot.shutdown()


@pytest.mark.parametrize("part", ["a module", "what was left over"])
async def test_what_cannot_be_put_in_is_taken_out_again(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Whatever breaks, and however far it had come: no handler, no task, and it may be tried again."""

    def broken(*_: object) -> Any:
        raise RuntimeError("It is broken.")

    async with FakeTelegram() as fake, host(fake) as application:
        before = {task for task in asyncio.all_tasks() if not task.done()}
        with monkeypatch.context() as patch:
            if part == "a module":
                patch.setattr(plugin, "_MODULES", (*plugin._MODULES, broken))
            else:
                patch.setattr(Courier, "resume", broken)
            with pytest.raises(RuntimeError, match="It is broken"):
                await install(application, speaker)
        assert not application.handlers
        assert {task for task in asyncio.all_tasks() if not task.done()} <= before
        await install(application, speaker)
        assert ours(application) == COMMANDS
        await uninstall(application)


async def test_it_goes_in_and_out_of_an_application_that_runs(speaker: Speaker) -> None:
    """Each time it speaks, and leaves neither handler nor task; what it is told meanwhile it does not hear."""
    async with FakeTelegram() as fake:
        ann = fake.person()
        async with polling(host(fake)) as application:
            before = {task for task in asyncio.all_tasks() if not task.done()}
            for number in (1, 2):
                await install(application, speaker)
                await ann.say(f"/say Number {number}.")
                await fake.until(lambda number=number: len(fake.notes()) == number)  # type: ignore[misc]
                await uninstall(application)
                assert not application.handlers
            await ann.say("/say Nobody is here.")
            await fake.until(lambda: not fake.updates.pending)
            left = {task.get_name() for task in asyncio.all_tasks() - before if not task.done()}
            assert not any("telegram post" in name or "delivery" in name or "intake" in name for name in left), left
        assert len(fake.notes()) == 2


async def test_a_group_of_the_hosts_own_is_not_shared(speaker: Speaker) -> None:
    """Within a group only the first handler that fits runs: one of the two would be deaf."""

    async def theirs(update: telegram.Update, context: Any) -> None: ...

    async with FakeTelegram() as fake, host(fake) as application:
        application.add_handler(MessageHandler(filters.ALL, theirs), group=7)
        with pytest.raises(ConfigError, match="group 7 has handlers"):
            await install(application, speaker, group=7)
        await install(application, speaker, group=8)
        await uninstall(application)
        assert list(application.handlers) == [7]


async def test_a_command_of_the_hosts_own_stays_its_own(speaker: Speaker) -> None:
    """Also one that ends a conversation; everything else of Sayso's comes."""
    heard: list[str] = []

    async def theirs(update: telegram.Update, context: Any) -> int:
        heard.append(str(update.effective_message and update.effective_message.text))
        return ConversationHandler.END

    talk: ConversationHandler[Any] = ConversationHandler(
        [CommandHandler("order", theirs)],
        {1: [MessageHandler(filters.TEXT, theirs)]},
        [CommandHandler("cancel", theirs)],
    )
    async with FakeTelegram() as fake:
        application, ann = host(fake), fake.person()
        application.add_handlers([CommandHandler(["start", "help"], theirs), talk])
        async with polling(application):
            with capture_logs() as logs:
                await install(application, speaker)
            taken = {line["command"] for line in logs if line["event"] == "telegram_command_taken"}
            assert taken == {"start", "help", "cancel"}
            assert ours(application) == COMMANDS - taken
            await ann.say("/start")
            await ann.say("/say It speaks all the same.")
            await fake.until(lambda: heard == ["/start"] and fake.notes())
            assert fake.of("sendMessage") == []
            await uninstall(application)


async def test_the_hosts_handlers_hear_what_sayso_hears(speaker: Speaker) -> None:
    """Each has its own group: neither shadows the other."""
    heard: list[str] = []

    async def theirs(update: telegram.Update, context: Any) -> None:
        heard.append(str(update.message and update.message.text))

    async with FakeTelegram() as fake:
        application, ann = host(fake), fake.person()
        application.add_handler(MessageHandler(filters.ALL, theirs))
        async with polling(application):
            await install(application, speaker)
            await ann.say("/say Both hear this.")
            await fake.until(lambda: heard == ["/say Both hear this."] and fake.notes())
            await uninstall(application)


async def test_a_host_that_pickles_its_data_finds_nothing_of_sayso_in_it(speaker: Speaker, tmp_path: Any) -> None:
    """What is alive cannot be pickled; it is kept elsewhere."""
    async with FakeTelegram() as fake:
        builder = telegram.ext.Application.builder().token(fake.token).base_url(fake.base_url)
        application = builder.persistence(PicklePersistence(tmp_path / "host.pickle")).build()
        ann = fake.person()
        async with polling(application):
            await install(application, speaker)
            await ann.say("/say Hello there.")
            await fake.until(fake.notes)
            await application.update_persistence()
            await uninstall(application)
        assert (tmp_path / "host.pickle").exists()


async def test_an_llm_of_the_hosts_has_its_answer_spoken(speaker: Speaker) -> None:
    """The host's handler hands it the message and the words."""

    async def answered(update: telegram.Update, context: Any) -> None:
        assert update.message is not None
        parcel = await speak_reply(update.message, "Forty-two, I think.")
        assert parcel is not None
        assert not isinstance(parcel, Refusal)

    async with FakeTelegram() as fake:
        application, ann = host(fake), fake.person()
        application.add_handler(MessageHandler(filters.TEXT, answered))
        async with polling(application):
            await install(application, speaker, reads=False)
            asked = await ann.say("What is the answer?")
            note = await fake.until(lambda: fake.notes(ann.private))
            assert note[0].reply_to is asked
            await uninstall(application)


async def test_an_answer_for_an_application_without_sayso_is_a_mistake(speaker: Speaker) -> None:
    """The host is told what to do."""
    async with FakeTelegram() as fake, host(fake) as application:
        with pytest.raises(ConfigError, match=r"see install\(\)"):
            await speak_reply(a_message(application), "Hello.")


async def test_what_telegram_has_handed_over_is_not_lost_when_sayso_goes(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten at once, and uninstalled before the first is looked at: all are taken on, and kept for the next start."""
    monkeypatch.setattr(plugin, "DRAIN", 5.0)
    async with FakeTelegram() as fake, host(fake) as application:
        ann, bob = fake.person("Ann"), fake.person("Bob")
        await install(application, speaker)
        for number in range(10):
            who = (ann, bob)[number % 2]
            entities = [{"type": "bot_command", "offset": 0, "length": 4}]
            chat = {"id": who.id, "type": "private", "first_name": who.first_name}
            sent = {"message_id": 100 + number, "date": 1_900_000_000, "chat": chat, "from": who.payload()}
            body = {**sent, "text": f"/say Number {number}.", "entities": entities}
            update = telegram.Update.de_json({"update_id": number, "message": body}, application.bot)
            await application.process_update(update)
        await uninstall(application)
        sent_before = len(fake.notes())
        await install(application, speaker)
        await fake.until(lambda: len(fake.notes()) == 10)
        assert sent_before < 10
        await uninstall(application)
