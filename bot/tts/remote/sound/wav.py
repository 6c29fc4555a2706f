"""WAV as it comes, whose header may promise too much, or nothing at all."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from bot.errors import AudioError
from bot.tts.remote.sound.pcm import Form, PcmReader
from bot.tts.remote.sound.piece import Cut, Piece

_RIFF = (b"RIFF", b"RF64", b"BW64")
_FORM = struct.Struct("<HHIIHH")
_EXTENSIBLE = 0xFFFE
_KIND_AT = 24
"""Where an extensible form says what its samples really are."""
_UNKNOWN = 0x7FFF_0000
"""From here on a length is no promise, but what is written by who does not know it yet; as is 0."""
_LONGEST_FORM = 1024


class WavReader:
    """PCM of 8 to 32 bits or floats, at any rate, mixed to mono; further chunks are stepped over.

    Several files one after the other are one sound: there are servers that make a file of each sentence.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._ready: list[Piece] = []
        self._state: Callable[[], bool] = self._at_file
        """What stands next in the buffer; called, it says whether it could step over that."""
        self._form: Form | None = None
        self._samples: PcmReader | None = None
        self._length = 0
        self._left: int | None = 0
        self._wide: int | None = None

    def feed(self, data: bytes) -> Sequence[Piece]:
        """The sound of the bytes so far."""
        self._buffer += data
        while self._state():
            pass
        ready, self._ready = self._ready, []
        return ready

    def finish(self) -> Sequence[Piece]:
        """Nothing; raises Cut if there is less than the header says."""
        if self._samples is None:
            raise Cut("The sound ends within its header.")
        if self._left:
            raise Cut(f"The sound ends {self._left} bytes too early.")
        return list(self._samples.finish()) if self._left is None else []

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _at_file(self) -> bool:
        if len(self._buffer) < 12:
            return False
        head = self._take(12)
        if head[:4] not in _RIFF or head[8:] != b"WAVE":
            raise AudioError("This is no WAV file.")
        self._form = self._samples = self._wide = None
        self._state = self._at_chunk
        return True

    def _at_chunk(self) -> bool:
        if len(self._buffer) < 8:
            return False
        if self._samples is not None and self._buffer[:4] in _RIFF:
            self._state = self._at_file
            return True
        name, length = self._take(4), int.from_bytes(self._take(4), "little")
        self._length = length if name == b"data" else length + length % 2
        self._state = {b"fmt ": self._in_form, b"ds64": self._in_wide, b"data": self._before_sound}.get(
            name, self._in_other
        )
        return True

    def _in_other(self) -> bool:
        """What is of no interest."""
        self._length -= len(self._take(self._length))
        if not self._length:
            self._state = self._at_chunk
        return not self._length

    def _in_form(self) -> bool:
        if not _FORM.size <= self._length <= _LONGEST_FORM:
            raise AudioError("This WAV file is damaged: it does not say how its samples are written.")
        if len(self._buffer) < self._length:
            return False
        kind, channels, rate, _, _, bits = _FORM.unpack_from(self._buffer)
        if kind == _EXTENSIBLE and self._length >= _KIND_AT + 2:
            kind = int.from_bytes(self._buffer[_KIND_AT : _KIND_AT + 2], "little")
        self._form = Form(rate, channels, bits, kind)
        self._state = self._in_other
        return True

    def _in_wide(self) -> bool:
        """The lengths of a file that may be longer than four bytes can say."""
        if self._length < 16:
            raise AudioError("This WAV file is damaged.")
        if len(self._buffer) < 16:
            return False
        self._wide = int.from_bytes(self._buffer[8:16], "little")
        self._state = self._in_other
        return True

    def _before_sound(self) -> bool:
        if self._form is None:
            raise AudioError("This WAV file is damaged: it does not say how its samples are written.")
        length = self._wide if self._wide is not None else self._length
        self._left = length if 0 < length < _UNKNOWN or self._wide else None
        self._length = length
        self._samples = PcmReader(self._form)
        self._state = self._in_sound
        return True

    def _in_sound(self) -> bool:
        assert self._samples is not None
        data = self._take(len(self._buffer) if self._left is None else self._left)
        self._ready += self._samples.feed(data)
        if self._left is None:
            return False
        self._left -= len(data)
        if self._left:
            return False
        self._length %= 2
        self._state = self._after_sound
        return True

    def _after_sound(self) -> bool:
        """The byte that makes a length even, unless another file follows at once."""
        if len(self._buffer) < 1:
            return False
        if self._length and self._buffer[:1] != b"R":
            self._take(1)
        self._state = self._at_chunk
        return True
