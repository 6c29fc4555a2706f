"""Voice packets: transport decryption, and what is heard (voice-connections.mdx, "Transport Encryption")."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import av
import nacl.secret
import numpy as np
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

RATE = 48_000
SILENCE = b"\xf8\xff\xfe"
AES_GCM, XCHACHA20 = "aead_aes256_gcm_rtpsize", "aead_xchacha20_poly1305_rtpsize"
MODES = (AES_GCM, XCHACHA20)
HEADER, TAG, COUNTER = 12, 16, 4
DISCOVERY = 74

Samples = np.ndarray[tuple[int, int], np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet as it arrived: ``opus`` is what is left after transport and end-to-end decryption.

    ``dave`` says whether it was end-to-end encrypted, ``live`` whether the connection it belongs to was still up,
    ``error`` why it could not be decrypted.
    """

    at: float
    seq: int
    timestamp: int
    ssrc: int
    nonce: int
    opus: bytes
    dave: bool
    live: bool = True
    error: str | None = None


def decrypt(mode: str, key: bytes, data: bytes) -> bytes:
    """The payload of a packet: the 12 bytes of header are authenticated, the last 4 are the nonce's beginning."""
    header, body, counter = data[:HEADER], data[HEADER:-COUNTER], data[-COUNTER:]
    if mode == XCHACHA20:
        return nacl.secret.Aead(key).decrypt(body, header, counter + bytes(20))
    return AESGCM(key).decrypt(counter + bytes(8), body, header)


def fields(data: bytes) -> tuple[int, int, int, int]:
    """Sequence number, timestamp, ssrc and nonce of a packet."""
    _, _, seq, timestamp, ssrc = struct.unpack_from(">BBHII", data, 0)
    (nonce,) = struct.unpack(">I", data[-COUNTER:])
    return seq, timestamp, ssrc, nonce


def discovered(data: bytes, address: tuple[str, int]) -> bytes:
    """The answer to "IP Discovery": where the packet came from."""
    (ssrc,) = struct.unpack_from(">I", data, 4)
    return struct.pack(">HHI", 2, 70, ssrc) + address[0].encode().ljust(64, b"\0") + struct.pack(">H", address[1])


def report(ssrc: int) -> bytes:
    """An RTCP receiver report, as the voice server sends them."""
    return struct.pack(">BBHI", 0x80, 201, 1, ssrc) + bytes(20)


def audible(packets: Iterable[RtpPacket]) -> list[RtpPacket]:
    """What could be decrypted and is not silence."""
    return [packet for packet in packets if packet.error is None and packet.opus != SILENCE]


def pcm(packets: Iterable[RtpPacket]) -> Samples:
    """Decoded sound, float32, two channels at 48 kHz."""
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = RATE, "stereo"
    frames = [_stereo(frame) for packet in packets for frame in decoder.decode(av.Packet(packet.opus))]
    return np.concatenate(frames, axis=1) if frames else np.zeros((2, 0), np.float32)


def _stereo(frame: av.AudioFrame) -> Samples:
    data = frame.to_ndarray()
    if frame.format.name == "s16":
        return data.reshape(-1, 2).T.astype(np.float32) / np.float32(32768)
    return (data.reshape(-1, 2).T if frame.format.name == "flt" else data).astype(np.float32)
