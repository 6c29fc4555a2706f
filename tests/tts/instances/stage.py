"""What tests of instances share: scripted children, a clock of the test's own, and questions to the system."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from bot.speech import Utterance
from bot.tts.engine import Voice
from bot.tts.instances import Instance
from bot.tts.instances.program import Program
from tests.doubles.engine import FakeEngine
from tests.tts.instances.scripted import Mood

SCRIPTED = Path(__file__).with_name("scripted.py")


def says(text: str = "one two three") -> Utterance:
    return Utterance(text, "offline", "heart", "en")


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait for what another process does, which sets no event of ours."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def settled() -> None:
    """Let everybody here do what they can do without waiting."""
    for _ in range(5):
        await asyncio.sleep(0)


def alive(pid: int | None) -> bool:
    """Whether there is such a process, a zombie counted."""
    return pid is not None and psutil.pid_exists(pid)


class Time:
    """A clock that goes on when the test says so, and sleeps by it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleeps: list[tuple[float, asyncio.Event]] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        entry = (self.now + seconds, asyncio.Event())
        self.sleeps.append(entry)
        try:
            await entry[1].wait()
        finally:
            self.sleeps.remove(entry)

    @property
    def waits(self) -> list[float]:
        """Seconds that are still to pass for each who sleeps."""
        return sorted(due - self.now for due, _ in self.sleeps)

    async def passes(self, seconds: float) -> None:
        await settled()  # who has just begun to sleep sleeps
        self.now += seconds
        for due, woken in self.sleeps:
            if due <= self.now:
                woken.set()
        await settled()


class Stage:
    """Makes instances of scripted children in a folder; ``moods`` is what they do wrong from now on."""

    def __init__(self, folder: Path) -> None:
        self._strangers = psutil.Process().children()
        self.folder = folder
        self.time = Time()
        self.prototype = FakeEngine("offline", installed=(Voice("offline", "heart", "en-US"),))
        self.programs: list[Program] = []
        self._moods = folder / "moods"
        self.moods()

    def children(self) -> list[psutil.Process]:
        """The processes that were started here; other tests may have theirs."""
        return [child for child in psutil.Process().children() if child not in self._strangers]

    def moods(self, *moods: Mood) -> None:
        new = self._moods.with_suffix(".new")
        new.write_text(" ".join(moods))
        new.replace(self._moods)

    def program(self, engine: str, socket: Path, folder: Path, **_: object) -> Program:
        command = (sys.executable, "-S", str(SCRIPTED), str(socket), str(self._moods))
        self.programs.append(Program(command, {}, folder, socket))
        return self.programs[-1]

    def instance(self, **settings: object) -> Instance:
        given = {"pause": 1.0, "longest": 8.0, "start_seconds": 20.0, **settings}
        return Instance(
            self.prototype,
            self.folder / "data",
            1,
            clock=self.time.clock,
            sleep=self.time.sleep,
            chance=lambda: 0.0,
            program=self.program,
            **given,  # type: ignore[arg-type]
        )

    @asynccontextmanager
    async def up(self, **settings: object) -> AsyncIterator[Instance]:
        """An instance that has spoken."""
        async with self.instance(**settings) as instance:
            await spoken(instance)
            yield instance


async def spoken(instance: Instance, text: str = "one two three") -> float:
    """Seconds of sound."""
    return sum([piece.samples.size / piece.sample_rate async for piece in instance.synthesize(says(text))])
