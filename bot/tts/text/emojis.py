"""Emoji: read by their names where the emoji package knows them in the language, or passed over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby, islice

from bot.tts.text.block import Block
from bot.tts.text.characters import EMOJI
from bot.tts.text.sentence import Options

_SKIN = "\U0001f3fb-\U0001f3ff"
_ONE = (
    f"[{EMOJI}]\ufe0f?[{_SKIN}]?(?:\u200d[{EMOJI}\u2190-\u21ff]\ufe0f?[{_SKIN}]?){{0,8}}[\U000e0020-\U000e007f]{{0,8}}"
)
_CLUSTER = f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}"
_RUN = re.compile(f"(?:(?:{_CLUSTER})[\\s\ufe0e\ufe0f\u200d{_SKIN}]*+)+")
_EACH = re.compile(_CLUSTER)
_LEFT = re.compile(f"[{_SKIN}\ufe0e\ufe0f\u20e3\u200d\U000e0020-\U000e007f]+")
_TRACE = re.compile(f"[{EMOJI}\u20e3\ufe0e\ufe0f\u200d\U000e0020-\U000e007f]")
_TONE = re.compile(f"[{_SKIN}]")
_SHORTCODE = re.compile(r"(?<![\w:]):([a-z0-9_+-]{2,40}):(?![\w:])")
_EMOTICON = re.compile(
    r"(?<!\S)(?:[:;=][-'^o]?[)(\[\]DPpO/|*sSxc3]{1,8}|[xX]D{1,8}|</?3{1,3}|T_+T|\^_*\^|-_+-|>_+<|[oO]_+[oO]|¯\\*_*\\*\(ツ\)\\*_*\\*/¯)"
    r"(?=[\s.,!?。，！？]|\Z)"
)
_CODED = re.compile(":[a-z0-9_+-]{2,40}:")
_FACED = re.compile(
    r"[:;=xX<T^>oO¯-](?:(?<=[:;=])[-'^o]?[)(\[\]DPpO/|*sSxc3]|(?<=[xX])D|(?<=<)/?3|(?<=[T^>oO-])_|(?<=\^)\^|(?<=¯))"
)
"""What every emoticon holds."""
_FACE_MARKS = ":;=<^_¯"
_MOST = 6
"""Emoji read in one run: what comes after them adds noise, not meaning."""
_PAUSE = {"zh": "，", "ja": "、"}
"""What sets names apart in languages without blanks."""


def shortcodes(text: str, options: Options) -> str:
    """``:thumbs_up:`` is that emoji; a code that no emoji has is its own words."""
    return _SHORTCODE.sub(lambda code: _decoded(code[1], options), text) if _CODED.search(text) else text


def emoticons(text: str, options: Options) -> str:
    """``:-)`` is smiled, not said; a heart is a heart."""
    return _EMOTICON.sub(lambda face: " ❤️ " if "<3" in face[0] else " ", text) if _FACED.search(text) else text


def near_shortcodes(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may hold a code for an emoji."""
    return block.holding(_CODED)


def near_emoticons(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may hold a face made of marks; one of letters alone is none."""
    return set(block.holding(_FACED)).intersection(block.holding_any(_FACE_MARKS))


def read(text: str, language: str, options: Options) -> str:
    """Emoji by name, each run of the same one once and at most six in a row; nothing if they are to be skipped."""
    found = _TRACE.search(text)
    if not found:
        return text
    begin = max(0, found.start() - 1)  # the digit of a keycap stands before its trace
    return text[:begin] + _LEFT.sub("", _RUN.sub(lambda run: _named(run[0], language, options), text[begin:]))


def near_emoji(block: Block) -> Iterable[int]:
    """The sentences that hold an emoji or a part of one."""
    return block.holding_any(block.having(_TRACE))


def _named(run: str, language: str, options: Options) -> str:
    if options.emoji == "skip":
        return " "
    each = (_TONE.sub("", emoji[0]) for emoji in _EACH.finditer(run))
    names = (_name(emoji, language) for emoji, _ in groupby(each))
    said = list(islice(filter(None, names), _MOST))
    pause = _PAUSE.get(language)
    return f"{pause}{pause.join(said)}{pause}" if said and pause else f" {', '.join(said)} "


def _decoded(code: str, options: Options) -> str:
    if not re.search("[a-z]", code):
        found = _emoji_of(code)
        return found or f":{code}:"
    if options.emoji == "skip":
        return " "
    return f" {_emoji_of(code) or code.replace('_', ' ').replace('-', ' ').strip()} "


@lru_cache(maxsize=1024)
def _emoji_of(code: str) -> str:
    import emoji  # half of a second's hundredth and 8 MB that most messages never need

    shape = f":{code}:"
    found = emoji.emojize(shape, language="alias", variant="emoji_type")
    return "" if found == shape else found


@lru_cache(maxsize=4096)
def _name(cluster: str, language: str) -> str:
    """What an emoji is called; nothing if it has no name in the language."""
    if "\u20e3" in cluster:
        return cluster[0] if cluster[0].isdigit() else ""
    import emoji

    if language not in emoji.LANGUAGES:
        return ""
    found = emoji.demojize(cluster, language=language, delimiters=("\ue00d", "\ue00d"))
    names = re.findall("\ue00d([^\ue00d]+)\ue00d", found)
    blank = "" if language in _PAUSE else " "
    return ", ".join(name.replace("_", blank).replace("-", " ").strip(" :") for name in names)
