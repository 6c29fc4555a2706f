"""Packets and samples, by the codecs in PyAV's wheel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import AudioError
from bot.speech import PACKET_SAMPLES
from bot.tts.audio.opus import PRE_SKIP, PacketDecoder, PacketEncoder
from tests.tts.audio.signals import pieces, silence, sine


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5_000), st.integers(1, 3_000))
def test_everything_fed_is_in_the_packets(samples: int, size: int) -> None:
    """Whole packets, no more than needed, and all of the sound lies in what they decode to."""
    encoder = PacketEncoder(32_000)
    fed = [packet for part in pieces(sine(440, samples / 48_000), size) for packet in encoder.encode(part)]
    last, decoded = encoder.finish()
    out = PacketDecoder().decode(fed + last)

    assert out.size == decoded == len(fed + last) * PACKET_SAMPLES - PRE_SKIP
    assert samples <= decoded < samples + PACKET_SAMPLES


def test_the_sound_is_where_it_was() -> None:
    """Once the pre-skip is dropped, nothing is late: a burst begins at its own sample, within a millisecond."""
    sound = np.concatenate((silence(0.1, 48_000), sine(1_000, 0.2, dbfs=-6)))
    encoder = PacketEncoder(64_000)
    fed = encoder.encode(sound)
    out = PacketDecoder().decode(fed + encoder.finish()[0])
    lag = np.correlate(out[4_000:10_000], sound[4_200:9_800], "valid").argmax() - 200

    assert abs(int(lag)) <= 48


def test_packets_may_be_decoded_one_by_one() -> None:
    """The first of them gives what the pre-skip leaves, each other one 20 ms."""
    encoder = PacketEncoder(32_000)
    fed = encoder.encode(sine(440, 0.1))
    decoder = PacketDecoder()

    assert [decoder.decode([packet]).size for packet in fed] == [960 - 312, 960, 960, 960, 960]
    assert decoder.decode([]).size == 0


def test_what_is_no_packet_is_refused() -> None:
    """Not decoded to noise: a frame count that the bytes cannot hold."""
    with pytest.raises(AudioError, match="damaged"):
        PacketDecoder().decode([b"\xff\xff\xff"])
