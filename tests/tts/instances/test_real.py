"""The real thing: this installation as a child, speaking with the embedded English voice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop

from bot.errors import EngineBroken, EngineUnavailable
from bot.tts.instances import Instance, InstanceState
from bot.tts.instances.placement import pinnable
from bot.tts.offline import Offline
from tests.tts.instances.scripted import Mood
from tests.tts.instances.stage import Stage, says, spoken, until

TEXT = "Number twenty one is on its way."

PARENT = """
import asyncio, json, sys
from pathlib import Path
import psutil, uvloop
from bot.config import LogSettings
from bot.log import configure
from bot.tts.instances import Instance
from bot.tts.offline import Offline
from tests.tts.instances.stage import spoken

configure(LogSettings())

async def main():
    async with Instance(Offline(), Path(sys.argv[1]), 1) as instance:
        await spoken(instance, "Hello.")
        pids = [one.pid for one in psutil.Process(instance.pid).children(recursive=True)]
        print(json.dumps([instance.pid, *pids]), flush=True)
        await asyncio.sleep(600)

with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(main())
"""


def family(pid: int | None) -> list[psutil.Process]:
    child = psutil.Process(pid)
    return [child, *child.children(recursive=True)]


def running(pid: int) -> bool:
    """Whether it still does anything: who dies after its parent may lie about until it is buried."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_it_speaks_by_itself_and_for_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the engine in this process would, on its own processors, without our secrets and our settings; what a terminal
    or a service manager sends to all does not end it, for we decide when; put down, it ends in order."""
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    monkeypatch.setenv("SAYSO_API_KEYS", "hush")
    (tmp_path / ".env").write_text("TELEGRAM_TOKEN=hush")
    (tmp_path / "config.yaml").write_text("this: is no setting")
    monkeypatch.chdir(tmp_path)
    cpus = (0,) if pinnable() else ()
    async with Offline() as here, Instance(here, tmp_path / "data", 1, cpus=cpus) as instance:
        seconds = await spoken(instance, TEXT)
        own = sum([piece.samples.size / piece.sample_rate async for piece in here.synthesize(says(TEXT))])
        assert seconds == pytest.approx(own, abs=0.25)
        for process in (members := family(instance.pid)):
            assert "hush" not in str(process.environ())
            assert not cpus or process.cpu_affinity() == [0]
        assert len(members) > 1
        child = members[0]
        assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT):
            os.killpg(child.pid, number)
        assert await spoken(instance, TEXT)
        assert "running" in await instance.check()
        assert instance.figures is not None
        assert instance.figures.memory > child.memory_info().rss
    assert not any(running(process.pid) for process in members)
    assert not list((tmp_path / "data").iterdir())


async def test_a_setting_that_is_wrong_is_told_in_its_own_words(tmp_path: Path) -> None:
    """What the child says before it ends is what the engine says."""
    async with Instance(Offline(), tmp_path, 1, settings={"speak.voice": "nobody"}) as instance:
        with pytest.raises(EngineBroken, match=r"speak\.voice: there is no voice 'nobody'"):
            await spoken(instance)


async def test_killed_we_leave_nobody_behind(tmp_path: Path) -> None:
    """kill -9 of the parent, which speaks on uvloop as the bot does: the child and its worker end by themselves."""
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    parent = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    try:
        pids = json.loads(await parent.stdout.readline())
        assert len(pids) > 1
        assert all(running(pid) for pid in pids)
    finally:
        parent.kill()
        await parent.communicate()
    await until(lambda: not any(running(pid) for pid in pids))


def test_on_uvloop_it_is_all_the_same(stage: Stage) -> None:
    """Started, crashed, started again, put down; nothing is left."""

    async def life() -> None:
        async with stage.up(idle_seconds=60) as instance:
            stage.moods(Mood.DIES_ASKED)
            with pytest.raises(EngineUnavailable, match="SIGKILL"):
                await spoken(instance)
            stage.moods()
            await stage.time.passes(1)
            assert await spoken(instance)
            await until(lambda: stage.time.waits == [60])
            await stage.time.passes(60)
            await until(lambda: instance.state is InstanceState.DOWN and not stage.children())
            assert await spoken(instance)
        assert stage.children() == []
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def on_uvloop(work: Coroutine[Any, Any, None]) -> int:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
        return len(list(Path("/proc/self/fd").iterdir()))

    usual = on_uvloop(asyncio.sleep(0))  # it keeps a pipe from its first loop on
    assert on_uvloop(life()) == usual
