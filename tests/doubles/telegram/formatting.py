"""Texts as a bot sends them: HTML and MarkdownV2 made into entities ("Formatting options")."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.entities import entities, units
from tests.doubles.telegram.refusal import Json, bad_request

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "code": "code", "pre": "pre",
    "tg-spoiler": "spoiler", "blockquote": "blockquote", "a": "text_link", "span": "spoiler",
}  # fmt: skip
_TAG = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s[^<>]*)?)>")
_MARKS = {
    "*": "bold",
    "_": "italic",
    "__": "underline",
    "~": "strikethrough",
    "||": "spoiler",
    "`": "code",
    "```": "pre",
}
_MARK = re.compile(r"\\(.)|(```|__|\|\||[*_~`])|\[|\]\(([^)]*)\)", re.DOTALL)
_RESERVED = frozenset("[]()>#+-=|{}.!")


def formatted(text: str, mode: str, given: list[Any] | None) -> tuple[str, list[Json]]:
    """The words without the marks, and the entities of both the marks and of what stands there by itself."""
    made: list[Json] = list(given or [])
    match mode.lower():
        case "html":
            text, made = _Building().html(text)
        case "markdownv2":
            text, made = _Building().markdown(text)
        case "" | "markdown":
            pass
        case _:
            raise bad_request("unsupported parse_mode")
    stripped = text.rstrip()
    lead = units(stripped) - units(stripped.lstrip())
    stripped = stripped.lstrip()
    marks = [{**entity, "offset": max(0, entity["offset"] - lead)} for entity in made]
    taken = {at for entity in marks for at in range(entity["offset"], entity["offset"] + entity["length"])}
    found = [entity for entity in entities(stripped) if entity["offset"] not in taken]
    return stripped, sorted([*marks, *found], key=lambda entity: (entity["offset"], -entity["length"]))


@dataclass(slots=True)
class _Building:
    """Words without marks, while they are read."""

    words: str = ""
    open: list[tuple[str, Json, int]] = field(default_factory=list)
    made: list[Json] = field(default_factory=list)

    def html(self, text: str) -> tuple[str, list[Json]]:
        at = 0
        for tag in _TAG.finditer(text):
            self._plain(text[at : tag.start()])
            self._tag(tag)
            at = tag.end()
        self._plain(text[at:])
        if self.open:
            name = self.open[-1][0]
            raise bad_request(f"can't parse entities: Can't find end tag corresponding to start tag \"{name}\"")
        return self.words, self.made

    def _plain(self, text: str) -> None:
        if "<" in text:
            raise bad_request(f"can't parse entities: Unsupported start tag at byte offset {len(self.words.encode())}")
        self.words += html.unescape(text)

    def _tag(self, tag: re.Match[str]) -> None:
        closing, name, rest = tag.group(1), tag.group(2).lower(), tag.group(3)
        if name not in _TAGS:
            raise bad_request(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {tag.start()}')
        if not closing:
            link = re.search(r'href\s*=\s*["\']([^"\']*)', rest)
            more: Json = {"url": html.unescape(link.group(1))} if link else {}
            self.open.append((name, {"type": _TAGS[name], **more}, units(self.words)))
            return
        if not self.open or self.open[-1][0] != name:
            raise bad_request(f"can't parse entities: Unmatched end tag at byte offset {tag.start()}")
        self._close()

    def _close(self) -> None:
        _, entity, start = self.open.pop()
        if (length := units(self.words) - start) > 0:
            self.made.append({**entity, "offset": start, "length": length})

    def markdown(self, text: str) -> tuple[str, list[Json]]:
        at = 0
        for mark in _MARK.finditer(text):
            self._bare(text[at : mark.start()], at)
            self._mark(mark)
            at = mark.end()
        self._bare(text[at:], at)
        if self.open:
            kind = self.open[-1][1]["type"].capitalize()
            raise bad_request(f"can't parse entities: Can't find end of {kind} entity at byte offset {len(text)}")
        return self.words, self.made

    def _bare(self, text: str, at: int) -> None:
        for place, character in enumerate(text):
            if character in _RESERVED:
                raise bad_request(
                    f"can't parse entities: Character '{character}' is reserved and must be escaped with the "
                    f"preceding '\\' at byte offset {at + place}"
                )
        self.words += text

    def _mark(self, mark: re.Match[str]) -> None:
        if mark.group(1):
            self.words += mark.group(1)
        elif mark.group(0) == "[":
            self.open.append(("[", {"type": "text_link"}, units(self.words)))
        elif mark.group(3) is not None:
            self.open[-1][1]["url"] = mark.group(3)
            self._close()
        elif self.open and self.open[-1][0] == mark.group(2):
            self._close()
        else:
            self.open.append((mark.group(2), {"type": _MARKS[mark.group(2)]}, units(self.words)))
