"""Samples without a head, and the ways in which samples are written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from bot.errors import AudioError
from bot.speech import Samples
from bot.tts.remote.sound.piece import Cut, Piece

_RATES = range(1_000, 384_001)
_CHANNELS = range(1, 65)


def _eight(data: bytes) -> Samples:
    return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)


def _sixteen(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32_768)


def _twenty_four(data: bytes) -> Samples:
    # Each sample becomes the upper three bytes of a whole number of four.
    padded = np.zeros((len(data) // 3, 4), np.uint8)
    padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
    return _thirty_two(padded.tobytes())


def _thirty_two(data: bytes) -> Samples:
    return (np.frombuffer(data, "<i4") / 2_147_483_648).astype(np.float32)


def _float(data: bytes) -> Samples:
    return np.frombuffer(data, "<f4").astype(np.float32)


def _double(data: bytes) -> Samples:
    return np.frombuffer(data, "<f8").astype(np.float32)


_INTEGER, _REAL = 1, 3
_WIDTHS: dict[tuple[int, int], Callable[[bytes], Samples]] = {
    (_INTEGER, 8): _eight,
    (_INTEGER, 16): _sixteen,
    (_INTEGER, 24): _twenty_four,
    (_INTEGER, 32): _thirty_two,
    (_REAL, 32): _float,
    (_REAL, 64): _double,
}


@dataclass(frozen=True, slots=True)
class Form:
    """How samples are written: integers (``kind`` 1) or floats (3), little-endian, channels in turn."""

    rate: int = 24_000
    channels: int = 1
    bits: int = 16
    kind: int = _INTEGER

    def __post_init__(self) -> None:
        if (self.kind, self.bits) not in _WIDTHS or self.rate not in _RATES or self.channels not in _CHANNELS:
            raise AudioError(
                f"Sound of kind {self.kind} with {self.bits} bits, {self.channels} channels at {self.rate} Hz "
                "is not read; have it sent as 16-bit PCM."
            )

    @property
    def width(self) -> int:
        """Bytes for one moment, all channels together."""
        return self.channels * self.bits // 8

    def samples(self, data: bytes) -> Samples:
        """Whole moments as mono samples."""
        flat = _WIDTHS[self.kind, self.bits](data)
        return flat if self.channels == 1 else flat.reshape(-1, self.channels).mean(axis=1, dtype=np.float32)


class PcmReader:
    """Samples in one form until the bytes end."""

    def __init__(self, form: Form) -> None:
        self._form = form
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """All whole moments."""
        data = self._rest + data
        whole = len(data) // self._form.width * self._form.width
        self._rest = data[whole:]
        if whole:
            yield Piece(self._form.samples(data[:whole]), self._form.rate)

    def finish(self) -> Iterator[Piece]:
        """Nothing; raises Cut if a moment is not whole."""
        if self._rest:
            raise Cut("The sound ends in the middle of a sample.")
        yield from ()
