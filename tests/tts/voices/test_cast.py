"""Voices: from the name that somebody typed to the voice of an engine, for this very sentence."""

from __future__ import annotations

import json
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ConfigError
from bot.resources import folder
from bot.speech import EngineVoice, Utterance
from bot.tts.engine import Voice
from bot.tts.voices import Persona, UnknownName, Voices

WOMEN = ("alloy", "coral", "fable", "marin", "nova", "sage", "shimmer")
MEN = ("ash", "ballad", "cedar", "echo", "onyx", "verse")
EDGE = ("xiaoxiao", "xiaoyi", "yunxi", "yunyang", "ava", "andrew", "emma", "brian", "jenny", "nanami", "keita")

SHIPPED = tuple(
    Voice("edge", one["ShortName"], one["Locale"], one["Gender"].lower())
    for one in json.loads((folder("voices") / "edge-voices.json").read_text())
)
KOKORO = tuple(
    Voice("offline", name, language, gender, revision="k1")
    for name, language, gender in [
        ("heart", "en-US", "female"),
        ("am_michael", "en-US", "male"),
        ("af_bella", "en-US", "female"),
        ("bf_emma", "en-GB", "female"),
        ("zf_xiaoxiao", "zh-CN", "female"),
        ("zf_xiaoyi", "zh-CN", "female"),
        ("zm_yunxi", "zh-CN", "male"),
        ("jf_alpha", "ja-JP", "female"),
        ("jm_kumo", "ja-JP", "male"),
        ("ff_siwis", "fr-FR", "female"),
    ]
)
ENGLISH_ONLY = KOKORO[:1]
CLONING = (Voice("indextts", "sayso.wav", "zh en", "female", revision="sha"),)
ALL = {"edge": SHIPPED, "offline": KOKORO, "indextts": CLONING}


@pytest.fixture(scope="module")
def voices() -> Voices:
    return Voices.load()


def named(voices: Voices, name: str) -> Persona | Voice:
    found = voices.find(name, ALL)
    assert not isinstance(found, UnknownName)
    return found


def cast(voices: Voices, name: str, engine: str, language: str) -> str | None:
    found = voices.cast(named(voices, name), engine, language, ALL)
    return None if found is None else found.voice


# ---- what is shipped


def test_what_is_shipped_loads_and_has_a_default(voices: Voices) -> None:
    """Sayso speaks if nobody is asked for, and there are women and men."""
    assert voices.default.name == "sayso"
    assert {persona.gender for persona in voices.personas()} == {"female", "male"}


def test_every_voice_that_a_shipped_persona_names_on_edge_exists_and_is_of_its_gender(voices: Voices) -> None:
    """No persona has a voice that Microsoft lacks, nor one of another gender."""
    genders = {voice.name: voice.gender for voice in SHIPPED}
    for persona in voices.personas():
        for voice in persona.voices["edge"].values():
            assert genders[voice] == persona.gender, (persona.name, voice)


def test_every_shipped_cast_speaks_its_language(voices: Voices) -> None:
    """The German voice is German: nothing was put on the wrong line."""
    locales = {voice.name: voice.language for voice in SHIPPED}
    for persona in voices.personas():
        for language, voice in persona.voices["edge"].items():
            if language != "*":
                assert locales[voice].startswith("zh-HK" if language == "yue" else f"{language}-")


def test_the_default_is_native_in_every_language_that_edge_has(voices: Voices) -> None:
    """No language of the service is left to a guess."""
    assert {voice.language.partition("-")[0] for voice in SHIPPED} <= set(voices.default.voices["edge"])


@pytest.mark.parametrize("name", [*WOMEN, *MEN, *EDGE, "晓晓", "云希", "七海", "ALLOY", "Xiao-Xiao", "default"])
def test_the_names_that_people_expect_are_personas(voices: Voices, name: str) -> None:
    """OpenAI's names and Edge's names are understood, however they are written."""
    assert isinstance(voices.find(name, {}), Persona)


def test_the_names_of_openai_keep_their_gender(voices: Voices) -> None:
    """Who moves here from OpenAI hears a woman where a woman was, and a man where a man was."""
    assert {named(voices, name).gender for name in WOMEN} == {"female"}
    assert {named(voices, name).gender for name in MEN} == {"male"}


def test_the_reference_recording_is_one_to_clone_from() -> None:
    """Mono, 24 kHz, 16 bit, eight to ten seconds, neither silent nor clipped."""
    with wave.open(str(folder("voices") / "sayso.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (1, 24_000, 2)
        assert 8.0 <= file.getnframes() / 24_000 <= 10.0
        peak = max(map(abs, memoryview(file.readframes(file.getnframes())).cast("h")))
    assert 10_000 < peak < 32_000


def test_loading_is_quick() -> None:
    """A start does not wait for it: 4 ms where this was written."""
    spans = []
    for _ in range(5):
        began = time.perf_counter()
        Voices.load()
        spans.append(time.perf_counter() - began)
    assert min(spans) < 0.03


# ---- finding


@pytest.mark.parametrize(
    ("typed", "voice"),
    [
        ("zh-CN-XiaoxiaoNeural", "zh-CN-XiaoxiaoNeural"),
        ("zh-cn-xiaoxiaoneural", "zh-CN-XiaoxiaoNeural"),
        ("ZH CN XIAOXIAO NEURAL", "zh-CN-XiaoxiaoNeural"),
        ("en-US-AvaNeural", "en-US-AvaNeural"),
        ("aria", "en-US-AriaNeural"),
        ("AvaMultilingual", "en-US-AvaMultilingualNeural"),
        ("Xiaobei", "zh-CN-liaoning-XiaobeiNeural"),
        ("zf_xiaoxiao", "zf_xiaoxiao"),
        ("heart", "heart"),
        ("michael", "am_michael"),
        ("offline:heart", "heart"),
        ("sayso.wav", "sayso.wav"),
    ],
)
def test_an_engines_own_name_or_the_short_of_it_is_a_voice(voices: Voices, typed: str, voice: str) -> None:
    """Nobody has to know how an engine writes its voices."""
    assert named(voices, typed).name == voice


def test_the_most_literal_match_wins_then_the_first_engine(voices: Voices) -> None:
    """A clipped name does not hide a voice that is really called so."""
    clipped = Voice("edge", "en-US-ZoeMultilingualNeural", "en-US")
    literal = Voice("offline", "zoe", "en-US")
    assert voices.find("zoe", {"edge": [clipped], "offline": [literal]}) is literal
    assert voices.find("zoe", {"edge": [clipped]}) is clipped
    twin = Voice("other", "zoe", "en-US")
    assert voices.find("zoe", {"other": [twin], "offline": [literal]}) is twin


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("xiaoxao", "xiaoxiao"), ("Andru", "andrew"), ("shimer", "shimmer"), ("nanaim", "nanami"), ("hart", "heart")],
)
def test_a_name_that_does_not_exist_gets_the_three_nearest(voices: Voices, typed: str, meant: str) -> None:
    """The one that was meant is first, and each of them can be typed."""
    found = voices.find(typed, ALL)
    assert isinstance(found, UnknownName)
    assert found.name == typed
    assert found.nearest[0] == meant
    assert len(found.nearest) == 3
    assert not any(isinstance(voices.find(name, ALL), UnknownName) for name in found.nearest)


@given(st.text(max_size=50))
def test_whatever_is_typed_there_is_an_answer(typed: str) -> None:
    """Nonsense, emoji and nothing at all find somebody, or three suggestions."""
    found = Voices.load().find(typed, {"offline": KOKORO})
    assert not isinstance(found, UnknownName) or len(found.nearest) == 3


# ---- casting


def test_a_chinese_sentence_is_never_read_by_an_english_voice(voices: Voices) -> None:
    """Every persona has a voice that speaks Chinese for Chinese, on every engine that has one."""
    locales = {voice.name: voice.language for installed in ALL.values() for voice in installed}
    for persona in voices.personas():
        for engine in ALL:
            found = voices.cast(persona, engine, "zh", ALL)
            assert found is not None
            assert "zh" in locales[found.voice] or "Multilingual" in found.voice


@pytest.mark.parametrize(
    ("who", "engine", "language", "voice"),
    [
        ("sayso", "edge", "zh", "zh-CN-XiaoxiaoNeural"),
        ("sayso", "edge", "no", "nb-NO-PernilleNeural"),
        ("sayso", "edge", "yue", "zh-HK-HiuMaanNeural"),
        ("sayso", "offline", "yue", "zf_xiaoxiao"),
        ("ava", "edge", "de", "en-US-AvaMultilingualNeural"),
        ("ava", "edge", "iu", "iu-Latn-CA-SiqiniqNeural"),
        ("andrew", "edge", "iu", "iu-Latn-CA-TaqqiqNeural"),
        ("sayso", "indextts", "en", "sayso.wav"),
        ("sayso", "indextts", "ja", None),
        ("andrew", "offline", "fr", "ff_siwis"),
        ("sayso", "offline", "de", None),
        ("sayso", "edge", "xx", None),
        ("sayso", "nowhere", "en", None),
    ],
)
def test_a_persona_speaks_a_language_by_the_best_voice_there_is(
    voices: Voices, who: str, engine: str, language: str, voice: str | None
) -> None:
    """Its own for the language, then its voice for any if that speaks it, then the same gender, then anybody."""
    assert cast(voices, who, engine, language) == voice


@pytest.mark.parametrize(
    ("who", "engine", "language", "voice"),
    [
        ("zh-CN-YunjianNeural", "edge", "zh", "zh-CN-YunjianNeural"),
        ("zh-CN-YunjianNeural", "edge", "en", "en-US-ChristopherNeural"),
        ("en-AU-NatashaNeural", "edge", "zh", "zh-CN-XiaoxiaoNeural"),
        ("en-US-AvaMultilingualNeural", "edge", "zh", "en-US-AvaMultilingualNeural"),
        ("zh-CN-XiaoyiNeural", "offline", "zh", "zf_xiaoyi"),
        ("zh-CN-YunjianNeural", "offline", "zh", "zm_yunxi"),
        ("sayso.wav", "offline", "en", "heart"),
    ],
)
def test_a_voice_that_does_not_speak_the_language_is_relieved_by_one_of_its_gender(
    voices: Voices, who: str, engine: str, language: str, voice: str
) -> None:
    """And on another engine, by the voice of the persona that it belongs to."""
    assert cast(voices, who, engine, language) == voice


def test_what_is_not_installed_is_not_cast(voices: Voices) -> None:
    """Without the Chinese extra the offline engine refuses Chinese instead of reading it in English."""
    only = {"offline": ENGLISH_ONLY}
    assert voices.cast(voices.default, "offline", "zh", only) is None
    assert voices.cast(named(voices, "andrew"), "offline", "en", only) == EngineVoice("offline", "heart", "k1")


def test_the_revision_of_the_voice_goes_along(voices: Voices) -> None:
    """A cache can tell a new recording from an old one of the same name."""
    assert voices.cast(voices.default, "indextts", "en", ALL) == EngineVoice("indextts", "sayso.wav", "sha")


@given(st.sampled_from(SHIPPED), st.sampled_from(sorted({voice.language.partition("-")[0] for voice in SHIPPED})))
def test_edge_has_a_voice_for_each_of_its_languages_whoever_speaks(who: Voice, language: str) -> None:
    """And that voice speaks the language."""
    found = Voices.load().cast(who, "edge", language, {"edge": SHIPPED})
    assert found is not None
    assert found.voice.startswith(f"{language}-") or "Multilingual" in found.voice


# ---- namesakes

ELSEWHERE = (
    Voice("remote", "xiaoxiao", "zh en", "female"),
    Voice("remote", "ava", "zh en", "female"),
    Voice("remote", "Xiao-Yi", "zh en", "female"),
    Voice("remote", "andrew", "en", "male"),
)


@pytest.mark.parametrize(
    ("who", "language", "voice"),
    [
        ("ava", "en", "ava"),
        ("ava", "zh", "ava"),
        ("xiaoyi", "zh", "Xiao-Yi"),
        ("andrew", "en", "andrew"),
        ("andrew", "zh", "xiaoxiao"),
        ("emma", "en", "xiaoxiao"),
        ("zh-CN-XiaoyiNeural", "zh", "Xiao-Yi"),
    ],
)
def test_a_persona_speaks_by_the_voice_of_its_name(voices: Voices, who: str, language: str, voice: str) -> None:
    """Another Sayso's voices are its personas: each of ours is spoken by itself there, if it speaks the language."""
    found = voices.cast(named(voices, who), "remote", language, {"remote": ELSEWHERE})
    assert found is not None
    assert found.voice == voice


def test_what_a_persona_asks_for_goes_before_its_name(voices: Voices) -> None:
    """Who wrote down another voice meant it."""
    given = Persona("ava", "", "female", (), {"remote": {"en": "xiaoxiao"}})
    assert voices.cast(given, "remote", "en", {"remote": ELSEWHERE}) == EngineVoice("remote", "xiaoxiao")
    assert voices.cast(given, "remote", "zh", {"remote": ELSEWHERE}) == EngineVoice("remote", "ava")


# ---- utterances


def spoken(voices: Voices, engine: str, language: str, fallbacks: Sequence[str]) -> Utterance | None:
    return voices.utterance(voices.default, engine, language, "Hi.", 1.5, fallbacks, ALL)


def test_an_utterance_carries_the_voices_of_the_fallbacks(voices: Voices) -> None:
    """So that whoever speaks in the end keeps language and character."""
    assert spoken(voices, "edge", "zh", ["offline", "indextts"]) == Utterance(
        text="Hi.",
        engine="edge",
        voice="zh-CN-XiaoxiaoNeural",
        language="zh",
        rate=1.5,
        alternatives=(EngineVoice("offline", "zf_xiaoxiao", "k1"), EngineVoice("indextts", "sayso.wav", "sha")),
    )


def test_a_fallback_that_cannot_say_it_is_left_out(voices: Voices) -> None:
    """German has no offline voice here, so there is no alternative."""
    utterance = spoken(voices, "edge", "de", ["offline", "edge"])
    assert utterance is not None
    assert utterance.alternatives == ()


def test_if_the_engine_cannot_say_it_a_fallback_speaks_in_its_stead(voices: Voices) -> None:
    """And the utterance says instead of whom."""
    utterance = spoken(voices, "offline", "de", ["indextts", "edge"])
    assert utterance is not None
    assert (utterance.engine, utterance.instead_of) == ("edge", "offline")


def test_if_nobody_can_say_it_there_is_no_utterance(voices: Voices) -> None:
    """It is refused, never read by the wrong voice."""
    assert spoken(voices, "offline", "de", ["indextts"]) is None


# ---- one's own


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    return path


def test_ones_own_personas_replace_and_take_over(tmp_path: Path) -> None:
    """A later file may change a shipped persona, take an alias, and name another default."""
    mine = own(
        tmp_path,
        "default: boss\npersonas:\n  boss: {aliases: [alloy], voices: {edge: en-US-GuyNeural}}\n"
        "  ryan: {voices: {edge: en-GB-ThomasNeural}}\n",
    )
    voices = Voices.load(extra=[mine])
    assert voices.default.name == "boss"
    assert named(voices, "alloy").name == "boss"
    ryan = named(voices, "ryan")
    assert isinstance(ryan, Persona)
    assert ryan.voices == {"edge": {"*": "en-GB-ThomasNeural"}}
    assert len(voices.personas()) == len(Voices.load().personas()) + 1


def test_a_folder_of_ones_own_replaces_the_shipped_one(tmp_path: Path) -> None:
    """A folder with a voices.yaml is enough."""
    (tmp_path / "voices.yaml").write_text("default: solo\npersonas: {solo: {voices: {edge: x}}}\n")
    assert [persona.name for persona in Voices.load(tmp_path).personas()] == ["solo"]
    assert [persona.name for persona in Voices.load(tmp_path, [tmp_path]).personas()] == ["solo"]


def test_a_folder_that_names_no_default_is_refused(tmp_path: Path) -> None:
    """Somebody must speak if nobody is asked for."""
    (tmp_path / "voices.yaml").write_text("personas: {solo: {voices: {edge: x}}}\n")
    with pytest.raises(ConfigError, match="must say which persona"):
        Voices.load(tmp_path)
