"""Sayso's own Telegram bot, as ``sayso run`` starts it: the same plug-in in an application that does nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
import telegram
from telegram.error import BadRequest, Conflict, InvalidToken, NetworkError, TelegramError
from telegram.ext import Application
from telegram.request import HTTPXRequest

from bot.adapters.telegram.menu import Menu
from bot.adapters.telegram.plugin import Host, install, uninstall
from bot.config import TelegramSettings
from bot.errors import ConfigError
from bot.speaker import Speaker

log = structlog.get_logger()

RETRY_SECONDS = (2.0, 5.0, 15.0, 30.0, 60.0)
"""How long to wait before Telegram is tried again, the last for ever after."""

GOODBYE = 5.0
"""Seconds that Telegram has to take note of our going."""

FETCH_SECONDS = 10
"""For how long Telegram may keep a call waiting that fetches updates."""

UPDATES = (
    telegram.Update.MESSAGE,
    telegram.Update.EDITED_MESSAGE,
    telegram.Update.CHANNEL_POST,
    telegram.Update.EDITED_CHANNEL_POST,
    telegram.Update.BUSINESS_MESSAGE,
    telegram.Update.EDITED_BUSINESS_MESSAGE,
    telegram.Update.CALLBACK_QUERY,
    telegram.Update.INLINE_QUERY,
    telegram.Update.CHOSEN_INLINE_RESULT,
    telegram.Update.MY_CHAT_MEMBER,
    telegram.Update.CHAT_MEMBER,
)
"""What Sayso wants to know, and no more."""

_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)
_REFUSED = "TELEGRAM_TOKEN: Telegram refuses this token; copy it anew from @BotFather (/mybots, API Token)"
_CONFLICT = "another program fetches this bot's updates: end it, or give each its own bot"


async def serve(speaker: Speaker, settings: TelegramSettings, token: str, stop: asyncio.Event) -> None:
    """Be on Telegram until ``stop`` is set, coming back whenever Telegram or the network was away.

    Raises ConfigError for what coming back cannot mend: a token that Telegram refuses, or a webhook that cannot be.
    """
    if not _TOKEN.fullmatch(token):
        raise ConfigError(_REFUSED)
    # The library's times as they will be in its next version; else it warns at each 429.
    os.environ.setdefault("PTB_TIMEDELTA", "1")
    failures = 0
    while not stop.is_set():
        try:
            await Run(speaker, settings, token).until(stop)
        except InvalidToken:
            raise ConfigError(_REFUSED) from None
        except TelegramError as error:
            await _pause(error, failures, stop)
            failures += 1


async def _pause(error: TelegramError, failures: int, stop: asyncio.Event) -> None:
    wait = RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)]
    log.warning("telegram_away", error=type(error).__name__, retry_in=wait)
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait)


class Run:
    """One time of being on Telegram, from the first call to the last."""

    def __init__(self, speaker: Speaker, settings: TelegramSettings, token: str) -> None:
        self._speaker = speaker
        self._settings = settings
        # New in every start: nobody has to keep it, and what was seen of an old one is worth nothing.
        self._secret = secrets.token_urlsafe(48)
        self._fetching, self._calling = _Fetching(), HTTPXRequest(connection_pool_size=64, pool_timeout=10.0)
        self._host = _application(settings, token, self._calling, self._fetching)

    async def until(self, stop: asyncio.Event) -> None:
        """Until told to end. Raises TelegramError if it cannot begin, InvalidToken also if it cannot go on."""
        ends = [asyncio.create_task(work) for work in (self._run(), stop.wait(), self._fetching.refused.wait())]
        running = ends[0]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
            # The library leaves them open when its first call fails.
            await asyncio.gather(self._fetching.shutdown(), self._calling.shutdown())
        if self._fetching.refused.is_set():
            raise InvalidToken("It is refused.")
        if not running.cancelled():
            running.result()

    async def _run(self) -> None:
        with _listener(self._settings) as listener:
            async with self._host:
                await self._serve(listener)

    async def _serve(self, listener: socket.socket | None) -> None:
        # First what may fail: what was left over is not taken up only to be put down again.
        if self._settings.set_commands:
            await Menu(self._host.bot, self._speaker).tell()
        if listener is not None:
            await self._announce()
        await install(self._host, self._speaker, settings=self._settings)
        try:
            async with self._started(listener):
                log.info("telegram_ready", bot=self._host.bot.id)
                await asyncio.Event().wait()
        finally:
            await uninstall(self._host)

    @asynccontextmanager
    async def _started(self, listener: socket.socket | None) -> AsyncIterator[None]:
        """Updates come in. What Telegram has handed over by the end is still worked on."""
        updater = self._host.updater
        assert updater is not None
        await self._host.start()
        try:
            await (self._fetch(updater) if listener is None else self._listen(updater, listener))
            yield
        finally:
            if updater.running:
                await _ended(updater)
            await self._host.stop()

    async def _fetch(self, updater: telegram.ext.Updater) -> None:
        await updater.start_polling(
            poll_interval=0.0,
            timeout=FETCH_SECONDS,
            bootstrap_retries=-1,
            allowed_updates=UPDATES,
            error_callback=self._failed,
        )

    async def _announce(self) -> None:
        """Tell Telegram where to push to, as the library does as well: refused, it would try again for ever."""
        url = self._settings.webhook_url
        try:
            await self._host.bot.set_webhook(url, allowed_updates=UPDATES, secret_token=self._secret)
        except BadRequest as error:
            raise ConfigError(f"telegram.webhook_url: Telegram refuses it ({error.message})") from None

    async def _listen(self, updater: telegram.ext.Updater, listener: socket.socket) -> None:
        url = self._settings.webhook_url
        await updater.start_webhook(
            unix=listener,
            url_path=urlsplit(url).path.strip("/"),
            bootstrap_retries=-1,
            webhook_url=url,
            allowed_updates=UPDATES,
            secret_token=self._secret,
        )

    def _failed(self, error: TelegramError) -> None:
        """Fetching updates failed; the library tries again by itself."""
        if isinstance(error, Conflict):
            log.warning("telegram_conflict", remedy=_CONFLICT)
        elif not self._fetching.away or not isinstance(error, NetworkError):
            log.warning("telegram_away", error=type(error).__name__)
        self._fetching.away = True


def _listener(settings: TelegramSettings) -> AbstractContextManager[socket.socket | None]:
    """The port of the webhook, if there is one, taken: who comes too early waits there. Raises ConfigError."""
    if not settings.webhook_url:
        return nullcontext()
    host, port = settings.webhook_host, settings.webhook_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"telegram.webhook_port: cannot listen on {host}:{port} ({error.strerror})") from None
    listener.setblocking(False)
    return listener


async def _ended(updater: telegram.ext.Updater) -> None:
    """It fetches no more, and has told Telegram so. A Telegram that does not answer is not waited for."""
    with suppress(TelegramError, TimeoutError):
        async with asyncio.timeout(GOODBYE):
            await updater.stop()


class _Fetching(HTTPXRequest):
    """Fetches updates, and notes when the token is refused meanwhile: the library then ends without telling.

    ``away``: that fetching failed was told, and nothing was fetched since.
    """

    def __init__(self) -> None:
        super().__init__(connection_pool_size=1, read_timeout=FETCH_SECONDS + 10.0)
        self.refused = asyncio.Event()
        self.away = False

    async def do_request(self, *args: object, **more: object) -> tuple[int, bytes]:
        """As the library's own."""
        code, payload = await super().do_request(*args, **more)  # type: ignore[arg-type]
        if code in (401, 404):
            self.refused.set()
        if code == HTTPStatus.OK:
            payload = readable(payload)
        if self.away and code == HTTPStatus.OK:
            self.away = False
            log.info("telegram_back")
        return code, payload


def readable(payload: bytes) -> bytes:
    """Updates without what the library cannot read: it would fetch that again and again, and never come past it.

    An empty update stands in its place, so that it is confirmed.
    """
    with suppress(ValueError, TypeError, KeyError):
        body = json.loads(payload)
        updates = body["result"]
        kept = [update if _is_readable(update) else {"update_id": update["update_id"]} for update in updates]
        if kept != updates:
            log.warning("telegram_updates_unreadable", count=sum(a != b for a, b in zip(kept, updates, strict=True)))
            return json.dumps({**body, "result": kept}).encode()
    return payload


def _is_readable(update: dict[str, object]) -> bool:
    try:
        telegram.Update.de_json(update, None)
    except Exception:  # noqa: BLE001 (whatever the library makes of what it does not know)
        return False
    return True


def _application(settings: TelegramSettings, token: str, calling: HTTPXRequest, fetching: HTTPXRequest) -> Host:
    # Updates are only taken in by the handlers, so that their number at once is no bound on anything.
    builder = Application.builder().token(token).concurrent_updates(True)
    builder = builder.request(calling).get_updates_request(fetching)
    if settings.base_url:
        server = settings.base_url.rstrip("/")
        builder = builder.base_url(f"{server}/bot").base_file_url(f"{server}/file/bot")
    return builder.build()
