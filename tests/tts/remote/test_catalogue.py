"""Lists of voices, in the shapes that servers give them."""

from __future__ import annotations

import pytest

from bot.tts.engine import Voice
from bot.tts.remote.catalogue import EVERYTHING, OPENAI, Catalogue, is_sayso
from bot.tts.voices import speaks

OWN_SAYSO = {
    "voices": [{"id": "sayso", "name": "sayso", "description": "Warm.", "gender": "female", "aliases": ["alloy"]}],
    "engines": {
        "offline": [{"name": "heart", "language": "en-US", "gender": "female"}, {"name": "x", "language": "zh"}]
    },
}


def read(answer: object, *languages: str) -> Catalogue:
    return Catalogue.read("remote", answer, languages, "tts-1")


@pytest.mark.parametrize(
    "answer",
    [
        {"voices": ["ann", "bob"]},
        {"voices": [{"id": "ann", "name": "Ann"}, {"id": "bob", "name": "Bob"}]},
        {"voices": [{"name": "ann", "gender": "Female"}, {"name": "bob"}]},
        {"voices": [{"voice_id": "ann", "name": "Ann"}, {"voice_id": "bob", "labels": {}}]},
        {"voices": {"ann": {"language": "en"}, "bob": None}},
        {"voices": {"tts-1": ["ann", "bob"]}},
        {"object": "list", "data": [{"id": "ann"}, {"id": "bob"}]},
        {"data": {"voices": ["ann", "bob"]}},
        ["ann", "bob"],
        [{"voice": "ann"}, {"voice": "bob"}, {"voice": "ann"}],
        ["ann", "bob", 7, None, "", {"label": "?"}, "with\nbreak", "x" * 3000],
    ],
)
def test_every_shape_is_read(answer: object) -> None:
    """A plain list, objects by whatever key, by model or by name; what is no voice is passed over."""
    assert [voice.name for voice in read(answer).voices] == ["ann", "bob"]


@pytest.mark.parametrize("answer", [None, "voices", 7, [], {}, {"voices": []}, {"voices": [1, {}]}, {"detail": "no"}])
def test_what_is_no_list_of_voices(answer: object) -> None:
    """Is an error, not an engine without voices."""
    with pytest.raises(ValueError, match="no voices"):
        read(answer)


@pytest.mark.parametrize(
    ("entry", "language"),
    [
        ({"id": "ann", "language": "en-US"}, "en-US"),
        ({"id": "ann", "language": "en_US"}, "en-US"),
        ({"id": "ann", "locale": "zh-CN"}, "zh-CN"),
        ({"id": "ann", "languages": ["en", "de"]}, "en de"),
        ({"id": "ann", "language": "en,de"}, "en de"),
        ({"id": "ann", "language": "American English"}, "mul"),
        ({"id": "ann", "language": None}, "mul"),
        ("ann", "mul"),
        ("af_heart", "en-US"),
        ("zm_yunxi", "zh"),
        ("jf_alpha", "ja"),
        ("zh-CN-XiaoxiaoNeural", "zh-CN"),
        ("en-US-AvaMultilingualNeural", "mul"),
        ({"id": "af_heart", "language": "fr"}, "fr"),
    ],
)
def test_what_a_voice_speaks(entry: object, language: str) -> None:
    """Is what is said of it by tags, what Kokoro's and Microsoft's names say, or else everything."""
    assert read([entry]).voices[0].language == language


@pytest.mark.parametrize(
    ("entry", "gender"),
    [({"id": "a", "gender": "Female"}, "female"), ({"id": "a", "gender": "male"}, "male"), ("bm_george", "male"),
     ({"id": "a", "gender": "neutral"}, ""), ({"id": "a", "Gender": "Male"}, "male"), ("ann", "")],
)  # fmt: skip
def test_the_gender_of_a_voice(entry: object, gender: str) -> None:
    """If it is told."""
    assert read([entry]).voices[0].gender == gender


def test_a_voice_carries_its_engine_and_model() -> None:
    """Another model of the same server sounds otherwise, which is what a revision is for."""
    assert read([{"id": "ann", "description": "Warm."}]).voices == (
        Voice("remote", "ann", "mul", "", "Warm.", "tts-1"),
    )


def test_languages_that_are_given_are_believed_before_the_answer() -> None:
    """Of voices by name, and of those that are listed."""
    assert read(["af_heart"], "de", "pt-BR").voices[0].language == "de pt-BR"
    assert read(OWN_SAYSO, "de", "pt-BR").languages == frozenset({"de", "pt"})
    given = Catalogue.given("remote", ["ann"], ["de"], "tts-1")
    assert (given.voices[0].language, given.languages) == ("de", frozenset({"de"}))


def test_voices_of_which_nothing_is_known_speak_everything() -> None:
    """So OpenAI says of its own."""
    given = Catalogue.given("remote", OPENAI, [], "tts-1")
    assert len(given.voices) == 13
    assert all(speaks(voice, language) for voice in given.voices for language in ("en", "zh", "ru", "nb"))
    assert given.languages == EVERYTHING > {"en", "zh", "ja", "nb", "fil"}


def test_languages_are_those_of_all_voices() -> None:
    """And everything, if one of them speaks whatever it is given."""
    assert read(["af_heart", "zf_xiaoni"]).languages == {"en", "zh"}
    assert read(["af_heart", "ann"]).languages == EVERYTHING


def test_the_voices_of_a_sayso_are_its_personas() -> None:
    """Each of which speaks whatever an engine there does."""
    catalogue = read(OWN_SAYSO)
    assert catalogue.voices == (Voice("remote", "sayso", "mul", "female", "Warm.", "tts-1"),)
    assert catalogue.languages == {"en", "zh"}


@pytest.mark.parametrize(
    "engines", [{"remote": [{"name": "ann", "language": "mul"}]}, {"remote": [{"name": "ann"}]}, {}]
)
def test_a_sayso_may_speak_everything(engines: dict[str, object]) -> None:
    """If one of its engines does, or nothing is known of them."""
    assert read({**OWN_SAYSO, "engines": engines}).languages == EVERYTHING


@pytest.mark.parametrize(
    ("answer", "sayso"),
    [
        (OWN_SAYSO, True),
        ({"object": "list", "data": [{"id": "tts-1", "owned_by": "sayso"}]}, True),
        ({"status": "ok", "version": "0.1.0", "engines": {}, "cache": {}}, True),
        ({"object": "list", "data": [{"id": "tts-1", "owned_by": "openai"}]}, False),
        ({"object": "list", "data": []}, False),
        ({"status": "healthy"}, False),
        ({"voices": ["af_heart"]}, False),
        (None, False),
    ],
)
def test_a_sayso_is_known_by_its_answers(answer: object, sayso: bool) -> None:
    """By its models, its voices or its health."""
    assert is_sayso(answer) is sayso


def test_a_list_without_end_is_cut() -> None:
    """Nobody chooses among more than these."""
    assert len(read([str(number) for number in range(10_000)]).voices) == 2000
