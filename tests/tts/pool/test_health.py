"""Pool: how its members are looked after in the background, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import EngineBroken, EngineError, EngineTimeout, EngineUnavailable
from bot.tts.engine import Voice
from bot.tts.pool import Pool
from tests.doubles.clock import now, run
from tests.doubles.engine import FakeEngine, Script
from tests.tts.pool.crew import Crew, down, settle, until

DOWN = EngineUnavailable("crew", "Down.")


@dataclass(slots=True)
class Patient(FakeEngine):
    """Keeps when it was checked; ``hangs`` says whether it answers at all, ``answering`` how long that takes."""

    checks: list[float] = field(default_factory=list)
    hangs: bool = False
    answering: float = 0.0
    crashes: bool = False

    async def check(self) -> str:
        self.checks.append(now())
        if self.crashes:
            raise LookupError("a bug")
        if self.hangs:
            await asyncio.Event().wait()
        await asyncio.sleep(self.answering)
        return await FakeEngine.check(self)


def patient(*scripts: Script) -> Patient:
    return Patient("crew", scripts or (Script(),))


@asynccontextmanager
async def looked_after(*engines: FakeEngine, chance: float = 1.0, failures: int = 2) -> AsyncIterator[Crew]:
    """A pool that is entered: jitter takes nothing off its pauses unless told otherwise."""
    crew = Crew(list(engines), clock=now)
    crew.pool = Pool("crew", crew.members(), failures=failures, clock=now, chance=lambda: chance)
    async with crew.pool:
        yield crew


def virtual(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """In virtual time."""

    def in_virtual_time() -> None:
        run(test())

    in_virtual_time.__doc__ = test.__doc__
    return in_virtual_time


@virtual
async def test_the_well_are_asked_at_once_and_every_so_often() -> None:
    """From the moment of entering until leaving."""
    one = patient()
    async with looked_after(one):
        await asyncio.sleep(25)
    await asyncio.sleep(100)
    assert one.checks == [0.0, 10.0, 20.0]


@virtual
async def test_who_does_not_answer_is_left_out_before_a_call_comes_to_harm() -> None:
    """After so many checks in a row, the second soon after the first."""
    one, two = patient(), patient()
    async with looked_after(one, two) as crew:
        await asyncio.sleep(5)
        one.report = DOWN
        assert await until(lambda: crew.out == "a") == pytest.approx(11, abs=0.1)
        for _ in range(4):
            await crew.say()
        assert crew.asked == [0, 4]


@virtual
async def test_one_missed_check_is_forgiven_by_the_next() -> None:
    """Only those in a row count."""
    one = patient()
    async with looked_after(one) as crew:
        for number in range(2, 10, 2):
            one.report = DOWN
            await until(lambda number=number: len(one.checks) == number)  # type: ignore[misc]
            one.report = "well"
            await until(lambda number=number: len(one.checks) == number + 1)  # type: ignore[misc]
            assert crew.out == ""


@virtual
async def test_who_was_left_out_and_answers_is_back() -> None:
    """Within a second or so, not at the next round."""
    one, two = patient(down(), down(), Script()), patient()
    async with looked_after(one, two) as crew:
        await asyncio.sleep(3)
        while not crew.out:
            await crew.say()
        assert await until(lambda: crew.out == "") == pytest.approx(4, abs=0.1)
        await crew.say()
        await crew.say()
        assert crew.health("a").spoken == 1


@virtual
async def test_who_stays_away_is_asked_ever_more_rarely() -> None:
    """Twice the pause each time, and never more than a minute."""
    one = patient()
    one.report = DOWN
    async with looked_after(one):
        await asyncio.sleep(300)
    pauses = [b - a for a, b in zip(one.checks, one.checks[1:], strict=False)]
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]


@virtual
async def test_many_pools_do_not_ask_in_step() -> None:
    """Jitter takes up to half of a pause."""
    one = patient()
    one.report = DOWN
    async with looked_after(one, chance=0.0):
        await asyncio.sleep(100)
    pauses = [b - a for a, b in zip(one.checks, one.checks[1:], strict=False)]
    assert pauses[:5] == [0.5, 1, 2, 4, 8]


@virtual
async def test_an_outage_of_long_ago_does_not_lengthen_the_pauses_of_today() -> None:
    """Who was well for a whole round begins anew."""
    one = patient()
    async with looked_after(one) as crew:
        one.report = DOWN
        await asyncio.sleep(200)
        one.report = "well"
        await until(lambda: crew.out == "")
        await asyncio.sleep(25)
        one.report = DOWN
        away = await until(lambda: crew.out == "a")
        one.report = "well"
        assert await until(lambda: crew.out == "") - away < 5


@virtual
async def test_who_hangs_holds_up_nobody() -> None:
    """Not the others' checks, and not the end; it is left out as one that does not answer."""
    one, two = patient(), patient()
    one.hangs = True
    async with looked_after(one, two) as crew:
        assert await until(lambda: crew.out == "a") == pytest.approx(31, abs=0.1)
        await asyncio.sleep(10.5)
        assert "within 15 s" in crew.health("a").out
    assert now() == pytest.approx(41.5, abs=0.1)
    assert two.checks == pytest.approx([0, 10, 20, 30, 40])


@virtual
async def test_who_is_too_busy_to_answer_but_speaks_is_well() -> None:
    """What it has done since proves more than what it was asked."""
    one = patient()
    one.hangs = True
    async with looked_after(one) as crew:
        for _ in range(12):
            await asyncio.sleep(10)
            assert crew.out == ""
            await crew.say()


@virtual
async def test_who_is_asked_and_wants_rest_is_left_out_at_once() -> None:
    """For as long as it says."""
    one = patient()
    one.report = EngineUnavailable("crew", "Starting.", retry_after=20.0)
    async with looked_after(one) as crew:
        await asyncio.sleep(0.1)
        assert crew.out == "a"
        one.report = "well"
        assert await until(lambda: crew.out == "") == pytest.approx(21, abs=0.1)


@virtual
async def test_the_voices_are_known_from_the_checks() -> None:
    """Who has one is asked for it first, though nobody asked the pool for its voices."""
    one, two = patient(), patient()
    two.installed = [Voice("crew", "ann", "en")]
    one.installed = [Voice("crew", "bob", "en")]
    async with looked_after(one, two) as crew:
        await asyncio.sleep(1)
        await crew.say()
        await crew.say()
        assert crew.asked == [0, 2]


@virtual
async def test_a_check_that_crashes_is_no_end_of_checks() -> None:
    """It is a failure like another, but one that somebody has to look at."""
    one = patient()
    one.crashes = True
    with capture_logs() as lines:
        async with looked_after(one) as crew:
            await until(lambda: crew.out == "a")
            one.crashes = False
            await until(lambda: crew.out == "")
    assert "member_check_crashed" in [line["event"] for line in lines if line["log_level"] == "error"]


@virtual
async def test_who_asked_for_rest_is_not_even_checked_before_it_is_over() -> None:
    """And is asked soon after, not at the next round."""
    one, two = patient(down(retry_after=33.0), Script()), patient()
    async with looked_after(one, two) as crew:
        await asyncio.sleep(1)
        await crew.say()
        assert crew.out == "a"
        assert await until(lambda: crew.out == "") == pytest.approx(35, abs=0.1)
        assert one.checks == pytest.approx([0, 35])


@virtual
async def test_a_rest_that_grows_is_kept_too() -> None:
    """Calls from before may be told to stay away for longer; until then it is not asked."""
    one = patient(Script(0, 5.0, down(retry_after=40.0).error), down(retry_after=10.0))
    one.sleep = asyncio.sleep
    async with looked_after(one) as crew:
        await asyncio.sleep(1)
        early = asyncio.create_task(crew.fails())
        await asyncio.sleep(0)
        await crew.fails()
        await early
        assert await until(lambda: crew.out == "") == pytest.approx(47, abs=0.1)
        assert one.checks == pytest.approx([0, 47])


@virtual
async def test_the_doctor_does_not_shorten_a_rest() -> None:
    """That it answers was never in doubt."""
    one = patient(down(retry_after=30.0))
    async with looked_after(one) as crew:
        await crew.fails()
        assert await crew.pool.check() == "1 of 1"
        assert crew.out == "a"


@virtual
async def test_who_answers_and_cannot_speak_costs_ever_less() -> None:
    """Each return is worth one call, which another speaks, and the returns come farther and farther apart."""
    one, two = patient(down()), patient()
    async with looked_after(one, two) as crew:
        for _ in range(600):
            assert len(await crew.say()) == 3
            await asyncio.sleep(0.5)
    assert crew.asked[0] < 15
    assert crew.asked[1] == 600


@virtual
async def test_who_comes_back_gets_one_call_until_it_has_spoken() -> None:
    """Nobody knows yet whether it can; if it can, it is one like the others at once."""
    one, two = patient(down(), down(), Script(delay=5.0)), patient(Script(delay=5.0))
    one.sleep = two.sleep = asyncio.sleep
    two.capabilities = one.capabilities
    async with looked_after(one, two) as crew:
        await asyncio.gather(*(crew.say() for _ in range(4)))
        await until(lambda: crew.out == "")
        one.asked.clear()
        one.scripts = two.scripts = [Script(delay=5.0)]
        calls = [asyncio.create_task(crew.say()) for _ in range(12)]
        await asyncio.sleep(1)
        assert crew.outstanding == [1, 11]
        await asyncio.gather(*calls)
        calls = [asyncio.create_task(crew.say()) for _ in range(12)]
        await asyncio.sleep(1)
        assert crew.outstanding == [6, 6]
        await asyncio.gather(*calls)


@virtual
async def test_a_check_from_before_it_was_left_out_does_not_bring_it_back() -> None:
    """What it answered then is not so now."""
    one = patient(down())
    one.answering = 3.0
    async with looked_after(one) as crew:
        await asyncio.sleep(1)
        doctor = asyncio.create_task(crew.pool.check())
        await asyncio.sleep(1)
        await crew.fails()
        await crew.fails()
        assert await doctor == "1 of 1"
        assert crew.out == "a"
        assert await until(lambda: crew.out == "") == pytest.approx(6, abs=0.1)


@virtual
async def test_a_check_from_before_it_was_left_out_does_not_put_it_out_again() -> None:
    """Nor is what it did not answer then so now."""
    one = patient(down(), Script())
    one.hangs = True
    async with looked_after(one, failures=1) as crew:
        await asyncio.sleep(1)
        doctor = asyncio.create_task(crew.pool.check())
        await settle()
        one.hangs = False
        await crew.fails()
        await until(lambda: crew.out == "")
        with pytest.raises(EngineTimeout):
            await doctor
        assert crew.out == ""


@virtual
async def test_who_has_spoken_begins_anew() -> None:
    """After an utterance that was whole the next outage is one like the first."""
    one, two = patient(), patient()
    async with looked_after(one, two) as crew:
        one.report = DOWN
        await asyncio.sleep(200)
        one.report = "well"
        await until(lambda: crew.out == "")
        while crew.health("a").spoken == 0:
            await crew.say()
        one.scripts, one.asked = [down()], []
        while not crew.out:
            await crew.say()
        away = now()
        assert await until(lambda: crew.out == "") - away == pytest.approx(1, abs=0.1)


@virtual
async def test_nobody_is_asked_after_leaving() -> None:
    """Not even one that is left out then."""
    one = patient(down())
    async with looked_after(one) as crew:
        await asyncio.sleep(1)
    await crew.fails()
    await crew.fails()
    await asyncio.sleep(100)
    assert (crew.out, one.checks) == ("a", [0.0])


@virtual
async def test_check_says_how_many_can_speak() -> None:
    """One is enough; if nobody can, the first one's advice is given, with the others' beside it."""
    one, two, three = patient(), patient(), patient()
    crew = Crew([one, two, three], clock=now)
    assert await crew.pool.check() == "3 of 3"
    one.report, three.hangs = EngineUnavailable("crew", "Look at the proxy."), True
    assert await crew.pool.check() == "1 of 3"
    two.report = EngineBroken("crew", "No key.")
    with pytest.raises(EngineError, match="proxy") as caught:
        await crew.pool.check()
    assert caught.value.__notes__ == [
        "b did not speak either: No key.",
        "c did not speak either: No answer within 15 s.",
    ]


@virtual
async def test_nobody_looks_after_a_pool_that_is_not_entered() -> None:
    """It still leaves out who fails, and calls bring them back."""
    one, two = patient(down(), down(), Script()), patient(down(), down(), down(), Script())
    crew = Crew([one, two], clock=now)
    await crew.fails()
    await crew.fails()
    assert crew.out == "ab"
    await asyncio.sleep(1000)
    assert (one.checks, crew.out) == ([], "ab")
    await crew.say()
    assert crew.out == "b"
