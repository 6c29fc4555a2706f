"""The nouns of Sayso: what is asked for, what an engine is told, and the sound that comes of it.

Everything here is plain data but :class:`Speech`, which is a stream that many may listen to while one makes it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Mono samples, float32, nominally within [-1, 1], shape ``(n,)``."""

SAMPLE_RATE = 48_000
"""Hz of everything that leaves Sayso as Opus."""

PACKET_SECONDS = 0.020
"""Seconds of sound in one Opus packet."""

PACKET_SAMPLES = 960
"""Samples at 48 kHz in one Opus packet."""

FRAME_SECONDS = 0.024
"""Seconds of sound in one MP3 frame at 24 kHz."""


class Priority(IntEnum):
    """Who goes first inside one guild; smaller is sooner."""

    HIGH = 0
    """Somebody waits for it."""
    NORMAL = 1
    """A reply."""
    LOW = 2
    """Long reading."""


class Codec(StrEnum):
    """How the sound of a speech is encoded."""

    OPUS = "opus"
    """Our own 20 ms packets, which every delivery can send."""
    MP3 = "mp3"
    """The frames of an engine that has no other sound than MP3, as they came: for who wants just that. 24 kHz, mono,
    constant bit rate: 24 ms each, of one length."""

    @property
    def seconds(self) -> float:
        """Seconds of sound in one packet."""
        return PACKET_SECONDS if self is Codec.OPUS else FRAME_SECONDS


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants something said.

    ``text`` is raw, as typed, or an async stream of pieces while an LLM writes. ``voice`` is a persona, an alias or an
    engine's own voice name; ``rate`` is a factor (1.0 as the voice speaks, 1.5 half as fast again). ``names`` puts a
    name to each mention in the text (``{"<@42>": "Ann"}``). ``deadline`` is Unix time. ``target`` says how to deliver,
    in plain JSON, so that it can be journalled. ``replay`` is the cache key of something that was said before and is to
    be said again as it was: the text, and how it is to be spoken, then do not count. ``author`` is whose words these
    are where they are not the asker's own, by the same kind of key as ``user``. ``codec`` is what the asker would like
    best; where the engine has nothing of its own in it they get Opus.
    """

    guild: str
    user: str
    text: str | AsyncIterable[str]
    voice: str | None = None
    engine: str | None = None
    rate: float | None = None
    language: str | None = None
    channel: str | None = None
    priority: Priority = Priority.NORMAL
    deadline: float | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    target: Mapping[str, object] = field(default_factory=dict)
    id: str = field(default_factory=lambda: os.urandom(16).hex())
    at: float = field(default_factory=time.time)
    replay: str | None = None
    lenient: bool = False
    author: str | None = None
    codec: Codec = Codec.OPUS


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence with everything decided: what an engine needs, and what a cache key is made of.

    ``voice`` is the engine's own name for the voice, ``language`` the primary BCP-47 subtag of the sentence (``en``,
    ``zh``), ``revision`` the version of the model and of the voice's content. ``alternatives`` are the voices that keep
    language and character on other engines, in the order to try them; ``instead_of`` names the engine that should have
    spoken when a fallback did; ``codec`` is how an engine that has its sound in it already may give it. None of the
    three belongs to the utterance's part of the cache key.
    """

    text: str
    engine: str
    voice: str
    language: str
    rate: float = 1.0
    revision: str = ""
    alternatives: tuple[EngineVoice, ...] = ()
    instead_of: str = ""
    codec: Codec = Codec.OPUS

    @property
    def stand_in(self) -> str:
        """Who speaks instead, for people: another engine, or whom a server named that had another speak."""
        return self.voice if self.engine == self.instead_of else self.engine


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """A voice of an engine, by the engine's own name for it."""

    engine: str
    voice: str
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Pcm:
    """A piece of sound as an engine makes it: float32 mono at the engine's own rate, and the utterance as spoken.

    ``spoken`` is what the engine was really asked for: after a fallback its engine and voice differ from what was
    wished. Where the utterance's codec is one that the engine has its sound in, that comes as ``frames``, whole ones
    and as they were made, and the samples are empty.
    """

    samples: Samples
    sample_rate: int
    spoken: Utterance
    frames: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as it was spoken, and where in the speech it begins, in seconds."""

    utterance: Utterance
    start: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished speech.

    ``data`` is a file: Ogg/Opus (mono, 48 kHz, 20 ms packets), or MP3 (frames and nothing else) where ``codec`` says
    so; ``seconds`` its length; ``waveform`` at most 256 loudness points of one byte (0 silent, 255 loudest), at most
    one per 100 ms, as Discord draws them; empty for MP3.
    """

    data: bytes
    seconds: float
    waveform: bytes
    spoken: tuple[Spoken, ...]
    codec: Codec = Codec.OPUS

    @property
    def ogg(self) -> bytes:
        """The Ogg/Opus file. Raises ValueError where the clip is none; nobody gets one who did not ask for it."""
        if self.codec is not Codec.OPUS:
            raise ValueError(f"this clip is {self.codec}, not Ogg/Opus")
        return self.data


class Reason(StrEnum):
    """Why something is not said. Adapters translate by it."""

    NOTHING_TO_SAY = "nothing_to_say"
    TOO_LONG = "too_long"
    UNKNOWN_VOICE = "unknown_voice"
    UNKNOWN_ENGINE = "unknown_engine"
    LANGUAGE_NOT_SPOKEN = "language_not_spoken"
    NOT_ALLOWED = "not_allowed"
    OPTED_OUT = "opted_out"
    INVALID = "invalid"
    NOT_KEPT = "not_kept"
    USER_QUEUE_FULL = "user_queue_full"
    GUILD_QUEUE_FULL = "guild_queue_full"
    QUEUE_FULL = "queue_full"
    EXPIRED = "expired"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected no: why, in words the asker understands, ending with what to do instead.

    ``details`` holds the values that a translation needs (``{"limit": 4000}``); ``retry_after`` is in seconds.
    """

    reason: Reason
    message: str
    details: Mapping[str, object] = field(default_factory=dict)
    retry_after: float | None = None


class Speech:
    """The audio of a request as it comes into being: a replayable stream of 20 ms mono 48 kHz Opus packets; or of the
    frames of an MP3, where that was asked for and :attr:`codec` says so.

    Any number of listeners may iterate it, each from its beginning and at its own pace, while it is still being made.
    One producer calls :meth:`append`, and at last :meth:`finish` or :meth:`fail`; a failure reaches every listener
    after the packets that were made. All on one event loop.
    """

    def __init__(self, codec: Codec = Codec.OPUS) -> None:
        self.codec = codec
        self._made: list[bytes] = []
        self._packets: Sequence[bytes] = self._made
        self._spoken: list[Spoken] = []
        self._clip: Clip | None = None
        self._error: BaseException | None = None
        self._listeners: list[asyncio.Future[None]] = []
        self._shares: list[Speech] = []

    @classmethod
    def finished(cls, clip: Clip, packets: Sequence[bytes]) -> Speech:
        """A speech that was made before: ``packets`` are those in ``clip.data``."""
        speech = cls(clip.codec)
        speech._spoken.extend(clip.spoken)
        speech._packets = packets
        speech._clip = clip
        return speech

    def share(self) -> Speech:
        """The same sound, made by the same producer, that may fail on its own: for one listener who has enough."""
        share = Speech(self.codec)
        share._packets, share._spoken = self._packets, self._spoken
        share._clip, share._error = self._clip, self._error
        if not self.done:
            self._shares.append(share)
        return share

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(self.batches()) as batches:
            async for packets in batches:
                for packet in packets:
                    yield packet

    async def batches(self, most: int = 1 << 30) -> AsyncGenerator[Sequence[bytes], None]:
        """The packets, as many at a time as are there without waiting, up to ``most``."""
        at = 0
        while True:
            while packets := self._packets[at : at + most]:
                at += len(packets)
                yield packets
            if self._error is not None:
                raise self._error
            if self._clip is not None:
                return
            await self._growth()  # nothing has been added since it was looked: this is the first wait

    async def clip(self) -> Clip:
        """The whole, once it is made."""
        while self._clip is None:
            if self._error is not None:
                raise self._error
            await self._growth()
        return self._clip

    @property
    def done(self) -> bool:
        """Whether it has been finished or has failed."""
        return self._clip is not None or self._error is not None

    @property
    def failed(self) -> bool:
        """Whether it broke off."""
        return self._error is not None

    @property
    def seconds(self) -> float:
        """Seconds of sound so far."""
        return self._clip.seconds if self._clip else len(self._packets) * self.codec.seconds

    @property
    def spoken(self) -> Sequence[Spoken]:
        """The utterances spoken so far."""
        return self._spoken

    def append(self, packets: Sequence[bytes]) -> None:
        """Add packets to the end. Producer only."""
        self._made.extend(packets)
        self._wake()

    def begin(self, spoken: Spoken) -> None:
        """Say which utterance the next packets belong to. Producer only."""
        self._spoken.append(spoken)

    def finish(self, clip: Clip) -> None:
        """There is no more to come. Producer only."""
        self._spoken[:] = clip.spoken
        self._clip = clip
        for share in self._shares:
            if not share.done:
                share._clip = clip
        self._wake()

    def fail(self, error: BaseException) -> None:
        """It breaks off here, for who listens to it and to its shares. Producer only, but for a share's own end."""
        self._error = error
        self._packets = list(self._packets)  # what others of a share go on to hear is not for this one
        for share in self._shares:
            if not share.done:
                share._error = error
        self._wake()

    def _wake(self) -> None:
        for share in self._shares:
            share._wake()
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            if not listener.done():
                listener.set_result(None)

    async def _growth(self) -> None:
        """Wait for the next change, from this very moment on."""
        # A future for each who waits and not one event for all: most often there is one, or none, and many changes.
        listener = asyncio.get_running_loop().create_future()
        self._listeners.append(listener)
        await listener
