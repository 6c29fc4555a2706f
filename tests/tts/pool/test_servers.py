"""Pool: over real sockets, with servers that fail as servers do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.errors import EngineError
from bot.speech import Utterance
from bot.tts.engine import Engine
from bot.tts.pool import Member, Pool
from bot.tts.remote import Remote
from bot.tts.retry import Retry
from tests.doubles.speech_server import WORD_SECONDS, Fault, SpeechServer

HELLO = Utterance("Good morning to you all.", "remote", "alloy", "en")
SECONDS = WORD_SECONDS * 5
CHECKS = 0.5


@dataclass(frozen=True, slots=True)
class Fleet:
    """Some servers, and the pool of what speaks by them."""

    servers: list[SpeechServer]
    pool: Pool

    @property
    def out(self) -> list[bool]:
        return [bool(member.out) for member in self.pool.health]

    async def until(self, out: list[bool]) -> None:
        """Wait until just these are left out."""
        while self.out != out:  # noqa: ASYNC110 (nobody tells; what is waited for is told by the test's own time-out)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def fleet(count: int, *, folder: Path | None = None) -> AsyncIterator[Fleet]:
    """So many servers, on unix sockets in the folder if there is one; entered, and well for all that is known."""
    async with AsyncExitStack() as stack:
        servers, members = [], []
        for number in range(count):
            path = folder / f"{number}.sock" if folder else None
            server = await stack.enter_async_context(SpeechServer(path=path))
            engine = Remote(
                server.url, socket=server.socket, connect_timeout=2.0, first_audio_timeout=0.5, gap_timeout=0.2
            )
            members.append(Member(await stack.enter_async_context(engine), f"server-{number}"))
            servers.append(server)
        pool = await stack.enter_async_context(Pool("remote", members, check_seconds=CHECKS))
        yield Fleet(servers, pool)


async def seconds(engine: Engine, number: int = 0) -> float:
    """How much is heard of one utterance."""
    utterance = replace(HELLO, text=f"Good morning to number {number}.")
    return sum([pcm.samples.size / pcm.sample_rate async for pcm in engine.synthesize(utterance)])


async def test_they_share_the_work_over_tcp_and_unix_sockets(tmp_path: Path) -> None:
    """Each is asked for its part, and every utterance is whole."""
    for folder in (None, tmp_path):
        async with fleet(3, folder=folder) as house:
            heard = await asyncio.gather(*(seconds(house.pool, n) for n in range(12)))
            assert heard == pytest.approx([SECONDS] * 12, abs=0.01)
            assert [len(server.spoken) for server in house.servers] == [4, 4, 4]


@pytest.mark.parametrize(
    "fault",
    [Fault.FAILED, Fault.BUSY, Fault.HUNG_UP, Fault.CUT_EARLY, Fault.DEAF, Fault.SILENT, Fault.EMPTY, Fault.NOISE],
)
async def test_whatever_a_server_does_before_its_first_sound_another_speaks(fault: Fault) -> None:
    """And nothing is asked twice of one."""
    async with fleet(2) as house:
        house.servers[0].always = fault
        heard = await asyncio.gather(*(seconds(house.pool, n) for n in range(4)))
        assert heard == pytest.approx([SECONDS] * 4, abs=0.01)
        for server in house.servers:
            texts = [spoken.text for spoken in server.spoken]
            assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("fault", [Fault.TRUNCATED, Fault.STALLED])
async def test_what_breaks_in_the_middle_is_not_begun_again(fault: Fault) -> None:
    """It is an error for who listens, and the next goes on with the other."""
    async with fleet(2) as house:
        house.servers[0].always = house.servers[1].always = fault
        with pytest.raises(EngineError):
            await seconds(house.pool)
        assert sum(len(server.spoken) for server in house.servers) == 1


async def test_a_server_that_goes_away_is_left_out_and_one_that_returns_is_back() -> None:
    """Without a call that comes to harm, on the same address."""
    async with asyncio.timeout(20), fleet(2) as house:
        await asyncio.gather(*(seconds(house.pool, n) for n in range(4)))
        await house.servers[0].stop()
        await house.until([True, False])
        assert await seconds(house.pool) == pytest.approx(SECONDS, abs=0.01)
        await house.servers[0].start()
        await house.until([False, False])
        house.servers[0].spoken.clear()
        await asyncio.gather(*(seconds(house.pool, n) for n in range(4)))
        assert house.servers[0].spoken


async def test_servers_that_are_cut_off_under_load_lose_nothing() -> None:
    """One after the other dies while forty wait for their first sound."""
    async with asyncio.timeout(20), fleet(4) as house:
        for server in house.servers[:3]:
            server.gate = asyncio.Event()
        calls = [asyncio.create_task(seconds(house.pool, n)) for n in range(40)]
        for server in house.servers[:3]:
            await server.asked()
            await server.stop()
        heard = await asyncio.gather(*calls)
        assert heard == pytest.approx([SECONDS] * 40, abs=0.01)
        finished = [spoken.text for spoken in house.servers[3].spoken]
        assert len(finished) == len(set(finished))


async def test_when_all_are_full_for_a_moment_whoever_tries_again_is_heard() -> None:
    """The pool says when the first is to be asked again, and a retry around it does."""
    async with fleet(2) as house:
        for server in house.servers:
            server.faults, server.retry_after = [Fault.THROTTLED], "1"
        assert await seconds(Retry(house.pool, attempts=3)) == pytest.approx(SECONDS, abs=0.01)
        assert sum(len(server.spoken) for server in house.servers) == 3
