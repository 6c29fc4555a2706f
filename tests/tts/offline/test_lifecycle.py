"""One worker, honestly counted: started late, put down when idle, replaced when it dies, no hindrance to closing."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import numpy as np
import psutil
import pytest

from bot.errors import EngineUnavailable
from bot.speech import Samples, Utterance
from bot.tts.offline import Offline

HELLO = Utterance("Hello there.", "offline", "heart", "en")
NIHAO = Utterance("你好。", "offline", "zm_yunxi", "zh")
LONG = Utterance("今天天气很好，我们一起去公园散步，然后去吃饭，晚上再看电影。", "offline", "zf_xiaoxiao", "zh")


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
    async with Offline(idle_seconds=600, sleep=naps) as engine:
        assert engine.pids == ()
        first = await spoken(engine, HELLO)
        await settled()
        pids = engine.pids
        assert naps.seconds == [600]
        naps.wake()
        await gone(*pids)
        assert np.array_equal(await spoken(engine, HELLO), first)


async def test_work_postpones_the_idle_end() -> None:
    """The clock of idleness starts anew after each utterance."""
    naps = Naps()
    async with Offline(idle_seconds=60, sleep=naps) as engine:
        await spoken(engine, HELLO)
        await settled()
        pids = engine.pids
        await spoken(engine, HELLO)
        await settled()
        assert naps.seconds == [60, 60]
        assert engine.pids == pids


async def test_a_worker_killed_in_mid_sentence_is_replaced() -> None:
    """Whoever listened is told that it is unavailable, which may be tried again; the next utterance speaks."""
    async with Offline() as engine:
        speech = engine.synthesize(LONG)
        await anext(speech)
        os.kill(engine.pids[0], signal.SIGKILL)
        with pytest.raises(EngineUnavailable):
            await anext(speech)
        assert len(await spoken(engine, HELLO)) > 10_000


async def test_leaving_in_mid_sentence_frees_the_slot_when_the_clause_is_done() -> None:
    """Whoever stops listening does not wait; the next utterance does, for the one worker there is."""
    async with Offline() as engine:
        speech = engine.synthesize(LONG)
        await anext(speech)
        listening = asyncio.ensure_future(anext(speech))
        await asyncio.sleep(0.05)
        listening.cancel()
        await asyncio.wait([listening])
        pids = engine.pids
        assert len(await spoken(engine, HELLO)) > 10_000
        assert engine.pids == pids


async def test_closing_does_not_wait_for_the_sentence() -> None:
    """The engine closes at once in the middle of a clause, leaves no process, and tells the listener."""
    async with Offline() as engine:
        speech = engine.synthesize(LONG)
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
    async with Offline(slots=2) as engine:
        assert engine.capabilities.slots == 2
        await spoken(engine, HELLO)
        await spoken(engine, HELLO)
        assert len(engine.pids) == 1
        await asyncio.gather(spoken(engine, HELLO), spoken(engine, HELLO))
        assert len(engine.pids) == 2


async def test_the_same_words_are_the_same_sound() -> None:
    """Two workers make the same samples, so that what is cached is what would be spoken."""
    both = []
    for _ in range(2):
        async with Offline() as engine:
            both.append(
                (await spoken(engine, HELLO), await spoken(engine, Utterance("你好。", "offline", "zm_yunxi", "zh")))
            )
    for one, other in zip(*both, strict=True):
        assert np.array_equal(one, other)


def test_the_bot_itself_loads_no_model() -> None:
    """Importing the engine and asking what it can do imports neither a model nor a dictionary."""
    code = (
        "import sys; from bot.tts.offline import Offline; Offline().capabilities;"
        "print([m for m in ('onnxruntime', 'hibari', 'pypinyin', 'pyopenjtalk', 'unicode_rbnf') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "[]"
