"""The worker process: asked, abandoned, stuck, killed and put down, it never hangs and never lies."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import numpy as np
import psutil
import pytest
import pytest_asyncio

from bot.errors import EngineBroken, EngineTimeout, EngineUnavailable, NothingToSay
from bot.tts.offline.process import Worker

LISTEN = """
import json, os, sys, threading, time, queue
orders = queue.Queue()
def receive():
    for line in sys.stdin.buffer:
        orders.put(json.loads(line))
    os._exit(0)
threading.Thread(target=receive, daemon=True).start()
def answer(order, header, body=b""):
    sys.stdout.buffer.write(json.dumps({"id": order["id"], **header}).encode() + b"\\n" + body)
    sys.stdout.buffer.flush()
while True:
    order = orders.get()
"""
"""A worker that is all protocol: each test adds how it answers."""

Start = Callable[..., Worker]


@pytest_asyncio.fixture
async def start() -> AsyncIterator[Start]:
    workers: list[Worker] = []

    def started(answer: str, patience: float = 20.0) -> Worker:
        workers.append(Worker((sys.executable, "-c", LISTEN + f"    {answer}\n"), patience=patience))
        return workers[-1]

    yield started
    for worker in workers:
        await worker.stop()


ECHO = 'answer(order, {"chunks": [order["text"]]})'
STUCK = "time.sleep(100)"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():  # noqa: ASYNC110 - a process's birth or death sets no event of ours
            await asyncio.sleep(0)


async def refused(asked: Awaitable[object], error: type[Exception], match: str | None = None) -> None:
    with pytest.raises(error, match=match):
        await asked


async def test_a_question_starts_it_and_is_answered(start: Start) -> None:
    """Nothing runs before it is needed; the answer is that of the question."""
    worker = start(ECHO)
    assert worker.pid is None
    assert await worker.plan("heart", "en", "hello") == ["hello"]
    assert worker.pid is not None
    assert not worker.busy


async def test_sound_comes_over_whole(start: Start) -> None:
    """Megabytes of samples arrive as they were made."""
    worker = start('import array; b = array.array("f", range(500000)).tobytes(); answer(order, {"bytes": len(b)}, b)')
    samples = await worker.speak("heart", "x", 1.0)
    assert np.array_equal(samples, np.arange(500_000, dtype=np.float32))


async def test_questions_at_once_each_get_their_own_answer(start: Start) -> None:
    """Answers never get mixed up, in whatever order they are awaited."""
    worker = start(ECHO)
    asked = [worker.plan("heart", "en", str(number)) for number in range(20)]
    assert await asyncio.gather(*asked) == [[str(number)] for number in range(20)]


async def test_a_refusal_keeps_its_type_and_words(start: Start) -> None:
    """What the worker refuses is refused here, in its words."""
    worker = start('answer(order, {"error": "NothingToSay", "message": "nothing there"})')
    await refused(worker.plan("heart", "en", "x"), NothingToSay, "nothing there")


async def test_an_error_nobody_knows_is_a_broken_engine(start: Start) -> None:
    """A name that is no error of ours is not looked up any further."""
    worker = start('answer(order, {"error": "Nonsense", "message": "?"})')
    await refused(worker.plan("heart", "en", "x"), EngineBroken)


async def test_a_killed_worker_is_unavailable_once_and_then_works_again(start: Start) -> None:
    """Whoever waited is told to try again; the next question starts a new process."""
    worker = start('time.sleep(100) if order["text"] == "die" else ' + ECHO)
    assert await worker.plan("heart", "en", "one") == ["one"]
    first = worker.pid
    asked = asyncio.ensure_future(worker.plan("heart", "en", "die"))
    await until(lambda: worker.busy)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await refused(asked, EngineUnavailable, "try again")
    assert await worker.plan("heart", "en", "two") == ["two"]
    assert worker.pid != first


async def test_a_worker_that_ends_in_the_middle_of_an_answer_is_dead(start: Start) -> None:
    """Half the sound is not handed out as if it were all."""
    worker = start('answer(order, {"bytes": 4000}, b"1234"); os._exit(1)')
    await refused(worker.speak("heart", "x", 1.0), EngineUnavailable)


async def test_a_worker_that_babbles_is_put_out(start: Start) -> None:
    """What is no answer ends the conversation instead of hanging it."""
    worker = start('print("not json", flush=True)')
    await refused(worker.plan("heart", "en", "x"), EngineUnavailable)
    await until(lambda: worker.pid is None)


async def test_silence_is_bounded(start: Start) -> None:
    """A stuck worker is killed when patience ends, and the next question gets a new one."""
    worker = start(STUCK, 0.5)
    asked = asyncio.ensure_future(worker.plan("heart", "en", "x"))
    await until(lambda: worker.pid is not None)
    pid = worker.pid
    await refused(asked, EngineTimeout, "silent")
    assert pid is not None
    assert not psutil.pid_exists(pid)
    assert worker.pid is None


async def test_leaving_early_drops_the_answer_and_keeps_the_count(start: Start) -> None:
    """An abandoned question is still being worked at: the worker is busy until it is done, then free for the next."""
    worker = start('time.sleep(0.3); answer(order, {"chunks": [order["text"]]})')
    asked = asyncio.ensure_future(worker.plan("heart", "en", "abandoned"))
    await until(lambda: worker.busy)
    asked.cancel()
    await asyncio.wait([asked])
    assert worker.busy
    await worker.quiet()
    assert not worker.busy
    assert await worker.plan("heart", "en", "next") == ["next"]


async def test_stopping_does_not_wait_for_the_work(start: Start) -> None:
    """Closing ends even a worker that is deep in a model, at once, and tells whoever waits."""
    worker = start(STUCK)
    asked = asyncio.ensure_future(worker.plan("heart", "en", "x"))
    await until(lambda: worker.busy)
    pid = worker.pid
    async with asyncio.timeout(4):
        await worker.stop()
    assert pid is not None
    assert not psutil.pid_exists(pid)
    await refused(asked, EngineUnavailable)


async def test_stopping_what_never_ran_is_nothing(start: Start) -> None:
    """Stopping twice, or before the start, is no error."""
    worker = start(ECHO)
    await worker.stop()
    await worker.plan("heart", "en", "x")
    await worker.stop()
    await worker.stop()
    assert worker.pid is None


async def test_a_worker_that_cannot_be_started_is_unavailable() -> None:
    """A missing program is an error with a reason, not a traceback."""
    worker = Worker(("/nowhere/python",), patience=5)
    await refused(worker.plan("heart", "en", "x"), EngineUnavailable, "cannot be started")
