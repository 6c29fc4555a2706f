"""Where people act: the world, what the bot is told of it, and what it has to answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.doubles.telegram.answering import Answering
from tests.doubles.telegram.call import Call
from tests.doubles.telegram.chats import ChatKind
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.privacy import reaches
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
        elif self.world.chats.get(message.chat.id) is message.chat and reaches(message, self.world.bot):
            kind = "channel_post" if message.chat.kind is ChatKind.CHANNEL else "message"
            self.updates.put(f"edited_{kind}" if edited else kind, message.payload())

    async def until(self, predicate: Callable[[], T | None], seconds: float = 5.0, what: str = "") -> T:
        """What ``predicate`` returns as soon as it is true. TimeoutError, with all calls, if that takes too long."""
        end = time.monotonic() + seconds
        while not (got := predicate()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what or 'what was waited for'} did not come in {seconds:g} s; {self.told()}")
            await asyncio.sleep(0.004)
        return got

    def told(self) -> str:
        """The last calls, for a failure's message."""
        calls = "".join(f"\n  {_short(call)}" for call in self.server.calls[-30:])
        waiting = [next(kind for kind in update if kind != "update_id") for update in self.updates.pending]
        return f"updates that the bot has not fetched: {waiting}; its calls:{calls or ' none'}"


def _short(call: Call) -> str:
    params = {name: value for name, value in call.params.items() if name != "reply_markup"}
    outcome = call.error.description if call.error else "ok" if call.answered else "not answered"
    return f"{call.method} -> {outcome}: {params}"[:160]
