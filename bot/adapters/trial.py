"""Whether what somebody chooses for themselves can be had at all, whoever asks and wherever."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.samples import sentence
from bot.speaker import Speaker
from bot.speech import Refusal, Request
from bot.wishes import Chosen

_NOBODY, _NOWHERE = "nobody", "nowhere"
"""Who and where nothing was decided."""


async def unobtainable(speaker: Speaker, user: str, changes: Mapping[str, Any]) -> Refusal | None:
    """Why these changes of a user's choices cannot be had together with what they chose before, or None."""
    wished = {**chosen(await speaker.store.preferences.get(user)), **changes}
    text = sentence(changes.get("language"))
    found = await speaker.explain(Request(_NOWHERE, _NOBODY, text, **wished))
    return found if isinstance(found, Refusal) else None


def chosen(by: Chosen) -> dict[str, Any]:
    """What was chosen, as :class:`bot.speech.Request` takes it."""
    names = ("voice", "engine", "rate", "language")
    return {name: value for name in names if (value := getattr(by, name)) is not None}
