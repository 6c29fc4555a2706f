"""Choosing a voice from what somebody types."""

from __future__ import annotations

import json
from collections.abc import Sequence
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.casting import Available, Casting, Taste, VoiceChoice
from bot.resources import folder
from bot.speaker import Speaker
from bot.speech import Request
from bot.store import GuildSettings
from bot.tts.engine import Voice
from bot.tts.offline.voices import SHIPPED
from bot.tts.voices import Persona, UnknownName, Voices, fold
from bot.wishes import Rules
from tests.doubles.engine import FakeEngine

OFFLINE = [Voice("offline", voice.name, voice.language, voice.gender) for voice in SHIPPED]
EDGE = [
    Voice("edge", voice["ShortName"], voice["Locale"], voice["Gender"].lower())
    for voice in json.loads((folder("voices") / "edge-voices.json").read_text(encoding="utf-8"))
]
ALL = {"offline": OFFLINE, "edge": EDGE}
VOICES = Voices.load()
RULES = Rules(("offline", "edge"))
CASTING = Casting(VOICES, ALL)


def found(typed: str, rules: Rules = RULES, taste: Taste = Taste(), **how: object) -> Sequence[VoiceChoice]:  # noqa: B008 (frozen)
    return CASTING.choices(typed, rules, taste, **how)  # type: ignore[arg-type]


def values(choices: Sequence[VoiceChoice]) -> list[str]:
    return [choice.value for choice in choices]


def test_nothing_typed_shows_the_personas_first() -> None:
    """As many as a platform takes, in the order of the house."""
    choices = found("")
    assert len(choices) == 25
    assert values(choices)[:3] == [persona.name for persona in VOICES.personas()][:3]
    assert (choices[0].engine, choices[0].language, choices[0].gender) == ("", "", "female")
    assert "native in every language" in choices[0].label


def test_a_voice_tells_who_it_is() -> None:
    """By its short name, its language in its own words, its gender and its engine."""
    (nanami,) = (choice for choice in found("nanami") if choice.engine == "edge")
    assert nanami == VoiceChoice("ja-JP-NanamiNeural", "nanami · 日本語 · female · edge", "edge", "ja-JP", "female")
    labels = [choice.label for choice in found("xiaoxiao")]
    assert "xiaoxiao · 中文 (CN) · female · edge" in labels


def test_voices_that_would_look_alike_are_shown_by_their_full_names() -> None:
    """Two choices never have the same label."""
    labels = [choice.label for choice in found("", limit=10_000)]
    assert len(set(labels)) == len(labels) > 300
    assert "en-US-AvaNeural · English (US) · female · edge" in labels


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("xiaoyi", "xiaoyi"),
        ("XIAO YI", "xiaoyi"),
        ("ｘｉａｏｙｉ", "xiaoyi"),
        ("晓伊", "xiaoyi"),
        ("nova", "ava"),
        ("zh-cn xiaobei", "zh-CN-liaoning-XiaobeiNeural"),
        ("en-us-guyneural", "en-US-GuyNeural"),
        ("guy", "en-US-GuyNeural"),
        ("xaioxiao", "xiaoxiao"),
        ("nanami · 日本語 · female · edge", "ja-JP-NanamiNeural"),
    ],
)
def test_a_name_is_found_however_it_is_typed(typed: str, first: str) -> None:
    """In any case and width, with blanks and dashes, by alias, short, misspelt, or pasted as it was shown."""
    assert values(found(typed))[0] == first


@pytest.mark.parametrize("typed", ["ja", "ja-JP", "japanese", "Japan", "日本語", "日本"])
def test_a_language_is_found_by_its_code_and_its_names(typed: str) -> None:
    """In English and in its own words; who has it alone comes before who has it too."""
    engines = [(choice.engine, choice.language) for choice in found(typed)][:4]
    assert engines == [("offline", "ja-JP"), ("offline", "ja-JP"), ("edge", "ja-JP"), ("edge", "ja-JP")]


def test_several_words_must_all_fit() -> None:
    """Language, gender and engine narrow each other down."""
    assert values(found("japanese female edge")) == ["ja-JP-NanamiNeural"]
    assert {choice.gender for choice in found("male")} == {"male"}
    assert {choice.gender for choice in found("female chinese")} == {"female"}


def test_the_beginning_of_a_name_goes_before_that_of_a_word_and_that_before_a_part() -> None:
    """Whoever types means what begins like that."""
    names = ("wannabe", "the annabel", "annabel", "anna", "hannah", "en-US-AnnaxNeural")
    casting = Casting(VOICES, {"edge": [Voice("edge", name, "en-US") for name in names]})
    ranked = values(casting.choices("anna", RULES, Taste()))
    assert ranked == ["anna", "annabel", "en-US-AnnaxNeural", "the annabel", "wannabe", "hannah"]


def test_favourites_then_the_language_then_personas_then_the_rest() -> None:
    """As long as nothing typed says otherwise."""
    taste = Taste(("en-GB-SoniaNeural", "yunxi"), "ja")
    choices = found("", taste=taste, limit=10_000)
    assert values(choices)[:2] == ["en-GB-SoniaNeural", "yunxi"]
    assert [choice.language for choice in choices[2:6]] == ["ja-JP"] * 4
    assert [choice.engine for choice in choices[6:8]] == ["", ""]
    assert values(choices).count("yunxi") == 1
    assert choices[-1].engine == "edge"


def test_who_is_banned_or_not_allowed_never_appears() -> None:
    """By whatever name they are banned, and however they are asked for."""
    banned = Rules.of(
        GuildSettings(banned_voices=frozenset({"NOVA", "en-US-Guy Neural", "offline heart"})), GuildSettings(), ALL
    )
    everybody = values(found("", banned, limit=10_000))
    assert not {"ava", "en-US-GuyNeural", "heart"} & set(everybody)
    assert "en-US-AvaNeural" in everybody
    for typed in ("ava", "nova", "guy", "heart", "en-US-GuyNeural"):
        assert not {"ava", "en-US-GuyNeural", "heart"} & set(values(found(typed, banned)))
    offline = found(
        "", Rules.of(GuildSettings(allowed_engines=frozenset({"offline", "gone"})), GuildSettings(), ALL), limit=10_000
    )
    assert {choice.engine for choice in offline} == {"", "offline"}
    assert {choice.engine for choice in found("nanami", RULES, engine="edge")} == {"", "edge"}
    assert found("", Rules(()), limit=10_000) == []
    assert found("", RULES, engine="festival") == []


NAMES = st.text("abéß 好-_.·ﬁⅷ́", min_size=1, max_size=8) | st.sampled_from(
    ["xiaoxiao", "nova", "zh-CN-XiaoxiaoNeural", "en-US-AvaNeural", "af_ava", "edge heart", "heart", "x" * 101]
)
INSTALLED = st.dictionaries(
    st.sampled_from(["offline", "edge", "e"]),
    st.lists(st.tuples(NAMES, st.sampled_from(["", "zh-CN", "en-US", "zh en", "mul"])), max_size=5),
    max_size=3,
)


@given(INSTALLED)
def test_every_value_means_the_very_voice_that_it_was_shown_for(
    installed: dict[str, list[tuple[str, str]]],
) -> None:
    """Whatever is installed: what is chosen is accepted as typed, fits its platform, and is nobody else."""
    available = {
        engine: [Voice(engine, name, language, "male", str(at)) for at, (name, language) in enumerate(voices)]
        for engine, voices in installed.items()
    }
    casting = Casting(VOICES, available)
    for choice in casting.choices("", Rules(tuple(available)), Taste(), limit=1000):
        who = VOICES.find(choice.value, available)
        if choice.engine:
            assert isinstance(who, Voice)
            assert (who.engine, who.language) == (choice.engine, choice.language)
            assert fold(choice.value) in (fold(who.name), fold(f"{who.engine} {who.name}"))
        else:
            assert isinstance(who, Persona)
            assert who.name == choice.value
        assert 0 < len(choice.value) <= 100
        assert 0 < len(choice.label) <= 100


def test_every_value_of_all_installed_voices_means_that_voice() -> None:
    """As the property above, for the voices there really are; and all but those hidden by another are offered."""
    choices = found("", limit=10_000)
    assert len(choices) == len(VOICES.personas()) + len(OFFLINE) + len(EDGE)
    for choice in choices[::7]:
        who = VOICES.find(choice.value, ALL)
        assert getattr(who, "engine", "") == choice.engine


@given(st.text(max_size=12))
def test_whatever_is_typed_is_an_answer(typed: str) -> None:
    """Not an error, and never too much of it."""
    assert len(found(typed)) <= 25


@pytest.mark.parametrize("typed", ["ja female", "a", "xqzzjkqwv", "ab cd" * 12, "a b c d e f g h", "heart", ""])
def test_a_key_costs_one_search_by_name_at_most(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks at every name there is: once is some milliseconds, once for each that fits would be felt."""
    searched: list[str] = []
    find = Voices.find

    def counted(voices: Voices, name: str, available: Available) -> Persona | Voice | UnknownName:
        searched.append(name)
        return find(voices, name, available)

    monkeypatch.setattr(Voices, "find", counted)
    found(typed, taste=Taste(("heart",), "ja"), limit=1000)
    assert len(searched) <= 1


def test_who_is_named_is_told_from_who_only_fits() -> None:
    """Of several who fit it is the one whom the name means, however they stand; who is hidden by another is not."""
    for choice in found("", limit=1000):
        assert [one.value for one in found(choice.value, limit=1000) if one.named] == [choice.value]
    assert len(found("xiaoxiao")) > 1
    assert values([one for one in found("Xiao Xiao") if one.named]) == [
        getattr(VOICES.find("xiaoxiao", ALL), "name", "")
    ]
    assert not any(one.named for typed in ("", "a", "japanese", "female ja") for one in found(typed))


def test_who_comes_near_is_told_from_who_fits() -> None:
    """They are shown only where nobody fits."""
    assert all(one.near for one in found("hart"))
    assert values(found("hart", limit=1)) == ["heart"]
    assert not any(one.near for typed in ("", "heart", "ja female") for one in found(typed))


def test_a_persona_of_one_language_says_which() -> None:
    """A character made for one language comes up with the voices of it."""
    german = Persona("klaus", "Gruff", "male", (), MappingProxyType({"edge": MappingProxyType({"de": "x"})}))
    casting = Casting(Voices([german], german), {"edge": EDGE})
    first = casting.choices("", RULES, Taste(language="de-AT"))[0]
    assert first.language in ("de", "de-DE", "de-AT", "de-CH")
    (klaus,) = casting.choices("klaus", RULES, Taste())
    assert (klaus.language, klaus.label) == ("de", "klaus · male · Gruff")


async def test_the_speaker_knows_the_taste_and_the_rules_of_who_types(speaker: Speaker, edge: FakeEngine) -> None:
    """Favourites and language of the user, bans and engines of the guild; what is installed later is found too."""
    user, guild = "discord:42", "discord:1"
    await speaker.store.preferences.remember(user, "keita", guild=guild)
    await speaker.store.settings.set_guild(guild, language="zh", banned_voices=["sonia"])
    choices = values(await speaker.choices(user, guild))
    assert choices[:3] == ["keita", "zf_xiaoxiao", "sayso"]
    assert "sonia" not in choices
    assert "en-US-AvaMultilingualNeural" in choices
    assert values(await speaker.choices(user, guild, "heart", limit=1)) == ["heart"]
    await speaker.store.settings.set_channel(guild, "room", language="en")
    assert values(await speaker.choices(user, guild, channel="room"))[1] == "heart"
    edge.installed = (*edge.installed, Voice("edge", "ja-JP-NanamiNeural", "ja-JP", "female"))
    assert values(await speaker.choices(user, guild, "japanese edge", engine="edge")) == ["ja-JP-NanamiNeural"]
    await speaker.store.settings.set_guild(guild, allowed_engines=["offline"])
    assert {choice.engine for choice in await speaker.choices(user, guild)} == {"", "offline"}


async def test_whatever_is_chosen_can_be_said(speaker: Speaker) -> None:
    """Every value that is offered is a voice that a request may name."""
    for choice in await speaker.choices("discord:42", "discord:1"):
        explained = await speaker.explain(Request("discord:1", "discord:42", "Hello.", voice=choice.value))
        assert getattr(explained, "script", None) is not None, choice
