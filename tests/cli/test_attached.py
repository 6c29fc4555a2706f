"""`sayso serve` as somebody's child: where it runs, and when it ends."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from bot.cli import cli
from bot.cli.run import _until_lost
from bot.errors import ConfigError
from bot.tts.instances.placement import pinnable

STUCK = """
import asyncio, time
from bot.cli.run import _end_with_input

async def main():
    stop = asyncio.Event()
    _end_with_input(stop, 30.0 if {waits} else 0.1)
    print("began", flush=True)
    if {waits}:
        await stop.wait()
        print("stopped", flush=True)
    else:
        time.sleep(600)

asyncio.run(main())
"""


def attached(waits: bool) -> subprocess.Popen[bytes]:
    """A process that ends with its input, and has begun; else it ``waits`` for that, or is stuck."""
    command = [sys.executable, "-c", STUCK.format(waits=waits)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"began\n"
    return process


def test_it_stops_when_its_input_ends() -> None:
    """In order, and with a clean status; what is written there before means nothing."""
    told, _ = (process := attached(waits=True)).communicate(b"anything", timeout=30)
    assert (told, process.returncode) == (b"stopped\n", 0)


def test_what_is_stuck_ends_nevertheless() -> None:
    """Whoever started it may be dead and cannot kill it any more."""
    process = attached(waits=False)
    process.communicate(timeout=30)
    assert process.returncode == 1


async def test_it_ends_when_its_device_is_lost() -> None:
    """Another process can use it again, and whoever started this one starts that."""
    lost, stop = asyncio.Event(), asyncio.Event()
    watching = asyncio.create_task(_until_lost(lost, stop))
    await asyncio.sleep(0)
    assert not watching.done()
    lost.set()
    with capture_logs() as logs:
        await asyncio.wait_for(watching, 10)
    assert [entry["event"] for entry in logs] == ["device_lost"]


async def test_it_ends_with_the_others_where_nothing_is_lost() -> None:
    """And says nothing."""
    lost, stop = asyncio.Event(), asyncio.Event()
    stop.set()
    with capture_logs() as logs:
        await asyncio.wait_for(_until_lost(lost, stop), 10)
    assert logs == []


@pytest.mark.skipif(not pinnable(), reason="this system pins no processes")
def test_processors_must_be_some_that_are_here() -> None:
    """What cannot be kept to is told before anything is loaded."""
    before = os.sched_getaffinity(0)
    assert "write the numbers of processors" in CliRunner().invoke(cli, ["serve", "--cpus", "all"]).output
    refused = CliRunner().invoke(cli, ["serve", "--cpus", "1023"])
    assert isinstance(refused.exception, ConfigError)
    assert os.sched_getaffinity(0) == before
