"""A speech as the bytes of a format, as it comes into being."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial

from bot.adapters.http.pressings import Pressings
from bot.said import Said
from bot.speech import Codec, Speech
from bot.tts.audio import FormatStream

BATCH = 1.0
"""Seconds of sound that are encoded in one go: some 20 ms of work."""

LARGEST = 96_000
"""Bytes of a second of sound in the largest format: 48 kHz, 16 bits."""

OWN: dict[str, Codec] = {"opus": Codec.OPUS, "mp3": Codec.MP3}
"""The codec in which a format needs no encoding."""


async def whole(said: Said, format: str, pressings: Pressings) -> bytes | None:
    """All of it, where it is there and needs no encoding; else None."""
    speech = said.speech
    if not speech.done or speech.failed:
        return None
    if OWN.get(format) is speech.codec:
        return (await speech.clip()).data
    return pressings.get(said.key, format)


def pressed(said: Said, format: str, pressings: Pressings) -> AsyncGenerator[bytes, None]:
    """Piece by piece, and then kept for the next who asks; what is whole is encoded once for all who ask meanwhile.

    Not what may be too large to be kept: of that each has only the piece that is being sent.
    """
    encode = partial(_kept, said, format, pressings)
    if said.key is None or not said.speech.done or said.speech.seconds * LARGEST > pressings.largest:
        return encode()
    return pressings.share(said.key, format, encode)


async def _kept(said: Said, format: str, pressings: Pressings) -> AsyncGenerator[bytes, None]:
    made: list[bytes] = []
    size = 0
    async with aclosing(_pieces(said.speech, format)) as pieces:
        async for piece in pieces:
            yield piece
            size += len(piece)
            if size <= pressings.largest:
                made.append(piece)
    if said.key is not None and size <= pressings.largest and OWN.get(format) is not said.speech.codec:
        pressings.put(said.key, format, _measured(b"".join(made), format))


def _pieces(speech: Speech, format: str) -> AsyncGenerator[bytes, None]:
    # Ogg pages are written anew for a stream, because the length of the whole stands in none of them yet.
    return _as_they_are(speech) if format == speech.codec == Codec.MP3 else _encoded(speech, format)


async def _as_they_are(speech: Speech) -> AsyncGenerator[bytes, None]:
    async with aclosing(_batches(speech)) as batches:
        async for packets in batches:
            yield b"".join(packets)


async def _encoded(speech: Speech, format: str) -> AsyncGenerator[bytes, None]:
    """Encoding is done beside the event loop."""
    stream = FormatStream(format)
    try:
        async with aclosing(_batches(speech)) as batches:
            async for packets in batches:
                if ready := await asyncio.to_thread(stream.write, packets):
                    yield ready
        yield await asyncio.to_thread(stream.close)
    except BaseException:
        # Not awaited: it waits for a piece that is being encoded for a client who has gone.
        asyncio.get_running_loop().run_in_executor(None, stream.abandon)
        raise


def _batches(speech: Speech) -> AsyncGenerator[Sequence[bytes], None]:
    return speech.batches(round(BATCH / speech.codec.seconds))


def _measured(data: bytes, format: str) -> bytes:
    """A WAV that is whole says how long it is, which nobody knew when it was begun."""
    if format != "wav":
        return data
    riff, body = (struct.pack("<I", len(data) - before) for before in (8, 44))
    return b"".join((data[:4], riff, data[8:40], body, data[44:]))
