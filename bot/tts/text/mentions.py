"""What stands in angle brackets: Discord's mentions, emoji, times and commands, links, and HTML."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta

from bot.tts.text import marks
from bot.tts.text.characters import Filter
from bot.tts.text.links import plain
from bot.tts.text.sentence import Options

_ANGLE = re.compile(r"<([^<>\n]{1,2048}+)>")
_MEMBER = re.compile(r"@!?(\d{1,20})\Z")
_EMOJI = re.compile(r"a?:(\w{1,64}):\d{1,20}\Z")
_TIME = re.compile(r"t:(-?\d{1,13})(?::([tTdDfFR]))?\Z")
_COMMAND = re.compile(r"/([^:<>]{1,100}):\d{1,20}\Z")
_GUIDE = re.compile(r"id:(\w{1,32})\Z")
_ENTITY = re.compile(r"&#?\w{1,31};")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HTML = re.compile(
    r"(?:!|/\w|\?)|(?:a|abbr|audio|b|big|button|center|cite|code|del|dfn|em|embed|figcaption|figure|font|i|iframe|img|input|ins|kbd|"
    r"label|mark|object|path|picture|q|rp|rt|ruby|s|samp|small|source|span|strike|strong|sub|sup|svg|template|tg-\w+|"
    r"th|td|tt|u|var|video|wbr|p|br|hr|div|li|ul|ol|h[1-6]|tr|table|think\w*|thoughts?|reasoning|reflection|script|style)(?=[\s/]|\Z)",
    re.IGNORECASE,
)
_CELL = re.compile(r"/?t[dh]\b", re.IGNORECASE)


def angles(text: str, options: Options) -> str:
    """Angle brackets that mean something become what they mean; all others are left."""
    return _ANGLE.sub(lambda angle: _meaning(angle, options), text)


def entities(text: str, options: Options) -> str:
    """``&amp;`` is ``&``. After the tags, so that ``&lt;b&gt;`` does not become one."""
    return _ENTITY.sub(lambda entity: Filter().feed(html.unescape(entity[0])), text)


def _meaning(angle: re.Match[str], options: Options) -> str:
    body = angle[1]
    if angle[0] in options.names:
        return plain(options.names[angle[0]])
    if body[0] in "@#":
        return _mention(body, options)
    for shape, said in _SHAPES:
        found = shape.match(body)
        if found:
            return said(found, options)
    return _tag(angle)


def _tag(angle: re.Match[str]) -> str:
    if _CELL.match(angle[1]):
        return ", "
    if _HTML.match(angle[1]):
        return ""
    return angle[0] if angle[1][0].isspace() else f" {angle[1]} "  # a link, an address, a placeholder


def _mention(body: str, options: Options) -> str:
    member = _MEMBER.match(body)
    if member:
        name = options.names.get(f"<@{member[1]}>") or options.names.get(f"<@!{member[1]}>")
        return plain(name) if name else marks.SOMEONE
    if body.startswith("@&"):
        return marks.ROLE
    return marks.CHANNEL if body[0] == "#" else plain(body[1:])


def _picture(emoji: re.Match[str], options: Options) -> str:
    return "" if options.emoji == "skip" else f" {emoji[1].replace('_', ' ').strip()} "


def _moment(time: re.Match[str], options: Options) -> str:
    """The time in UTC, as digits: the listener's own zone is not known here."""
    try:
        moment = _EPOCH + timedelta(seconds=int(time[1]))
    except OverflowError:
        return ""
    style = time[2] or "f"
    if style in "tT":
        return f"{moment:%H:%M}"
    return f"{moment:%Y-%m-%d}" if style in "dDR" else f"{moment:%Y-%m-%d %H:%M}"


_SHAPES = (
    (_EMOJI, _picture),
    (_TIME, _moment),
    (_COMMAND, lambda command, options: command[1]),
    (_GUIDE, lambda guide, options: guide[1]),
)
