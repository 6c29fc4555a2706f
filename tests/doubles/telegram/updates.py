"""The updates that wait for the bot, and how it gets them: by polling, or pushed to its webhook ("Getting updates")."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.refusal import Json, bad_request, conflict

KINDS = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
]
ASKED_FOR = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
"""Kinds that come only to who names them (getUpdates, ``allowed_updates``)."""
TERMINATED = "terminated by other getUpdates request; make sure that only one bot instance is running"
ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


@dataclass(slots=True, eq=False)
class Poll:
    """A getUpdates that waits."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    terminated: str | None = None


@dataclass(slots=True, eq=False)
class Updates:
    """What waits. Kinds that the bot does not want are dropped when they come, not when it asks."""

    clock: Clock
    pending: deque[Json] = field(default_factory=deque)
    allowed: frozenset[str] = frozenset(KINDS) - ASKED_FOR
    webhook: Json = field(default_factory=dict)
    """The parameters of setWebhook; empty without one."""
    retry_after: float = 0.05
    """Seconds until an update that was refused is pushed again."""
    pushed: list[int] = field(default_factory=list)
    """The HTTP statuses that the webhook answered; 0 when it could not be reached."""
    last_error: Json = field(default_factory=dict)
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(100_000_001))
    _poll: Poll | None = None
    _pusher: asyncio.Task[None] | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _closed: bool = False

    def put(self, kind: str, body: Json) -> None:
        """An update comes in."""
        if kind not in self.allowed:
            return
        self.pending.append({"update_id": next(self._ids), kind: body})
        self._news.set()
        if self._poll is not None:
            self._poll.wake.set()

    # -- polling

    async def get(self, call: Call) -> list[Json]:
        """getUpdates: an offset confirms what is before it; another poll ends the one that waits."""
        if self.webhook:
            raise conflict(ACTIVE)
        self._allow(call)
        limit, seconds = min(max(call.number("limit", 100), 1), 100), min(max(call.number("timeout"), 0), 50)
        self._end_poll(TERMINATED)
        self._confirm(call.number("offset"))
        if not self.pending and seconds and not self._closed:
            await self._wait(seconds)
        return list(itertools.islice(self.pending, limit))

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
        if poll.terminated is not None:
            raise conflict(poll.terminated)

    def _confirm(self, offset: int) -> None:
        """Negative counts from the end, and drops all before."""
        while offset < 0 and len(self.pending) > -offset:
            self.pending.popleft()
        while offset > 0 and self.pending and self.pending[0]["update_id"] < offset:
            self.pending.popleft()

    def _allow(self, call: Call) -> None:
        """What was allowed last counts until something else is; an empty list is everything usual."""
        if (wanted := call.array("allowed_updates")) is not None:
            self.allowed = frozenset(wanted) & frozenset(KINDS) or frozenset(KINDS) - ASKED_FOR

    def _end_poll(self, reason: str | None) -> None:
        if self._poll is not None:
            self._poll.terminated = reason
            self._poll.wake.set()
            self._poll = None

    # -- webhook

    def set_webhook(self, call: Call) -> bool:
        """setWebhook; an empty URL takes it away."""
        url, secret = call.words("url"), call.words("secret_token")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not all(character.isascii() and (character.isalnum() or character in "_-") for character in secret):
            raise bad_request("secret token contains unallowed characters")
        self._allow(call)
        self._drop(call)
        self.webhook = {name: value for name, value in call.params.items() if name != "allowed_updates"} if url else {}
        call.asked |= {"ip_address", "max_connections", "certificate"}
        if url:
            self._end_poll("terminated by setWebhook request")
            self._pusher = self._pusher or asyncio.create_task(self._push())
            self._news.set()
        return True

    def delete_webhook(self, call: Call) -> bool:
        """deleteWebhook: what waits is kept for polling, or dropped."""
        self._drop(call)
        self.webhook = {}
        return True

    def webhook_info(self, call: Call) -> Json:
        """getWebhookInfo."""
        info: Json = {"url": self.webhook.get("url", ""), "has_custom_certificate": False}
        info["pending_update_count"] = len(self.pending)
        if self.webhook:
            info["max_connections"] = int(self.webhook.get("max_connections", 40))
        if self.allowed != frozenset(KINDS) - ASKED_FOR:
            info["allowed_updates"] = sorted(self.allowed)
        return info | self.last_error

    def _drop(self, call: Call) -> None:
        if call.flag("drop_pending_updates"):
            self.pending.clear()

    async def _push(self) -> None:
        """One after the other, each until it is taken."""
        async with aiohttp.ClientSession() as session:
            while True:
                await self._news.wait()
                if not self.pending or not self.webhook:
                    self._news.clear()
                    continue
                update = self.pending[0]
                if await self._deliver(session, update):
                    if self.pending and self.pending[0] is update:
                        self.pending.popleft()
                else:
                    await asyncio.sleep(self.retry_after)

    async def _deliver(self, session: aiohttp.ClientSession, update: Json) -> bool:
        headers = {}
        if secret := self.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = str(secret)
        try:
            async with session.post(self.webhook["url"], json=update, headers=headers) as response:
                status = response.status
        except aiohttp.ClientError:
            status = 0
        self.pushed.append(status)
        if not 200 <= status < 300:
            wrong = f"Wrong response from the webhook: {status}" if status else "Connection refused"
            self.last_error = {"last_error_date": self.clock.date(), "last_error_message": wrong}
        return 200 <= status < 300

    async def close(self) -> None:
        """Ends the poll that waits, and the pushing."""
        self._closed = True
        self._end_poll(None)
        if self._pusher is not None:
            self._pusher.cancel()
            await asyncio.gather(self._pusher, return_exceptions=True)


def kind_of(update: Json) -> str:
    """What an update is about."""
    return next(name for name in update if name != "update_id")
