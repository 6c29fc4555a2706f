"""What can speak here is found out without loading it, and named so that people understand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bot.resources import folder
from bot.tts.offline import voices
from bot.tts.offline.voices import BY_NAME, SHIPPED, Model, described, installed, vector_file


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder of voices that a test may spoil."""
    shutil.copytree(folder("voices") / "kokoro", tmp_path / "kokoro")
    return tmp_path


def test_names_are_unique_and_every_language_has_a_voice() -> None:
    """Eighteen voices, seven languages, one name each."""
    assert len(BY_NAME) == len(SHIPPED) == 18
    assert {voice.primary for voice in SHIPPED} == {"en", "zh", "ja", "es", "fr", "it", "pt"}
    assert {voice.gender for voice in SHIPPED} == {"female", "male"}


def test_the_small_model_reads_english_only_and_the_large_english_too() -> None:
    """hibari knows nothing but English; each Kokoro voice reads its own language and English."""
    assert BY_NAME["heart"].reads == {"en"}
    assert BY_NAME["zf_xiaoxiao"].reads == {"zh", "en"}
    assert BY_NAME["am_michael"].reads == {"en"}


def test_a_voice_without_its_file_is_not_offered(copied: Path) -> None:
    """One missing file takes away one voice."""
    vector_file(copied, "zm_yunxi").unlink()
    names = {voice.name for voice in installed(copied)}
    assert "zm_yunxi" not in names
    assert len(names) == 17


@pytest.mark.parametrize(
    ("missing", "language"), [("pypinyin", "zh"), ("pyopenjtalk", "ja"), ("unicode_rbnf", "es"), ("unicode_rbnf", "fr")]
)
def test_a_language_needs_its_reader(monkeypatch: pytest.MonkeyPatch, missing: str, language: str) -> None:
    """Without its dictionary a language is not offered; the others stay."""
    found = voices._found
    monkeypatch.setattr(voices, "_found", lambda package: package != missing and found(package))
    languages = {voice.primary for voice in installed(folder("voices"))}
    assert language not in languages
    assert "en" in languages


@pytest.mark.parametrize("part", voices.MODEL_PARTS)
def test_every_part_of_the_model_is_needed(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    """Three quarters of a model say nothing."""
    found = voices._found
    monkeypatch.setattr(voices, "_found", lambda package: package != part and found(package))
    assert {voice.model for voice in installed(folder("voices"))} == {Model.HIBARI}


def test_a_changed_voice_has_another_revision(copied: Path) -> None:
    """What is cached of a voice is not used once its content is another."""
    voice = BY_NAME["ef_dora"]
    before = described(voice, folder("voices")).revision
    vector_file(copied, "ef_dora").write_bytes(vector_file(copied, "em_alex").read_bytes())
    assert described(voice, copied).revision != before


def test_a_revision_names_model_and_reading() -> None:
    """Either of them changed is another sound."""
    assert described(BY_NAME["heart"], folder("voices")).revision == f"hibari-0.2.1-r{voices.READING}"
    assert described(BY_NAME["ff_siwis"], folder("voices")).revision.startswith("kokoro-0.1.0-")
