"""The thread that owns the model: what it is told, in what order, and that nobody waits in vain."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from bot.errors import ConfigError, EngineBroken, EngineError, EngineUnavailable
from bot.speech import Utterance
from bot.tts.audio import Reference
from bot.tts.indextts.breakdown import Breakdown
from bot.tts.indextts.faults import CheckpointError
from bot.tts.indextts.order import Order
from bot.tts.indextts.worker import Worker


class Booth:
    """A studio that gives one sample for each step of an order, ``length`` of them; and breaks when it is told to."""

    place = "cpu fp32"

    def __init__(self, length: int = 3) -> None:
        self.orders: list[Order] = []
        self.broken: Breakdown | None = None
        self.fault: Breakdown | None = None
        self.threads: set[str] = set()
        self.dropped: list[Order] = []
        self._given: dict[int, int] = {}
        self._length = length

    @property
    def idle(self) -> bool:
        return not self.orders

    def begin(self, order: Order) -> None:
        self.threads.add(threading.current_thread().name)
        self.orders.append(order)

    def step(self) -> None:
        self.threads.add(threading.current_thread().name)
        if self.fault is not None:
            self.broken, self.fault = self.fault, None
            self.end(self.broken)
        for order in list(self.orders):
            order.give(np.zeros(1, np.float32))
            self._given[id(order)] = self._given.get(id(order), 0) + 1
            if self._given[id(order)] == self._length:
                self.orders.remove(order)
                order.end()

    def drop(self, order: Order) -> None:
        self.dropped.append(order)
        self.orders = [one for one in self.orders if one is not order]

    def end(self, why: Breakdown) -> None:
        for order in self.orders:
            order.end(why.error("indextts"))
        self.orders = []


class Doors:
    """Opens booths, or raises what it is told to; ``opened`` are all so far."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.opened: list[Booth] = []
        self.length = 3
        self.lost = 0

    def __call__(self) -> Any:
        if self.errors:
            raise self.errors.pop(0)
        self.opened.append(Booth(self.length))
        return self.opened[-1]

    def lose(self) -> None:
        self.lost += 1


@pytest.fixture
def doors() -> Doors:
    return Doors()


@pytest.fixture
async def worker(doors: Doors) -> AsyncIterator[Worker]:
    worker = Worker("indextts", doors, doors.lose)
    worker.start()
    yield worker
    await worker.stop()


@pytest.fixture(autouse=True)
def _no_strays() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "indextts"]


def order() -> Order:
    return Order(Utterance("Hello.", "indextts", "me.wav", "en"), Reference(b"", 3.0, "0"))


async def heard(order: Order) -> int:
    async with asyncio.timeout(20):
        return sum([samples.size async for samples in order.sound()])


async def test_it_is_opened_once_in_the_thread(worker: Worker, doors: Doors) -> None:
    """By whoever comes first, for all; all that is done is done there."""
    assert await worker.opened() == "cpu fp32"
    orders = [order() for _ in range(3)]
    for one in orders:
        worker.say(one)
    assert [await heard(one) for one in orders] == [3, 3, 3]
    (booth,) = doors.opened
    assert booth.threads == {"indextts"}


async def test_nothing_is_opened_before_it_is_needed(worker: Worker, doors: Doors) -> None:
    """A model that nobody asks for takes no memory."""
    worker.drop(order())
    await asyncio.sleep(0)
    assert doors.opened == []


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (CheckpointError("gpt.pth is missing"), "gpt.pth is missing"),
        (ConfigError("indextts.device: no"), "indextts.device: no"),
        (EngineBroken("indextts", "pip install"), "pip install"),
    ],
    ids=["folder", "setting", "torch"],
)
async def test_what_cannot_be_opened_is_told_and_tried_again_by_the_next(
    worker: Worker, doors: Doors, error: Exception, words: str
) -> None:
    """Somebody may have put the folder right meanwhile."""
    doors.errors = [error]
    worker.say(one := order())
    with pytest.raises(EngineBroken, match=words):
        await heard(one)
    worker.say(two := order())
    assert await heard(two) == 3


@pytest.mark.parametrize(
    "error", [CheckpointError("gpt.pth is missing"), EngineUnavailable("indextts", "no memory")], ids=["folder", "room"]
)
async def test_who_waits_for_it_hears_why_it_cannot_be_opened(worker: Worker, doors: Doors, error: Exception) -> None:
    """As it is: whether that is the end of a start is not for this room to say."""
    doors.errors = [error]
    with pytest.raises(type(error), match=str(error)):
        await worker.opened()
    assert await worker.opened() == "cpu fp32"


async def test_who_does_not_wait_for_the_opening_spares_it(doors: Doors) -> None:
    """Given up before its turn: nothing is loaded for nobody."""
    worker = Worker("indextts", doors, doors.lose)
    waiting = asyncio.create_task(worker.opened())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    worker.say(one := order())
    worker.drop(one)
    worker.start()
    await worker.stop()
    assert doors.opened == []


async def test_who_goes_away_is_forgotten(worker: Worker, doors: Doors) -> None:
    """Among endless work, and without a word to who is gone."""
    doors.length = -1
    worker.say(one := order())
    assert isinstance(await anext(aiter(one.sound())), np.ndarray)
    worker.drop(one)
    await worker.opened()
    assert doors.opened[0].dropped == [one]
    assert doors.opened[0].idle


async def test_leaving_ends_what_is_spoken_and_what_waits(doors: Doors) -> None:
    """Nobody listens for ever to an engine that is gone."""
    doors.length = -1
    worker = Worker("indextts", doors, doors.lose)
    worker.start()
    worker.say(speaking := order())
    await anext(aiter(speaking.sound()))
    stopping = asyncio.create_task(worker.stop())
    worker.say(late := order())
    await stopping
    for one in (speaking, late):
        with pytest.raises(EngineUnavailable, match="indextts is closed"):
            await heard(one)


async def test_what_is_broken_for_good_stays_so(worker: Worker, doors: Doors) -> None:
    """The studio is let go with what lies on its device, and none is opened again."""
    doors.length = -1
    worker.say(one := order())
    await anext(aiter(one.sound()))
    doors.opened[0].fault = Breakdown(EngineBroken, "The device failed.", 30.0)
    with pytest.raises(EngineBroken, match="The device failed"):
        await heard(one)
    worker.say(two := order())
    with pytest.raises(EngineBroken, match="The device failed") as raised:
        await heard(two)
    assert raised.value.retry_after == 30.0
    with pytest.raises(EngineBroken):
        await worker.opened()
    assert len(doors.opened) == 1
    assert doors.lost == 1


def test_sound_for_a_loop_that_is_over_is_for_nobody() -> None:
    """The thread does not end by it."""

    async def made() -> Order:
        return order()

    one = asyncio.run(made())
    one.give(np.zeros(1, np.float32))
    one.end()


@pytest.mark.parametrize(
    ("raised", "expected"),
    [([], 2), ([EngineUnavailable("indextts", "full")], EngineUnavailable)],
    ids=["whole", "broken off"],
)
async def test_sound_comes_in_order_and_then_the_end(raised: list[EngineError], expected: Any) -> None:
    """From whatever thread it is given."""
    one = order()

    def give() -> None:
        one.give(np.zeros(1, np.float32))
        one.give(np.zeros(1, np.float32))
        one.end(*raised)

    await asyncio.to_thread(give)
    if raised:
        with pytest.raises(expected):
            await heard(one)
    else:
        assert await heard(one) == expected


async def test_nobody_waits_for_a_thread_that_could_not_open(worker: Worker, doors: Doors) -> None:
    """Whatever it was: foreign code is loaded there."""
    doors.errors = [OSError("libcublas.so.12: cannot open shared object file"), RuntimeError("CUDA unknown error")]
    async with asyncio.timeout(20):
        with pytest.raises(EngineError, match="IndexTTS failed"):
            await worker.opened()
        worker.say(one := order())
        with pytest.raises(EngineError, match="IndexTTS failed"):
            await heard(one)
        worker.say(two := order())
        assert await heard(two) > 0


async def test_what_nobody_reckoned_with_is_told_to_all(worker: Worker, doors: Doors) -> None:
    """The thread lives on, says so to who comes later, and another process is asked for."""
    doors.length = -1
    worker.say(one := order())
    worker.say(two := order())
    await anext(aiter(two.sound()))

    def failing(_: Order) -> None:
        raise KeyError("unheard of")

    doors.opened[0].drop = failing  # type: ignore[assignment, method-assign]
    worker.drop(one)
    async with asyncio.timeout(20):
        with pytest.raises(EngineBroken, match="start Sayso again"):
            await heard(two)
        with pytest.raises(EngineBroken, match="start Sayso again"):
            await worker.opened()
    assert doors.lost == 1
