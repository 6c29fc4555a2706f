"""Links, addresses and handles: what stands for a place is said as a place, not spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.tts.text import marks
from bot.tts.text.block import Block
from bot.tts.text.sentence import Options

_TARGET = r"\]\(\s?<?(?:[^()\s<>]*+(?:\([^()\s<>]*+\)[^()\s<>]*+)*+)>?(?:\s+[\"'][^\"'()\n]*+[\"'])?\s?\)"
_IMAGE = re.compile(r"!\[([^\[\]]*+)" + _TARGET)
_LINK = re.compile(r"\[([^\[\]]*+)" + _TARGET)
_ORPHAN = re.compile(_TARGET)
_REFERENCE = re.compile(r"\[([^\[\]\n]++)\]\[[^\[\]\n]*+\]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]:?")
_DEFINITION = re.compile(r"\A\n? {0,3}\[[^\[\]\n]{1,200}\]:\s*\S+\s*\Z")

_FOREIGN = f'\\s<>"`|\\\\^{{}}“”‘’«»\u3000-\u30ff\u3400-\u9fff\uac00-\ud7a3\uff00-\uffef{marks.ALL}'
_URL = re.compile(
    f"(?=[hfw])(?<![A-Za-z0-9_@.])(?:(?:https?://|ftp://|www\\.(?=\\w))[^{_FOREIGN}]++|https?://[^\\x00-\\x7f\\s\u3000-\u303f\uff00-\uffef]++)",
    re.IGNORECASE,
)
_TOP = "com|org|net|io|dev|ai|edu|gov|app|gg|tv|xyz|info|cn|jp|uk|de|fr|ru|be|ly"
_ENDING = re.compile(rf"\.(?:{_TOP})", re.IGNORECASE)
_DOMAIN = re.compile(
    f"(?<![\\w@./-])(?:[a-z0-9-]{{1,63}}\\.){{1,8}}(?:{_TOP})(?![\\w.@-]\\w)(?:[:/?#][^{_FOREIGN}]*+)?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"://|\.\w")
"""What every URL holds."""
_HOST = re.compile(r"(?:\w+://)?(?:[^/@]*@)?(?:www\.)?([^/:?#]*)", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])(?:mailto:)?([\w.+-]{1,64})@((?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{0,62})")
_HANDLE = re.compile(r"@(?<![\w.@/]@)(\w[\w.]{0,63})")
_TRAILING = ".,;:!?*_~'…"
_SPOKEN_HOST = 60
"""A longer host is not a name that anyone would say."""


def markdown_links(text: str, options: Options) -> str:
    """A link is its text, an image is its description, a footnote's mark is nothing."""
    if _DEFINITION.match(text):
        return ""
    text = _FOOTNOTE.sub("", text)
    text = _IMAGE.sub(lambda image: f"{marks.IMAGE}{image[1]} ", text)
    text = _LINK.sub(r"\1", text)
    return _REFERENCE.sub(r"\1", _ORPHAN.sub("", text))


def addresses(text: str, options: Options) -> str:
    """An e-mail address, as one says it."""
    return _MAIL.sub(lambda mail: f" {_spelled(mail[1])} {marks.AT} {_spelled(mail[2])} ", text)


def urls(text: str, options: Options) -> str:
    """A URL is the name of its host, or one word, or nothing; the full stop behind it is not part of it."""
    if "://" in text or "www." in text.lower():
        text = _URL.sub(lambda url: _place(url[0], options), text)
    return _DOMAIN.sub(lambda url: _place(url[0], options), text) if _ENDING.search(text) else text


def near_urls(block: Block, options: Options) -> Iterable[int]:
    """The sentences that may hold a URL."""
    return block.holding(_NAMED)


def handles(text: str, options: Options) -> str:
    """A handle is the name it stands for, or its own words."""
    return _HANDLE.sub(lambda handle: _person(handle, options), text)


def plain(name: str) -> str:
    """A name without what would be read as markup."""
    return re.sub(r"[*_~`|<>\[\]\\#\n]+", " ", name).strip()


def _person(handle: re.Match[str], options: Options) -> str:
    bare = handle[1].rstrip("._")
    rest = handle[1][len(bare) :]
    name = options.names.get(handle[0]) or options.names.get(f"@{bare}")
    return (plain(name) if name is not None else bare.replace("_", " ").replace(".", marks.DOT)) + rest


def _place(url: str, options: Options) -> str:
    kept = _trimmed(url)
    return f" {_spoken(kept, options)} {url[len(kept) :]}"


def _spoken(url: str, options: Options) -> str:
    if options.links == "skip":
        return ""
    found = _HOST.match(url)
    host = found[1].rstrip(".") if found else ""
    if options.links == "say" or not host or len(host) > _SPOKEN_HOST or host.startswith("xn--"):
        return marks.LINK
    return host if host.replace(".", "").isdigit() else _spelled(host)


def _trimmed(url: str) -> str:
    while url and (url[-1] in _TRAILING or (url[-1] in ")]" and url.count(url[-1]) > url.count("(["[url[-1] == "]"]))):
        url = url[:-1]
    return url


def _spelled(name: str) -> str:
    return name.replace(".", marks.DOT).replace("-", marks.DASH).replace("_", marks.UNDERSCORE).replace("+", marks.PLUS)
