"""What the rooms of one client have in common: settings, memory and the times they wait."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import discord

from bot.config import DiscordSettings

PREFIX = "discord:voice:"


class Keep(Protocol):
    """What outlives the process: JSON objects by key."""

    async def put(self, key: str, value: Mapping[str, Any], /) -> None: ...

    async def all(self, prefix: str, /) -> Mapping[str, Mapping[str, Any]]: ...

    async def drop(self, key: str, /) -> None: ...


Stay = Callable[[int], Awaitable[bool]]
"""Whether the bot remains in a guild's channel though nobody is in it."""


async def goes(_guild: int) -> bool:
    """It never remains alone."""
    return False


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds to wait for others.

    ``grace``: for the gateway to tell why the voice server hung up; ``pauses``: before each further try to connect;
    ``again``: before each try to come back to a channel from which it was cut off for long;
    ``quiet``: for somebody else's sound to end; ``stage``: for a request to speak to be granted; ``audible``: for
    people to be there again, for leave to speak again and for end-to-end encryption; ``lent``: for the owner of a lent
    connection to win it back; ``hang_up``: for Discord to confirm that we left; ``stuck``: for a sign of life of the
    player; ``rest``: for the rest of a speech that plays.
    """

    grace: float = 1.0
    pauses: tuple[float, ...] = (0.0, 0.5, 1.5, 3.0)
    again: tuple[float, ...] = (5.0, 15.0, 60.0, 300.0)
    quiet: float = 3.0
    stage: float = 5.0
    audible: float = 10.0
    lent: float = 10.0
    hang_up: float = 3.0
    stuck: float = 5.0
    rest: float = 20.0


@dataclass(slots=True)
class House:
    """``wall`` is Unix time. Once it is ``closed`` no room connects or plays any more."""

    client: discord.Client
    settings: DiscordSettings
    keep: Keep
    stay: Stay = goes
    timing: Timing = Timing()
    wall: Callable[[], float] = time.time
    closed: bool = False


def key_of(guild: int) -> str:
    """Where it is kept in which channel of a guild the bot was."""
    return f"{PREFIX}{guild}"
