"""Choices that somebody makes for themselves, tried out where nobody decided anything."""

from __future__ import annotations

from bot.adapters.trial import chosen, unobtainable
from bot.speaker import Speaker
from bot.speech import Reason
from bot.store import Preference

ANN = "chat:1"


async def test_what_can_be_had_is_not_refused(speaker: Speaker) -> None:
    """By whomever, and whatever was decided around them."""
    await speaker.store.preferences.set(ANN, opted_out=True)
    assert await unobtainable(speaker, ANN, {"voice": "heart", "rate": 1.5}) is None


async def test_what_cannot_be_had_is_refused_with_the_reason(speaker: Speaker) -> None:
    """In the form of every other refusal."""
    refused = await unobtainable(speaker, ANN, {"voice": "nobody of that name"})
    assert refused is not None
    assert refused.reason is Reason.UNKNOWN_VOICE


async def test_a_choice_must_go_with_those_before_it(speaker: Speaker) -> None:
    """A language that the chosen engine does not speak is refused while that engine is chosen."""
    await speaker.store.preferences.set(ANN, engine="offline")
    refused = await unobtainable(speaker, ANN, {"language": "ar"})
    assert refused is not None
    assert refused.reason is Reason.LANGUAGE_NOT_SPOKEN


def test_only_what_was_chosen_is_asked_for() -> None:
    """The rest is left to whoever decides then."""
    assert chosen(Preference(voice="heart", opted_out=True)) == {"voice": "heart"}
