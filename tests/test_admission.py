"""Who may have something said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.admission import Admission, Layers
from bot.script import Script
from bot.speaker import Speaker
from bot.speech import Clip, Reason, Refusal, Request, Spoken, Utterance
from bot.wishes import EVERY_GUILD

ANN, BOB, HOUSE = "discord:42", "discord:7", "discord:1"
HELLO = Request(HOUSE, ANN, "Hello.")
CLIP = Clip(b"", 1.0, b"", (Spoken(Utterance("Hello.", "offline", "heart", "en"), 0.0),))


@pytest.fixture
def admission(speaker: Speaker) -> Admission:
    return Admission(speaker.stage, speaker.store)


async def layers(admission: Admission) -> Layers:
    return await admission.layers(ANN, HOUSE, None)


async def refusal(admission: Admission, request: Request = HELLO) -> Refusal:
    """Why it is refused; who says it, and whether it may be said again, follows from the same."""
    refused = await admission.script(request)
    assert isinstance(refused, Refusal)
    assert await admission.admitted(request) == refused
    return refused


async def test_where_nothing_was_settled_everybody_may(admission: Admission) -> None:
    """As the default persona."""
    script = await admission.script(HELLO)
    assert isinstance(script, Script)
    assert script.engine == "offline"
    assert await admission.unrepeatable(HELLO, CLIP, BOB, await layers(admission)) is None


async def test_who_opted_out_is_not_spoken(admission: Admission) -> None:
    """Neither at their own wish nor at another's."""
    await admission.store.preferences.set(ANN, opted_out=True)
    assert (await refusal(admission)).details == {}
    assert (await refusal(admission, replace(HELLO, user=BOB, author=ANN))).details == {"cause": "author_opted_out"}


@pytest.mark.parametrize(("where", "cause"), [(HOUSE, "blocked"), (EVERY_GUILD, "blocked_everywhere")])
async def test_who_is_blocked_is_not_spoken(admission: Admission, where: str, cause: str) -> None:
    """In one place or in all; nor are their words, which nobody may repeat either."""
    await admission.store.settings.set_guild(where, blocked_users=[ANN])
    assert (await refusal(admission)).details == {"cause": cause}
    theirs = replace(HELLO, user=BOB, author=ANN)
    assert (await refusal(admission, theirs)).details == {"cause": "author_blocked"}
    again = await admission.unrepeatable(replace(HELLO, user=BOB), CLIP, ANN, await layers(admission))
    assert again is not None
    assert again.reason is Reason.NOT_ALLOWED


async def test_what_is_too_long_here_is_neither_said_nor_repeated(admission: Admission) -> None:
    """A guild's own bound goes before the configured one; of a text that is being written nobody knows yet."""
    await admission.store.settings.set_guild(HOUSE, max_chars=5)
    refused = await admission.script(HELLO)
    assert isinstance(refused, Refusal)
    assert (refused.reason, refused.details) == (Reason.TOO_LONG, {"length": 6, "limit": 5})
    assert await admission.unrepeatable(HELLO, CLIP, ANN, await layers(admission)) == refused

    async def written() -> AsyncIterator[str]:
        yield "Hello."

    assert isinstance(await admission.script(replace(HELLO, text=written())), Script)


async def test_what_an_engine_spoke_that_is_not_allowed_here_is_not_repeated(admission: Admission) -> None:
    """Though it was kept where it is."""
    await admission.store.settings.set_guild(HOUSE, allowed_engines=["edge"])
    elsewhere = Clip(b"", 1.0, b"", (replace(CLIP.spoken[0], utterance=Utterance("Hi.", "indextts", "v", "en")),))
    refused = await admission.unrepeatable(HELLO, elsewhere, ANN, await layers(admission))
    assert refused is not None
    assert refused.reason is Reason.NOT_ALLOWED


async def test_the_closest_choice_is_the_first(admission: Admission) -> None:
    """User, channel, guild, owner."""
    await admission.store.preferences.set(ANN, language="de")
    settled = await layers(admission)
    assert settled.below == (settled.user, settled.channel, settled.guild, settled.everywhere)
    assert settled.below[0].language == "de"
