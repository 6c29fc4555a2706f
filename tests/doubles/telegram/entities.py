"""What Telegram finds in a text: commands, mentions, links, placed in UTF-16 units (td/telegram/MessageEntity.cpp)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.doubles.telegram.refusal import Json

_FOUND = re.compile(
    r"(?P<url>\bhttps?://[^\s<>\"]+[^\s<>\".,;:!?)\]]"
    r"|(?<![\w@.-])(?:[\w-]+\.)+(?:com|org|net|io|dev|ru|jp|cn)\b(?:/[^\s<>\"]*)?)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<bot_command>(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32}(?![\w/<>])|(?![\w/<>@])))"
    r"|(?P<mention>(?<!\w)@[A-Za-z0-9_]{4,32}(?!\w))"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d]\w*)"
)


def units(text: str) -> int:
    """The length as Telegram counts offsets: UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def entities(text: str) -> list[Json]:
    """What is found in a text that somebody typed, in order."""
    return list(_entities(text))


def _entities(text: str) -> Iterator[Json]:
    for found in _FOUND.finditer(text):
        yield placed(text, found.start(), found.end(), type=found.lastgroup)


def placed(text: str, start: int, end: int, **parts: object) -> Json:
    """An entity over these characters of the text."""
    return {"offset": units(text[:start]), "length": units(text[start:end]), **parts}


def covered(text: str, entity: Json) -> str:
    """The words that an entity stands over."""
    raw = text.encode("utf-16-le")
    return raw[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")
