"""What may be shown of a setting: never a password, rather too little than too much."""

from __future__ import annotations

import re
from itertools import groupby
from urllib.parse import unquote

HIDDEN = "********"

_USERINFO = re.compile(r"://[^:]*:(.*)@", re.DOTALL)
"""Greedy: a password may itself hold a / or an @."""
_QUERY = re.compile(r"[?&;]([^=&;?]*)=([^&]*)")
_SECRET_NAME = re.compile(r"pass|pwd|secret|token|key|cred|auth", re.IGNORECASE)


def without_passwords(text: str) -> str:
    """A URL fit to be shown: what may be a password in it is hidden, rather too much of it than too little."""
    spans = [found.span(1) for found in _USERINFO.finditer(text)]
    spans += [found.span(2) for found in _QUERY.finditer(text) if _SECRET_NAME.search(unquote(found[1]))]
    covered = {place for start, end in spans for place in range(start, end)}
    runs = [(hidden, list(places)) for hidden, places in groupby(range(len(text)), covered.__contains__)]
    return "".join(HIDDEN if hidden else text[places[0] : places[-1] + 1] for hidden, places in runs)
