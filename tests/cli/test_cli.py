"""The command, run as a newcomer runs it: a process of its own, real voices, real files."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.client import IncompleteRead
from pathlib import Path

import pytest

from bot.tts.audio import decode, packets

SAYSO = Path(sys.executable).with_name("sayso")
NO_NETWORK = dict.fromkeys(("HTTPS_PROXY", "WSS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
"""A proxy that refuses: what leaves for the Internet fails here, on any machine."""
ENGLISH = "Hello from Sayso. This is the second sentence."


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to run in, with a data folder that all commands of this file share."""
    return tmp_path_factory.mktemp("home")


def sayso(home: Path, *arguments: str, text: bytes | None = None, **environ: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SAYSO")}
    environment = {**inherited, "SAYSO__DATA_DIR": str(home / "data"), "COLUMNS": "200", **NO_NETWORK, **environ}
    return subprocess.run([SAYSO, *arguments], cwd=home, env=environment, input=text, capture_output=True, timeout=120)


def test_a_sentence_becomes_a_voice_note_and_comes_from_the_cache_the_second_time(home: Path) -> None:
    """Ogg/Opus, mono, 48 kHz, 20 ms packets; the report tells what it took."""
    first = sayso(home, "say", ENGLISH, "-o", "hello.ogg", "--json")
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    ogg = (home / "hello.ogg").read_bytes()
    head = ogg[ogg.index(b"OpusHead") :]
    assert (head[9], int.from_bytes(head[12:16], "little")) == (1, 48_000)
    samples, rate = decode(ogg)
    assert rate == 48_000
    assert len(samples) / rate == pytest.approx(report["seconds"], abs=0.002)
    assert len(packets(ogg)) == pytest.approx(report["seconds"] / 0.02, abs=2)
    assert (report["engine"], report["voice"], report["cached"]) == ("offline", "heart", False)
    assert 2 < report["seconds"] < 5
    assert report["rtf"] > 0
    assert report["first_audio"] > 0
    again = sayso(home, "say", ENGLISH, "-o", "hello.mp3")
    told = again.stderr.decode()
    assert re.search(r"cache\s+hit", told)
    assert re.search(r"RTF\s+0", told)
    mp3, rate = decode((home / "hello.mp3").read_bytes())
    assert len(mp3) / rate == pytest.approx(report["seconds"], abs=0.1)


def test_chinese_is_spoken_by_a_chinese_voice(home: Path) -> None:
    """Without being told the language."""
    done = sayso(home, "say", "你好，欢迎来到这里。", "-o", "ni.flac", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["voice"] == "zf_xiaoxiao"
    samples, rate = decode((home / "ni.flac").read_bytes())
    assert 1 < len(samples) / rate < 6


def test_text_from_a_pipe_goes_to_a_pipe(home: Path) -> None:
    """Standard input to standard output, with the report out of the way on standard error."""
    done = sayso(home, "say", "-o", "-", "--format", "wav", "--rate", "1.5", text=ENGLISH.encode())
    assert done.returncode == 0, done.stderr
    samples, rate = decode(done.stdout)
    assert 1.2 < len(samples) / rate < 3
    assert "heart" in done.stderr.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("voices",),
        ("voices", "--json"),
        ("config", "show"),
        ("say", "One sentence for a closed pipe.", "-o", "-"),
    ],
)
def test_a_reader_that_goes_away_ends_the_command_quietly(home: Path, arguments: tuple[str, ...]) -> None:
    """`sayso voices | head -1`: no traceback, and the status of a command that a closed pipe killed."""
    environment = {**os.environ, **NO_NETWORK, "SAYSO__DATA_DIR": str(home / "data")}
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            [SAYSO, *arguments], cwd=home, env=environment, stdout=closed, stderr=subprocess.PIPE, timeout=60
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_text_from_a_file(home: Path) -> None:
    """A file that is not there is named."""
    (home / "text.txt").write_text("A text from a file.", encoding="utf-8")
    assert sayso(home, "say", "--file", "text.txt", "-o", "file.opus").returncode == 0
    assert (home / "file.opus").read_bytes().startswith(b"OggS")
    missing = sayso(home, "say", "--file", "nowhere.txt")
    assert (missing.returncode, b"nowhere.txt" in missing.stderr) == (1, True)


def test_an_explanation_speaks_nothing(home: Path) -> None:
    """The cleaned text, the rules, the sentences, the voices and why, the cache and the cost."""
    text = "It costs **$12.50** at <@42>'s. 你好，世界。"
    plain = json.loads(sayso(home, "say", text, "--explain", "--json").stdout)
    assert [s["language"] for s in plain["sentences"]] == ["en", "zh"]
    assert [s["voice"] for s in plain["sentences"]] == ["heart", "zf_xiaoxiao"]
    assert "twelve dollars" in plain["sentences"][0]["text"]
    assert plain["sentences"][0]["rules"]
    assert plain["voice"]["why"] == "the configuration's default"
    assert plain["seconds"] > 1
    shown = sayso(home, "say", text, "--explain").stdout.decode()
    assert "twelve dollars" in shown
    assert "miss" in shown
    assert not (home / "sayso.ogg").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("say", "!!!"), "Nothing pronounceable"),
        (("say", "Hi.", "--voice", "hearth"), "heart"),
        (("say", "Hi.", "--engine", "festival"), "offline, edge"),
        (("say", "Hi.", "--rate", "9"), "0.5 to 2.0"),
        (("say", "Hi.", "-o", "x.midi"), "midi"),
        (("say", "Hi.", "-o", "no/such/folder/x.ogg"), "cannot be written"),
        (("say", "Hi.", "-o", "."), "it is a folder"),
        (("say", "Привет, как дела сегодня?"), "Russian"),
        (("voices", "--engine", "festival"), "offline, edge"),
        (("voices", "qqqqqq"), "no voice matches"),
        (("config", "show", "--set", "http.prot=1"), "http.port"),
        (("run", "--set", "http.host=0.0.0.0"), "SAYSO_API_KEYS"),
    ],
)
def test_what_cannot_be_done_is_one_line_that_says_what_can(home: Path, arguments: tuple[str, ...], words: str) -> None:
    """Exit status 1, no traceback, no file."""
    done = sayso(home, *arguments)
    told = done.stderr.decode()
    assert done.returncode == 1
    assert words in told
    assert "Traceback" not in told
    assert not (home / "sayso.ogg").exists()


def test_the_voices_are_listed_by_engine_and_language(home: Path) -> None:
    """For people and for programs."""
    listing = json.loads(sayso(home, "voices", "--json").stdout)
    names = {voice["name"] for voice in listing["engines"]["offline"]}
    assert {"heart", "zf_xiaoxiao", "jf_alpha"} <= names
    assert len(listing["engines"]["edge"]) > 200
    assert "sayso" in {persona["name"] for persona in listing["personas"]}
    chinese = json.loads(sayso(home, "voices", "--json", "--language", "zh", "--engine", "offline").stdout)
    assert {voice["language"].split("-")[0] for voice in chinese["engines"]["offline"]} == {"zh"}
    shown = sayso(home, "voices", "xiaoxiao").stdout.decode()
    assert "zf_xiaoxiao" in shown
    assert "zh-CN-XiaoxiaoNeural" in shown


def test_the_doctor_finds_a_healthy_house_and_names_what_is_missing(home: Path) -> None:
    """Everything needed is well; each thing that is not there comes with what to do."""
    done = sayso(home, "doctor", "--json", "--set", "edge.connect_seconds=1", DISCORD_TOKEN="hunter2")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0
    assert findings["engine offline"]["health"] == findings["speaking"]["health"] == "ok"
    assert findings["DISCORD_TOKEN"]["found"] == "set"
    assert findings["TELEGRAM_TOKEN"]["health"] == "optional"
    assert all(f["remedy"] for f in findings.values() if f["health"] != "ok")
    assert b"hunter2" not in done.stdout + done.stderr


def test_the_doctor_hears_a_broken_engine_however_often_it_was_well(home: Path) -> None:
    """The first time is new whenever it is asked, for the cache must not answer for the engine; the second is not."""
    arguments = ("doctor", "--json", "--set", "edge.connect_seconds=1")
    for _ in range(2):
        findings = {finding["name"]: finding for finding in json.loads(sayso(home, *arguments).stdout)}
        assert re.fullmatch(
            r"\d\.\d\d s by offline · \w+, new in \d+\.\d\d s, from the cache in \d+ ms", findings["speaking"]["found"]
        )
    done = sayso(home, *arguments, "--set", "voices.extra=", "--set", "self_test.text=…")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["speaking"]["health"] == "failed"


def test_settings_are_shown_without_secrets(home: Path) -> None:
    """And with where they come from."""
    shown = sayso(home, "config", "show", "--set", "http.port=9", TELEGRAM_TOKEN="hunter2").stdout.decode()
    assert "port: 9  # from command line" in shown
    assert "TELEGRAM_TOKEN: ********" in shown
    assert "hunter2" not in shown


def test_help_loads_nothing_heavy(home: Path) -> None:
    """What is slow to import is imported by the command that needs it."""
    heavy = ("numpy", "av", "sqlalchemy", "fastapi", "onnxruntime", "omegaconf", "aiohttp", "structlog")
    code = f"import sys, bot.cli; sys.exit(', '.join(m for m in {heavy!r} if m in sys.modules) or None)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"Gives any chat a voice" in sayso(home, "--help").stdout


@pytest.fixture
def server(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`sayso run` on a free port, with all the time that an answer may take, and where it said that it listens."""
    environment = {**os.environ, **NO_NETWORK, "SAYSO__DATA_DIR": str(home / "data"), "SAYSO__HTTP__PORT": "0"}
    process = subprocess.Popen(
        [SAYSO, "run", "--set", "queue.drain_seconds=300"],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"listening on (http://127\.0\.0\.1:\d+)", line):
                yield process, found[1]
                break
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_server_says_where_it_listens_speaks_and_stops_when_told(server: tuple[subprocess.Popen[str], str]) -> None:
    """And what it prints is what works."""
    process, url = server
    body = json.dumps({"input": ENGLISH, "response_format": "wav"}).encode()
    request = urllib.request.Request(f"{url}/v1/audio/speech", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        samples, rate = decode(answer.read())
    assert 2 < len(samples) / rate < 5
    empty = urllib.request.Request(f"{url}/v1/audio/speech", b'{"input": ""}', {"content-type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(empty, timeout=60)
    assert error.value.code == 400
    error.value.close()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0


def test_told_a_second_time_the_server_waits_for_nobody(server: tuple[subprocess.Popen[str], str]) -> None:
    """The first time it lets who listens hear the end; the second time it breaks off, and still ends in order."""
    process, url = server
    long = " ".join(f"Sentence number {n} tells of {n * 7} birds over town {n * n}." for n in range(70))
    body = json.dumps({"input": long, "response_format": "wav"}).encode()
    request = urllib.request.Request(f"{url}/v1/audio/speech", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.read(5000)
        process.send_signal(signal.SIGINT)
        while listens(url):
            time.sleep(0.05)
        assert answer.read(5000)
        process.send_signal(signal.SIGINT)
        with pytest.raises(IncompleteRead):
            answer.read()
    assert process.wait(30) == 0


def listens(url: str) -> bool:
    host, port = url.removeprefix("http://").split(":")
    with socket.socket() as caller:
        return caller.connect_ex((host, int(port))) == 0
