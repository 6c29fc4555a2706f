"""English, read by hibari's front end, whose alphabet is Kokoro's own."""

from __future__ import annotations

from functools import cache
from typing import Any


def american(text: str) -> str:
    """Phonemes of English text as an American reads it."""
    return str(_reader(british=False)(text))


def british(text: str) -> str:
    """Phonemes of English text as a Briton reads it."""
    return str(_reader(british=True)(text))


@cache
def _reader(*, british: bool) -> Any:
    from hibari.g2p import G2P

    return G2P(british=british)
