"""How much may wait: per user of a guild, per guild and in all, and the words in which more is refused."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from bot.queue.job import Job
from bot.speech import Reason, Refusal

SOON = 1.0
"""Seconds: the shortest wait that anybody is asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Jobs that may wait or run at once; a user is counted in each guild on their own."""

    per_user: int = 10
    per_guild: int = 100
    total: int = 10_000


class Bounds:
    """Counts the jobs that were admitted and not yet released."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.overrides: dict[str, Limits] = {}
        self.total = 0
        self._guilds: Counter[str] = Counter()
        self._users: dict[str, Counter[str]] = {}

    def of(self, guild: str) -> Limits:
        """The bounds of a guild; ``total`` is never its own."""
        return self.overrides.get(guild, self.limits)

    def full(self, job: Job, limits: Limits) -> Reason | None:
        """Which bound a job would break; the nearest to the asker first, for that is what they can do something for."""
        if self.users(job.guild, job.user) >= limits.per_user:
            return Reason.USER_QUEUE_FULL
        if self._guilds[job.guild] >= limits.per_guild:
            return Reason.GUILD_QUEUE_FULL
        return Reason.QUEUE_FULL if self.total >= self.limits.total else None

    def limit(self, reason: Reason, limits: Limits) -> int:
        """The bound that ``reason`` speaks of."""
        if reason is Reason.USER_QUEUE_FULL:
            return limits.per_user
        return limits.per_guild if reason is Reason.GUILD_QUEUE_FULL else self.limits.total

    def users(self, guild: str, user: str | None = None) -> int:
        """How many jobs a user has in a guild; without ``user``, how many users have any there."""
        users: Mapping[str, int] = self._users.get(guild, {})
        return len(users) if user is None else users.get(user, 0)

    def add(self, job: Job) -> None:
        """Count a job in."""
        self.total += 1
        self._guilds[job.guild] += 1
        self._users.setdefault(job.guild, Counter())[job.user] += 1

    def remove(self, job: Job) -> None:
        """Count a job out, and forget whoever has none left."""
        self.total -= 1
        users = self._users[job.guild]
        _less(users, job.user)
        _less(self._guilds, job.guild)
        if not users:
            del self._users[job.guild]


def _less(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if not counts[name]:
        del counts[name]


def refusal(reason: Reason, limit: int, wait: float) -> Refusal:
    """The friendly no to a job that would break a bound; ``wait`` seconds until there may be room."""
    wait = math.ceil(max(SOON, wait))
    messages = {
        Reason.USER_QUEUE_FULL: f"You already have {limit} waiting to be said, and that is as many as one person may "
        f"have. Cancel one, or try again in about {spoken(wait)}.",
        Reason.GUILD_QUEUE_FULL: f"There are already {limit} waiting to be said here, and that is as many as fit. "
        f"Try again in about {spoken(wait)}.",
        Reason.QUEUE_FULL: f"More is asked of me than I can say just now. Try again in about {spoken(wait)}.",
    }
    return Refusal(reason, messages[reason], {"limit": limit, "wait": wait}, retry_after=float(wait))


def closing(wait: float) -> Refusal:
    """The friendly no while the house is being closed."""
    message = "I am just being restarted. Try again in a minute."
    return Refusal(Reason.CLOSING, message, retry_after=max(SOON, wait))


def expired() -> Refusal:
    """The friendly no to what comes after its own deadline."""
    return Refusal(Reason.EXPIRED, "That was to be said by a time which has passed. Ask for it again.")


def unknown(engine: str, engines: tuple[str, ...]) -> Refusal:
    """The friendly no to an engine that is not there."""
    names = ", ".join(engines) or "none"
    message = f"There is no engine called {engine}. Choose one of these: {names}."
    return Refusal(Reason.UNKNOWN_ENGINE, message, {"engine": engine, "engines": engines})


def spoken(seconds: float) -> str:
    """A wait in words: ``a second``, ``40 seconds``, ``3 minutes``."""
    if seconds < 2:
        return "a second"
    if seconds < 100:
        return f"{seconds:.0f} seconds"
    return f"{math.ceil(seconds / 60)} minutes"
