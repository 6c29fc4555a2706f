"""What may be decided for a guild is the same on every platform; what may not comes with what is allowed."""

from __future__ import annotations

import pytest

from bot.adapters.decisions import (
    Wrong,
    ban,
    defaults_of,
    engine_called,
    engines,
    engines_called,
    language_called,
    languages_spoken,
    unban,
    voice_called,
    who_is,
)
from bot.speaker import Speaker
from bot.speech import Reason, Refusal
from bot.store import GuildSettings
from bot.tts.engine import Voice
from bot.wishes import EVERY_GUILD, Rules

BOTH = ("offline", "edge")
HEART = Voice("offline", "heart", "en-US", "female")


@pytest.mark.parametrize(
    ("held", "changes"),
    [
        (GuildSettings(), {"engine": "edge"}),
        (GuildSettings(engine="edge"), {"engine": None}),
        (GuildSettings(engine="edge"), {"allowed_engines": frozenset({"edge"})}),
        (GuildSettings(engine="edge"), {"allowed_engines": frozenset({"offline"}), "engine": "offline"}),
        (GuildSettings(allowed_engines=frozenset({"offline"})), {"allowed_engines": None, "engine": "edge"}),
    ],
)
def test_engines_that_go_together_are_kept(held: GuildSettings, changes: dict[str, object]) -> None:
    """Whatever leaves the engine that speaks among those that may be used is a decision."""
    assert engines(held, changes, BOTH) == changes


def test_an_engine_that_is_not_allowed_is_not_chosen() -> None:
    """The refusal names the engine and those that may be used."""
    held = GuildSettings(allowed_engines=frozenset({"offline"}))
    wrong = engines(held, {"engine": "edge"}, BOTH)
    assert wrong == Wrong("engine_barred", {"engine": "edge", "allowed": ["offline"]})


def test_the_engine_that_speaks_is_not_taken_away() -> None:
    """Who takes away the engine in use is told to choose another one first."""
    held = GuildSettings(engine="edge")
    wrong = engines(held, {"allowed_engines": frozenset({"offline"})}, BOTH)
    assert isinstance(wrong, Wrong)
    assert wrong.key == "default_barred"


def test_some_engine_must_be_left() -> None:
    """What the guild allows and what the owner allows must have one in common."""
    wrong = engines(GuildSettings(), {"allowed_engines": frozenset({"edge"})}, ("offline",))
    assert wrong == Wrong("engine_barred", {"engine": "edge", "allowed": ("offline",)})


def test_a_voice_is_banned_and_allowed_again() -> None:
    """A ban adds the voice's own name, and goes by any spelling of it."""
    assert ban(GuildSettings(), HEART, "sayso") == {"banned_voices": {"heart"}}
    assert unban(GuildSettings(banned_voices=frozenset({"heart", "b"})), "HEART") == {"banned_voices": {"b"}}


@pytest.mark.parametrize(("held", "usual"), [(GuildSettings(voice="heart"), "sayso"), (GuildSettings(), "Heart")])
def test_the_voice_that_speaks_is_not_banned(held: GuildSettings, usual: str) -> None:
    """Neither the guild's own nor the one it has because it chose none."""
    assert ban(held, HEART, usual) == Wrong("in_use", {"voice": "heart"})


def test_what_is_not_banned_cannot_be_allowed_again() -> None:
    """The refusal names what is banned."""
    wrong = unban(GuildSettings(banned_voices=frozenset({"b", "a"})), "heart")
    assert wrong == Wrong("not_banned", {"voice": "heart", "banned": ["a", "b"]})


def test_engines_are_called_by_their_names() -> None:
    """Case and blanks do not matter, nor which language's commas part them; what there is not is refused by name."""
    assert engine_called(" EDGE", BOTH) == "edge"
    assert engines_called("Edge、offline", BOTH) == frozenset(BOTH)
    assert engines_called(" , ", BOTH) == frozenset()
    refused = engines_called("edge, espeak", BOTH)
    assert isinstance(refused, Refusal)
    assert refused.details == {"engine": "espeak", "engines": BOTH}


def test_languages_are_called_by_their_names_or_codes() -> None:
    """In English, in one's own language, or by code."""
    for typed in ("ja", "JA", "Japanese", "日语"):
        assert language_called(typed, ("en", "ja"), "zh-CN") == "ja"
    assert language_called("fr", ("en", "ja"), "en") is None


async def test_languages_are_those_of_the_voices(speaker: Speaker) -> None:
    """What some voice here speaks, once each."""
    assert await languages_spoken(speaker) == ["en", "zh"]


async def test_a_voice_is_found_by_what_is_typed(speaker: Speaker) -> None:
    """By any spelling, under its own name; one that nobody has is refused with the nearest."""
    assert await voice_called(speaker, " HEART ", Rules(BOTH)) == "heart"
    assert await voice_called(speaker, "heart", Rules(BOTH, frozenset({"heart"}))) == Wrong(
        "banned", {"voice": "heart"}
    )
    refused = await who_is(speaker, "hart")
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.UNKNOWN_VOICE
    assert "heart" in tuple(refused.details["nearest"])  # type: ignore[arg-type]


async def test_the_defaults_are_the_owners_before_the_configurations(speaker: Speaker) -> None:
    """What holds where a guild has said nothing, and what both allow together."""
    assert (await defaults_of(speaker)).engine == speaker.stage.speak.engine
    await speaker.store.settings.set_guild(
        EVERY_GUILD, engine="edge", voice="heart", rate=1.5, allowed_engines=["edge"]
    )
    defaults = await defaults_of(speaker)
    assert (defaults.engine, defaults.voice, defaults.rate) == ("edge", "heart", 1.5)
    assert defaults.together(GuildSettings()).engines == ("edge",)
