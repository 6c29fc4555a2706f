"""What people do and a bot has to answer: buttons and inline queries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.call import Call
from tests.doubles.telegram.files import FileKind
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.world import World

TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
PRESS_SECONDS, INLINE_SECONDS = 300.0, 10.0
"""How long an answer is waited for."""
MAX_RESULTS, MAX_ALERT = 50, 200


@dataclass(slots=True, eq=False)
class Press:
    """Somebody pressed a button; ``text`` and ``alert`` are what they saw."""

    id: str
    by: Account
    message: Message | None
    data: str
    at: float
    text: str | None = None
    alert: bool = False
    url: str | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Inline:
    """Somebody typed after the bot's name; ``results`` is what they were offered."""

    id: str
    by: Account
    query: str
    offset: str
    at: float
    results: list[Json] = field(default_factory=list)
    button: Json | None = None
    cache_time: int = 300
    is_personal: bool = False
    next_offset: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Answering:
    """answerCallbackQuery and answerInlineQuery."""

    world: World
    presses: dict[str, Press] = field(default_factory=dict)
    inlines: dict[str, Inline] = field(default_factory=dict)

    def press(self, call: Call) -> bool:
        """answerCallbackQuery."""
        call.asked.add("cache_time")
        press = self.presses.get(call.words("callback_query_id"))
        if press is None or self.world.clock.now() - press.at > PRESS_SECONDS or press.answered.is_set():
            raise bad_request(TOO_OLD)
        if len(call.words("text")) > MAX_ALERT:
            raise bad_request("MESSAGE_TOO_LONG")
        press.text, press.alert, press.url = (
            call.words("text") or None,
            call.flag("show_alert"),
            call.words("url") or None,
        )
        press.answered.set()
        return True

    def inline(self, call: Call) -> bool:
        """answerInlineQuery."""
        results = call.array("results") or []
        self._check(results)
        inline = self.inlines.get(call.words("inline_query_id"))
        if inline is None or self.world.clock.now() - inline.at > INLINE_SECONDS or inline.answered.is_set():
            raise bad_request(TOO_OLD)
        inline.results, inline.button = results, call.object("button")
        inline.cache_time, inline.is_personal = call.number("cache_time", 300), call.flag("is_personal")
        inline.next_offset = call.words("next_offset")
        inline.answered.set()
        return True

    def _check(self, results: list[Json]) -> None:
        if len(results) > MAX_RESULTS:
            raise bad_request("too many inline query results specified")
        ids = [str(result.get("id", "")) for result in results]
        if not all(1 <= len(one.encode()) <= 64 for one in ids):
            raise bad_request("RESULT_ID_INVALID")
        if len(set(ids)) != len(ids):
            raise bad_request("RESULT_ID_DUPLICATE")
        for result in results:
            if result.get("type") == "voice" and "voice_file_id" in result:
                self._check_voice(result)

    def _check_voice(self, result: Json) -> None:
        if not result.get("title"):
            raise bad_request('can\'t parse inline query result: Field "title" must be of type String')
        if self.world.files.find(str(result["voice_file_id"])).kind is not FileKind.VOICE:
            raise bad_request("wrong file identifier/HTTP URL specified")
