"""What models and voices there are, and what a model means."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.adapters.http.answers import Answer
from bot.adapters.http.catalogue import Cast, Catalogue
from bot.config import SpeakSettings
from bot.script import Stage
from bot.tts.voices import Voices
from tests.adapters.http.served import SPEECH, client
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine

CAST = """
personas:
  anna: {gender: female, aliases: [安娜], voices: {indextts: anna.wav}}
  bert: {gender: male, voices: {offline: heart}}
  edge: {gender: male, voices: {offline: heart}}
"""


@pytest.fixture
def voices(tmp_path: Path) -> Voices:
    """The shipped personas, one with a recording, and one that is named like an engine."""
    (tmp_path / "voices.yaml").write_text(CAST, encoding="utf-8")
    (tmp_path / "anna.wav").write_bytes(b"RIFF")
    return Voices.load(extra=[tmp_path])


def catalogue(voices: Voices, *engines: str) -> Catalogue:
    """Of a stage with these engines."""
    return Catalogue(Stage({name: FakeEngine(name) for name in engines}, voices, SpeakSettings(), {}), 1.5e9)


@pytest.mark.parametrize(
    "model",
    [None, "", "tts-1", "tts-1-hd", "TTS-1", "gpt-4o-mini-tts", "gpt-4o-mini-tts-2025-12-15", "tts-1-1106"],
)
def test_openais_names_are_the_configured_engine(voices: Voices, model: str | None) -> None:
    """With or without a date; and so is nothing."""
    assert catalogue(voices, "offline").cast(model) == Cast()


@pytest.mark.parametrize(
    ("model", "engine"),
    [
        ("offline", "offline"),
        ("edge", "edge"),
        ("Edge", "edge"),
        ("indextts", "indextts"),
        ("indextts-1.5", "indextts"),
    ],
)
def test_an_engine_is_a_model(voices: Voices, model: str, engine: str) -> None:
    """In any case of letters; a persona of the same name has `voice` to be asked for by."""
    assert catalogue(voices, "offline", "edge", "indextts").cast(model) == Cast(engine=engine)


def test_a_persona_with_a_recording_is_spoken_by_the_engine_that_clones(voices: Voices) -> None:
    """Where that is here; else by the configured one, and so is a persona without."""
    with_cloning, without = catalogue(voices, "offline", "indextts"), catalogue(voices, "offline")
    assert with_cloning.cast("anna") == with_cloning.cast("安娜") == Cast("indextts", "anna")
    assert without.cast("anna") == Cast(None, "anna")
    assert with_cloning.cast("bert") == Cast(None, "bert")
    assert with_cloning.cast("nova").voice == "ava"


@pytest.mark.parametrize(
    ("model", "near"),
    [("ofline", "the nearest are offline"), ("ana", "anna"), ("indextts-1.5", ""), ("zzzzzzzz", "")],
)
def test_a_model_that_is_not_here_is_told_what_is(voices: Voices, model: str, near: str) -> None:
    """The nearest first, then all but the personas, who are many."""
    with pytest.raises(Answer) as raised:
        catalogue(voices, "offline").cast(model)
    answer = raised.value
    assert (answer.status_code, answer.code, answer.param) == (404, "model_not_found", "model")
    assert near in answer.detail
    assert "tts-1, tts-1-hd, gpt-4o-mini-tts, offline" in answer.detail


def test_a_name_without_end_is_not_repeated(voices: Voices) -> None:
    """Nor compared letter by letter."""
    with pytest.raises(Answer) as raised:
        catalogue(voices, "offline").cast("x" * 100_000)
    assert len(raised.value.detail) < 500


def test_every_model_is_listed_once_engines_before_personas(voices: Voices) -> None:
    """And each that is listed is one."""
    listed = catalogue(voices, "offline", "indextts")
    models = listed.models()
    ids = [model.id for model in models.data]
    assert len(ids) == len(set(ids))
    first = {"tts-1", "tts-1-hd", "gpt-4o-mini-tts", "offline", "indextts", "indextts-1.5"}
    assert set(ids[:6]) == first
    assert {"sayso", "anna", "bert"} <= set(ids[6:])
    assert [listed.model(name) for name in ids] == models.data
    assert {(model.object, model.owned_by, model.created) for model in models.data} == {
        ("model", "sayso", 1_500_000_000)
    }


async def test_a_model_without_a_name_is_none(opened: Opened) -> None:
    """Although it is one to who has left it out of what is to be said."""
    async with opened() as speaker, client(speaker) as http:
        answer = await http.get("/v1/models/")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


async def test_a_persona_that_is_asked_for_as_a_model_speaks_whatever_the_voice(
    opened: Opened, offline: FakeEngine
) -> None:
    """As the reference proxy does it."""
    async with opened() as speaker, client(speaker) as http:
        answer = await http.post(SPEECH, json={"input": "你好。", "model": "xiaoxiao", "voice": "nobody"})
    assert answer.status_code == 200
    assert offline.asked[0].voice == "zf_xiaoxiao"


async def test_an_engine_that_is_asked_for_speaks(opened: Opened, offline: FakeEngine, edge: FakeEngine) -> None:
    """And not the configured one."""
    async with opened() as speaker, client(speaker) as http:
        answer = await http.post(SPEECH, json={"input": "Hello there.", "model": "edge"})
    assert answer.headers["x-sayso-engine"] == "edge"
    assert (len(edge.finished), len(offline.asked)) == (1, 0)


async def test_voices_are_listed_as_front_ends_want_them(opened: Opened) -> None:
    """Open WebUI reads `id` and `name`, and asks for models beside them."""
    async with opened() as speaker, client(speaker) as http:
        voices = (await http.get("/v1/audio/voices")).json()
        models = (await http.get("/v1/audio/models")).json()["models"]
    sayso = next(voice for voice in voices["voices"] if voice["id"] == "sayso")
    assert (sayso["name"], sayso["gender"], "alloy" in sayso["aliases"]) == ("sayso", "female", True)
    assert {"name": "heart", "language": "en-US", "gender": "female"} in voices["engines"]["offline"]
    assert "tts-1" in [model["id"] for model in models]
