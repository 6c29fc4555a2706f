"""The name of a piece of audio: the same key for what sounds the same, another for everything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.speech import Utterance

Parts = tuple[str | float, ...]

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def cache_key(utterances: Sequence[Utterance], **settings: object) -> str:
    """The SHA-256, in hex, of everything that decides how ``utterances`` sound.

    ``settings`` are those of the encoding, as JSON values. Written as canonical JSON, so that no two lists of parts run
    together into the same bytes. Raises TypeError or ValueError for a setting that JSON cannot hold.
    """
    canonical = _CANONICAL.encode([[parts(utterance) for utterance in utterances], settings])
    # A chat can send half an emoji; it must not keep the rest of the message from being said.
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def parts(utterance: Utterance) -> Parts:
    """What of an utterance decides how it sounds."""
    return (
        utterance.engine,
        utterance.revision,
        utterance.voice,
        float(utterance.rate),
        utterance.language,
        utterance.text,
    )
