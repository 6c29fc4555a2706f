"""One interaction as a test sees it: what the bot answered, and how (receiving-and-responding.mdx)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.people import User
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.rules import EPHEMERAL
from tests.doubles.discord.upload import Recorded, Upload

PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = range(1, 6)
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL_ANSWER = 4, 5, 6, 7, 8, 9


@dataclass(slots=True, eq=False)
class Interaction:
    """What somebody did, and what came of it.

    ``callback`` is the body of the first answer, ``followups`` and ``edits`` the requests after it; ``original`` the
    message of the first answer as it is now, None once the bot has deleted it.
    """

    id: str
    token: str
    payload: Json
    channel: Channel
    user: User
    created: float
    acked: float | None = None
    callback: Json | None = None
    callback_files: list[Upload] = field(default_factory=list)
    followups: list[Recorded] = field(default_factory=list)
    edits: list[Recorded] = field(default_factory=list)
    deletes: list[Recorded] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    """The ids of all messages that its token made."""
    original: Json | None = None
    original_deleted: bool = False
    deferred: bool = False
    """A deferred answer still waits to be completed."""
    expired: int = 0
    """The error code its webhook answers with, 0 while the token lives."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ephemeral(self) -> bool:
        """Whether the first answer is for this person only."""
        return bool(((self.callback or {}).get("data") or {}).get("flags", 0) & EPHEMERAL)

    @property
    def content(self) -> str | None:
        """The words of the first answer as they are now."""
        return None if self.original is None else str(self.original["content"])

    def touch(self) -> None:
        """Something new has come."""
        self.changed.set()

    async def wait(self, predicate: Callable[[Interaction], object], timeout: float = 5.0) -> Interaction:  # noqa: ASYNC109  every wait here ends by itself
        """Until this is so of it."""
        async with asyncio.timeout(timeout):
            while not predicate(self):
                self.changed.clear()
                await self.changed.wait()
        return self

    async def wait_callback(self, timeout: float = 5.0) -> Json:  # noqa: ASYNC109  every wait here ends by itself
        """The body of the first answer."""
        await self.wait(lambda ix: ix.callback is not None, timeout)
        assert self.callback is not None
        return self.callback

    async def wait_followup(self, n: int = 1, timeout: float = 10.0) -> Recorded:  # noqa: ASYNC109  every wait here ends by itself
        """The n-th follow-up."""
        await self.wait(lambda ix: len(ix.followups) >= n, timeout)
        return self.followups[n - 1]

    async def wait_edit(self, n: int = 1, timeout: float = 10.0) -> Recorded:  # noqa: ASYNC109  every wait here ends by itself
        """The n-th edit."""
        await self.wait(lambda ix: len(ix.edits) >= n, timeout)
        return self.edits[n - 1]

    async def wait_answered(self, timeout: float = 10.0) -> Json:  # noqa: ASYNC109  every wait here ends by itself
        """The first answer as a message, when it is no longer "thinking"."""
        await self.wait(lambda ix: ix.original is not None and not ix.deferred, timeout)
        assert self.original is not None
        return self.original
