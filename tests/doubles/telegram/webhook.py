"""Updates pushed to the bot: in order for each chat, several chats at once, until they are taken (WebhookActor.cpp)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.refusal import Json, bad_request

MAX_CONNECTIONS = 40
_HERE = ("http://127.0.0.1", "http://localhost", "http://[::1]")


@dataclass(slots=True, eq=False)
class Waiting:
    """An update that the bot has not got yet; those of one lane come one after the other."""

    update: Json
    lane: object
    flying: bool = False


@dataclass(slots=True, eq=False)
class Pusher:
    """Where updates are pushed to, from when it is opened until it is closed."""

    clock: Clock
    waiting: list[Waiting]
    """Shared with whoever fills it; what is taken is removed."""
    url: str = ""
    secret: str = ""
    most: int = MAX_CONNECTIONS
    retry_after: float = 0.05
    """Seconds until an update that was not taken is pushed again."""
    statuses: list[int] = field(default_factory=list)
    """What the bot answered; 0 when it could not be reached."""
    last_error: Json = field(default_factory=dict)
    _session: aiohttp.ClientSession | None = None
    _flights: set[asyncio.Task[None]] = field(default_factory=set)

    def set(self, call: Call) -> None:
        """setWebhook; an empty URL takes it away."""
        url, secret = call.words("url"), call.words("secret_token")
        call.asked |= {"ip_address", "certificate"}
        if url and not url.startswith(("https://", *_HERE)):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not all(character.isascii() and (character.isalnum() or character in "_-") for character in secret):
            raise bad_request("secret token contains unallowed characters")
        self.url, self.secret = url, secret
        self.most = min(max(call.number("max_connections", MAX_CONNECTIONS), 1), 100)
        self.last_error = {}

    def push(self) -> None:
        """Sends whatever may be sent now."""
        if not self.url:
            return
        for waiting in list(self._ready()):
            waiting.flying = True
            task = asyncio.create_task(self._fly(waiting))
            self._flights.add(task)
            task.add_done_callback(self._flights.discard)

    def _ready(self) -> Iterator[Waiting]:
        """The first of each lane in which none is on its way."""
        room, busy = self.most, set()
        for waiting in self.waiting:
            if waiting.lane not in busy and not waiting.flying and room > 0:
                yield waiting
            room -= waiting.lane not in busy
            busy.add(waiting.lane)

    async def _fly(self, waiting: Waiting) -> None:
        taken = await self._taken(waiting.update)
        if taken and waiting in self.waiting:
            self.waiting.remove(waiting)
        if not taken:
            await asyncio.sleep(self.retry_after)
        waiting.flying = False
        self.push()

    async def _taken(self, update: Json) -> bool:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret} if self.secret else {}
        try:
            async with self._session.post(self.url, json=update, headers=headers) as response:
                status, reason = response.status, response.reason
        except aiohttp.ClientError:
            status, reason = 0, None
        self.statuses.append(status)
        if 200 <= status < 300:
            return True
        wrong = f"Wrong response from the webhook: {status} {reason}" if status else "Connection refused"
        self.last_error = {"last_error_date": self.clock.date(), "last_error_message": wrong}
        return False

    async def close(self) -> None:
        """Ends what is on its way."""
        self.url, flights = "", list(self._flights)
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
