"""Chinese as upstream's normaliser says it: simplified, half-width, numbers and signs in characters."""

from __future__ import annotations

import re

from bot.tts.indextts.text.grammar import NotInGrammar, Token, halved, portions, say, simplified, tokens

_PLAIN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fffa-zA-Z\s，。！？、；：“”‘’《》（）…—]*")
"""What no rule of the grammar begins with: most of what is written, and so the grammar need not look at it."""


def normalize(text: str) -> str:
    """The text with what is written in digits and signs said in characters; the rest stays as it is."""
    if not text.strip():
        return text
    parts = portions(simplified(text))
    return halved("".join(part if _PLAIN.fullmatch(part) else _said(part) for part in parts))


def _said(text: str) -> str:
    """Half by half where the whole does not go, down to the character that stays as it is."""
    try:
        return "".join(_token(token) for token in tokens(text, "zh"))
    except NotInGrammar:
        middle = len(text) // 2
        return _said(text[:middle]) + _said(text[middle:]) if middle else text


def _token(token: Token) -> str:
    return token.value if token.kind == "char" else say(token, "zh")
