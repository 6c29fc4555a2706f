"""One speech, from the engines' sound to what every delivery sends: breath, packets, and the whole clip."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from bot.errors import AudioError
from bot.speech import SAMPLE_RATE, Clip, Pcm, Samples, Spoken
from bot.tts.audio.limiter import Limiter
from bot.tts.audio.line import Line
from bot.tts.audio.loudness import Loudness
from bot.tts.audio.ogg import OggWriter
from bot.tts.audio.opus import PacketEncoder
from bot.tts.audio.waveform import Waveform

CEILING = -2.5
"""dBFS that no peak passes before the codec: Opus adds about 1 dB to a peak, and -1 dBFS is what listeners may get."""
_BRIDGE = SAMPLE_RATE * 3 // 1000
"""Samples over which silence and the first or last sample of an utterance are joined."""


class _Codec(Protocol):
    def encode(self, samples: Samples) -> list[bytes]: ...

    def finish(self) -> tuple[list[bytes], int]: ...


class SpeechEncoder:
    """One speech: begin an utterance, feed its sound, begin the next, ..., finish.

    Calls are made one after the other, but each may run in any thread. The sound is brought to ``target_lufs``;
    between two utterances lie ``pause`` seconds of silence, counting what the engine left there itself. It is Opus,
    unless ``codec`` says what else; its :meth:`rest` is then all there is at the end.
    """

    def __init__(
        self,
        *,
        target_lufs: float = -16.0,
        bitrate: int = 32_000,
        pause: float = 0.25,
        loudness: Loudness | None = None,
        codec: _Codec | None = None,
    ) -> None:
        self._target = target_lufs
        self._pause = round(pause * SAMPLE_RATE)
        self._loudness = Loudness() if loudness is None else loudness
        self._limiter = Limiter(CEILING)
        self._codec: _Codec = codec or PacketEncoder(bitrate)
        self._waveform = Waveform()
        self._packets: list[bytes] = []
        self._spoken: list[Spoken] = []
        self._line: Line | None = None
        self._begun = False
        self._joined = False
        self._length = 0
        self._quiet = 0
        self._last = 0.0

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """The utterances so far, each from its first sound on."""
        return tuple(self._spoken)

    def begin(self) -> None:
        """The next feed starts a new utterance, even if it says the same as the last."""
        self._begun = True

    def feed(self, pcm: Pcm) -> list[bytes]:
        """The packets that are ready. A ``pcm.spoken`` unlike the last starts a new utterance."""
        ended: list[bytes] = []
        if self._line is None or self._begun or self._line.utterance != pcm.spoken:
            ended = self._end_line()
            self._line = Line(pcm.spoken, self._target, CEILING, self._loudness)
            self._begun = self._joined = False
        return ended + self._append(self._line, self._line.feed(pcm))

    def finish(self) -> tuple[list[bytes], Clip]:
        """The last packets, and the whole; AudioError if no sound was ever fed."""
        rest, samples = self.rest()
        if not self._spoken:
            raise AudioError("There is no sound in this speech.")
        return rest, self._clip(samples)

    def rest(self) -> tuple[list[bytes], int]:
        """The last packets, and how many samples at 48 kHz all of them hold."""
        ended = self._end_line()
        packets = self._encode(self._limiter.finish())
        last, samples = self._codec.finish()
        self._packets += last
        return ended + packets + last, samples

    def _append(self, line: Line, sound: Samples) -> list[bytes]:
        if not sound.size:
            return []
        if not self._joined:
            sound = self._join(line, sound)
        self._last = float(sound[-1])
        self._length += sound.size
        return self._encode(self._limiter.feed(sound))

    def _join(self, line: Line, sound: Samples) -> Samples:
        """Put the breath before a new utterance, and a bridge from silence to its first sample, which stays whole."""
        breath = max(0, self._pause - self._quiet - line.lead - _BRIDGE) if self._spoken else 0
        self._joined = True
        self._spoken.append(Spoken(line.utterance, (self._length + breath) / SAMPLE_RATE))
        return np.concatenate((np.zeros(breath, np.float32), sound[0] * _rise(), sound))

    def _end_line(self) -> list[bytes]:
        line, self._line = self._line, None
        if line is None:
            return []
        packets = self._append(line, line.finish())
        return packets + self._fade(line) if self._joined else packets

    def _fade(self, line: Line) -> list[bytes]:
        """The bridge from the last sample of an utterance to silence."""
        bridge = np.float32(self._last) * _rise()[::-1]
        self._quiet = line.tail + _BRIDGE
        self._length += bridge.size
        return self._encode(self._limiter.feed(bridge))

    def _encode(self, sound: Samples) -> list[bytes]:
        self._waveform.feed(sound)
        packets = self._codec.encode(sound)
        self._packets += packets
        return packets

    def _clip(self, samples: int) -> Clip:
        writer = OggWriter()
        ogg = writer.head() + writer.write(self._packets) + writer.close()
        return Clip(ogg, samples / SAMPLE_RATE, self._waveform.points(), self.spoken)


def _rise() -> Samples:
    rise: Samples = ((1 - np.cos(np.arange(_BRIDGE) * (np.pi / _BRIDGE))) / 2).astype(np.float32)
    return rise
