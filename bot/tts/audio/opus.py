"""Opus: samples to packets and back, by the libopus and the decoder inside PyAV's wheel."""

from __future__ import annotations

from collections.abc import Iterable

import av
import av.error
import numpy as np

from bot.errors import AudioError
from bot.speech import PACKET_SAMPLES, SAMPLE_RATE, Samples

PRE_SKIP = 312
"""Samples at 48 kHz that a decoder throws away at the start: the look-ahead of libopus with ``application=audio``."""

# Up to complexity 6 libopus does not look whether it hears speech, and `audio` then stays in CELT. On 32 s of hibari at
# 32 kbit/s: 258 times real time and 15.6 dB of segmental SNR, for 37 kbit/s; from complexity 7 on it is hybrid:
# 97 times, 11.2 dB, 29 kbit/s. `voip` is hybrid always and filters the voice: 110 times at best, 5.8 dB.
_OPTIONS = {"application": "audio", "frame_duration": "20", "vbr": "on", "compression_level": "6"}


class PacketEncoder:
    """Samples at 48 kHz in, 20 ms packets out, each exactly one frame."""

    def __init__(self, bitrate: int) -> None:
        codec = av.AudioCodecContext.create("libopus", "w")
        codec.sample_rate = SAMPLE_RATE
        codec.layout = "mono"
        codec.format = "flt"
        codec.bit_rate = bitrate
        codec.options = dict(_OPTIONS)
        self._codec = codec
        self._fed = 0

    def encode(self, samples: Samples) -> list[bytes]:
        """The packets that are full; what is left waits inside the codec for more."""
        if not samples.size:
            return []
        self._fed += samples.size
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        return [bytes(packet) for packet in self._codec.encode(frame)]

    def finish(self) -> tuple[list[bytes], int]:
        """The last packets, and how many samples all packets decode to once :data:`PRE_SKIP` is dropped.

        The sound is rounded up with silence to whole packets, so that no player needs to trim the end.
        """
        packets = -(-(self._fed + PRE_SKIP) // PACKET_SAMPLES)
        last = self.encode(np.zeros(packets * PACKET_SAMPLES - self._fed, np.float32))
        return last, packets * PACKET_SAMPLES - PRE_SKIP


class PacketDecoder:
    """Packets in, samples at 48 kHz out, the first :data:`PRE_SKIP` dropped."""

    def __init__(self) -> None:
        codec = av.AudioCodecContext.create("opus", "r")
        codec.sample_rate = SAMPLE_RATE
        codec.layout = "mono"
        self._codec = codec
        self._skip = PRE_SKIP

    def decode(self, packets: Iterable[bytes]) -> Samples:
        """The samples of ``packets``; raises AudioError where one is no Opus."""
        try:
            pieces = [self._samples(frame) for packet in packets for frame in self._codec.decode(av.Packet(packet))]
        except av.error.FFmpegError as error:
            raise AudioError("This sound is damaged: a part of it is not Opus.") from error
        sound = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
        skipped = min(self._skip, sound.size)
        self._skip -= skipped
        return sound[skipped:]

    @staticmethod
    def _samples(frame: av.AudioFrame) -> Samples:
        samples: Samples = frame.to_ndarray()[0]
        return samples
