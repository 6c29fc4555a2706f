"""How somebody is spoken, and by whose word."""

from __future__ import annotations

from collections.abc import Iterator

from bot.adapters.words import language
from bot.wishes import Wishes

LAYERS = ("command", "user", "channel", "guild", "everywhere", "config")
"""How the layers of :mod:`bot.wishes` are called in the catalogues."""


def standing(wishes: Wishes, any_language: str, locale: str) -> Iterator[tuple[str, str, str]]:
    """Voice, engine, rate and language: which it is of these, what holds, and which layer decided it.

    ``any_language`` is what holds where no language was chosen.
    """
    tongue = wishes.language.value
    yield "voice", wishes.voice.value, LAYERS[wishes.voice.layer]
    yield "engine", wishes.engine.value, LAYERS[wishes.engine.layer]
    yield "rate", f"{wishes.rate.value:g}", LAYERS[wishes.rate.layer]
    yield "language", any_language if tongue is None else language(tongue, locale), LAYERS[wishes.language.layer]
