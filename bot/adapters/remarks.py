"""What people should know of something although they could hear it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce

from bot.adapters.words import word
from bot.speech import Spoken, Utterance


def stood_in(spoken: Iterable[Spoken], locale: str, *, voices: bool = False) -> Iterator[str]:
    """Who spoke in whose stead, a sentence for each; with ``voices`` also in which voice."""
    utterances = (each.utterance for each in spoken)
    stands_in = ((u.instead_of, _in_full(u) if voices else u.stand_in) for u in utterances if u.instead_of)
    for wanted, spoke in sorted(set(stands_in)):
        yield word("delivery.stood_in", locale, wanted=wanted, spoke=spoke)


def _in_full(utterance: Utterance) -> str:
    return utterance.stand_in if utterance.stand_in == utterance.voice else f"{utterance.engine} ({utterance.voice})"


def truncated(locale: str) -> str:
    """It is not all that was written."""
    return word("delivery.truncated", locale)


def together(remarks: Iterable[str], locale: str) -> str:
    """Several sentences as one text; empty for none."""
    said = [remark for remark in remarks if remark]
    return reduce(lambda first, second: word("common.sentences", locale, first=first, second=second), said or [""])
