"""What people do and a bot has to answer: buttons and inline queries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Self

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.call import Call
from tests.doubles.telegram.files import FileKind, plausible
from tests.doubles.telegram.markup import checked
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, Refusal, bad_request
from tests.doubles.telegram.world import World

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
PRESS_SECONDS, INLINE_SECONDS = 15.0, 10.0
"""How long an answer is waited for; nowhere documented, "seconds" by all who met it."""
MAX_RESULTS, MAX_ID, MAX_ALERT = 50, 64, 200
_NEEDED = {"article": ("title", "input_message_content"), "voice": ("title",)}
_FILES = {"voice": "voice_file_id", "audio": "audio_file_id", "document": "document_file_id"}


@dataclass(slots=True, eq=False)
class Press:
    """Somebody pressed a button; ``text`` and ``alert`` are what they saw."""

    id: str
    by: Account
    message: Message
    data: str
    asked: float
    text: str | None = None
    alert: bool = False
    url: str | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Inline:
    """Somebody typed after the bot's name; ``results`` is what they were offered, as the bot sent it."""

    id: str
    by: Account
    query: str
    offset: str
    asked: float
    results: list[Json] = field(default_factory=list)
    button: Json | None = None
    cache_time: int = 300
    is_personal: bool = False
    next_offset: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> Self:
        """Until the bot has answered; at most 5 s."""
        async with asyncio.timeout(5.0):
            await self.answered.wait()
        return self

    def result(self, number: str) -> Json:
        """The result with this id. AssertionError if it was not offered."""
        found = [result for result in self.results if str(result["id"]) == number]
        assert found, f"no result {number!r} among {[result['id'] for result in self.results]}"
        return found[0]


@dataclass(slots=True, eq=False)
class Answering:
    """answerCallbackQuery and answerInlineQuery."""

    world: World
    presses: dict[str, Press] = field(default_factory=dict)
    inlines: dict[str, Inline] = field(default_factory=dict)

    def press(self, call: Call) -> bool:
        """answerCallbackQuery: once, and soon."""
        text, alert, url = call.words("text"), call.flag("show_alert"), call.words("url")
        call.asked.add("cache_time")
        press = self.presses.get(call.words("callback_query_id"))
        if press is None or press.answered.is_set() or self.world.clock.now() - press.asked > PRESS_SECONDS:
            raise bad_request(TOO_OLD)
        if len(text) > MAX_ALERT:
            raise bad_request("MESSAGE_TOO_LONG")
        press.text, press.alert, press.url = text or None, alert, url or None
        press.answered.set()
        return True

    def inline(self, call: Call) -> bool:
        """answerInlineQuery: once, and soon."""
        results, button = call.array("results") or [], call.object("button")
        personal, cache, offset = call.flag("is_personal"), call.number("cache_time", 300), call.words("next_offset")
        inline = self.inlines.get(call.words("inline_query_id"))
        self._check(results)
        if inline is None or inline.answered.is_set() or self.world.clock.now() - inline.asked > INLINE_SECONDS:
            raise bad_request(TOO_OLD)
        if len(offset.encode()) > MAX_ID:
            raise bad_request("NEXT_OFFSET_INVALID")
        inline.results, inline.button, inline.is_personal = results, button, personal
        inline.cache_time, inline.next_offset = min(max(cache, 0), 86_400), offset
        inline.answered.set()
        return True

    def _check(self, results: list[Json]) -> None:
        if len(results) > MAX_RESULTS:
            raise bad_request("too many inline query results specified")
        for result in results:
            self._check_one(result)
        ids = [str(result["id"]) for result in results]
        if not all(1 <= len(one.encode()) <= MAX_ID for one in ids):
            raise bad_request("RESULT_ID_INVALID")
        if len(set(ids)) != len(ids):
            raise bad_request("RESULT_ID_DUPLICATE")

    def _check_one(self, result: Json) -> None:
        kind = str(result.get("type", ""))
        for name in ("type", "id", *_NEEDED.get(kind, ())):
            if name not in result:
                raise _unparsed(f'Can\'t find field "{name}"')
        checked(result.get("reply_markup"))
        if kind in _FILES and f"{kind}_url" not in result:
            self._check_file(result, _FILES[kind], kind)

    def _check_file(self, result: Json, name: str, kind: str) -> None:
        """A file that Telegram does not have any more is found out later than what is no file_id at all."""
        if name not in result:
            raise _unparsed(f'Can\'t find field "{name}"')
        file_id = str(result[name])
        if not plausible(file_id):
            raise bad_request("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
        stored = self.world.files.by_id.get(file_id)
        if stored is None or stored.kind is not FileKind(kind):
            raise bad_request("DOCUMENT_INVALID")


def _unparsed(what: str) -> Refusal:
    return bad_request(f"can't parse inline query result: {what}")
