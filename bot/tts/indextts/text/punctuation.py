"""The punctuation that the model knows: ``, . ! ? - ' …``, and what becomes of all other."""

from __future__ import annotations

import re

_ELLIPSIS = re.compile(r"\.\.\.|,,,|……")
_MARKS = str.maketrans(
    dict.fromkeys("：；;，、:", ",")
    | dict.fromkeys('“”"‘’（）()《》【】[]「」', "'")
    | dict.fromkeys("·—～~", "-")
    | {"。": ".", "！": "!", "？": "?", "\n": " "}
)
_CHINESE_MARKS = _MARKS | {ord("$"): "."}


def mapped(text: str, *, chinese: bool) -> str:
    """The text with the marks that the model knows; what was no mark stays."""
    return _ELLIPSIS.sub("…", text).translate(_CHINESE_MARKS if chinese else _MARKS)
