"""The splitter: raw text in, in pieces of any size; raw sentences out, each as soon as it is sure.

It looks at characters that may mean something and jumps over all others. It knows just enough of markup never to cut
inside it, and takes out itself what may span sentences: fenced code, thoughts, spoilers, displayed formulas. Each
decision rests on a bounded stretch of text and is put off until that stretch is there, so the cuts do not depend on
how the text was fed, and the work and memory for a text grow only with its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.tts.text import boundaries, marks
from bot.tts.text.characters import boundary
from bot.tts.text.wordlist import wordlist

_LONGEST = 600
"""Characters in a raw sentence before it is cut where there is no end."""
_CODE = 300
_TAG = 300
_SPOILER = 4096
"""Reach of a spoiler: no shorter than the longest Discord message, since what it hides must never be heard."""
_FORMULA = 2000
_WRAPPED = 60
"""Characters in a line that was broken because it was full, not because something ended."""
_CHUNK = 1024
_KEPT = 80
"""Characters kept back while something is passed over: more than the longest closing mark."""

_NONE = (0, 0)

_MARKS = re.escape(boundaries.ENDS)
_INTEREST = re.compile(f"[\n`|<$\\\\~{_MARKS}](?:(?<=[{_MARKS}])[{_MARKS}]{{1,63}})?")
"""A character that may mean something, or a run of marks that may end a sentence."""
_PLAIN = re.compile(
    f"(?=\\S)[^\n`|<$\\\\~{re.escape(boundaries.ENDS)}]{{1,{_LONGEST}}}[{boundaries.WIDE_ENDS}](?=[^\\W_\u2139])"
)
"""A sentence of a script without blanks that holds nothing but its end, before a letter."""
_TICKS = re.compile("`{1,64}")
_BARS = re.compile(r"\|{1,64}")
_LESS = re.compile("<{1,64}")
_TAG_SHAPE = re.compile(r"<(/?)([A-Za-z][\w-]{0,20}+)?[^<>\n]{0,260}+>")
_TAG_STOP = re.compile(r"[<>\n]")
_TILDE_FENCE = re.compile(r"(~{3,64}) *+[\w+-]{0,20}+ *+\n")
_TILDE_START = re.compile(r"~{1,64} *+[\w+-]{0,20}+ *+\Z")
_TILDES = re.compile("~+")
_DOLLARS = re.compile(r"\$+")
_BACKSLASHES = re.compile(r"(?:\\\\)+")
_NEWLINES = re.compile("\n+")
_INDENT = re.compile(r" {0,40}")

_HIDDEN = frozenset({"think", "thinking", "thought", "thoughts", "reasoning", "reflection", "script", "style"})
_BLOCKS = frozenset(
    wordlist(
        "address article aside blockquote br details div dl dt dd footer form h1 h2 h3 h4 h5 h6 header hr li main "
        "nav ol p pre section summary table tbody thead tr ul"
    )
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A raw sentence; it begins with a newline where it begins a line. ``rules`` names what was taken out of it."""

    text: str
    rules: tuple[str, ...] = ()


class Splitter:
    """Cuts a stream of text into raw sentences."""

    def __init__(self) -> None:
        self._buffer = ""  # from where the present sentence begins
        self._at = 0  # what lies before it needs no second look
        self._column = 0  # how far into its line the buffer begins
        self._fresh = True  # whether that is the beginning of a line
        self._row = False  # whether the line is a row of a table
        self._solid = _NONE  # the last stretch that must not be cut
        self._hidden: re.Pattern[str] | None = None  # the end of what is being passed over
        self._rules: list[str] = []
        self._out: list[Piece] = []
        self._readers: dict[str, Callable[[int, bool], int | None]] = {
            "\n": self._newline,
            "`": self._ticks,
            "|": self._bars,
            "<": self._less,
            "$": self._dollar,
            "\\": self._backslash,
            "~": self._tilde,
        }

    def feed(self, text: str) -> list[Piece]:
        """The sentences that are now sure."""
        for at in range(0, len(text), _CHUNK):
            self._buffer += text[at : at + _CHUNK]
            self._advance(final=False)
        return self._taken()

    def finish(self) -> list[Piece]:
        """What is left, now that no more will come."""
        self._advance(final=True)
        self._cut(len(self._buffer), len(self._buffer), newline=True)
        self._at, self._hidden = 0, None
        self._rules.clear()
        return self._taken()

    def _taken(self) -> list[Piece]:
        taken, self._out = self._out, []
        return taken

    def _advance(self, final: bool) -> None:
        while self._pass_over(final) if self._hidden else self._step(final):
            pass

    def _cut_plain(self) -> bool:
        """Cut off the sentences in which there is nothing to weigh: most, in a script without blanks."""
        at = 0
        while plain := _PLAIN.match(self._buffer, at):
            self._out.append(Piece(f"\n{plain[0]}" if self._fresh else plain[0], tuple(self._rules)))
            self._rules.clear()
            self._fresh = False
            at = plain.end()
        self._drop(at)
        return at > 0

    def _step(self, final: bool) -> bool:
        """Look at the next character of interest; False when that must wait for more text."""
        found = _INTEREST.search(self._buffer, self._at)
        self._at = found.start() if found else max(self._at, len(self._buffer))
        if self._at > _LONGEST:
            self._cut_anywhere()
            return True
        if found is None:
            return False
        reader = self._readers.get(found[0])
        after = reader(self._at, final) if reader else self._ends(found, final)
        if after is None:
            return False
        self._at = after
        return True

    def _pass_over(self, final: bool) -> bool:
        assert self._hidden is not None
        found = self._hidden.search(self._buffer)
        if found and (final or found.end() < len(self._buffer)):
            self._drop(found.end())
            self._at, self._hidden = 0, None
            return True
        kept = found.start() if found else max(0, len(self._buffer) - _KEPT)
        self._drop(len(self._buffer) if final else kept)
        return False

    # What to do at each character: each answers where to look next, or None to wait for more text.

    def _ends(self, run: re.Match[str], final: bool) -> int | None:
        if run[0] in boundaries.WIDE_ENDS and not self._row and self._cut_plain():
            return 0
        if run.end() == len(self._buffer) and self._open(run, final):
            return None
        if self._row:
            return run.end()
        end = boundaries.sentence_end(self._buffer, run, final, self._fresh)
        if end is None:
            return None
        if end == boundaries.NOWHERE:
            return run.end()
        self._cut(end, end)
        return 0

    def _newline(self, at: int, final: bool) -> int | None:
        if self._full_line(at):
            after = _match(_INDENT, self._buffer, at + 1).end()
            if after == len(self._buffer) and not final:
                return None
            if self._buffer[after : after + 1].islower():
                return after
        self._cut(at, _match(_NEWLINES, self._buffer, at).end(), newline=True)
        return 0

    def _full_line(self, at: int) -> bool:
        before = self._buffer[:at].rstrip(" ")
        begin = self._buffer.rfind("\n", 0, at)
        length = at + self._column if begin < 0 else at - begin - 1
        return length >= _WRAPPED and not self._row and (before[-1:].isalnum() or before[-1:] in (",", "-"))

    def _ticks(self, at: int, final: bool) -> int | None:
        run = _match(_TICKS, self._buffer, at)
        if self._open(run, final):
            return None
        if len(run[0]) >= 3:
            return self._fence(run, "`")
        return self._inline_code(run, final)

    def _inline_code(self, run: re.Match[str], final: bool) -> int | None:
        reach = run.end() + _CODE
        close = re.compile(f"\n|(?<!`)`{{{len(run[0])}}}(?!`)").search(self._buffer, run.end(), reach)
        limit = close.end() if close else reach
        if limit >= len(self._buffer) and not final and not (close and close[0] == "\n"):
            return None
        if close is None or close[0] == "\n":
            return run.end()
        return self._keep_whole(run.start(), close.end())

    def _fence(self, run: re.Match[str], mark: str) -> int:
        self._cut(run.start(), run.end())
        self._emit(marks.CODE, "code block")
        length = len(run[0].rstrip()) if mark == "`" else len(run[1])
        self._hidden = re.compile(f"{mark}{{{length},64}}")
        return 0

    def _tilde(self, at: int, final: bool) -> int | None:
        if not self._begins_line(at):
            return _match(_TILDES, self._buffer, at).end()
        fence = _TILDE_FENCE.match(self._buffer, at)
        if fence:
            return self._fence(fence, "~")
        if _TILDE_START.match(self._buffer, at) and not final:
            return None
        return at + 1

    def _bars(self, at: int, final: bool) -> int | None:
        run = _match(_BARS, self._buffer, at)
        if self._open(run, final):
            return None
        if len(run[0]) >= 2:
            return self._spoiler(run, final)
        self._row = self._row or self._begins_line(at)
        return run.end()

    def _spoiler(self, run: re.Match[str], final: bool) -> int | None:
        close = self._buffer.find("||", run.end(), run.end() + _SPOILER)
        if close < 0 and len(self._buffer) < run.end() + _SPOILER and not final:
            return None
        if close <= run.end():
            return run.end()
        self._buffer = f"{self._buffer[: run.start()]}{marks.SPOILER}{self._buffer[close + 2 :]}"
        self._rules.append("spoiler")
        return run.start() + 1

    def _less(self, at: int, final: bool) -> int | None:
        run = _match(_LESS, self._buffer, at)
        at = run.end() - 1
        if not final and "<!--".startswith(self._buffer[at : at + 4]) and len(self._buffer) < at + 4:
            return None
        if self._buffer.startswith("<!--", at):
            return self._hide(at, at + 4, "-->")
        shape = _TAG_SHAPE.match(self._buffer, at)
        if shape:
            return self._tag(shape)
        settled = final or len(self._buffer) >= at + _TAG or _TAG_STOP.search(self._buffer, at + 1, at + _TAG)
        return at + 1 if settled else None

    def _tag(self, shape: re.Match[str]) -> int:
        name = (shape[2] or "").lower()
        unsaid = not shape[1] and name in _HIDDEN
        if unsaid and (name in ("script", "style") or not self._buffer[: shape.start()].strip()):
            return self._hide(shape.start(), shape.end(), f"</{name}\\s{{0,8}}>")
        if name in _BLOCKS:
            self._cut(shape.start(), shape.end(), newline=True)
            self._rules.append("html")
            return 0
        return self._keep_whole(shape.start(), shape.end())

    def _hide(self, start: int, end: int, until: str) -> int:
        self._cut(start, end)
        self._rules.append("thought")
        self._hidden = re.compile(until, re.IGNORECASE)
        return 0

    def _dollar(self, at: int, final: bool) -> int | None:
        if not self._begins_line(at):
            return _match(_DOLLARS, self._buffer, at).end()
        if len(self._buffer) < at + 3 and not final:
            return None
        displayed = self._buffer.startswith("$$", at) and not self._buffer.startswith("$$$", at)
        return self._formula(at, "$$", final) if displayed else at + 1

    def _backslash(self, at: int, final: bool) -> int | None:
        if at + 1 == len(self._buffer) and not final:
            return None
        if self._buffer[at + 1 : at + 2] == "[" and self._begins_line(at):
            return self._formula(at, "\\]", final)
        pairs = _BACKSLASHES.match(self._buffer, at)
        if pairs:
            return pairs.end()
        return at + 2 if self._buffer[at + 1 : at + 2] in "`|<$~" else at + 1

    def _formula(self, at: int, closer: str, final: bool) -> int | None:
        reach = at + 2 + _FORMULA
        close = self._buffer.find(closer, at + 2, reach)
        broken = self._buffer.find("\n\n", at + 2, reach if close < 0 else close)
        if close < 0 and broken < 0 and len(self._buffer) < reach and not final:
            return None
        if close < 0 or broken >= 0:
            return at + 2
        self._cut(at, close + 2)
        self._emit(marks.FORMULA, "maths")
        return 0

    # The hands: what the readers above do to the buffer.

    def _open(self, run: re.Match[str], final: bool) -> bool:
        return run.end() == len(self._buffer) and not final and len(run[0]) < 64

    def _begins_line(self, at: int) -> bool:
        return self._fresh and not self._buffer[:at].strip(" ")

    def _keep_whole(self, start: int, end: int) -> int:
        self._solid = (start, end)
        return end

    def _emit(self, mark: str, rule: str) -> None:
        self._out.append(Piece(mark, (*self._rules, rule)))
        self._rules.clear()

    def _cut(self, end: int, resume: int, *, newline: bool = False) -> None:
        """End the sentence at ``end`` and begin the next at ``resume``."""
        text = self._buffer[:end]
        if text and not text.isspace():
            self._out.append(Piece(f"\n{text}" if self._fresh else text, tuple(self._rules)))
            self._rules.clear()
            self._fresh = False
        self._drop(resume)
        if newline:
            self._column, self._fresh, self._row = 0, True, False

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._column += count
        if self._solid != _NONE:
            self._solid = (max(0, self._solid[0] - count), max(0, self._solid[1] - count))

    def _cut_anywhere(self) -> None:
        place = self._place()
        self._cut(place, place)
        self._at = max(0, self._at - place)

    def _place(self) -> int:
        """The best place to cut a sentence that does not end: after a blank or comma, else between characters."""
        start, end = self._solid
        if start < _LONGEST < end:
            return start or end
        low = max(_LONGEST // 2, end if end <= _LONGEST else 0)
        blank = 1 + max(self._buffer.rfind(mark, low, _LONGEST) for mark in " ，、")
        if blank > low:
            return blank
        return _outside_number(self._buffer, boundary(self._buffer, _LONGEST), low) or _LONGEST


def _outside_number(text: str, at: int, low: int) -> int:
    """The last place at or before ``at`` that is not inside a number, or ``at`` if the number is too long for that."""
    place = at
    while place > low and text[place - 1] in "0123456789.," and text[place] in "0123456789.,":
        place -= 1
    return place if place > low else at


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    """A match of a pattern that is known to match there."""
    found = pattern.match(text, at)
    assert found is not None
    return found
