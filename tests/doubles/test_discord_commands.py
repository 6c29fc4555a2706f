"""The loopback Discord's commands: what is synced, how people use it, and what Discord's client would not send."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import discord
import pytest
from discord import app_commands

from tests.doubles.discord import FakeDiscord
from tests.doubles.discord.client import INTENTS, running


class Bot(discord.Client):
    """Commands of every kind; ``seen`` is what they were called with."""

    def __init__(self, fake: FakeDiscord, intents: discord.Intents = INTENTS) -> None:
        super().__init__(intents=intents, connector=fake.connector(), guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.seen: list[object] = []
        self.add_commands()

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def take(self, interaction: discord.Interaction, *values: object) -> None:
        self.seen.append(values)
        await interaction.response.send_message("taken", ephemeral=True)

    def add_commands(self) -> None:
        @self.tree.command(name="say")
        async def say(ix: discord.Interaction, text: app_commands.Range[str, 1, 10], voice: str = "none") -> None:
            await self.take(ix, text, voice, ix.locale)

        @say.autocomplete("voice")
        async def voices(ix: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
            found = [name for name in ("alba", "alma", "iris") if name.startswith(current)]
            return [app_commands.Choice(name=name, value=name) for name in found]

        group = app_commands.Group(name="voice", description="Voices")
        inner = app_commands.Group(name="privacy", description="Privacy", parent=group)

        @group.command(name="set")
        async def set_(ix: discord.Interaction, voice: str) -> None:
            await self.take(ix, "set", voice)

        @inner.command(name="export")
        async def export(ix: discord.Interaction) -> None:
            await self.take(ix, "export")

        self.tree.add_command(group)

        @self.tree.command(name="give")
        @app_commands.guild_only()
        async def give(
            ix: discord.Interaction,
            user: discord.Member,
            role: discord.Role,
            channel: discord.VoiceChannel,
            rate: float,
            loud: bool,
            kind: Literal["a", "b"],
            count: app_commands.Range[int, 1, 5] = 1,
        ) -> None:
            await self.take(ix, user.display_name, role.name, channel.id, rate, loud, kind, count)

        @self.tree.context_menu(name="Speak this")
        async def speak(ix: discord.Interaction, message: discord.Message) -> None:
            await self.take(ix, message.content, message.author.name)

        @self.tree.context_menu(name="Voice of")
        async def voice_of(ix: discord.Interaction, user: discord.Member) -> None:
            await self.take(ix, user.name)


async def test_a_command_reaches_the_bot_with_its_values() -> None:
    """Strings, the default, and the locale of who uses it."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        ix = await fake.slash("say", text="hi")
        answer = await ix.wait_callback()
        assert answer["data"]["content"] == "taken"
        await (await fake.slash("say", text="ho", voice="alba", locale="ja")).wait_callback()
        assert bot.seen == [("hi", "none", discord.Locale.american_english), ("ho", "alba", discord.Locale.japanese)]
        assert fake.errors == []


async def test_subcommands_and_their_groups() -> None:
    """They are named by their path."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        await (await fake.slash("voice set", voice="alba")).wait_callback()
        await (await fake.slash("voice privacy export")).wait_callback()
        assert bot.seen == [("set", "alba"), ("export",)]


async def test_options_of_every_type() -> None:
    """A user, a role, a channel come resolved; an option may be named like a parameter of the fake."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        bob = fake.add_user("bob", nick="Bobby")
        reader = fake.add_role("reader")
        given = {"user": bob, "role": reader, "channel": 7000, "rate": 1.5, "loud": True, "kind": "b"}
        await (await fake.slash("give", given, count=3)).wait_callback()
        assert bot.seen == [("Bobby", "reader", 7000, 1.5, True, "b", 3)]


@pytest.mark.parametrize(
    ("name", "options", "why"),
    [
        ("sing", {}, "nobody synced"),
        ("voice", {}, "wants a subcommand"),
        ("voice sing", {}, "no subcommand"),
        ("say", {}, "needs"),
        ("say", {"text": "hi", "speed": 2}, "has only"),
        ("say", {"text": "far too long"}, "length"),
        ("say", {"text": 3}, "takes no int"),
    ],
)
async def test_what_the_client_would_not_send_fails_the_test(name: str, options: dict[str, object], why: str) -> None:
    """A command that is not there, a missing, unknown or wrong option."""
    async with FakeDiscord() as fake, running(Bot(fake), fake):
        with pytest.raises(AssertionError, match=why):
            await fake.slash(name, options)


async def test_choices_and_ranges_hold() -> None:
    """A value that is no choice, or out of range, cannot be sent."""
    async with FakeDiscord() as fake, running(Bot(fake), fake):
        given = {"user": 2000, "role": fake.add_role("r"), "channel": 7000, "rate": 1.0, "loud": False, "kind": "a"}
        with pytest.raises(AssertionError, match="no choice"):
            await fake.slash("give", {**given, "kind": "c"})
        with pytest.raises(AssertionError, match="must be in"):
            await fake.slash("give", {**given, "count": 6})


async def test_completion_while_somebody_types() -> None:
    """What is required may be missing yet; the choices come back. Only what is completed can be completed."""
    async with FakeDiscord() as fake, running(Bot(fake), fake):
        assert await fake.autocomplete("say", "voice", voice="al") == [
            {"name": "alba", "value": "alba"},
            {"name": "alma", "value": "alma"},
        ]
        with pytest.raises(AssertionError, match="not completed"):
            await fake.autocomplete("say", "text", text="x")


async def test_menus_on_messages_and_users() -> None:
    """The whole message comes, without the privileged intent as well."""
    async with FakeDiscord(privileged_allowed=False) as fake:
        unprivileged = discord.Intents(guilds=True, guild_messages=True)
        async with running(Bot(fake, unprivileged), fake) as bot:
            ix = await fake.message_menu("Speak this", "read me")
            await ix.wait_callback()
            await (await fake.user_menu("Voice of", 2000)).wait_callback()
            assert bot.seen == [("read me", "ann"), ("ann",)]
            assert ix.original is not None
            assert ix.original["message_reference"]["message_id"] == ix.payload["data"]["target_id"]


async def test_anybody_anywhere() -> None:
    """By whom, in which guild and channel, or directly; what is for guilds only is not to be used there."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        other = fake.add_guild("Other")
        bob = fake.add_user("bob", guild=other)
        await fake.until(lambda: bot.get_guild(int(other.id)))
        ix = await fake.slash("say", text="x", by=bob)
        assert ix.payload["guild_id"] == other.id
        direct = await fake.slash("say", text="y", channel=fake.direct(bob), by=bob)
        await direct.wait_callback()
        assert "guild_id" not in direct.payload
        assert direct.payload["user"]["id"] == bob.id
        with pytest.raises(AssertionError, match=r"not to be used|for guilds"):
            await fake.slash("give", channel=fake.direct(bob), by=bob)


async def test_syncing_replaces_and_keeps_ids() -> None:
    """A command keeps its id; a guild's own command hides the global one; what is taken away is gone."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        before = {command["name"]: command["id"] for command in fake.commands["global"]}
        bot.tree.remove_command("give")
        await bot.tree.sync()
        after = {command["name"]: command["id"] for command in fake.commands["global"]}
        assert after == {name: key for name, key in before.items() if name != "give"}
        bot.tree.copy_global_to(guild=discord.Object(5000))
        await bot.tree.sync(guild=discord.Object(5000))
        ix = await fake.slash("say", text="hi")
        assert ix.payload["data"]["id"] in {command["id"] for command in fake.commands["5000"]}
        await ix.wait_callback()


async def test_single_commands_come_and_go() -> None:
    """POST makes or changes one, DELETE takes it away; what is not there is 10063."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        count = len(fake.commands["global"])
        body: dict[str, Any] = {"name": "sing", "description": "Sing", "type": 1}
        made = await bot.http.upsert_global_command(1000, body)  # type: ignore[arg-type]
        await bot.http.upsert_global_command(1000, {**body, "description": "Sing!"})  # type: ignore[arg-type]
        assert len(fake.commands["global"]) == count + 1
        await bot.http.delete_global_command(1000, int(made["id"]))
        assert len(fake.commands["global"]) == count
        with pytest.raises(discord.NotFound, match="10063"):
            await bot.http.delete_global_command(1000, 1)


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Loud", "description": "x"},
        {"name": "say", "description": "x", "name_localizations": {"ja": "話 す"}},
        {"name": "say", "description": "x" * 101},
        {"name": "say", "description": "x", "description_localizations": {"ja": ""}},
        {"name": "say", "description": "x", "options": [{"type": 3, "name": "a", "description": "x"}] * 2},
        {
            "name": "say",
            "description": "x",
            "options": [
                {"type": 3, "name": "a", "description": "x"},
                {"type": 3, "name": "b", "description": "x", "required": True},
            ],
        },
        {
            "name": "say",
            "description": "x",
            "options": [
                {
                    "type": 3,
                    "name": f"o{at}",
                    "description": "x" * 100,
                    "choices": [{"name": "n" * 50, "value": f"{c}"} for c in range(25)],
                }
                for at in range(8)
            ],
        },
        {
            "name": "say",
            "description": "x",
            "options": [
                {"type": 3, "name": "a", "description": "x", "choices": [{"name": "n" * 101, "value": "v"}]},
            ],
        },
    ],
)
async def test_discord_takes_no_malformed_command(body: dict[str, object]) -> None:
    """Names, descriptions, the order of options, and 8,000 characters in all: 50035."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.bulk_upsert_global_commands(1000, [body])
        assert refused.value.code == 50035


async def test_a_disabled_or_absent_button_cannot_be_pressed() -> None:
    """The test fails, and says why."""
    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        view = discord.ui.View(timeout=None)
        view.add_item(discord.ui.Button[discord.ui.View](custom_id="off", label="x", disabled=True))
        channel = bot.get_channel(6000)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("press", view=view)
        [message] = fake.said()
        with pytest.raises(AssertionError, match="disabled"):
            await fake.click(message, "off")
        with pytest.raises(AssertionError, match="no component"):
            await fake.click(message, "on")


async def test_buttons_and_menus_of_a_message() -> None:
    """They reach the bot's view, with the values that were chosen; the message may be changed in answer."""

    class Pad(discord.ui.View):
        chosen: asyncio.Future[list[str]]

        @discord.ui.button(label="Again", custom_id="again")
        async def again(self, ix: discord.Interaction, button: discord.ui.Button[Pad]) -> None:
            button.disabled = True
            await ix.response.edit_message(content="pressed", view=self)

        @discord.ui.select(
            custom_id="pick", options=[discord.SelectOption(label="one"), discord.SelectOption(label="2")]
        )
        async def pick(self, ix: discord.Interaction, select: discord.ui.Select[Pad]) -> None:
            self.chosen.set_result(select.values)
            await ix.response.defer()

    async with FakeDiscord() as fake, running(Bot(fake), fake) as bot:
        pad = Pad(timeout=None)
        pad.chosen = asyncio.get_running_loop().create_future()
        channel = bot.get_channel(6000)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("press", view=pad)
        [message] = fake.said()
        await (await fake.select(message, "pick", ["2"])).wait_callback()
        assert await pad.chosen == ["2"]
        await (await fake.click(message, "again")).wait_callback()
        assert message["content"] == "pressed"
        with pytest.raises(AssertionError, match="disabled"):
            await fake.click(message, "again")
