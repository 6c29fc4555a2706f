"""Texts as a bot sends them: HTML and MarkdownV2 made into entities ("Formatting options")."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.entities import entities, units
from tests.doubles.telegram.refusal import Json, bad_request

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "tg-spoiler": "spoiler", "blockquote": "blockquote", "a": "text_link", "span": "spoiler",
}  # fmt: skip
_MARKS = {
    "*": "bold", "_": "italic", "__": "underline", "~": "strikethrough", "||": "spoiler", "`": "code", "```": "pre",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s[^<>]*)?)>")
_MARK = re.compile(r"\\(.)|(```|__|\|\||[*_~`])|\[|\]\(([^)]*)\)", re.DOTALL)
_RESERVED = frozenset("[]()>#+-=|{}.!")


@dataclass(frozen=True, slots=True)
class Words:
    """A text or caption without marks; ``parts`` is how it stands in a message, {} if there are no words."""

    text: str
    parts: Json


def words(call: Call, name: str) -> Words:
    """The ``text`` or ``caption`` of a call."""
    field_name = "entities" if name == "text" else "caption_entities"
    text, found = formatted(call.words(name), call.words("parse_mode"), call.array(field_name))
    if not text:
        return Words("", {})
    return Words(text, {name: text} | ({field_name: found} if found else {}))


def formatted(text: str, mode: str, given: list[Any] | None = None) -> tuple[str, list[Json]]:
    """The words without the marks, and the entities of both the marks and of what stands there by itself."""
    if len(text.encode()) > 1 << 15:
        raise bad_request("text is too long")
    made: list[Json] = list(given or [])
    match mode.lower():
        case "html":
            text, made = _Html().read(text)
        case "markdownv2":
            text, made = _Markdown().read(text)
        case "" | "none" | "markdown":
            pass
        case _:
            raise bad_request("unsupported parse_mode")
    return _trimmed(text, made)


def _trimmed(text: str, made: list[Json]) -> tuple[str, list[Json]]:
    """Without white space around; what stands there by itself is found where no mark is."""
    kept = text.rstrip().lstrip(" \n")
    lead = units(text) - units(text.lstrip(" \n"))
    marks = [{**entity, "offset": max(0, entity["offset"] - lead)} for entity in made]
    taken = {at for entity in marks for at in range(entity["offset"], entity["offset"] + entity["length"])}
    found = [entity for entity in entities(kept) if entity["offset"] not in taken]
    return kept, sorted([*marks, *found], key=lambda entity: (entity["offset"], -entity["length"]))


@dataclass(slots=True)
class _Marks:
    """The words without marks, while they are read, and the marks that are open."""

    text: str = ""
    open: list[tuple[str, Json, int]] = field(default_factory=list)
    made: list[Json] = field(default_factory=list)

    def begin(self, name: str, **entity: Any) -> None:
        self.open.append((name, entity, units(self.text)))

    def end(self, **more: Any) -> None:
        _, entity, start = self.open.pop()
        if (length := units(self.text) - start) > 0:
            self.made.append({**entity, **more, "offset": start, "length": length})

    def innermost(self) -> str:
        return self.open[-1][0] if self.open else ""


class _Html(_Marks):
    def read(self, source: str) -> tuple[str, list[Json]]:
        at = 0
        for tag in _TAG.finditer(source):
            self._plain(source[at : tag.start()])
            self._tag(tag)
            at = tag.end()
        self._plain(source[at:])
        if self.open:
            raise wrong(f'Can\'t find end tag corresponding to start tag "{self.innermost()}"')
        return self.text, self.made

    def _plain(self, source: str) -> None:
        if "<" in source:
            raise wrong(f"Unsupported start tag at byte offset {len(self.text.encode())}")
        self.text += html.unescape(source)

    def _tag(self, tag: re.Match[str]) -> None:
        closing, name, rest = tag.group(1), tag.group(2).lower(), tag.group(3)
        if name not in _TAGS:
            raise wrong(f'Unsupported start tag "{name}" at byte offset {tag.start()}')
        if not closing:
            link = re.search(r'href\s*=\s*["\']([^"\']*)', rest)
            self.begin(name, type=_TAGS[name], **({"url": html.unescape(link.group(1))} if link else {}))
        elif self.innermost() != name:
            raise wrong(f"Unmatched end tag at byte offset {tag.start()}")
        else:
            self.end()


class _Markdown(_Marks):
    def read(self, source: str) -> tuple[str, list[Json]]:
        at = 0
        for mark in _MARK.finditer(source):
            self._bare(source[at : mark.start()])
            self._mark(mark)
            at = mark.end()
        self._bare(source[at:])
        if self.open:
            kind = str(self.open[-1][1]["type"]).capitalize()
            raise wrong(f"Can't find end of {kind} entity at byte offset {self.open[-1][2]}")
        return self.text, self.made

    def _bare(self, source: str) -> None:
        if reserved := [character for character in source if character in _RESERVED]:
            raise wrong(f"Character '{reserved[0]}' is reserved and must be escaped with the preceding '\\'")
        self.text += source

    def _mark(self, mark: re.Match[str]) -> None:
        escaped, name, url = mark.groups()
        if escaped is not None:
            self.text += escaped
        elif url is not None and self.innermost() == "[":
            self.end(url=url)
        elif name is None:
            self.begin("[", type="text_link")
        elif self.innermost() == name:
            self.end()
        else:
            self.begin(name, type=_MARKS[name])


def wrong(what: str) -> Exception:
    return bad_request(f"can't parse entities: {what}")
