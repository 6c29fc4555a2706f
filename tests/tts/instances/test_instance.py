"""A child as an engine: it speaks, crashes, is not there, and is there again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import threading
from collections.abc import AsyncIterator, MutableMapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot.errors import (
    EngineBroken,
    EngineError,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    UnknownVoice,
)
from bot.speech import Pcm
from bot.tts.engine import Capabilities, Voice
from bot.tts.instances import Instance, InstanceState
from bot.tts.instances.program import Program
from bot.tts.pool import Member, Pool
from tests.doubles.engine import FakeEngine
from tests.tts.instances.scripted import Mood
from tests.tts.instances.stage import Stage, alive, says, settled, spoken, until


def started(because: str) -> float:
    return REGISTRY.get_sample_value("tts_instance_starts_total", {"engine": "offline", "because": because}) or 0.0


async def spoken_rest(sound: AsyncIterator[Pcm]) -> None:
    async for _ in sound:
        pass


async def test_the_first_utterance_starts_it_and_is_spoken(stage: Stage) -> None:
    """Until then there is no process; afterwards there is one, and it was started because it was needed."""
    before = started("demand")
    async with stage.instance() as instance:
        assert (instance.state, instance.awake, instance.pid) == (InstanceState.DOWN, False, None)
        assert await spoken(instance, "one two three") == pytest.approx(0.3, abs=0.01)
        assert (instance.state, instance.awake) == (InstanceState.UP, True)
        assert alive(instance.pid)
    assert started("demand") - before == 1


async def test_what_is_kept_is_started_on_entering(stage: Stage) -> None:
    """It is up without anybody asking, it does not hold up the entering, and it is never put down."""
    before = started("least")
    async with stage.instance(keep=True) as instance:
        assert instance.state in (InstanceState.DOWN, InstanceState.STARTING)
        await until(lambda: instance.awake)
        await spoken(instance)
        assert stage.time.waits == []
    assert started("least") - before == 1


async def test_it_is_what_the_prototype_is(stage: Stage) -> None:
    """What can be spoken is known while nothing runs."""
    stage.prototype.installed = (Voice("offline", "heart", "en-US"),)
    instance = stage.instance()
    assert (instance.name, instance.label) == ("offline", "offline-1")
    assert instance.capabilities is stage.prototype.capabilities
    assert await instance.voices() == stage.prototype.installed


async def test_many_who_come_while_it_starts_wait_for_one_start(stage: Stage) -> None:
    """All are spoken by the same process."""
    stage.moods(Mood.LATE)
    async with stage.instance() as instance:
        heard = await asyncio.gather(*(spoken(instance) for _ in range(8)))
        assert all(heard)
        assert instance.figures is not None
        assert instance.figures.starts == 1


async def test_who_goes_away_while_it_starts_takes_it_from_nobody(stage: Stage) -> None:
    """The start goes on for the others, and is not wasted if there are none."""
    stage.moods(Mood.LATE)
    async with stage.instance() as instance:
        goes, stays = asyncio.create_task(spoken(instance)), asyncio.create_task(spoken(instance))
        await until(lambda: instance.state is InstanceState.STARTING)
        goes.cancel()
        assert await stays
        assert goes.cancelled()


async def test_what_nobody_waits_for_any_more_is_put_down_when_idle(stage: Stage) -> None:
    """The only one who wanted it went away while it started: its time runs from when it is up."""
    stage.moods(Mood.LATE)
    async with stage.instance(idle_seconds=60) as instance:
        goes = asyncio.create_task(spoken(instance))
        await until(lambda: instance.state is InstanceState.STARTING)
        goes.cancel()
        await until(lambda: instance.awake)
        await until(lambda: stage.time.waits == [60])


async def test_idle_it_is_put_down_and_started_by_the_next(stage: Stage) -> None:
    """After the agreed seconds without an utterance the process is gone; the next utterance is spoken by another."""
    async with stage.up(idle_seconds=60) as instance:
        first = instance.pid
        await until(lambda: stage.time.waits == [60])
        await stage.time.passes(60)
        await until(lambda: not alive(first))
        assert (instance.state, instance.figures) == (InstanceState.DOWN, None)
        assert await spoken(instance)
        assert instance.pid != first


async def test_an_utterance_puts_the_idle_end_off(stage: Stage) -> None:
    """The time without work is counted from the end of the last utterance."""
    async with stage.up(idle_seconds=60) as instance:
        await stage.time.passes(59)
        await spoken(instance)
        await stage.time.passes(59)
        assert instance.awake
        await until(lambda: stage.time.waits == [1])


async def test_while_it_speaks_it_is_not_idle(stage: Stage) -> None:
    """An utterance of any length is spoken to its end."""
    async with stage.up(idle_seconds=60) as instance:
        stage.moods(Mood.PAUSES)
        speaking = asyncio.create_task(spoken(instance))
        await until(lambda: not stage.time.waits)
        await stage.time.passes(600)
        stage.moods()
        assert await speaking == pytest.approx(0.3, abs=0.01)


async def test_while_one_of_several_speaks_it_is_not_idle(stage: Stage) -> None:
    """The end of an utterance is not the end of all."""
    async with stage.up(idle_seconds=60) as instance:
        stage.moods(Mood.PAUSES)
        goes_on, breaks_off = instance.synthesize(says()), instance.synthesize(says())
        await anext(goes_on)
        await anext(breaks_off)
        await breaks_off.aclose()
        await settled()
        assert stage.time.waits == []
        await goes_on.aclose()
        await until(lambda: stage.time.waits == [60])


async def test_who_comes_while_it_is_put_down_waits_and_is_spoken_by_the_next(stage: Stage) -> None:
    """There are never two at once, and nobody is refused because of the moment."""
    async with stage.up(idle_seconds=60) as instance:
        first = instance.pid
        stage.moods(Mood.DEAF)
        await stage.time.passes(60)
        await until(lambda: instance.state is InstanceState.DOWN)
        late = asyncio.create_task(spoken(instance))
        await settled()
        assert alive(first)
        assert not late.done()
        stage.moods()
        assert await late
        assert not alive(first)


async def test_one_that_does_not_end_in_order_is_ended_without(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deaf to the end of its input and to SIGTERM, it is killed after the grace; the log tells."""
    monkeypatch.setattr("bot.tts.instances.life._GRACE", 0.05)
    with capture_logs() as lines:
        async with stage.up() as instance:
            stage.moods(Mood.DEAF)
            pid = instance.pid
    assert not alive(pid)
    assert {"instance_killed", "instance_ended"} <= {line["event"] for line in lines}


@pytest.mark.parametrize("mood", [Mood.NEVER, Mood.DIES_ASKED])
async def test_what_it_has_started_ends_with_it(stage: Stage, mood: Mood) -> None:
    """Killed or crashed, it leaves nobody who holds on to memory that the next one needs."""
    stage.moods(Mood.PARENT, mood)
    async with stage.instance(start_seconds=0.5 if mood is Mood.NEVER else 20.0) as instance:
        call = asyncio.create_task(spoken(instance))
        await until(lambda: offspring(instance.pid) or call.done())
        orphans = offspring(instance.pid)
        with pytest.raises(EngineError):
            await call
        assert instance.pid is None
    for orphan in orphans:
        await until(lambda orphan=orphan: gone(orphan))  # type: ignore[misc]


def offspring(pid: int | None) -> list[psutil.Process]:
    return psutil.Process(pid).children() if pid is not None else []


def gone(process: psutil.Process) -> bool:
    """Orphans are buried by whoever adopts them, in their own time."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_a_crash_before_the_first_sound_is_for_another_to_make_good(stage: Stage) -> None:
    """The call may be tried again, elsewhere at once and here when the instance says."""
    async with stage.up() as instance:
        stage.moods(Mood.DIES_ASKED)
        with pytest.raises(EngineUnavailable, match=r"crashed while it spoke \(SIGKILL\)") as raised:
            await spoken(instance)
        assert (instance.state, instance.awake, instance.pid) == (InstanceState.FAILED, False, None)
        assert raised.value.retry_after == 1.0


async def test_a_crash_after_the_first_sound_is_a_truncation(stage: Stage) -> None:
    """What was heard cannot be spoken again by another."""
    async with stage.up() as instance:
        stage.moods(Mood.DIES_SPEAKING)
        sound = instance.synthesize(says("one two three four"))
        heard = await anext(sound)
        assert 0 < heard.samples.size / heard.sample_rate < 0.4
        with pytest.raises(EngineTruncated, match="SIGKILL"):
            await spoken_rest(sound)


async def test_after_a_crash_it_is_left_alone_for_a_while_and_then_started_by_the_next(stage: Stage) -> None:
    """Before the pause is over it refuses without trying, and says when; after it the next utterance is spoken."""
    before = started("crash")
    async with stage.up() as instance:
        stage.moods(Mood.DIES_ASKED)
        with pytest.raises(EngineUnavailable):
            await spoken(instance)
        stage.moods()
        await stage.time.passes(0.75)
        with pytest.raises(EngineUnavailable, match=r"has crashed \(SIGKILL\). It is started again in 1 s") as raised:
            await spoken(instance)
        assert raised.value.retry_after == 0.25
        assert stage.time.waits == []
        await stage.time.passes(0.25)
        assert await spoken(instance)
        assert instance.awake
    assert started("crash") - before == 1


async def test_put_down_after_a_crash_the_next_start_is_none_because_of_that(stage: Stage) -> None:
    """A crash is the reason of one start."""
    before = started("crash"), started("demand")
    async with stage.up(idle_seconds=60) as instance:
        stage.moods(Mood.DIES_ASKED)
        await crashed(stage, instance)
        stage.moods()
        await spoken(instance)
        await stage.time.passes(60)
        await until(lambda: instance.pid is None)
        await spoken(instance)
    assert (started("crash") - before[0], started("demand") - before[1]) == (1, 2)


async def test_what_is_kept_is_not_started_twice(stage: Stage) -> None:
    """An utterance that comes right after the pause has it started; whoever would have done that sees it."""
    async with stage.instance(keep=True) as instance:
        await until(lambda: instance.awake)
        stage.moods(Mood.DIES_ASKED)
        with pytest.raises(EngineUnavailable):
            await spoken(instance)
        stage.moods()
        await until(lambda: stage.time.waits == [1])
        stage.time.now += 1
        await spoken(instance)
        pid = instance.pid
        await stage.time.passes(0)
        assert stage.time.waits == []
        await spoken(instance)
        assert (instance.pid, instance.figures and instance.figures.starts) == (pid, 2)


async def test_what_is_kept_is_started_again_by_itself(stage: Stage) -> None:
    """After the pause, without anybody asking; nobody had called when it crashed either."""
    async with stage.instance(keep=True) as instance:
        await until(lambda: instance.awake)
        first = instance.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await until(lambda: instance.state is InstanceState.FAILED)
        await until(lambda: stage.time.waits == [1])
        await stage.time.passes(1)
        await until(lambda: instance.awake)
        assert instance.pid != first


async def test_the_pauses_grow_until_it_has_spoken(stage: Stage) -> None:
    """Doubled by each crash up to the longest; one whole utterance makes the next short again."""
    async with stage.up(pause=1.0, longest=5.0) as instance:
        stage.moods(Mood.DIES_ASKED)
        pauses = [await crashed(stage, instance) for _ in range(4)]
        assert pauses == [1.0, 2.0, 4.0, 5.0]
        stage.moods()
        await spoken(instance)
        stage.moods(Mood.DIES_ASKED)
        assert await crashed(stage, instance) == 1.0


async def crashed(stage: Stage, instance: Instance) -> float:
    """Have it crash, and wait for as long as it says."""
    with pytest.raises(EngineUnavailable) as raised:
        await spoken(instance)
    assert raised.value.retry_after is not None
    await stage.time.passes(raised.value.retry_after)
    return raised.value.retry_after


@pytest.mark.parametrize(
    ("mood", "kind", "words"),
    [
        (Mood.REFUSES, EngineBroken, "speak.voice: there is no voice 'nobody'"),
        (Mood.FALLS, EngineUnavailable, "opening_failed: StoreError"),
        (Mood.MUTE, EngineUnavailable, "ended .status 3. before it was ready"),
    ],
)
async def test_one_that_ends_before_it_is_ready_says_why(
    stage: Stage, mood: Mood, kind: type[EngineError], words: str
) -> None:
    """Its last line tells; what the command itself refuses is a matter of settings."""
    stage.moods(mood)
    async with stage.instance() as instance:
        with pytest.raises(EngineError, match=words) as raised:
            await spoken(instance)
        assert type(raised.value) is kind
        assert instance.state is InstanceState.FAILED


async def test_a_start_that_takes_too_long_is_ended(stage: Stage) -> None:
    """Everyone who waited is told, each by an error of their own; there is no process left."""
    stage.moods(Mood.NEVER)
    async with stage.instance(start_seconds=0.2) as instance:
        calls = [asyncio.create_task(spoken(instance)) for _ in range(2)]
        await until(lambda: instance.pid)
        pid = instance.pid
        first, second = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(first, EngineTimeout)
        assert isinstance(second, EngineTimeout)
        assert first is not second
        assert "was not ready within 0.2 s" in str(first)
        assert not alive(pid)
        await settled()
        assert not [task for task in asyncio.all_tasks() if "answers" in repr(task.get_coro())]


async def test_one_that_says_it_is_not_ready_is_waited_for(stage: Stage) -> None:
    """To listen is not enough."""
    stage.moods(Mood.UNREADY)
    async with stage.instance() as instance:
        call = asyncio.create_task(spoken(instance))
        await until(lambda: instance.pid and stage.programs[0].socket.exists())
        assert instance.state is InstanceState.STARTING
        stage.moods()
        assert await call


async def test_what_cannot_be_started_at_all_is_unavailable(stage: Stage, tmp_path: Path) -> None:
    """The system says no: the instance tells, and tries again after a pause."""
    stage.program = lambda *_, **__: _nothing(tmp_path)  # type: ignore[method-assign,assignment]
    async with stage.instance() as instance:
        with pytest.raises(EngineUnavailable, match="cannot be started: No such file"):
            await spoken(instance)
        assert instance.state is InstanceState.FAILED


def _nothing(folder: Path) -> object:
    return Program((str(folder / "no-such-program"),), {}, folder, folder / "s")


async def test_whatever_is_wrong_with_a_start_it_rests_and_is_started_again(stage: Stage) -> None:
    """A surprise is no reason to be gone for good: what is kept comes back by itself."""
    program, odd = stage.program, Program(("true",), {"odd": 1}, stage.folder, stage.folder / "s")  # type: ignore[dict-item]
    stage.program = lambda *_, **__: odd  # type: ignore[method-assign]
    with capture_logs() as lines:
        async with stage.instance(keep=True) as instance:
            await until(lambda: stage.time.waits == [1])
            with pytest.raises(EngineUnavailable, match=r"could not be started \(\w+\).*again in 1 s"):
                await spoken(instance)
            assert instance.state is InstanceState.FAILED
            instance._life._program = program("offline", stage.folder / "s", stage.folder)
            await stage.time.passes(1)
            await until(lambda: instance.awake)
    assert [line["event"] for line in lines].count("instance_start_crashed") == 1


async def test_the_inputs_fault_is_no_crash(stage: Stage) -> None:
    """A voice that is unknown there is the caller's affair, who knows the engine; the process stays."""
    async with stage.up() as instance:
        stage.moods(Mood.REJECTS)
        with pytest.raises(UnknownVoice, match="at offline has no voice 'heart'"):
            await spoken(instance)
        assert instance.awake


async def test_an_error_of_one_that_lives_is_its_own(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that says that it is busy has not crashed."""
    monkeypatch.setattr("bot.tts.instances.instance._MOMENT", 0.01)
    async with stage.up() as instance:
        stage.moods(Mood.BUSY)
        with pytest.raises(EngineUnavailable) as raised:
            await spoken(instance)
        assert "crashed" not in str(raised.value)
        assert instance.awake


async def test_who_breaks_off_frees_it_at_once(stage: Stage) -> None:
    """Closing the generator early ends the work, and the idle time begins."""
    async with stage.up(idle_seconds=60) as instance:
        stage.moods(Mood.PAUSES)
        sound = instance.synthesize(says())
        await anext(sound)
        assert stage.time.waits == []
        await sound.aclose()
        await until(lambda: stage.time.waits == [60])
        assert instance.awake


async def test_a_call_that_was_broken_off_proves_nothing(stage: Stage) -> None:
    """Pauses stay long until an utterance was spoken to its end."""
    async with stage.up() as instance:
        stage.moods(Mood.DIES_ASKED)
        assert await crashed(stage, instance) == 1.0
        stage.moods(Mood.PAUSES)
        sound = instance.synthesize(says())
        await anext(sound)
        await sound.aclose()
        stage.moods(Mood.DIES_ASKED)
        assert await crashed(stage, instance) == 2.0


async def test_in_a_pool_nothing_is_lost_when_one_dies_before_its_first_sound(stage: Stage) -> None:
    """The other speaks it."""
    other = FakeEngine("offline")
    async with stage.up() as instance, Pool("offline", [Member(instance, "1"), Member(other, "2", 0.01)]) as pool:
        stage.moods(Mood.DIES_ASKED)
        assert [piece async for piece in pool.synthesize(says())]
        assert len(other.finished) == 1


async def test_checked_one_that_sleeps_is_well(stage: Stage) -> None:
    """It is not started for that."""
    async with stage.instance() as instance:
        assert "asleep" in await instance.check()
        assert instance.pid is None


async def test_checked_one_that_runs_says_for_how_long(stage: Stage) -> None:
    """It was asked, not believed."""
    async with stage.up() as instance:
        stage.time.now += 30
        assert await instance.check() == "running for 30 s"
        stage.moods(Mood.UNREADY)
        with pytest.raises(EngineUnavailable, match="cannot speak now"):
            await instance.check()


async def test_checked_one_that_failed_is_not_well_until_its_pause_is_over(stage: Stage) -> None:
    """Then it is worth a try."""
    async with stage.up() as instance:
        stage.moods(Mood.DIES_ASKED)
        with pytest.raises(EngineUnavailable):
            await spoken(instance)
        with pytest.raises(EngineUnavailable, match="started again"):
            await instance.check()
        await stage.time.passes(1)
        assert "started when it is needed" in await instance.check()


async def test_one_that_is_stuck_is_ended_and_counts_as_crashed(stage: Stage) -> None:
    """It does not answer twice in a row; once may be a hard moment."""
    async with stage.up(patience=0.1) as instance:
        for _ in range(2):
            stage.moods(Mood.STUCK)
            with pytest.raises(EngineTimeout):
                await instance.check()
            assert instance.awake
            stage.moods()
            assert await instance.check()
        stage.moods(Mood.STUCK)
        for _ in range(2):
            with pytest.raises(EngineTimeout):
                await instance.check()
        await until(lambda: instance.state is InstanceState.FAILED)


async def test_one_that_has_not_spoken_yet_may_be_loading(stage: Stage) -> None:
    """A model that is loaded by the first utterance holds everything up, and may take as long as a start."""
    async with stage.instance(keep=True, patience=0.1, start_seconds=20.0) as instance:
        await until(lambda: instance.awake)
        stage.time.now += 600
        stage.moods(Mood.STUCK)
        call = asyncio.create_task(spoken(instance))
        for _ in range(3):
            with pytest.raises(EngineTimeout):
                await instance.check()
            stage.time.now += 5
        stage.moods()
        assert await call
        assert (instance.awake, instance.figures and instance.figures.starts) == (True, 1)


async def test_one_that_never_gets_done_with_loading_is_ended(stage: Stage) -> None:
    """Patience has an end."""
    async with stage.instance(keep=True, patience=0.1, start_seconds=20.0) as instance:
        await until(lambda: instance.awake)
        stage.moods(Mood.STUCK)
        for seconds in (0, 19.5, 0.5):
            assert instance.awake
            stage.time.now += seconds
            with pytest.raises(EngineTimeout):
                await instance.check()
        await until(lambda: instance.state is InstanceState.FAILED)


async def test_what_it_costs_is_told(stage: Stage) -> None:
    """Memory and processor of the process, how long it lives, how often one was started."""
    async with stage.up() as instance:
        stage.time.now += 30
        figures = instance.figures
        assert figures is not None
        assert 5_000_000 < figures.memory < 500_000_000
        assert 0 < figures.processor < 60
        assert (figures.alive, figures.starts) == (30, 1)


async def test_figures_of_one_that_has_just_gone_are_none(stage: Stage) -> None:
    """Nobody minds who asks in that moment."""
    async with stage.up() as instance:
        assert instance.pid is not None
        psutil.Process(instance.pid).kill()
        await until(lambda: instance.figures is None)


async def test_events_tell_its_life(stage: Stage) -> None:
    """Started, put down, ended, failed; each with its label, and what it logged itself with the label, too."""
    with capture_logs() as lines:
        async with stage.up(idle_seconds=60) as instance:
            await stage.time.passes(60)
            await until(lambda: instance.pid is None)
            stage.moods(Mood.DIES_ASKED)
            with pytest.raises(EngineUnavailable):
                await spoken(instance)
    told = [line["event"] for line in lines if line.get("instance") == "offline-1" and "characters" not in line]
    life = ["scripted_began", "instance_started"]
    assert told == [*life, "instance_put_down", "instance_ended", *life, "instance_ended", "instance_failed"]


async def test_no_event_holds_what_is_said(stage: Stage) -> None:
    """Not even where the child prints it."""
    with capture_logs() as lines:
        async with stage.up() as instance:
            await spoken(instance, "Ann loves Bob")
    assert "instance_printed" in {line["event"] for line in lines}
    assert "Bob" not in str(lines)


async def test_closed_nothing_is_left(stage: Stage) -> None:
    """No process, no zombie, no file, no thread, no descriptor, no task."""
    async with stage.up():
        pass  # what a loop makes once and keeps is there now
    before = left()
    with capture_logs() as lines:
        async with stage.up() as instance:
            stage.moods(Mood.DIES_ASKED)
            await crashed(stage, instance)
            stage.moods()
            await spoken(instance)
            pid = instance.pid
    await until(lambda: left() == before)
    assert not alive(pid)
    assert (instance.state, instance.pid) == (InstanceState.DOWN, None)
    assert [line["event"] for line in lines].count("instance_failed") == 1
    assert stage.children() == []
    assert not list((stage.folder / "data").iterdir())
    assert not stage.programs[-1].socket.parent.exists()


def left() -> tuple[int, int, int]:
    return (len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), len(asyncio.all_tasks()))


async def test_closed_while_it_starts_who_waits_is_told(stage: Stage) -> None:
    """Closing does not wait for a start that nobody will need, and leaves no process."""
    stage.moods(Mood.NEVER)
    with capture_logs() as lines:
        async with stage.instance() as instance:
            call = asyncio.create_task(spoken(instance))
            await until(lambda: instance.pid)
            pid = instance.pid
    assert {"instance_killed", "instance_failed"}.isdisjoint(line["event"] for line in lines)
    assert instance.state is InstanceState.DOWN
    with pytest.raises(EngineUnavailable):
        await call
    assert not alive(pid)
    with pytest.raises(EngineUnavailable, match="closed"):
        await spoken(instance)


async def test_closed_while_it_is_being_put_down(stage: Stage) -> None:
    """The end that has begun is waited for."""
    async with stage.up(idle_seconds=60) as instance:
        pid = instance.pid
        stage.moods(Mood.DEAF)
        await stage.time.passes(60)
        asyncio.get_running_loop().call_later(0.2, stage.moods)
    assert not alive(pid)


async def test_closed_while_it_rests_it_is_not_started_again(stage: Stage) -> None:
    """The restart that was to come does not come."""
    async with stage.instance(keep=True) as instance:
        await until(lambda: instance.awake)
        assert instance.pid is not None
        os.kill(instance.pid, signal.SIGKILL)
        await until(lambda: stage.time.waits == [1])
    assert stage.time.waits == []
    assert stage.children() == []


async def test_closed_while_it_speaks_the_listener_is_told(stage: Stage) -> None:
    """Whoever closes has drained; what still speaks breaks off and does not hang, and nobody calls it a crash."""
    async with stage.up() as instance:
        stage.moods(Mood.PAUSES)
        sound = instance.synthesize(says())
        await anext(sound)
    with pytest.raises(EngineTruncated, match="offline-1 was closed while it spoke"):
        await spoken_rest(sound)


async def test_its_folder_is_for_us_alone(stage: Stage) -> None:
    """Nobody else reads its data or reaches its socket."""
    async with stage.up():
        program = stage.programs[0]
        for folder in (program.folder, program.socket.parent):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("deep", [False, True])
async def test_who_tidied_up_while_it_slept_does_not_keep_it_from_starting(stage: Stage, deep: bool) -> None:
    """Folders are made again, the socket's too where it is another."""
    stage.folder = stage.folder.joinpath(*["deep" * 10] * 3) if deep else stage.folder
    async with stage.up(idle_seconds=60) as instance:
        await stage.time.passes(60)
        await until(lambda: instance.pid is None)
        program = stage.programs[0]
        for folder in {program.folder, program.socket.parent}:
            shutil.rmtree(folder)
        assert await spoken(instance)


async def test_more_at_once_than_it_has_slots_wait(stage: Stage) -> None:
    """The engine's slots are the process's, too: it is not asked before one is free."""
    stage.prototype.capabilities = Capabilities(frozenset({"en"}), 24_000, 500, slots=1)
    with capture_logs() as lines:
        async with stage.up() as instance:
            stage.moods(Mood.PAUSES)
            first = instance.synthesize(says())
            await anext(first)
            second = asyncio.create_task(spoken(instance))
            for _ in range(3):
                await instance.check()  # whatever was sent before has arrived now
            assert asked(lines) == 2
            stage.moods()
            assert [piece async for piece in first]
            assert await second
            await until(lambda: asked(lines) == 3)


def asked(lines: list[MutableMapping[str, Any]]) -> int:
    """How often a child told that it was asked to speak."""
    return [line["event"] for line in lines].count("instance_printed")
