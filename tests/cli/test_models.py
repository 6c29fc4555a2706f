"""`sayso models`: what there is to know, the folder fetched from a hub on the loopback, and the check of one."""

from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import close_session
from rich.console import Console
from typer.testing import CliRunner, Result

from bot.cli import cli, models, trial
from bot.errors import AudioError, ConfigError, SaysoError
from bot.speech import Samples
from bot.tts.indextts import CheckpointError, licence
from bot.tts.indextts.download import FILES
from bot.tts.indextts.trial.inventory import Inventory, Memory
from bot.tts.indextts.trial.sanity import Sanity
from bot.tts.indextts.trial.trial import Seam, Turn
from tests.doubles.hub import Hub

TINY = Path(__file__).parents[1] / "data" / "indextts" / "tiny-a"
SAYSO = Path(sys.executable).with_name("sayso")


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a folder of the test's own, with logs left as they are: a runner's streams are closed when it is done."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SAYSO__DATA_DIR", str(tmp_path / "data"))
    for module in (models, trial):
        monkeypatch.setattr(module, "configure", lambda *_, **__: None)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """Has the tiny model, and what nobody needs."""
    with Hub({**{name: (TINY / name).read_bytes() for name in FILES}, "dvae.pth": b"not needed"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
        close_session()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is told on standard error."""
    file = io.StringIO()
    for module in (models, trial):
        monkeypatch.setattr(module, "notes", Console(file=file, highlight=False, soft_wrap=True))
    return file


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Five seconds of noise that swells and fades, at 16 kHz."""
    at = np.arange(5 * 16_000) / 16_000
    sound = np.random.default_rng(7).normal(0, 6000, len(at)) * np.sin(np.pi * at) ** 2
    with wave.open(str(tmp_path / "voice.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(sound.astype("<i2").tobytes())
    return tmp_path / "voice.wav"


@pytest.fixture
def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a recogniser, which takes seconds."""
    monkeypatch.setattr("bot.tts.indextts.trial.hearing.present", lambda: False)


def sayso(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["models", *arguments])


def refused(*arguments: str) -> SaysoError:
    error = sayso(*arguments).exception
    assert isinstance(error, SaysoError)
    assert "\n" not in str(error)
    return error


def test_all_there_is_to_know_is_told_before_one_has_it() -> None:
    """Where the folder comes from, what is missing, and every term of the licence beside its own words."""
    done = sayso()
    assert done.exit_code == 0
    for words in (
        "https://huggingface.co/IndexTeam/IndexTTS-1.5",
        "indextts.folder is not set",
        "`sayso models get`",
        "bilibili Index-TTS model licence 1.0 (17 March 2025)",
        "xuanwu@bilibili.com",
        "Clone only the voices of people who have agreed",
        *(term.plain for term in licence.TERMS),
        *(term.quoted for term in licence.TERMS),
    ):
        assert words in done.stdout


def test_programs_can_read_it_too() -> None:
    """The same, as JSON."""
    known = json.loads(sayso("--json").stdout)
    assert known["files"] == list(FILES)
    assert known["packages"].keys() == {"torch", "sentencepiece", "wetext", "huggingface_hub"}
    assert known["licence"]["contact"] == "xuanwu@bilibili.com"
    assert len(known["licence"]["terms"]) == len(licence.TERMS) + 1


def test_what_is_configured_is_looked_at(tmp_path: Path) -> None:
    """Whole, with a file missing, or none at all."""
    assert "tiny-a: version 1.5, 0.00 GB" in sayso("--set", f"indextts.folder={TINY}").stdout
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.yaml").write_bytes((TINY / "config.yaml").read_bytes())
    half = sayso("--set", f"indextts.folder={tmp_path / 'half'}").stdout
    assert "half: " in half
    assert "bpe.model" in half
    assert "config.yaml" in sayso("--set", f"indextts.folder={tmp_path}").stdout


def test_a_missing_extra_is_named_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its packages, in the overview and by the check."""
    monkeypatch.setattr(models, "PACKAGES", ("torch", "no_such_package"))
    assert "missing: no_such_package (pip install 'sayso[indextts]')" in sayso().stdout
    assert str(refused("check", str(TINY))) == "no_such_package is not installed: pip install 'sayso[indextts]'"


def test_the_folder_is_fetched_checked_and_how_to_use_it_told(hub: Hub, told: io.StringIO, tmp_path: Path) -> None:
    """Into the data folder; the licence comes first, and what to set goes to standard output."""
    done = sayso("get", "--yes")
    place = tmp_path / "data" / "models" / "IndexTTS-1.5"
    assert done.exit_code == 0, done.exception
    assert sorted(path.name for path in place.iterdir()) == sorted(FILES)
    assert done.stdout == f'SAYSO__INDEXTTS__FOLDER={place}\nindextts:\n  folder: "{place}"\n'
    assert told.getvalue().index(licence.NAME) < told.getvalue().index("The folder is whole: version 1.5")
    assert "tensors in the right shapes" in told.getvalue()
    assert "dvae.pth" not in hub.names


def test_another_place_may_be_named(hub: Hub, told: io.StringIO, tmp_path: Path) -> None:
    """It is told in full, for the bot may run elsewhere."""
    assert f"FOLDER={tmp_path / 'there'}\n" in sayso("get", "there", "--yes").stdout
    assert (tmp_path / "there" / "gpt.pth").is_file()


def test_progress_is_shown_on_a_terminal(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar for each file."""
    file = io.StringIO()
    monkeypatch.setattr(models, "notes", Console(file=file, force_terminal=True, width=120))
    assert sayso("get", "--yes").exit_code == 0
    assert all(name in file.getvalue() for name in FILES)
    assert "100%" in file.getvalue() or "MB" in file.getvalue()


def test_who_breaks_it_off_is_told_that_nothing_is_lost(told: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """By Ctrl-C, an hour into it."""

    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.cli.models.fetch", broken)
    assert sayso("get", "--yes").exit_code == 130
    assert "What has come is kept" in told.getvalue()


def test_nothing_is_fetched_where_nobody_can_be_asked(hub: Hub, told: io.StringIO, tmp_path: Path) -> None:
    """It says what a script has to say, and that this is to accept the licence."""
    assert "run it in a terminal, or with --yes, which accepts the licence" in str(refused("get"))
    assert hub.asked == []
    assert not (tmp_path / "data" / "models").exists()


def test_a_folder_that_is_not_of_the_model_is_noticed(hub: Hub, told: io.StringIO) -> None:
    """Whatever the hub gives, it is read before anybody is told to use it."""
    hub.files = {**hub.files, "gpt.pth": hub.files["bigvgan_generator.pth"]}
    error = refused("get", "--yes")
    assert isinstance(error, CheckpointError)
    assert "gpt.pth" in str(error)


def test_what_could_not_be_looked_at_is_told(hub: Hub, told: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torch the tensors' shapes are unknown."""
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    assert sayso("get", "--yes").exit_code == 0
    assert "were not looked at, for torch is missing: pip install 'sayso[indextts]'" in told.getvalue()


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo-terminals")
@pytest.mark.parametrize(("answer", "status", "fetched"), [(b"n\n", 1, False), (b"\n", 1, False), (b"y\n", 0, True)])
def test_a_person_is_asked(hub: Hub, tmp_path: Path, answer: bytes, status: int, fetched: bool) -> None:
    """In a terminal, after the licence; only a yes fetches anything."""
    keyboard, terminal = os.openpty()
    os.write(keyboard, answer)
    with os.fdopen(keyboard, "wb"), os.fdopen(terminal, "rb") as stdin:
        done = subprocess.run([SAYSO, "models", "get"], stdin=stdin, capture_output=True, timeout=120)
    words = done.stderr.decode()
    assert done.returncode == status, words
    assert words.index(licence.CONTACT) < words.index("and accept this licence? [y/N]")
    assert (tmp_path / "data" / "models" / "IndexTTS-1.5" / "gpt.pth").exists() is fetched
    assert ("Nothing was fetched." in words) is not fetched
    assert bool(hub.asked) is fetched


def check(*arguments: str) -> tuple[Result, dict[str, Any]]:
    done = sayso("check", str(TINY), "--device", "cpu", "--precision", "fp32", "--json", *arguments)
    assert isinstance(done.exception, SystemExit), done.exception
    return done, json.loads(done.stdout)


def test_a_model_that_was_never_trained_fails_its_check(
    unheard: None, told: io.StringIO, recording: Path, tmp_path: Path
) -> None:
    """With status 1, every figure, what is odd, and what that may come from; the sound is kept to be listened to."""
    done, found = check("--voice", str(recording), "--keep", "sound", "--set", "indextts.threads=1")
    assert done.exit_code == 1
    assert found["model"]["version"] == "1.5"
    assert found["model"]["parameters"]["vocoder"] > 500_000
    assert [sentence["language"] for sentence in found["sentences"]] == ["zh", "en"]
    assert all(sentence["codes_per_second"] > 0 and sentence["odd"] for sentence in found["sentences"])
    assert any(wrong.startswith("en: ") for wrong in found["wrong"])
    assert "Something is odd." in found["verdict"]
    assert "never trained" in found["verdict"]
    assert found["reference"]["seconds"] == pytest.approx(5, abs=0.5)
    assert {path.name for path in (tmp_path / "sound").iterdir()} == {"reference.wav", "zh.wav", "en.wav"}
    with wave.open(str(tmp_path / "sound" / "en.wav")) as kept:
        assert kept.getframerate() == 24_000
        assert kept.getnframes() == round(found["sentences"][1]["seconds"] * 24_000)


def test_people_read_the_same_as_a_table(unheard: None, told: io.StringIO, recording: Path) -> None:
    """Of the folder that is configured, where none is named."""
    settings = ("indextts.device=cpu", "indextts.precision=fp32", f"indextts.folder={TINY}")
    done = sayso("check", "--voice", str(recording), *(part for one in settings for part in ("--set", one)))
    assert done.exit_code == 1
    for words in (
        "fingerprint",
        "gpt.pth 1.2 MB",
        "config.yaml 1.5 kB",
        "language model",
        "runs on",
        "loaded in",
        "at most",
    ):
        assert words in done.stdout
    for words in ("codes", "watchdog", "RTF", "dB between loud and quiet", "windows of 20", "windows of 34", "✗"):
        assert words in done.stdout


def test_without_a_recording_our_own_voice_is_borrowed() -> None:
    """Long enough to be cloned, and short enough to be heard whole."""
    reference = trial._reference(None)
    assert 5 < reference.seconds < 14


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (("nowhere",), CheckpointError, "nowhere"),
        ((), ConfigError, "name the model folder, or set indextts.folder"),
        ((str(TINY), "--device", "abacus"), ConfigError, "abacus"),
        ((str(TINY), "--precision", "fp7"), ConfigError, "fp7"),
        ((str(TINY), "--voice", "nobody.wav"), AudioError, "--voice nobody.wav: "),
        ((str(TINY), "--keep", "voice.wav"), SaysoError, "--keep voice.wav: File exists; name another folder"),
    ],
    ids=["folder", "no folder", "device", "precision", "voice", "keep"],
)
def test_what_cannot_be_checked_is_one_line(
    told: io.StringIO, recording: Path, arguments: tuple[str, ...], kind: type[SaysoError], words: str
) -> None:
    """That names what was asked for."""
    voice = () if "--voice" in arguments else ("--voice", str(recording))
    error = refused("check", *arguments, *voice)
    assert isinstance(error, kind)
    assert words in str(error)


MEMORY = Memory(2_000_000_000, 3_000_000_000, 2_500_000_000)
ABOUT = Inventory(
    version="1.5",
    fingerprint="0123456789abcdef",
    device="cuda:0 (NVIDIA H200)",
    precision="fp16",
    dtype="float16",
    threads=8,
    files={"gpt.pth": 1_170_000_000},
    parameters={"vocoder": 126_000_000},
    seconds=3.0,
    memory=MEMORY,
)
WELL = Turn(
    "en",
    "A sentence.",
    24_000,
    tokens=4,
    attempts=1,
    codes=30,
    cut=3,
    first=0.05,
    thought=0.2,
    voiced=0.1,
    seconds=1.28,
    sanity=Sanity("words", 1.6, -17.0, 0.7, 0.0, 30.0),
    seams=(Seam(20, 1e-5, 3e-3),),
)
HEARD = replace(WELL, heard="A sentence.", errors=0.0)
MUTE = Turn("zh", "一句话。", 24_000, tokens=4, attempts=3, odd=("there is no sound",))
BROKEN = Turn("zh", "一句话。", 24_000, odd=("it breaks off: out of memory",))


def judged(monkeypatch: pytest.MonkeyPatch, recording: Path, *turns: Turn, arguments: tuple[str, ...] = ()) -> Result:
    """The check of a model that spoke like this."""
    monkeypatch.setattr(
        trial, "_tried", lambda _loaded, _wanted, _folder, reference: trial._Tried(reference, ABOUT, turns, MEMORY)
    )
    return sayso("check", str(TINY), "--voice", str(recording), *arguments)


def test_a_model_that_speaks_as_it_should_is_told_so(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    """With status 0, and with what was heard."""
    done = judged(monkeypatch, recording, HEARD)
    assert done.exit_code == 0
    for words in (
        "✓ It speaks as it should.\n",
        "A sentence. (WER 0%)",
        "30 for 4 tokens, 150.0 a second, the first after 50 ms, 3 of them silence that was cut",
        "1.28 s, RTF 0.23 (language model 0.16, vocoder 0.08)",
        "2.00 GB loaded, 2.00 GB after speaking, 3.00 GB at most, GPU 2.50 GB at most",
        "cuda:0 (NVIDIA H200), fp16 (computes in float16), 8 threads",
    ):
        assert words in done.stdout


def test_whoever_was_not_heard_may_still_be_wrong(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    """It is told how to have it heard."""
    assert (
        "It speaks as it should. Nobody listened: with pip install 'sayso[hear]'"
        in judged(monkeypatch, recording, WELL).stdout
    )


@pytest.mark.parametrize("failed", [MUTE, BROKEN], ids=["mute", "broken"])
def test_one_sentence_that_fails_is_enough(
    monkeypatch: pytest.MonkeyPatch, recording: Path, tmp_path: Path, failed: Turn
) -> None:
    """But then nobody is told that the weights may not be trained; and nothing is kept of what was not said."""
    done = judged(monkeypatch, recording, HEARD, failed, arguments=("--keep", str(tmp_path / "kept")))
    assert done.exit_code == 1
    assert f"✗ {failed.odd[0]}" in done.stdout
    assert done.stdout.endswith("✗ Something is odd.\n")
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["reference.wav"]


def test_what_is_no_number_is_null_for_programs(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    """JSON has no word for it."""
    turn = replace(WELL, sanity=Sanity("words", 1.6, math.nan, math.inf, 0.0, 30.0))
    (sentence,) = json.loads(judged(monkeypatch, recording, turn, arguments=("--json",)).stdout)["sentences"]
    assert sentence["sanity"] == {
        "unit": "words",
        "pace": 1.6,
        "level": None,
        "peak": None,
        "clipped": 0.0,
        "range": 30.0,
    }
    assert "samples" not in sentence


def test_a_disk_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, recording: Path, tmp_path: Path
) -> None:
    """As --keep's fault, by its name."""
    (tmp_path / "kept" / "reference.wav").mkdir(parents=True)
    error = judged(monkeypatch, recording, WELL, arguments=("--keep", str(tmp_path / "kept"))).exception
    assert isinstance(error, SaysoError)
    assert "kept: Is a directory; name another folder" in str(error)


def test_there_are_signs_of_life_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large model is a while in coming."""
    monkeypatch.setattr(trial, "notes", Console(file=(file := io.StringIO()), force_terminal=True))
    with trial._busy("loading the model"):
        pass
    assert "loading the model" in file.getvalue()


class Ear:
    """Hears always the same."""

    def hears(self, samples: Samples, rate: int, language: str) -> str:
        return "Thank you for watching."


def test_where_somebody_can_listen_it_is_listened_to(
    monkeypatch: pytest.MonkeyPatch, told: io.StringIO, recording: Path
) -> None:
    """Noise is not understood."""
    monkeypatch.setattr("bot.tts.indextts.trial.hearing.recogniser", lambda: nullcontext(Ear()))
    _, found = check("--voice", str(recording))
    assert {sentence["heard"] for sentence in found["sentences"]} == {"Thank you for watching."}
    assert all("was not understood" in sentence["odd"][-1] for sentence in found["sentences"])


def test_a_command_line_that_fails_is_one_line_too(tmp_path: Path) -> None:
    """As people run it: status 1, and no traceback."""
    done = subprocess.run([SAYSO, "models", "check", "nowhere"], cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 1
    assert done.stderr.startswith(b"sayso: ")
    assert b"Traceback" not in done.stderr
