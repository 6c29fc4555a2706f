"""Who decides the voice."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.config import SpeakSettings
from bot.speech import Reason, Refusal, Request
from bot.tts.engine import Voice
from bot.tts.voices import Persona, UnknownName, fold
from bot.wishes import CHANNEL, COMMAND, CONFIG, EVERYWHERE, GUILD, USER, Rules, Wishes, decide


@dataclass(frozen=True)
class Layer:
    """What one layer chose."""

    voice: str | None = None
    engine: str | None = None
    rate: float | None = None
    language: str | None = None
    locked: bool = False
    banned_voices: frozenset[str] = frozenset()
    allowed_engines: frozenset[str] = frozenset()
    max_chars: int | None = None
    per_user: int | None = None
    per_guild: int | None = None


NOTHING = Layer()
ENGINES = ("offline", "edge", "e0", "e1", "e2", "e3", "e4")
CONFIGURED = SpeakSettings(engine="offline", voice="sayso", rate=1.0)
AVA = Persona("ava", "", "female", ("nova",), {})


def find(name: str) -> Persona | UnknownName:
    """Everybody but Ava is a stranger."""
    return AVA if fold(name) in ("ava", "nova") else UnknownName(name, ())


def wishes(command: Layer, user: Layer, channel: Layer, guild: Layer, everywhere: Layer = NOTHING) -> Wishes | Refusal:
    request = Request("g", "u", "text", command.voice, command.engine, command.rate, command.language)
    rules = Rules.of(guild, everywhere, ENGINES)
    return decide(request, (user, channel, guild, everywhere), rules, CONFIGURED, find)


@pytest.mark.parametrize("layer", [COMMAND, USER, CHANNEL, GUILD, EVERYWHERE])
def test_the_closest_layer_that_chose_decides(layer: int) -> None:
    """Command over user over channel over guild over owner over configuration, for each of the four choices."""
    layers = [Layer() if i < layer else Layer(f"v{i}", f"e{i}", 1.0 + i / 10, f"l{i}") for i in range(5)]
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


def test_a_persona_that_is_banned_by_one_name_is_banned_by_all() -> None:
    """Refused to who asks for it, passed over where it was preferred."""
    banning = Layer(banned_voices=frozenset({"NOVA"}))
    for name in ("ava", "Nova"):
        refused = wishes(Layer(voice=name), Layer(), Layer(), banning)
        assert isinstance(refused, Refusal)
        got = wishes(Layer(), Layer(voice=name), Layer(voice="guy"), banning)
        assert isinstance(got, Wishes)
        assert got.voice.value == "guy"


def test_an_engine_that_is_not_allowed_does_not_count_where_it_was_preferred() -> None:
    """The next layer decides, and below them all the first engine that is allowed."""
    allowing = Layer(allowed_engines=frozenset({"edge", "e2"}))
    got = wishes(Layer(), Layer(engine="e1"), Layer(engine="e2"), allowing)
    assert isinstance(got, Wishes)
    assert (got.engine.value, got.engine.layer) == ("e2", CHANNEL)
    got = wishes(Layer(), Layer(engine="e1"), Layer(), allowing)
    assert isinstance(got, Wishes)
    assert (got.engine.value, got.engine.layer) == ("edge", CONFIG)


def test_the_rules_keep_the_order_of_the_house() -> None:
    """What is not installed is not allowed, and no list allows all."""
    assert Rules.of(NOTHING, NOTHING, ENGINES).engines == ENGINES
    assert Rules.of(Layer(allowed_engines=frozenset({"e1", "gone", "edge"})), NOTHING, ENGINES).engines == (
        "edge",
        "e1",
    )
    assert Rules.of(Layer(allowed_engines=frozenset({"gone"})), NOTHING, ENGINES).engines == ()


def test_a_voice_is_banned_by_its_name_with_or_without_its_engine() -> None:
    """So that of two voices of one name one may be banned."""
    heart = Voice("offline", "heart", "en")
    for name, banned in (("Heart", True), ("offline heart", True), ("edge heart", False), ("", False)):
        assert Rules.of(Layer(banned_voices=frozenset({name} - {""})), NOTHING, ENGINES).bans(heart) is banned


def test_the_owners_choice_for_all_says_so() -> None:
    """It goes before the configuration and after every guild's own."""
    everywhere = Layer(voice="house", engine="edge", rate=1.2, language="ja")
    got = wishes(NOTHING, NOTHING, NOTHING, Layer(rate=1.1), everywhere)
    assert isinstance(got, Wishes)
    assert (got.voice.value, got.engine.value, got.language.value) == ("house", "edge", "ja")
    assert got.voice.why == "the owner's setting for all"
    assert (got.rate.value, got.rate.layer) == (1.1, GUILD)


def test_a_guild_and_the_owner_together_allow_no_more_than_either() -> None:
    """Engines of both, bans of either, the lower of two limits."""
    guild = Layer(allowed_engines=frozenset({"edge", "e1"}), banned_voices=frozenset({"A"}), max_chars=10, per_user=3)
    everywhere = Layer(
        allowed_engines=frozenset({"e1", "offline"}),
        banned_voices=frozenset({"b"}),
        max_chars=20,
        per_guild=5,
        locked=True,
    )
    rules = Rules.of(guild, everywhere, ENGINES)
    assert rules == Rules.of(everywhere, guild, ENGINES)
    assert (rules.engines, sorted(rules.banned), rules.locked) == (("e1",), ["a", "b"], True)
    assert (rules.max_chars, rules.per_user, rules.per_guild) == (10, 3, 5)
    assert Rules.of(Layer(allowed_engines=frozenset({"edge"})), everywhere, ENGINES).engines == ()


@pytest.mark.parametrize(
    ("command", "guild", "details"),
    [
        (Layer(rate=9.0), NOTHING, {"rate": 9.0, "low": 0.5, "high": 2.0}),
        (Layer(voice="ava"), Layer(locked=True), {"cause": "locked"}),
        (Layer(voice="nova"), Layer(banned_voices=frozenset({"ava"})), {"voice": "nova"}),
    ],
)
def test_a_refusal_carries_what_a_translation_needs(command: Layer, guild: Layer, details: dict[str, object]) -> None:
    """Words in another language are put together from these, not from the English ones."""
    refused = wishes(command, NOTHING, NOTHING, guild)
    assert isinstance(refused, Refusal)
    assert refused.details == details
