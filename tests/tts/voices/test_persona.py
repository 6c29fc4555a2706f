"""Personas: how a file of them is read, and how each mistake in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.tts.voices.persona import Persona, read

GOOD = """
default: ann
casts:
  shared: &shared {en: heart, zh: zf_xiaoxiao}
personas:
  ann:
    description: Friendly
    gender: female
    aliases: [anna]
    voices:
      edge: {en: en-US-AvaNeural, "*": en-US-AvaMultilingualNeural}
      offline: {<<: *shared, en: af_bella}
  bob:
    voices: {indextts: bob.wav}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "voices.yaml"
    path.write_text(text, encoding="utf-8")
    (folder / "bob.wav").touch()
    return path


def test_a_persona_is_read(tmp_path: Path) -> None:
    """What it shares is taken over, and what it says itself goes before."""
    cast = read(written(tmp_path, GOOD))
    ann, bob = cast.personas
    assert cast.default == "ann"
    assert ann == Persona(
        name="ann",
        description="Friendly",
        gender="female",
        aliases=("anna",),
        voices={
            "edge": {"en": "en-US-AvaNeural", "*": "en-US-AvaMultilingualNeural"},
            "offline": {"en": "af_bella", "zh": "zf_xiaoxiao"},
        },
    )
    assert bob.voices == {"indextts": {"*": "bob.wav"}}
    assert bob.recordings == {"bob.wav": tmp_path / "bob.wav"}


def test_recordings_can_be_renamed() -> None:
    """In every place that names them, and nowhere else."""
    before = Persona(
        "ann", "d", "male", ("a",), {"x": {"en": "a.wav", "*": "b.wav"}}, {"a.wav": Path("1"), "b.wav": Path("2")}
    )
    after = before.renamed({"a.wav": "c.wav"})
    assert after.voices == {"x": {"en": "c.wav", "*": "b.wav"}}
    assert after.recordings == {"c.wav": Path("1"), "b.wav": Path("2")}
    assert (after.name, after.description, after.gender, after.aliases) == ("ann", "d", "male", ("a",))


def test_it_has_a_voice_for_a_language_or_not() -> None:
    """The voice for any language is not taken for one of its own."""
    ann = Persona("ann", "", "", (), {"edge": {"en": "a", "*": "b"}})
    assert ann.voice("edge", "en") == "a"
    assert ann.voice("edge", "zh") is None
    assert ann.voice("offline", "en") is None


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        ("default: ann", "defualt: ann", r"voices.yaml: there is no 'defualt' here; allowed are casts, default, pers"),
        ("default: ann", "default: eve", r"default: 'eve' is none of the personas"),
        ("default: ann", "default: [ann]", r"default: \['ann'\] is none of"),
        ("gender: female", "sex: female", r"personas\.ann: there is no 'sex' here; allowed are aliases, desc"),
        ("gender: female", "gender: girl", r"personas\.ann\.gender: 'girl' is none of female, male or empty"),
        ("description: Friendly", "description: 7", r"personas\.ann\.description: 7 is not text"),
        ("aliases: [anna]", "aliases: anna", r"personas\.ann\.aliases: 'anna' is not a list"),
        ("aliases: [anna]", "aliases: [BOB]", r"'bob' would be both ann and bob|'BOB' would be both ann and bob"),
        ("  bob:", "  An-N:", r"'An-N' would be both ann and An-N"),
        ("  bob:", "  --:", r"personas\.--: the name of a persona is a word"),
        ("  bob:", "  yes:", r"personas\.True: the name of a persona is a word"),
        ("voices: {indextts: bob.wav}", "gender: male", r"personas\.bob\.voices: None is not a mapping"),
        ("voices: {indextts: bob.wav}", "voices: {}", r"personas\.bob\.voices: a persona needs a voice"),
        (
            "indextts: bob.wav",
            "indextts: eve.wav",
            r"personas\.bob\.voices\.indextts: there is no recording eve\.wav in",
        ),
        ("indextts: bob.wav", "indextts: {english: x}", r"bob\.voices\.indextts: 'english' is not a language of two"),
        ("indextts: bob.wav", "indextts: {no: x}", r"bob\.voices\.indextts: YAML reads `no`"),
        ("indextts: bob.wav", "indextts: {en: 1}", r"bob\.voices\.indextts: 1 is not text"),
        ("indextts: bob.wav", "indextts: [x]", r"bob\.voices\.indextts: \['x'\] is not a mapping"),
        ("personas:", "personas: [", r"voices.yaml: is not YAML"),
    ],
)
def test_a_mistake_is_named_by_its_place(tmp_path: Path, before: str, after: str, place: str) -> None:
    """The message says where it is, what it is, and what is allowed."""
    assert before in GOOD
    with pytest.raises(ConfigError, match=place):
        read(written(tmp_path, GOOD.replace(before, after)))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, text: str) -> None:
    """Empty, a list, or prose: none is a file of personas."""
    with pytest.raises(ConfigError, match="is not a mapping"):
        read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path in the settings is a ConfigError, too."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        read(tmp_path / "nowhere.yaml")
