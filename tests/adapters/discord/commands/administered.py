"""A bot with the administrators' commands, on the loopback Discord, and what it answers them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bot.adapters.discord.commands.admin import Admin
from bot.adapters.discord.identity import guild_key, user_key
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from tests.adapters.discord.commands.online import Online, online
from tests.doubles.discord import FakeDiscord, Interaction

ANN_ID = FakeDiscord.user_id
GUILD = guild_key(int(FakeDiscord.guild_id), 0)
ANN = user_key(int(ANN_ID))
GENERAL = str(FakeDiscord.text_channel)
TALK = str(FakeDiscord.voice_channel)

SUBCOMMANDS: dict[str, dict[str, Any]] = {
    "engine": {"engine": "edge"},
    "voice": {"voice": "heart"},
    "language": {"language": "en"},
    "lock": {},
    "unlock": {},
    "ban": {"voice": "heart"},
    "unban": {"voice": "heart"},
    "limits": {"length": 10},
    "roles": {},
    "channel": {"read": True},
    "autoread": {"announce": False},
    "block": {"user": ANN_ID},
    "unblock": {"user": ANN_ID},
    "show": {},
    "queue": {},
    "status": {},
    "history": {},
    "reset": {"everything": True},
    "global": {"engine": "edge"},
}
"""Each subcommand with something to do."""


@asynccontextmanager
async def administered(fake: FakeDiscord, speaker: Speaker, *, owner: bool = False) -> AsyncIterator[Online]:
    """Connected while it is open. Ann owns the server; that she owns the bot as well is to be said."""
    async with online(fake, speaker) as here:
        if owner:
            here.station.owners = frozenset({int(ANN_ID)})
        await here.bot.add_cog(Admin(here.station))
        await here.bot.tree.sync()
        yield here
    assert fake.errors == []


async def ask(
    fake: FakeDiscord,
    name: str,
    options: Mapping[str, Any] | None = None,
    *,
    by: Any = None,
    locale: str | None = None,
    **more: Any,
) -> Interaction:
    """Use a subcommand and wait for the answer, which nobody else may see."""
    ix = await fake.slash(f"voice-admin {name}", {**(options or {}), **more}, by=by, locale=locale)
    await ix.wait_answered()
    assert ix.ephemeral, "the answer was public"
    return ix


async def answer(fake: FakeDiscord, name: str, options: Mapping[str, Any] | None = None, **more: Any) -> str:
    """What was answered, in words."""
    return (await ask(fake, name, options, **more)).content or ""


async def embed(fake: FakeDiscord, name: str, **options: Any) -> dict[str, str]:
    """What was answered, by the titles of its parts."""
    ix = await ask(fake, name, options)
    assert ix.original is not None
    (shown,) = ix.original["embeds"]
    parts = {field["name"]: field["value"] for field in shown.get("fields", [])}
    return {**parts, shown["title"]: shown.get("description", "")}


async def offers(fake: FakeDiscord, command: str, option: str, typed: str, by: Any = None) -> list[str]:
    """The values that are offered while somebody types."""
    choices = await fake.autocomplete(f"voice-admin {command}", option, {option: typed}, by=by)
    return [choice["value"] for choice in choices]


async def kept(speaker: Speaker) -> Any:
    """What the server has decided, as the store has it."""
    return await speaker.store.settings.guild(GUILD)


async def spoken(speaker: Speaker, text: str = "Hello there.", **wishes: Any) -> Any:
    """What comes of somebody's request in this server."""
    said = await speaker.say(Request(GUILD, "discord:99", text, **wishes))
    if not isinstance(said, Refusal):
        await said.speech.clip()
    return said


class Counted(dict[int, Any]):
    """The rooms of a client, to be gone through."""

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.values()))

    def find(self, guild: int) -> Any:
        return self.get(guild)
