"""Who spoke, where the server is a Sayso whose own engine could not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from bot.speech import Utterance

_CAPTION, _WHO = "x-sayso-caption", ("x-sayso-engine", "x-sayso-voice")
_LONGEST = 60


def spoken(utterance: Utterance, headers: Mapping[str, str]) -> Utterance:
    """The utterance as it was spoken: as asked for, unless the answer has a caption.

    Then the voice is who stood in there, and the revision one that nobody plans by: the sound answers to no key but its
    own. The engine is still this one, which nobody's rules and no metric need to learn from a stranger.
    """
    if not headers.get(_CAPTION):
        return utterance
    who = " · ".join(filter(None, (_plain(headers.get(name, "")) for name in _WHO)))
    return replace(
        utterance,
        voice=who or utterance.voice,
        revision=f"{utterance.revision}/stand-in",
        instead_of=utterance.instead_of or utterance.engine,
        alternatives=(),
    )


def _plain(value: str) -> str:
    """A name as it was before it became a header; nothing, if it is none."""
    name = unquote(value)
    return name if len(name) <= _LONGEST and name.isprintable() else ""
