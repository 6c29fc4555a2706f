"""What a bot asks of the Bot API: a method, its parameters and files, and what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.refusal import Refusal, bad_request

_PLAIN = frozenset((
    "text", "caption", "parse_mode", "business_connection_id", "action", "voice", "audio", "document", "thumbnail",
    "title", "performer", "name", "description", "short_description", "language_code", "url", "secret_token",
    "ip_address", "file_id", "callback_query_id", "inline_query_id", "inline_message_id", "next_offset",
))  # fmt: skip
"""Parameters that are words: everything else is JSON, as numbers and lists are in a form."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body."""

    name: str
    content_type: str
    data: bytes


@dataclass(slots=True, eq=False)
class Call:
    """One request. ``result`` or ``error`` is there once it was answered."""

    method: str
    params: dict[str, Any]
    files: dict[str, Upload]
    at: float
    """When it arrived, by ``time.perf_counter``."""
    result: Any = None
    error: Refusal | None = None
    answered: float | None = None
    asked: set[str] = field(default_factory=set)
    """The parameters that were looked at."""

    def words(self, name: str) -> str:
        """A parameter that is text, or ""."""
        self.asked.add(name)
        value = self.params.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        """A parameter that is a whole number; as the server does, what is none counts as ``default``."""
        self.asked.add(name)
        try:
            return int(self.params.get(name, default))
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        self.asked.add(name)
        return str(self.params.get(name, "")).lower() in ("true", "1", "yes", "t", "y")

    def object(self, name: str) -> dict[str, Any] | None:
        """A parameter that is a JSON object, or None."""
        self.asked.add(name)
        value = self.params.get(name)
        if value is None or isinstance(value, dict):
            return value
        raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object")

    def array(self, name: str) -> list[Any] | None:
        """A parameter that is a JSON array, or None."""
        self.asked.add(name)
        value = self.params.get(name)
        if value is None or isinstance(value, list):
            return value
        raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object")

    def file(self, name: str) -> Upload | str | None:
        """A parameter that is a file: what was uploaded, or the words (a file_id, a URL), or None."""
        value = self.words(name)
        if value.startswith("attach://"):
            return self.files.get(value.removeprefix("attach://"))
        return self.files.get(name) or value or None


def parsed(name: str, value: Any) -> Any:
    """A form's field as what it means."""
    if not isinstance(value, str) or name in _PLAIN:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
