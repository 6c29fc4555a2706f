"""docs/server.md: its programmes run as they stand, and its tables are those of the code."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import which
from typing import get_args

import pytest

from bot.adapters.http.answers import STATUS, refused
from bot.adapters.http.body import Format, SpeechRequest
from bot.adapters.http.document import WORDS
from bot.adapters.http.gate import COUNTED, OPEN
from bot.adapters.http.speech import PRIORITIES, TOLD
from bot.speaker import Speaker
from bot.speech import Reason, Refusal
from bot.tts.audio import decode
from tests.adapters.http.served import address

PAGE = (Path(__file__).parents[3] / "docs" / "server.md").read_text(encoding="utf-8")
HERE = "http://127.0.0.1:8888"


def programmes(language: str) -> list[str]:
    """The programmes of the page in a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
async def url(speaker: Speaker, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """A server, and no other between it and the programmes."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    async with address(speaker) as url:
        yield url


def ran(folder: Path, *command: str) -> tuple[str, float]:
    """What a programme printed, and the seconds of sound that it wrote."""
    folder /= "written"
    folder.mkdir()
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=60)
    headers = "".join(file.read_text() for file in folder.glob("*.txt"))
    return done.stdout + headers, sum(seconds(file) for file in folder.iterdir() if file.suffix != ".txt")


def seconds(file: Path) -> float:
    """How long the sound in a file is."""
    if file.suffix == ".pcm":
        return file.stat().st_size / 2 / 24_000
    samples, rate = decode(file)
    return len(samples) / rate


@pytest.mark.parametrize("programme", programmes("python"))
async def test_a_programme_on_the_page_does_what_it_says(url: str, tmp_path: Path, programme: str) -> None:
    """It writes sound, or tells what is wrong."""
    told, sound = await asyncio.to_thread(ran, tmp_path, sys.executable, "-c", programme.replace(HERE, url))
    assert sound > 0.2 or "There is no voice 'aloy'; the nearest are alloy" in told


@pytest.mark.skipif(which("curl") is None, reason="curl is not here")
@pytest.mark.parametrize("command", programmes("sh"))
async def test_a_command_on_the_page_brings_sound(url: str, tmp_path: Path, command: str) -> None:
    """With the tools of every machine; who asks for three times the speed is told that it is twice."""
    told, sound = await asyncio.to_thread(ran, tmp_path, "sh", "-ec", command.replace(HERE, url))
    assert sound > 0.1
    assert ("x-sayso-speed: 2" in told) is ('"speed": 3' in command)


def test_every_field_header_and_format_is_on_the_page() -> None:
    """And nothing else is promised."""
    fields = set(re.findall(r"^\| `(\w+)` \|", _section("`POST /v1/audio/speech`"), re.MULTILINE))
    assert fields == set(SpeechRequest.model_fields)
    for word in (*get_args(Format), *PRIORITIES, *TOLD):
        assert f"`{word}`" in PAGE


def test_every_address_is_on_the_page() -> None:
    """With what is open to everybody."""
    for path in COUNTED:
        assert f"{path}`" in PAGE
    for path in OPEN:
        assert f"`{path}`" in _section("Who may come in")


def test_every_error_is_on_the_page() -> None:
    """By its status and its code."""
    table = _section("Errors")
    for status in WORDS:
        assert str(status) in table
    unseen = {Reason.INVALID, Reason.NOT_KEPT, Reason.OPTED_OUT}  # of what cannot be asked for here
    for reason in set(Reason) - unseen:
        row = next(row for row in table.splitlines() if f"`{refused(Refusal(reason, '')).code}`" in row)
        assert row.startswith(f"| {STATUS.get(reason, 400)}")


def _section(title: str) -> str:
    """What stands below a heading, up to the next of its kind."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
