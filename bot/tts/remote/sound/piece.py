"""What every reader gives, and how it says that something is missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import av
import numpy as np

from bot.errors import AudioError
from bot.speech import Samples


@dataclass(frozen=True, slots=True)
class Piece:
    """Mono samples, and their rate in Hz."""

    samples: Samples
    rate: int


class Cut(AudioError):
    """The sound ended before it was whole."""


class Reader(Protocol):
    """Reads one format. Both raise AudioError at what is none of it; finishing raises :class:`Cut` if it is not whole,
    after all pieces were given."""

    def feed(self, data: bytes) -> Iterable[Piece]:
        """The sound of the bytes so far."""
        ...

    def finish(self) -> Iterable[Piece]:
        """The sound of what is left when no more will come."""
        ...


def codec(name: str, extradata: bytes) -> av.AudioCodecContext:
    """A decoder for packets, told what their container said of them."""
    made = av.CodecContext.create(name, "r")
    assert isinstance(made, av.AudioCodecContext)
    made.extradata = extradata
    return made


def mixed(frame: av.AudioFrame) -> Samples:
    """The samples of a decoded frame, float32, its channels mixed to one."""
    rows = frame.to_ndarray()
    if not frame.format.is_planar:
        rows = rows.reshape(-1, frame.layout.nb_channels).T
    full = 2.0 ** (8 * rows.dtype.itemsize - 1) if rows.dtype.kind == "i" else 1.0
    sound: Samples = (rows.mean(axis=0, dtype=np.float32) / full).astype(np.float32, copy=False)
    return sound
