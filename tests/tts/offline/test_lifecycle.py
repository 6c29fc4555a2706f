"""One worker, honestly counted: started late, put down when idle, replaced when it dies, no hindrance to closing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from bot.errors import EngineTimeout, EngineUnavailable
from bot.speech import Samples, Utterance
from bot.tts.offline import Offline

SCRIPTED = (sys.executable, str(Path(__file__).with_name("scripted.py")))


def says(text: str) -> Utterance:
    return Utterance(text, "offline", "heart", "en")


class Naps:
    """Sleeps that last until the test wakes them."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._wake = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await self._wake.wait()

    def wake(self) -> None:
        self._wake.set()


async def spoken(engine: Offline, what: Utterance) -> Samples:
    return np.concatenate([piece.samples async for piece in engine.synthesize(what)])


async def gone(*pids: int) -> None:
    async with asyncio.timeout(5):
        while any(psutil.pid_exists(pid) for pid in pids):  # noqa: ASYNC110 - a process's death sets no event of ours
            await asyncio.sleep(0)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_idle_it_is_put_down_and_the_next_word_wakes_it() -> None:
    """After the agreed seconds without work the memory goes back; speaking again is only slower."""
    naps = Naps()
    async with Offline(idle_seconds=600, sleep=naps, worker=SCRIPTED) as engine:
        assert engine.pids == ()
        first = await spoken(engine, says("one two"))
        await settled()
        pids = engine.pids
        assert naps.seconds == [600]
        naps.wake()
        await gone(*pids)
        assert np.array_equal(await spoken(engine, says("one two")), first)


async def test_work_postpones_the_idle_end() -> None:
    """The clock of idleness starts anew after each utterance."""
    naps = Naps()
    async with Offline(idle_seconds=60, sleep=naps, worker=SCRIPTED) as engine:
        await spoken(engine, says("one two"))
        await settled()
        pids = engine.pids
        await spoken(engine, says("one two"))
        await settled()
        assert naps.seconds == [60, 60]
        assert engine.pids == pids


async def test_a_worker_killed_in_mid_sentence_is_replaced() -> None:
    """Whoever listened is told that it is unavailable, which may be tried again; the next utterance speaks."""
    async with Offline(worker=SCRIPTED) as engine:
        speech = engine.synthesize(says("one stuck two"))
        await anext(speech)
        listening = asyncio.ensure_future(anext(speech))
        await asyncio.sleep(0.05)
        os.kill(engine.pids[0], signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            await listening
        assert len(await spoken(engine, says("one two"))) == 6


async def test_leaving_in_mid_sentence_frees_the_slot_when_the_clause_is_done() -> None:
    """Whoever stops listening does not wait; the next utterance does, for the one worker there is."""
    async with Offline(worker=SCRIPTED) as engine:
        speech = engine.synthesize(says("one slow two"))
        await anext(speech)
        listening = asyncio.ensure_future(anext(speech))
        await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.wait([listening])
        pids = engine.pids
        assert len(await spoken(engine, says("one two"))) == 6
        assert engine.pids == pids


async def test_closing_the_iterator_early_frees_the_slot_at_once() -> None:
    """Between two clauses nobody works: the slot is free as soon as the listener has gone."""
    async with Offline(worker=SCRIPTED) as engine:
        speech = engine.synthesize(says("one two three"))
        await anext(speech)
        assert isinstance(speech, AsyncIterator)
        await speech.aclose()
        assert len(await spoken(engine, says("four"))) == 4


async def test_a_stuck_worker_is_a_timeout_and_then_works_again() -> None:
    """Silence is bounded, and what hung is replaced."""
    async with Offline(worker=SCRIPTED, patience=0.5) as engine:
        with pytest.raises(EngineTimeout):
            await spoken(engine, says("one stuck"))
        assert len(await spoken(engine, says("one two"))) == 6


async def test_closing_does_not_wait_for_the_sentence() -> None:
    """The engine closes at once in the middle of a clause, leaves no process, and tells the listener."""
    async with Offline(worker=SCRIPTED) as engine:
        speech = engine.synthesize(says("one stuck two"))
        await anext(speech)
        pids = engine.pids
        listening = asyncio.ensure_future(anext(speech))
        await asyncio.sleep(0.05)
        async with asyncio.timeout(4):
            await engine.__aexit__(None, None, None)
        await gone(*pids)
        with pytest.raises(EngineUnavailable):
            await listening


async def test_each_slot_is_a_worker_of_its_own() -> None:
    """Two slots speak at once in two processes; one after the other uses the warm one only."""
    async with Offline(slots=2, worker=SCRIPTED) as engine:
        assert engine.capabilities.slots == 2
        await spoken(engine, says("one two"))
        await spoken(engine, says("one two"))
        assert len(engine.pids) == 1
        await asyncio.gather(spoken(engine, says("one two")), spoken(engine, says("one two")))
        assert len(engine.pids) == 2


def test_the_bot_itself_loads_no_model() -> None:
    """Importing the engine and asking what it can do imports neither a model nor a dictionary."""
    code = (
        "import sys; from bot.tts.offline import Offline; Offline().capabilities;"
        "print([m for m in ('onnxruntime', 'hibari', 'pypinyin', 'pyopenjtalk', 'unicode_rbnf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"
