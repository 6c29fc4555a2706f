"""What an engine is: text in, sound out, and nothing known of chats, queues or caches.

Whatever wraps an engine (:class:`~bot.tts.fallback.Fallback`, :class:`~bot.tts.breaker.Breaker`) is an engine. Wrappers
do not own what they wrap: the composition root enters each leaf engine once.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from bot.speech import Codec, Pcm, Utterance


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; nothing outside asks which engine it is.

    ``languages`` are primary BCP-47 subtags (``en``, ``zh``); ``max_chars`` bounds one utterance; ``slots`` is how many
    utterances it works on at once; ``streaming`` says that sound comes before the utterance is whole; ``rtf`` is the
    typical real-time factor, used for the first estimate of a wait; ``local`` that no text leaves the machine;
    ``obtainable`` maps a language that is missing here to what would bring it (``"install sayso[kokoro]"``); ``codec``
    is what its sound comes in by nature, and is given in to an utterance that asks for it; None if it makes samples.
    """

    languages: frozenset[str]
    sample_rate: int
    max_chars: int
    slots: int
    streaming: bool = False
    cloning: bool = False
    local: bool = False
    rtf: float = 0.1
    obtainable: Mapping[str, str] = field(default_factory=dict)
    codec: Codec | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice that an engine has: ``language`` is BCP-47 (``zh-CN``), ``gender`` ``female``, ``male`` or empty."""

    engine: str
    name: str
    language: str
    gender: str = ""
    description: str = ""
    revision: str = ""


class Engine(Protocol):
    """Entering makes ready (heavy loading may wait for the first utterance), leaving frees."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    async def voices(self) -> Sequence[Voice]:
        """The voices that can be used here and now."""
        ...

    def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        """Speak, yielding sound as soon as there is any. Ends only when the utterance is whole.

        An utterance's ``codec`` may be passed over: what comes as samples is encoded by whoever wants it so.
        Raises an :class:`~bot.errors.EngineError`; closing the generator early stops the work and frees what it held.
        """
        ...

    async def check(self) -> str:
        """Say in a few words that it can speak (``"2 voices"``), or raise an EngineError that says what to do."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
