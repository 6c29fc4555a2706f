"""Recordings: what voices are cloned from, by name, each made fit once."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import bot.tts.voices.recordings as room
from bot.errors import AudioError, ConfigError
from bot.resources import folder
from bot.speech import EngineVoice, Samples
from bot.tts.audio import Reference, prepare
from bot.tts.engine import Voice
from bot.tts.voices import Persona, Recording, Recordings, Voices
from tests.doubles.webui import wav

SHIPPED = folder("voices") / "sayso.wav"


def babble(seconds: float, hertz: float = 180.0) -> Samples:
    """Something as loud and as broken as speech."""
    at = np.arange(round(24_000 * seconds)) / 24_000
    return (0.3 * np.sin(2 * np.pi * hertz * at) * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * at))).astype(np.float32)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder for somebody's own voices."""
    (tmp_path / "own").mkdir()
    return tmp_path / "own"


def written(where: Path, personas: str) -> Path:
    (where / "voices.yaml").write_text(f"personas:\n{personas}", encoding="utf-8")
    return where


def recorded(path: Path, sound: Samples) -> Path:
    path.write_bytes(wav(sound))
    return path


def spoken_by(voices: Voices, name: str) -> str:
    """The recording by which somebody speaks Chinese."""
    available = {"indextts": voices.recordings("indextts").voices("indextts", "zh en")}
    who = voices.find(name, available)
    assert isinstance(who, Persona)
    voice = voices.cast(who, "indextts", "zh", available)
    assert voice is not None
    return voice.voice


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The recordings that were made fit, each as often as it was."""
    made: list[Path] = []

    def count(path: Path) -> Reference:
        made.append(path)
        return prepare(path)

    monkeypatch.setattr(room, "prepare", count)
    return made


# ---- where they come from


def test_the_shipped_persona_can_be_cloned() -> None:
    """Its recording is a voice of whichever engine clones, of the persona's gender."""
    recordings = Voices.load().recordings("indextts")
    (voice,) = recordings.voices("indextts", "zh en")
    revision = hashlib.sha256(SHIPPED.read_bytes()).hexdigest()[:16]
    assert (voice.engine, voice.name, voice.language) == ("indextts", "sayso.wav", "zh en")
    assert (voice.gender, voice.revision) == ("female", revision)
    assert voice.description == Voices.load().default.description


def test_the_shipped_recording_is_fit() -> None:
    """Nobody's first start ends with a fault of ours."""
    Voices.load().recordings("indextts").check()


def test_an_engine_that_clones_nothing_has_none() -> None:
    """Names of other engines' voices are no files."""
    assert len(Voices.load().recordings("edge")) == 0


def test_each_recording_is_listed_once_however_many_speak_by_it(own: Path) -> None:
    """The first of the personas says what it is like; a name that is no file is none."""
    recorded(own / "a.wav", babble(4))
    recorded(own / "b.wav", babble(5))
    written(
        own,
        """
  ann: {description: calm, gender: female, voices: {indextts: {zh: a.wav, "*": b.wav}}}
  bob: {gender: male, voices: {indextts: b.wav}}
  eve: {voices: {indextts: built-in}}
""",
    )
    recordings = Voices.load(extra=[own]).recordings("indextts")
    listed = recordings.voices("indextts", "zh en")
    assert [(one.name, one.gender, one.description) for one in listed[1:]] == [
        ("a.wav", "female", "calm"),
        ("b.wav", "female", "calm"),
    ]
    assert "a.wav" in recordings
    assert "built-in" not in recordings


def test_a_persona_without_a_recording_speaks_by_one_of_its_gender(own: Path) -> None:
    """As on every other engine."""
    recorded(own / "him.wav", babble(4))
    voices = Voices.load(extra=[written(own, "  him: {gender: male, voices: {indextts: him.wav}}\n")])
    assert [spoken_by(voices, name) for name in ("andrew", "ava", "him")] == ["him.wav", "sayso.wav", "him.wav"]


# ---- one name, two files


def test_of_two_recordings_of_one_name_the_last_keeps_it_and_they_do_not_mix(own: Path) -> None:
    """What is in the earlier becomes a part of its name, and each persona goes on speaking by its own."""
    mine = recorded(own / "sayso.wav", babble(5))
    voices = Voices.load(extra=[written(own, "  boss: {gender: male, voices: {indextts: sayso.wav}}\n")])
    recordings = voices.recordings("indextts")
    aside = f"sayso.{hashlib.sha256(SHIPPED.read_bytes()).hexdigest()[:8]}.wav"
    assert {one.name for one in recordings.voices("indextts", "zh")} == {"sayso.wav", aside}
    assert recordings.reference("sayso.wav") == prepare(mine)
    assert recordings.reference(aside) == prepare(SHIPPED)
    assert [spoken_by(voices, name) for name in ("sayso", "boss")] == [aside, "sayso.wav"]


def test_the_same_recording_twice_is_one(own: Path) -> None:
    """A copy of the shipped folder to begin one's own with changes no name."""
    shutil.copy(SHIPPED, own / "sayso.wav")
    voices = Voices.load(extra=[written(own, "  boss: {voices: {indextts: sayso.wav}}\n")])
    assert [one.name for one in voices.recordings("indextts").voices("indextts", "zh")] == ["sayso.wav"]


def test_a_recording_whose_persona_was_replaced_stands_in_nobodys_way(own: Path) -> None:
    """Who replaces a persona together with its recording has just that."""
    mine = recorded(own / "sayso.wav", babble(5))
    voices = Voices.load(extra=[written(own, "  sayso: {voices: {indextts: sayso.wav}}\n")])
    recordings = voices.recordings("indextts")
    assert [one.name for one in recordings.voices("indextts", "zh")] == ["sayso.wav"]
    assert recordings.reference("sayso.wav") == prepare(mine)


# ---- revisions


def test_the_revision_is_that_of_the_content(tmp_path: Path) -> None:
    """It follows the content, whatever the name, and says what else the sound depends on."""
    one, other = recorded(tmp_path / "a.wav", babble(4)), recorded(tmp_path / "b.wav", babble(4, 300))
    again = recorded(tmp_path / "c.wav", babble(4))
    revisions = [Recording("x", path).revision for path in (one, other, again)]
    assert revisions[0] == revisions[2] != revisions[1]
    (voice,) = Recordings([Recording("x", one)]).voices("indextts", "zh", "1.5")
    assert voice == Voice("indextts", "x", "zh", revision=f"{revisions[0]}/1.5")


def test_a_recording_that_was_not_changed_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listing the voices for every request must cost next to nothing."""
    path = recorded(tmp_path / "a.wav", babble(4))
    recording = Recording("a", path)
    first = recording.revision
    monkeypatch.setattr(Path, "read_bytes", lambda self: pytest.fail("it was read again"))
    assert recording.revision == first


def test_a_recording_that_was_replaced_sounds_new_at_once(tmp_path: Path) -> None:
    """Without a restart: revision and reference are those of the file as it is now."""
    path = recorded(tmp_path / "a.wav", babble(4))
    recordings = Recordings([Recording("a", path)])
    before, old = recordings.voices("indextts", "zh")[0].revision, recordings.reference("a")
    recorded(path, babble(6, 300))
    os.utime(path, ns=(1, 1))
    assert recordings.voices("indextts", "zh")[0].revision != before
    assert recordings.reference("a") == prepare(path) != old


def test_a_recording_that_is_gone_has_no_revision_and_says_so(tmp_path: Path) -> None:
    """Its voice is still listed; who wants to speak by it is told."""
    path = recorded(tmp_path / "a.wav", babble(4))
    recordings = Recordings([Recording("a", path)])
    path.unlink()
    assert recordings.voices("indextts", "zh")[0].revision == ""
    with pytest.raises(AudioError, match=r"a\.wav cannot be opened"):
        recordings.reference("a")


# ---- references


def test_a_recording_is_made_fit_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by whom it is wanted at the same time in many threads."""
    made = counted(monkeypatch)
    recordings = Recordings([Recording("a", recorded(tmp_path / "a.wav", babble(4)))])
    got: list[Reference] = []
    threads = [threading.Thread(target=lambda: got.append(recordings.reference("a"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert [one is got[0] for one in got] == [True] * 4


def test_only_so_many_references_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand recordings are not a thousand references in memory; the least recently used goes first."""
    made = counted(monkeypatch)
    monkeypatch.setattr(room, "_KEPT", 2)
    paths = [recorded(tmp_path / f"{i}.wav", babble(4, 200 + 50 * i)) for i in range(3)]
    recordings = Recordings(Recording(path.stem, path) for path in paths)
    for name in ("0", "1", "0", "2", "0", "1"):
        recordings.reference(name)
    assert [path.stem for path in made] == ["0", "1", "2", "1"]


def test_a_name_that_is_not_there_is_none() -> None:
    """An engine asks only for what it lists."""
    with pytest.raises(KeyError):
        Recordings([]).reference("nobody")


def named(tmp_path: Path, files: Sequence[tuple[str, bytes]]) -> Recordings:
    for name, data in files:
        (tmp_path / name).write_bytes(data)
    return Recordings(Recording(name, tmp_path / name, (f"P-{name}", "twin")) for name, _ in files)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (wav(babble(1)), r"holds 1\.\d seconds of speech; a voice needs at least 3"),
        (wav(np.zeros(24_000 * 5, np.float32)), "only silence"),
        (b"not a recording", "holds no sound that can be read"),
        (b"", "holds no sound that can be read"),
    ],
)
def test_what_cannot_be_cloned_from_is_told_at_the_start(tmp_path: Path, data: bytes, reason: str) -> None:
    """Whose it is, which file, and what is wrong with it."""
    recordings = named(tmp_path, [("bad.wav", data)])
    with pytest.raises(
        ConfigError, match=rf"^P-bad\.wav and twin: the recording .*bad\.wav cannot be used\. .*{reason}"
    ):
        recordings.check()


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Nobody has to start again for each file; what is fit is not spoken of."""
    files = [("one.wav", b"x"), ("fit.wav", wav(babble(4))), ("two.wav", b"y")]
    with pytest.raises(ConfigError) as caught:
        named(tmp_path, files).check()
    assert [line.split(" ")[0] for line in str(caught.value).splitlines()] == ["P-one.wav", "P-two.wav"]


def test_what_was_checked_is_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first sentence does not wait for what the start has done."""
    made = counted(monkeypatch)
    recordings = named(tmp_path, [("fit.wav", wav(babble(4)))])
    recordings.check()
    recordings.reference("fit.wav")
    assert len(made) == 1


def test_the_revision_reaches_the_utterance() -> None:
    """A cache tells a new recording from an old one of the same name."""
    voices = Voices.load()
    available = {"indextts": voices.recordings("indextts").voices("indextts", "zh en", "1.5")}
    revision = available["indextts"][0].revision
    assert voices.cast(voices.default, "indextts", "zh", available) == EngineVoice("indextts", "sayso.wav", revision)
    assert revision.endswith("/1.5")
