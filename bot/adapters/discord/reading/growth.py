"""What is new in a text that is seen again and again while it is being written.

An LLM's answer arrives as edits of one message: each shows the whole text so far, perhaps with a cursor at its end,
with markup closed that will go on, or with a few words that only say that something is coming. Out of such snapshots
comes what can be spoken: whole sentences, each once, in order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.tts.text.boundaries import ENDS, NOWHERE, WIDE_ENDS, sentence_end

_CURSOR = "▌█▍▎▏▋▊▉▐▮▯░▒▓■●⬤⏳⌛🔄\ufe0f"
"""What a bot puts behind the last word while it writes on."""
_CLOSERS = " \t\r\n`*_~|…"
"""What may stand at the end of a snapshot and not there in the next: markup closed for the moment, and dots."""
_LOADING = re.compile(r"<a?:\w*(?:load|typ|think|writ|dots|spin|wait)\w*:\d+>\Z", re.IGNORECASE)

_WHAT = r"thinking|typing|writing|generating|loading|processing|working|searching|analy[sz]ing|reasoning|responding"
_THING = r"it|that|this|(?:an|the) answer|a response|(?:your|the) (?:answer|request|question|message)|the web"
_PLACEHOLDER = re.compile(
    rf"(?:(?:i'?m |i am |[\w-]{{1,32}} is |still )?(?:{_WHAT})(?: (?:(?:on|about|for) )?(?:{_THING}))?"
    "|(?:please )?(?:wait|stand by|hold on)|(?:one|just a|a) (?:moment|second|sec)(?:,? please)?"
    "|考え中(?:です)?|思考中(?:です)?|(?:回答を)?生成中(?:です)?|入力中|処理中(?:です)?|読み込み中|(?:少々)?お待ちください"
    "|(?:正在)?(?:思考|输入|生成|加载|处理|搜索)中?|请稍[候等])",
    re.IGNORECASE,
)
"""A line that says no more than that an answer is coming."""
_FRAME = _CURSOR + _CLOSERS + "-#>()[].。!！~～💬💭✍🤔"

_MENTION = re.compile(r"<(?:@[!&]?|#|a?:\w+:)\d+>")
_RUN = re.compile(f"\n+|[{re.escape(ENDS)}]{{1,64}}")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence or a line: where it ends, and what it is known by however it is marked up."""

    text: str
    end: int

    @property
    def key(self) -> str:
        return "".join(filter(str.isalnum, self.text.casefold())) or self.text.strip()


class Growth:
    """Follows one text. :meth:`see` each snapshot, :meth:`finish` when no more will come; more may come all the same.

    What was given is never given again, whatever becomes of the text: a sentence that was rewritten after it was given
    is not, unless it was the last; what comes after it is.
    """

    def __init__(self) -> None:
        self._seen = ""
        self._taken = ""
        self._keys: list[str] = []
        self._owed: Counter[str] = Counter()
        self._over = False

    @property
    def waiting(self) -> bool:
        """Whether the last snapshot itself says that more will come."""
        text = self._seen.rstrip(_CLOSERS)
        return not text or _without_cursor(text) != text or _is_placeholder(text.rpartition("\n")[2])

    @property
    def whole(self) -> bool:
        """Whether everything that was seen so far has been given."""
        return settled(self._seen) == self._taken.rstrip(_CLOSERS)

    def see(self, snapshot: str) -> str:
        """The text so far; returns the sentences that are now whole and were not given yet, a line each."""
        self._seen = snapshot
        body = settled(snapshot)
        if not self._align(body):
            return ""
        return "".join(self._give(unit) for unit in _whole(body, len(self._taken)))

    def finish(self) -> str:
        """What of the last snapshot was not given yet, with the markup that closes it."""
        self._over = True
        body, text = settled(self._seen), _without_cursor(self._seen)
        if not body or not self._align(body):
            return ""
        rest = text[len(self._taken) :] if text.startswith(body) else body[len(self._taken) :]
        if len(body) > len(self._taken):
            unit = _Unit(body[len(self._taken) :], len(body))
            rest = rest if self._give(unit) else ""
        return rest

    def _give(self, unit: _Unit) -> str:
        self._taken += unit.text
        self._keys.append(unit.key)
        if self._owed[unit.key] > 0:
            self._owed[unit.key] -= 1
            return ""
        return unit.text if unit.text.endswith("\n") else f"{unit.text.rstrip()}\n"

    def _align(self, body: str) -> bool:
        """Find in ``body`` what was taken already. False if there is nothing in it to go on with."""
        if body.startswith(self._taken):
            return True
        if self._over or self._taken.startswith(body):
            return False
        units = [*_whole(body, 0)]
        at = units[-1].end if units else 0
        units.append(_Unit(body[at:], len(body)))
        count = self._shared([unit.key for unit in units])
        self._owed += Counter(self._keys) - Counter(unit.key for unit in units[:count])
        self._keys = [unit.key for unit in units[:count]]
        self._taken = body[: units[count - 1].end] if count else ""
        return True

    def _shared(self, keys: Sequence[str]) -> int:
        """How many of the units were taken already: up to the last one taken, or else as far as all are the same."""
        last = len(self._keys) - 1
        if places := [place for place, key in enumerate(keys) if key == self._keys[last]]:
            return min(places, key=lambda place: abs(place - last)) + 1
        same = (old == new for old, new in zip(self._keys, keys, strict=False))
        return next((count for count, equal in enumerate(same) if not equal), min(len(keys), last + 1))


def settled(snapshot: str) -> str:
    """The part of a snapshot that may be relied on: no cursor, no markup closed for now, no word of waiting."""
    while (bare := _stripped(snapshot)) != snapshot:
        snapshot = bare
    return snapshot


def _stripped(text: str) -> str:
    bare = _without_cursor(text).rstrip(_CLOSERS)
    bare = bare.rstrip(".") if bare.endswith("..") else bare
    line = bare.rfind("\n") + 1
    return bare[:line] if _is_placeholder(bare[line:]) else bare


def _without_cursor(text: str) -> str:
    while (bare := _LOADING.sub("", text.rstrip(_CURSOR + " "))) != text:
        text = bare
    return text


def _is_placeholder(line: str) -> bool:
    return _PLACEHOLDER.fullmatch(line.strip(_FRAME)) is not None


def _whole(body: str, start: int) -> Iterator[_Unit]:
    """The units of ``body`` from ``start`` on that more text cannot change; the last one too, if it has an end."""
    # What follows decides whether a sentence has ended; behind the last one a new one is imagined.
    text = f"{body} A"
    while (end := _end(text, start)) is not None:
        unit = _Unit(body[start:end], min(end, len(body)))
        if end > len(body) and not _may_be_last(unit.text):
            return
        yield unit
        start = unit.end


def _end(text: str, start: int) -> int | None:
    """Where the unit that begins at ``start`` surely ends."""
    rest, fresh = text[start:], start == 0 or text[start - 1] == "\n"
    for run in _RUN.finditer(rest):
        line = run[0][0] == "\n"
        end = run.end() if line else sentence_end(rest, run, False, fresh)
        if end is None:
            return None
        if end != NOWHERE and not _open(rest[:end], line=line):
            return start + end
    return None


def _may_be_last(sentence: str) -> bool:
    """Whether its end mark is one, though nothing follows yet: not the dot in an address or a number."""
    if sentence.rstrip(f"{_CLOSERS}\"'”’»)]」』")[-1:] in WIDE_ENDS:
        return True
    words = _MENTION.sub("x", sentence).split()
    word = next((word for word in reversed(words) if any(map(str.isalnum, word))), "")
    return re.fullmatch(r"[^\w/:@]*[^\W\d_]+(?:['’-][^\W\d_]+)*[^\w/:@]*", word) is not None


def _open(text: str, *, line: bool) -> bool:
    """Whether the end of ``text`` is inside of something that must not be torn apart: code, a spoiler, a thought."""
    torn = text.count("```") % 2 or text.count("||") % 2 or ("<think" in text and "</think" not in text)
    return bool(torn) or (not line and text.count("`") % 2 == 1)
