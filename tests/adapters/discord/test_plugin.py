"""Sayso comes into anybody's client, and goes without a trace."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.ext import commands
from structlog.testing import capture_logs

from bot.adapters.discord import install, speak_reply, uninstall
from bot.adapters.discord.identity import guild_key
from bot.adapters.discord.rules import with_rules
from bot.config import DiscordSettings
from bot.errors import ConfigError
from bot.speaker import Speaker
from bot.speech import Refusal
from tests.doubles.discord import FakeDiscord

INTENTS = discord.Intents(guilds=True, voice_states=True, guild_messages=True, message_content=True)
COMMANDS = {"say", "voice", "voice-admin", "skip", "stop", "queue", "replay", "join", "leave"}
MENU = "Speak this message"


class Music(commands.Cog):
    """What the host had before, with a command and a listener of its own."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    @app_commands.command(description="Play a song")
    async def play(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message("playing")

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message.content)


class Theirs(app_commands.Translator):
    """The host's own translator."""

    def __init__(self) -> None:
        self.loaded = 0

    async def load(self) -> None:
        self.loaded += 1

    async def unload(self) -> None:
        self.loaded -= 1

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        return "曲を流す" if string.message == "Play a song" and locale is discord.Locale.japanese else None


@asynccontextmanager
async def online(client: discord.Client, fake: FakeDiscord) -> AsyncIterator[None]:
    """The client connected and ready, and closed at the end."""
    running = asyncio.create_task(client.start(fake.token))
    try:
        await fake.until(lambda: client.is_ready() or running.done())
        if running.done():
            running.result()
        yield
    finally:
        await uninstall(client)
        await client.close()
        await asyncio.wait([running])


def a_bot(fake: FakeDiscord) -> commands.Bot:
    return commands.Bot("!", intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)


def names(tree: app_commands.CommandTree[Any]) -> set[str]:
    return {command.name for kind in discord.AppCommandType for command in tree.get_commands(type=kind)}


async def test_it_comes_into_a_bot_beside_what_is_there_and_never_syncs_unasked(speaker: Speaker) -> None:
    """The host's commands stay, Discord is told nothing until the host says so, and then all of it."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        async with online(bot, fake):
            await bot.add_cog(Music())
            await install(bot, speaker)
            assert names(bot.tree) == COMMANDS | {MENU, "play"}
            assert fake.commands == {}
            await bot.tree.sync()
            assert {command["name"] for command in fake.commands["global"]} == COMMANDS | {MENU, "play"}
        assert fake.errors == []


async def test_it_goes_without_a_trace(speaker: Speaker) -> None:
    """Commands, listeners, buttons and cogs are those from before."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        async with online(bot, fake):
            await bot.add_cog(Music())
            before = (names(bot.tree), set(bot.cogs), dict(bot.extra_events), bot.tree.translator, asyncio.all_tasks())
            for _ in range(2):
                await install(bot, speaker)
                await uninstall(bot)
            after = (names(bot.tree), set(bot.cogs), _held(bot.extra_events), bot.tree.translator)
            assert after == (*before[:2], _held(before[2]), before[3])
            assert not {task for task in asyncio.all_tasks() - before[4] if not task.done()}


def _held(events: dict[str, Any]) -> dict[str, Any]:
    return {name: listeners for name, listeners in events.items() if listeners}


async def test_what_goes_begins_nothing_any_more(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that becomes ready while Sayso is taken out takes nothing up, for nobody would deliver it."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        await bot.login(fake.token)
        station = await install(bot, speaker)
        begun: list[str] = []

        async def resume() -> int:
            begun.append("resume")
            return 0

        close = station.reader.close

        async def ready() -> None:
            bot.dispatch("ready")
            await close()

        monkeypatch.setattr(station.courier, "resume", resume)
        monkeypatch.setattr(station.reader, "close", ready)
        await uninstall(bot)
        await asyncio.sleep(0.05)
        assert begun == []
        await bot.close()


async def test_it_is_installed_once(speaker: Speaker) -> None:
    """A second time is a mistake, told in words; the first goes on."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        async with online(bot, fake):
            await install(bot, speaker)
            with pytest.raises(ConfigError, match="uninstall it first"):
                await install(bot, speaker)
            assert names(bot.tree) >= COMMANDS


async def test_a_host_that_has_a_command_of_that_name_keeps_it(speaker: Speaker) -> None:
    """A music cog's `/stop` stays what it was, and outlives Sayso; everything else of Sayso comes."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)

        @bot.tree.command(name="stop", description="the host's own")
        async def stop(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("stopped")

        async with online(bot, fake):
            with capture_logs() as logs:
                await install(bot, speaker)
            assert {"event": "discord_command_taken", "command": "stop", "log_level": "warning"} in logs
            assert bot.tree.get_command("stop") is stop
            assert names(bot.tree) == COMMANDS | {MENU}
            await uninstall(bot)
            assert bot.tree.get_commands() == [stop]


async def test_a_host_without_room_for_the_commands_is_told_how_much_is_lacking(speaker: Speaker) -> None:
    """Discord takes a hundred, and half of Sayso is of no use: nothing of it is left behind."""

    async def theirs(interaction: discord.Interaction) -> None: ...

    def filled(tree: app_commands.CommandTree[Any], count: int) -> None:
        for number in range(count):
            tree.add_command(app_commands.Command(name=f"c{number}", description="theirs", callback=theirs))

    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        filled(bot.tree, 100 - len(COMMANDS))
        await install(bot, speaker)
        await uninstall(bot)
        bot.tree.add_command(app_commands.Command(name="more", description="theirs", callback=theirs))
        before = names(bot.tree)
        with pytest.raises(ConfigError, match=r"has 92 and Sayso brings 9; remove 1 of"):
            await install(bot, speaker)
        assert names(bot.tree) == before
        assert not bot.cogs
        assert bot.tree.translator is None
        bot.tree.remove_command("more")
        await install(bot, speaker)
        await uninstall(bot)
        await bot.close()


async def test_the_hosts_translator_still_speaks_for_the_hosts_commands(speaker: Speaker) -> None:
    """Ours answers for ours; theirs is neither lost nor unloaded."""
    async with FakeDiscord() as fake:
        bot, theirs = a_bot(fake), Theirs()
        await bot.tree.set_translator(theirs)
        async with online(bot, fake):
            await bot.add_cog(Music())
            await install(bot, speaker)
            await bot.tree.sync()
            sent = {command["name"]: command for command in fake.commands["global"]}
            assert sent["play"]["description_localizations"] == {"ja": "曲を流す"}
            assert "zh-CN" in sent["say"]["description_localizations"]
            assert theirs.loaded == 1
            await uninstall(bot)
            assert bot.tree.translator is theirs
            assert theirs.loaded == 1


async def test_a_bare_client_gets_the_commands_by_its_tree_and_keeps_its_listeners(speaker: Speaker) -> None:
    """Both hear a message; afterwards only the client's own."""
    heard: list[str] = []

    class Client(discord.Client):
        async def on_message(self, message: discord.Message) -> None:
            heard.append(message.content)

    async with FakeDiscord() as fake:
        client = Client(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
        tree = app_commands.CommandTree(client)
        async with online(client, fake):
            station = await install(client, speaker, tree=tree)
            seen: list[str] = []
            station.reader.on_message = _noting(seen)  # type: ignore[method-assign]
            assert names(tree) == COMMANDS | {MENU}
            await fake.say("both hear this")
            await fake.until(lambda: heard == ["both hear this"] and seen == heard)
            await uninstall(client)
            assert names(tree) == set()
            await fake.say("only one")
            await fake.until(lambda: heard[-1] == "only one")
            assert seen == ["both hear this"]
            assert not [name for name in vars(client) if name.startswith("on_")]


def _noting(seen: list[str]) -> Any:
    async def on_message(message: discord.Message) -> None:
        seen.append(message.content)

    return on_message


async def test_a_bare_client_without_a_tree_is_told_to_pass_one(speaker: Speaker) -> None:
    """A client alone has no commands."""
    async with FakeDiscord() as fake:
        client = discord.Client(intents=INTENTS, connector=fake.connector(), guild_ready_timeout=0.05)
        async with online(client, fake):
            with pytest.raises(ConfigError, match="tree=CommandTree"):
                await install(client, speaker)


async def test_an_answer_is_spoken_wherever_its_message_came_from(speaker: Speaker) -> None:
    """`speak_reply` finds the Sayso of the message's own client; without one it says what to do."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        messages: list[discord.Message] = []

        @bot.listen()
        async def on_message(message: discord.Message) -> None:
            if not message.author.bot:
                messages.append(message)

        async with online(bot, fake):
            await fake.say("What is the capital of France?")
            await fake.until(lambda: messages)
            with pytest.raises(ConfigError, match="not installed"):
                await speak_reply(messages[0], "Paris.")
            await install(bot, speaker)
            await fake.human_voice(None)
            await fake.until(lambda: messages[0].author.voice is None)  # type: ignore[union-attr]
            parcel = await speak_reply(messages[0], "It is Paris.")
            assert not isinstance(parcel, Refusal)
            assert (await parcel.delivered()).delivered
            [note] = fake.notes()
            assert note.message["message_reference"]["message_id"] == str(messages[0].id)
        assert fake.errors == []


@pytest.fixture
def modules() -> Iterator[None]:
    """discord.py throws the modules of an extension away when it unloads it; other tests still hold theirs."""
    held = {name: module for name, module in sys.modules.items() if name.startswith("bot.adapters.discord")}
    yield
    for name in [name for name in sys.modules if name.startswith("bot.adapters.discord")]:
        del sys.modules[name]
    sys.modules.update(held)
    importlib.import_module("bot.adapters").discord = held["bot.adapters.discord"]  # type: ignore[attr-defined]


@pytest.mark.usefixtures("modules")
async def test_the_extension_opens_the_house_and_closes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`load_extension` alone is enough: settings from the environment, the store in its folder."""
    monkeypatch.setenv("SAYSO__DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SAYSO__EDGE__REFRESH", "false")
    monkeypatch.chdir(tmp_path)
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        async with online(bot, fake):
            await bot.load_extension("bot.adapters.discord")
            assert names(bot.tree) >= COMMANDS
            assert (tmp_path / "sayso.db").exists()
            await bot.unload_extension("bot.adapters.discord")
            assert names(bot.tree) == set()
            await bot.load_extension("bot.adapters.discord")  # and again
        assert not bot.extensions  # closing a bot unloads them


@pytest.mark.usefixtures("modules")
async def test_what_a_host_imported_still_works_after_a_reload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """discord.py imports a reloaded extension anew; the `speak_reply` that the host holds is from before."""
    monkeypatch.setenv("SAYSO__DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SAYSO__EDGE__REFRESH", "false")
    monkeypatch.chdir(tmp_path)
    messages: list[discord.Message] = []
    async with FakeDiscord(user_in_voice=False) as fake:
        bot = a_bot(fake)
        bot.add_listener(_keeping(messages), "on_message")
        async with online(bot, fake):
            await bot.load_extension("bot.adapters.discord")
            await bot.reload_extension("bot.adapters.discord")
            await fake.say("What is the capital of France?")
            await fake.until(lambda: messages)
            parcel = await speak_reply(messages[0], "It is Paris.")
            assert (await parcel.delivered()).delivered  # type: ignore[union-attr]
            await bot.unload_extension("bot.adapters.discord")
            with pytest.raises(ConfigError, match="not installed"):
                await speak_reply(messages[0], "It is Paris.")


def _keeping(messages: list[discord.Message]) -> Any:
    async def on_message(message: discord.Message) -> None:
        messages.append(message)

    return on_message


async def test_the_servers_wish_that_the_bot_stays_reaches_its_room(speaker: Speaker) -> None:
    """`stay` is a rule of the server, and the room that would leave alone asks for it."""
    async with FakeDiscord() as fake:
        bot = a_bot(fake)
        async with online(bot, fake):
            station = await install(bot, speaker, settings=DiscordSettings(leave_seconds=0.05))
            [guild], settings = bot.guilds, speaker.store.settings
            kept = await settings.guild(guild_key(guild.id, 0))
            await settings.set_guild(guild_key(guild.id, 0), extra=with_rules(kept, stay=True))
            room, talk = station.rooms.room(guild), bot.get_channel(int(fake.voice_channel))
            assert isinstance(talk, discord.VoiceChannel)
            assert await room.join(talk) is None
            await fake.human_voice(None)
            await fake.until(lambda: not [m for m in talk.members if not m.bot])
            await asyncio.sleep(0.2)  # four times as long as it would stay alone
            assert room.channel == talk
            kept = await settings.guild(guild_key(guild.id, 0))
            await settings.set_guild(guild_key(guild.id, 0), extra=with_rules(kept, stay=False))
            await fake.human_voice(fake.voice_channel)
            await fake.human_voice(None)
            await fake.until(lambda: room.channel is None)


@pytest.mark.usefixtures("modules")
async def test_the_programme_in_the_docs_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies it, and has an LLM, hears its answer: the page's own lines, over the loopback."""
    monkeypatch.setenv("SAYSO__DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SAYSO__EDGE__REFRESH", "false")
    monkeypatch.chdir(tmp_path)
    page = (Path(__file__).parents[3] / "docs" / "discord.md").read_text(encoding="utf-8")
    asked: list[str] = []

    async def my_llm(question: str) -> AsyncIterator[str]:
        asked.append(question)
        for piece in ("It is ", "Paris. ", "Ask me more."):
            yield piece

    programme: dict[str, Any] = {"my_llm": my_llm}
    exec(page.split("```python")[1].split("```")[0], programme)
    bot: commands.Bot = programme["bot"]
    async with FakeDiscord(user_in_voice=False) as fake:
        bot.http.connector = fake.connector()
        async with online(bot, fake):
            await fake.say("<@1000> What is the capital of France?")
            await fake.until(lambda: fake.notes(), timeout=30)
        assert asked == ["<@1000> What is the capital of France?"]
        assert fake.notes()[0].duration > 1
        assert fake.errors == []
