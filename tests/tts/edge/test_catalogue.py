"""The list of voices: shipped, kept fresh in the background, never in the way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from edge_tts.data_classes import TTSConfig

from bot.errors import EngineUnavailable
from bot.tts.edge.catalogue import DAY, Catalogue, Shelf, spelled
from bot.tts.engine import Voice

NEW = [{"ShortName": "eo-XX-NovaMultilingualNeural", "Locale": "eo-XX", "Gender": "Female", "Status": "GA"}]
NOON = 1_800_000_000.0


@dataclass(slots=True)
class Day:
    """A wall clock whose sleep takes no time; the sleeper is cancelled when it has slept often enough."""

    now: float = NOON
    slept: list[float] = field(default_factory=list)
    enough: int = 2

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) > self.enough:
            raise asyncio.CancelledError
        self.now += seconds

    async def pass_by(self, shelf: Shelf, service: Service) -> None:
        """Keep the shelf fresh until it was enough."""
        with pytest.raises(asyncio.CancelledError):
            await shelf.keep_fresh(service, self.sleep)


@dataclass(slots=True)
class Service:
    """Answers with its list, or fails."""

    answer: Sequence[Mapping[str, object]] | Exception = field(default_factory=lambda: NEW)
    asked: int = 0

    async def __call__(self) -> Sequence[Mapping[str, object]]:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_shipped_list_is_whole() -> None:
    """Hundreds of voices, each of a known gender and with a name that its language begins."""
    voices = Catalogue.shipped().voices
    assert len(voices) > 300
    assert {voice.gender for voice in voices} == {"female", "male"}
    assert all(voice.name.startswith(f"{voice.language}-") and voice.name.endswith("Neural") for voice in voices)
    assert len({voice.name for voice in voices}) == len(voices)


def test_voices_that_microsoft_removed_are_not_shipped() -> None:
    """Each of them would be silence and a false alarm."""
    names = {voice.name for voice in Catalogue.shipped().voices}
    gone = ("zh-CN-Xiaochen", "it-IT-Giuseppe", "ko-KR-Hyunsu", "pt-BR-Thalita", "en-AU-William")
    assert not names & {f"{name}Neural" for name in gone}


def test_languages_are_primary_subtags() -> None:
    """Dialects of one language are one."""
    languages = Catalogue.shipped().languages
    assert len(languages) == 75
    assert {"zh", "en", "fil", "iu"} <= languages


def test_a_voice_is_found_by_its_very_name() -> None:
    """Short names and other cases are resolved elsewhere."""
    catalogue = Catalogue.shipped()
    assert catalogue.find("zh-CN-XiaoxiaoNeural") == Voice("edge", "zh-CN-XiaoxiaoNeural", "zh-CN", "female")
    assert catalogue.find("xiaoxiao") is None


def test_edge_tts_takes_every_voice_as_we_spell_it() -> None:
    """And where it can spell the short name by itself, it agrees; the Inuktitut ones it cannot."""
    for voice in Catalogue.shipped().voices:
        asked(spelled(voice))
        if not voice.name.startswith("iu-"):
            assert asked(voice.name) == spelled(voice)


@pytest.mark.parametrize("name", ["iu-Cans-CA-SiqiniqNeural", "iu-Latn-CA-TaqqiqNeural"])
def test_edge_tts_refuses_the_short_names_of_inuktitut(name: str) -> None:
    """Why we spell them ourselves; when this fails, we need not any more."""
    with pytest.raises(ValueError, match="Invalid voice"):
        asked(name)


def asked(voice: str) -> str:
    """What edge-tts asks the service for."""
    return TTSConfig(voice, "+0%", "+0%", "+0Hz", "SentenceBoundary").voice


async def test_a_fresher_list_is_taken_and_kept(tmp_path: Path) -> None:
    """What the service has today is known at once, and by the next start."""
    file, day, service = tmp_path / "deep" / "voices.json", Day(enough=1), Service()
    shelf = Shelf(file, lambda: day.now)
    await day.pass_by(shelf, service)
    assert shelf.catalogue.languages == {"eo"}
    again = Shelf(file, lambda: day.now)
    assert again.catalogue.find("eo-XX-NovaMultilingualNeural") == shelf.catalogue.voices[0]
    assert [path.name for path in file.parent.iterdir()] == ["voices.json"]


async def test_the_service_is_asked_at_most_once_a_day_over_all_starts(tmp_path: Path) -> None:
    """A bot that starts every minute asks no more often than one that never stops."""
    file, day, service = tmp_path / "voices.json", Day(enough=1), Service()
    await day.pass_by(Shelf(file, lambda: day.now), service)
    later = Day(now=NOON + 60, enough=0)
    await later.pass_by(Shelf(file, lambda: later.now), service)
    assert service.asked == 1
    assert later.slept == [DAY - 60]


async def test_it_is_asked_again_the_next_day(tmp_path: Path) -> None:
    """At once at the first start, then day after day."""
    day, service = Day(enough=3), Service()
    await day.pass_by(Shelf(tmp_path / "voices.json", lambda: day.now), service)
    assert day.slept == [0.0, DAY, DAY, DAY]
    assert service.asked == 3


@pytest.mark.parametrize(
    "answer",
    [
        EngineUnavailable("edge", "Away."),
        OSError("disk full"),
        [],
        [{"Name": "x"}],
        ["x"],
        [{**NEW[0], "Locale": None}],
    ],
)
async def test_a_failed_refresh_changes_nothing(
    tmp_path: Path, answer: Exception | Sequence[Mapping[str, object]]
) -> None:
    """Out of reach, or answering nonsense: the list that we have stays, and the next day comes."""
    file, day = tmp_path / "voices.json", Day(enough=2)
    shelf = Shelf(file, lambda: day.now)
    before = shelf.catalogue
    service = Service(answer)
    await day.pass_by(shelf, service)
    assert service.asked == 2
    assert shelf.catalogue is before
    assert not file.exists()


async def test_without_a_file_nobody_is_asked() -> None:
    """A short-lived process does not fetch a list that it cannot keep."""
    service = Service()
    await Shelf(None).keep_fresh(service)
    assert service.asked == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"voices": []}', '{"voices": [{}], "asked": 1}', '{"asked": "x"}', "null"]
)
def test_a_spoilt_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    """The shipped list stands in for it."""
    file = tmp_path / "voices.json"
    file.write_text(text)
    assert Shelf(file).catalogue.voices == Catalogue.shipped().voices


def test_a_file_from_the_future_does_not_stop_the_refresh(tmp_path: Path) -> None:
    """A clock that was wrong once is not believed for years."""
    file = tmp_path / "voices.json"
    file.write_text(json.dumps({"asked": NOON * 10, "voices": NEW}))
    assert Shelf(file, lambda: NOON)._asked == NOON
