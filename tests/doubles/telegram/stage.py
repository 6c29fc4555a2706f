"""Where people act: the world, what the bot is told of it, and what it has to answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.doubles.telegram.answering import Answering
from tests.doubles.telegram.chats import ChatKind
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.privacy import reaches
from tests.doubles.telegram.refusal import Json
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.updates import Updates
from tests.doubles.telegram.world import World

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stage:
    """What a person needs to act."""

    world: World
    updates: Updates
    answering: Answering
    server: Server

    def tell(self, message: Message, *, edited: bool = False) -> None:
        """The bot learns of a message, if it may."""
        if message.business is not None:
            self.updates.put("edited_business_message" if edited else "business_message", message.payload())
        elif reaches(message, self.world.bot):
            kind = "channel_post" if message.chat.kind is ChatKind.CHANNEL else "message"
            self.updates.put(f"edited_{kind}" if edited else kind, message.payload())

    def put(self, kind: str, body: Json) -> None:
        """The bot learns of something else."""
        self.updates.put(kind, body)

    async def until(self, predicate: Callable[[], T | None], seconds: float = 5.0, what: str = "") -> T:
        """What ``predicate`` returns as soon as it is true. TimeoutError, with all calls, if that takes too long."""
        end = time.monotonic() + seconds
        while not (got := predicate()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what or 'it'} did not come in {seconds:g} s; {self.told()}")
            await asyncio.sleep(0.004)
        return got

    def told(self) -> str:
        """The last calls, for a failure's message."""
        calls = [_short(call) for call in self.server.calls[-30:]]
        return f"updates that wait: {len(self.updates.pending)}; calls: " + ("\n  ".join(["", *calls]) or "none")


def _short(call: Any) -> str:
    params = {name: value for name, value in call.params.items() if name != "reply_markup"}
    outcome = call.error.description if call.error else "ok" if call.answered else "not answered"
    return f"{call.method} {params} -> {outcome}"[:200]
