"""Pools of scripted engines, and what is said through them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.errors import EngineError, EngineUnavailable
from bot.speech import Pcm, Utterance
from bot.tts.engine import Capabilities, Voice
from bot.tts.pool import Member, MemberHealth, Pool
from tests.doubles.clock import now
from tests.doubles.engine import RATE, FakeEngine, Script, at_once

HELLO = Utterance("Hello.", "crew", "ann", "en")


def able(slots: int = 4, **more: object) -> Capabilities:
    """What a member can do."""
    usual: dict[str, object] = {"languages": frozenset({"en"}), "sample_rate": RATE, "max_chars": 500}
    return Capabilities(**(usual | more), slots=slots)  # type: ignore[arg-type]


def down(message: str = "Down.", *, pieces: int = 0, retry_after: float | None = None) -> Script:
    """An utterance that fails; each time with an error of its own, as engines do."""
    return Script(pieces, error=EngineUnavailable("crew", message, retry_after=retry_after))


def engine(*scripts: Script, slots: int = 4, voices: tuple[str, ...] = ()) -> FakeEngine:
    """A member that goes by these scripts, without any as one that is well."""
    installed = tuple(Voice("crew", name, "en") for name in voices)
    return FakeEngine("crew", scripts or (Script(),), able(slots), installed)


@dataclass(slots=True)
class Clock:
    """Time that passes only when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Crew:
    """A pool over these engines, labelled a, b, c …; nobody is entered, so that nothing happens in the background."""

    engines: list[FakeEngine]
    weights: tuple[float, ...] = ()
    awake: dict[str, bool] = field(default_factory=dict)
    failures: int = 2
    clock: Callable[[], float] = field(default_factory=Clock)
    pool: Pool = field(init=False)

    def __post_init__(self) -> None:
        self.pool = Pool("crew", self.members(), failures=self.failures, clock=self.clock, chance=lambda: 0.0)

    def members(self) -> list[Member]:
        """The engines as members."""
        weights = self.weights or (1.0,) * len(self.engines)
        labels = "abcdefgh"[: len(weights)]
        return [
            Member(engine, label, weight, lambda label=label: self.awake.get(label, True))  # type: ignore[misc]
            for engine, label, weight in zip(self.engines, labels, weights, strict=True)
        ]

    async def say(self, utterance: Utterance = HELLO) -> list[Pcm]:
        """One utterance, to its end."""
        return [pcm async for pcm in self.pool.synthesize(utterance)]

    async def fails(self, utterance: Utterance = HELLO) -> EngineError:
        """One utterance that is not spoken, and why."""
        try:
            await self.say(utterance)
        except EngineError as error:
            return error
        raise AssertionError("it was spoken")

    @property
    def asked(self) -> list[int]:
        """How often each was asked."""
        return [len(engine.asked) for engine in self.engines]

    def health(self, label: str) -> MemberHealth:
        """How that one is doing."""
        return next(member for member in self.pool.health if member.label == label)

    @property
    def out(self) -> str:
        """The labels of those that are left out."""
        return "".join(member.label for member in self.pool.health if member.out)

    @property
    def outstanding(self) -> list[int]:
        """What each has to do."""
        return [member.outstanding for member in self.pool.health]


@dataclass(slots=True)
class Held:
    """Engines that speak when they are let: ``with`` none of their calls goes on before :meth:`release`."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, _seconds: float) -> None:
        """Wait until released."""
        await self.gate.wait()

    def hold(self, *engines: FakeEngine) -> None:
        """From now on."""
        for engine in engines:
            engine.sleep = self.sleep

    def release(self, *engines: FakeEngine) -> None:
        """All that is held, and nothing of these from now on."""
        self.gate.set()
        for engine in engines:
            engine.sleep = at_once


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool], seconds: float = 1000.0) -> float:
    """Wait for it in virtual time; when it came true."""
    last = now() + seconds
    while not condition():
        assert now() < last, "it never came true"
        await asyncio.sleep(0.01)
    return now()
