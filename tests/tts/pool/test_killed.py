"""Pool: real speech servers, each a process of its own, killed under load."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from bot.errors import EngineError
from bot.speech import Pcm, Utterance
from bot.tts.engine import Engine
from bot.tts.pool import Member, Pool
from bot.tts.remote import Remote

HELLO = Utterance("Number 21 is on its way.", "offline", "heart", "en")
CALLS = 40
KILLS = 2
SETTINGS = {
    "SAYSO__SELF_TEST__ENABLED": "false",
    "SAYSO__EDGE__REFRESH": "false",
    "SAYSO__QUEUE__PER_USER": "1000",
    "SAYSO__QUEUE__PER_GUILD": "1000",
}


class Mortal(Remote):
    """A server that can be killed; keeps what has begun to sound, and how many sound now."""

    def __init__(self, socket: Path) -> None:
        super().__init__("http://localhost", socket=socket, name="offline", model="offline", slots=2)
        self.label = socket.name
        self.sounded: list[str] = []
        self.process: Process | None = None
        self._sounding = 0

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        begun = False
        try:
            async with aclosing(super().synthesize(utterance)) as sound:
                async for pcm in sound:
                    if not begun:
                        begun = True
                        self._sounding += 1
                        self.sounded.append(utterance.text)
                    yield pcm
        finally:
            self._sounding -= begun

    async def dies_before_its_first_sound(self, pool: Pool) -> bool:
        """Kill it, if somebody waits for its first sound and nobody has heard one.

        It is stopped first: of what it has sent before, everything is heard before it is decided.
        """
        if not self._all_wait(pool):
            return False
        self.told(signal.SIGSTOP)
        await asyncio.sleep(0.02)
        dies = self._all_wait(pool)
        self.told(signal.SIGKILL if dies else signal.SIGCONT)
        return dies

    def told(self, number: signal.Signals) -> None:
        """Tell it, and the process that it has the voices in."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _all_wait(self, pool: Pool) -> bool:
        waits = any(member.outstanding for member in pool.health if member.label == self.label)
        return waits and not self._sounding


@asynccontextmanager
async def server(socket: Path, folder: Path) -> AsyncIterator[Mortal]:
    """``sayso serve``, as it is installed here, once it has spoken."""
    async with Mortal(socket) as engine:
        command = [
            str(Path(sys.executable).with_name("sayso")),
            "serve",
            "--engine",
            "offline",
            "--socket",
            str(socket),
        ]
        environment = os.environ | SETTINGS | {"SAYSO__DATA_DIR": str(folder)}
        engine.process = await asyncio.create_subprocess_exec(
            *command, env=environment, cwd=folder, start_new_session=True, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            yield engine
        finally:
            engine.told(signal.SIGKILL)
            await engine.process.wait()


async def ready(engine: Mortal) -> None:
    """Wait until it has spoken."""
    while True:
        with suppress(EngineError):
            await heard(engine)
            return
        assert engine.process is not None
        assert engine.process.returncode is None, "the server could not be started"
        await asyncio.sleep(0.1)


@asynccontextmanager
async def house(folder: Path, count: int) -> AsyncIterator[tuple[list[Mortal], Pool]]:
    """So many servers, all of them running; who is killed stays away."""
    async with AsyncExitStack() as stack:
        servers = []
        for number in range(count):
            (own := folder / f"{number}").mkdir()
            servers.append(await stack.enter_async_context(server(folder / f"{number}.sock", own)))
        await asyncio.gather(*map(ready, servers))
        for one in servers:
            one.sounded.clear()
        members = [Member(one, one.label) for one in servers]
        yield servers, await stack.enter_async_context(Pool("offline", members, check_seconds=1.0))


async def kill(servers: list[Mortal], pool: Pool, times: int, chance: random.Random) -> None:
    """At moments of chance."""
    alive = list(servers)
    while len(servers) - len(alive) < times:
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        victim = chance.choice(alive)
        if await victim.dies_before_its_first_sound(pool):
            alive.remove(victim)


async def heard(engine: Engine, text: str = HELLO.text) -> float:
    """Seconds of one utterance."""
    sound = [pcm async for pcm in engine.synthesize(replace(HELLO, text=text))]
    return sum(pcm.samples.size / pcm.sample_rate for pcm in sound)


async def test_servers_killed_under_load_before_their_first_sound_lose_no_request(tmp_path: Path) -> None:
    """Of forty utterances at once each is heard whole, and once, while two servers of three die."""
    texts = [f"Number {number} is on its way." for number in range(21, 21 + CALLS)]
    async with asyncio.timeout(60), house(tmp_path, 3) as (servers, pool):
        usual = await heard(servers[0])
        servers[0].sounded.clear()
        killing = asyncio.create_task(kill(servers, pool, KILLS, random.Random(1)))
        lengths = await asyncio.gather(*(heard(pool, text) for text in texts))
        assert killing.done()
        assert lengths == pytest.approx([usual] * CALLS, rel=0.35)
        assert Counter(text for one in servers for text in one.sounded) == Counter(texts)
        assert sum(member.failed for member in pool.health) >= KILLS
        assert [member.outstanding for member in pool.health] == [0, 0, 0]
