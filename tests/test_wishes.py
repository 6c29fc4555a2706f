"""Who decides the voice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.config import SpeakSettings
from bot.speech import Reason, Refusal, Request
from bot.wishes import CHANNEL, COMMAND, CONFIG, GUILD, USER, Wishes, decide


@dataclass(frozen=True)
class Layer:
    """What one layer chose."""

    voice: str | None = None
    engine: str | None = None
    rate: float | None = None
    language: str | None = None
    locked: bool = False
    banned_voices: frozenset[str] = frozenset()


CONFIGURED = SpeakSettings(engine="offline", voice="sayso", rate=1.0)


def wishes(command: Layer, user: Layer, channel: Layer, guild: Layer) -> Wishes | Refusal:
    request = Request("g", "u", "text", command.voice, command.engine, command.rate, command.language)
    return decide(request, user, channel, guild, CONFIGURED)


@pytest.mark.parametrize("layer", [COMMAND, USER, CHANNEL, GUILD])
def test_the_closest_layer_that_chose_decides(layer: int) -> None:
    """Command over user over channel over guild over configuration, for each of the four choices."""
    layers = [Layer() if i < layer else Layer(f"v{i}", f"e{i}", 1.0 + i / 10, f"l{i}") for i in range(4)]
    got = wishes(*layers)
    assert isinstance(got, Wishes)
    assert (got.voice.value, got.engine.value, got.rate.value, got.language.value) == (
        f"v{layer}",
        f"e{layer}",
        1.0 + layer / 10,
        f"l{layer}",
    )
    assert {got.voice.layer, got.engine.layer, got.rate.layer, got.language.layer} == {layer}


def test_the_configuration_decides_when_nobody_else_does() -> None:
    """And says so."""
    got = wishes(Layer(), Layer(), Layer(), Layer())
    assert isinstance(got, Wishes)
    assert (got.voice.value, got.engine.value, got.voice.layer) == ("sayso", "offline", CONFIG)
    assert got.voice.why == "the configuration's default"
    assert got.language.value is None


def test_a_locked_guild_ignores_preferences_and_refuses_commands() -> None:
    """A lock is silent about a preference, which was made elsewhere, and plain about a wish made here."""
    locked = Layer(voice="house", locked=True)
    got = wishes(Layer(), Layer(voice="mine", engine="edge"), Layer(), locked)
    assert isinstance(got, Wishes)
    assert (got.voice.value, got.engine.value) == ("house", "offline")
    refused = wishes(Layer(voice="mine"), Layer(), Layer(), locked)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.NOT_ALLOWED


def test_a_locked_guild_still_lets_people_choose_their_rate() -> None:
    """The lock is on who speaks, not on how fast one listens."""
    got = wishes(Layer(rate=1.5), Layer(), Layer(), Layer(locked=True))
    assert isinstance(got, Wishes)
    assert got.rate.value == 1.5


def test_a_banned_voice_is_refused_when_asked_for_and_passed_over_when_preferred() -> None:
    """However it is spelled."""
    banning = Layer(banned_voices=frozenset({"Zf_Xiaoxiao"}))
    refused = wishes(Layer(voice="ZF-xiaoxiao"), Layer(), Layer(), banning)
    assert isinstance(refused, Refusal)
    assert "ZF-xiaoxiao" in refused.message
    got = wishes(Layer(), Layer(voice="zf_xiaoxiao"), Layer(voice="ava"), banning)
    assert isinstance(got, Wishes)
    assert (got.voice.value, got.voice.layer) == ("ava", CHANNEL)


@pytest.mark.parametrize("rate", [0.0, 0.49, 2.01, -1.0, float("nan"), float("inf")])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    """With the range in the answer."""
    refused = wishes(Layer(rate=rate), Layer(), Layer(), Layer())
    assert isinstance(refused, Refusal)
    assert "0.5 to 2.0" in refused.message
