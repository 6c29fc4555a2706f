"""The updates that wait for the bot, and how it gets them: by polling, or pushed ("Getting updates")."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.refusal import Json, conflict
from tests.doubles.telegram.webhook import Pusher, Waiting

KINDS = frozenset((
    "message", "edited_message", "channel_post", "edited_channel_post", "inline_query", "chosen_inline_result",
    "callback_query", "shipping_query", "pre_checkout_query", "poll", "poll_answer", "my_chat_member", "chat_member",
    "chat_join_request", "chat_boost", "removed_chat_boost", "message_reaction", "message_reaction_count",
    "business_connection", "business_message", "edited_business_message", "deleted_business_messages",
    "purchased_paid_media", "managed_bot", "guest_message",
))  # fmt: skip
USUAL = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
"""Those that come to who has not said what it wants."""
MAX_WAIT = 50
TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
REPLACED = "terminated by setWebhook request"
ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(slots=True, eq=False)
class Poll:
    """A getUpdates that waits."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: str | None = None
    """Why it is ended with a conflict."""


@dataclass(slots=True, eq=False)
class Updates:
    """What waits. Kinds that the bot does not want are dropped when they come, not when it asks."""

    clock: Clock
    allowed: frozenset[str] = USUAL
    waiting: list[Waiting] = field(default_factory=list)
    pusher: Pusher = field(init=False)
    webhook: Json = field(default_factory=dict)
    """The parameters of the setWebhook that counts; empty without one."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100_000_001))
    _poll: Poll | None = None
    _closed: bool = False

    def __post_init__(self) -> None:
        self.pusher = Pusher(self.clock, self.waiting)

    @property
    def pending(self) -> list[Json]:
        """The updates that the bot has not confirmed."""
        return [waiting.update for waiting in self.waiting]

    def put(self, kind: str, body: Json) -> None:
        """An update comes in."""
        if kind not in self.allowed or self._closed:
            return
        number = next(self._ids)
        self.waiting.append(Waiting({"update_id": number, kind: body}, _lane(kind, body, number)))
        if self._poll is not None:
            self._poll.wake.set()
        self.pusher.push()

    # -- polling

    async def get(self, call: Call) -> list[Json]:
        """getUpdates: an offset confirms what is before it; another poll ends the one that waits."""
        if self.pusher.url:
            raise conflict(ACTIVE)
        self._allow(call)
        limit, seconds = min(max(call.number("limit", 100), 1), 100), min(max(call.number("timeout"), 0), MAX_WAIT)
        self._end_poll(TERMINATED)
        self._confirm(call.number("offset"))
        if not self.waiting and seconds and not self._closed:
            await self._wait(seconds)
        return [waiting.update for waiting in self.waiting[:limit]]

    async def _wait(self, seconds: float) -> None:
        poll = self._poll = Poll()
        try:
            async with asyncio.timeout(seconds):
                await poll.wake.wait()
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None
        if poll.ended is not None:
            raise conflict(poll.ended)

    def _confirm(self, offset: int) -> None:
        """A negative offset counts from the end, and confirms all before."""
        if offset < 0:
            del self.waiting[:offset]
        else:
            self.waiting[:] = [waiting for waiting in self.waiting if waiting.update["update_id"] >= offset]

    def _allow(self, call: Call) -> None:
        """What was allowed last counts until something else is; an empty list is everything usual."""
        if (wanted := call.array("allowed_updates")) is not None:
            self.allowed = frozenset(wanted) & KINDS or USUAL

    def _end_poll(self, reason: str | None) -> None:
        if self._poll is not None:
            self._poll.ended = reason
            self._poll.wake.set()
            self._poll = None

    # -- webhook

    def set_webhook(self, call: Call) -> bool:
        """setWebhook."""
        self.pusher.set(call)
        self._allow(call)
        self._drop(call)
        self.webhook = dict(call.params) if self.pusher.url else {}
        if self.webhook:
            self._end_poll(REPLACED)
        self.pusher.push()
        return True

    def delete_webhook(self, call: Call) -> bool:
        """deleteWebhook: what waits is kept for polling, or dropped."""
        self._drop(call)
        self.pusher.url, self.webhook = "", {}
        return True

    def webhook_info(self, call: Call) -> Json:
        """getWebhookInfo."""
        info: Json = {"url": self.pusher.url, "has_custom_certificate": False}
        info["pending_update_count"] = len(self.waiting)
        if self.pusher.url:
            info |= {"max_connections": self.pusher.most, "ip_address": "127.0.0.1"}
        if self.allowed != USUAL:
            info["allowed_updates"] = sorted(self.allowed)
        return info | self.pusher.last_error

    def _drop(self, call: Call) -> None:
        if call.flag("drop_pending_updates"):
            self.waiting.clear()

    async def close(self) -> None:
        """Ends the poll that waits, and the pushing."""
        self._closed = True
        self._end_poll(None)
        await self.pusher.close()


def _lane(kind: str, body: Json, number: int) -> object:
    """What comes in order: messages of a chat, and so on (``webhook_queue_id``); what is of nobody stands alone."""
    if "chat" in body:
        return kind.removeprefix("edited_"), body["chat"]["id"]
    return (kind, body["from"]["id"]) if "from" in body else number
