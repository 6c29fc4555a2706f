"""Blocking work beside the event loop."""

from __future__ import annotations

import asyncio
import concurrent.futures
import subprocess
import sys
import threading

import pytest

from bot.tts.gradio.thread import Daemons, aside, begin
from tests.tts.gradio.conftest import until


async def test_the_loop_goes_on_beside_it() -> None:
    """Work that waits for the loop comes to an end."""
    gate = threading.Event()
    working = asyncio.create_task(aside(lambda: gate.wait(10)))
    await asyncio.sleep(0)
    gate.set()
    assert await working


async def test_what_it_raises_is_raised_where_it_is_waited_for() -> None:
    """As itself."""
    nothing: dict[str, str] = {}
    with pytest.raises(KeyError, match="x"):
        await aside(lambda: nothing["x"])


async def test_who_is_cancelled_does_not_wait_and_what_comes_of_it_is_discarded() -> None:
    """In a thread of its own: putting it away may take as long as making it."""
    gate = threading.Event()
    discarded: list[tuple[str, bool]] = []

    def discard(result: str) -> None:
        discarded.append((result, threading.current_thread() is threading.main_thread()))

    def work() -> str:
        gate.wait(10)
        return "made"

    working = asyncio.create_task(aside(work, discard))
    await asyncio.sleep(0.01)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert not discarded
    gate.set()
    await until(lambda: bool(discarded))
    assert discarded == [("made", False)]


async def test_what_failed_unseen_is_not_discarded() -> None:
    """There is nothing to put away."""
    gate = threading.Event()
    discarded: list[str] = []

    def work() -> str:
        gate.wait(10)
        raise OSError

    working = asyncio.create_task(aside(work, discarded.append))
    await asyncio.sleep(0.01)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    gate.set()
    await until(lambda: not [one for one in threading.enumerate() if one.name == "gradio"])
    assert not discarded


async def test_what_is_done_is_not_discarded_too() -> None:
    """It belongs to who waited for it."""
    discarded: list[str] = []
    assert await aside(lambda: "made", discarded.append) == "made"
    assert not discarded


async def test_what_is_only_begun_tells_nobody_how_it_went() -> None:
    """Not even when it goes wrong."""
    begun = threading.Event()

    def fail() -> None:
        begun.set()
        raise OSError

    begin(fail)
    await until(begun.is_set)


def test_each_call_has_a_thread_that_is_a_daemon() -> None:
    """As many as are wanted at once: gradio_client waits in one for what it does in the next."""
    gate = threading.Barrier(5, timeout=10)
    executor = Daemons()
    futures = [executor.submit(gate.wait) for _ in range(4)]
    assert {one.daemon for one in threading.enumerate() if one.name == "gradio"} == {True}
    gate.wait()
    concurrent.futures.wait(futures, timeout=10)
    assert all(one.exception() is None for one in futures)


def test_a_call_that_was_cancelled_before_it_began_is_not_made() -> None:
    """As with every executor."""
    future: concurrent.futures.Future[None] = concurrent.futures.Future()
    future.cancel()
    from bot.tts.gradio.thread import _fulfil

    _fulfil(future, lambda: pytest.fail("it was made"))
    assert future.cancelled()


def test_what_hangs_does_not_keep_the_process_from_ending() -> None:
    """A web UI that does not answer is no reason for a bot not to stop."""
    program = "import threading; from bot.tts.gradio.thread import begin; begin(threading.Event().wait)"
    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert done.returncode == 0
