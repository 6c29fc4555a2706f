"""Sound as server-sent events, as OpenAI has them: ``speech.audio.delta``, and at last ``speech.audio.done``."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from bot.adapters.http.answers import described, failed
from bot.errors import SaysoError
from bot.said import Said

TYPE = "text/event-stream"

HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}
"""What keeps those between us and the client from holding events back."""

PIECE = 48 * 1024
"""Bytes of sound in one event at most."""

CHARACTERS = 4
"""Characters of text that count as a token."""

TOKENS_PER_SECOND = 20
"""Tokens that a second of sound counts as."""


async def events(pieces: AsyncGenerator[bytes, None], said: Said, text: str) -> AsyncGenerator[bytes, None]:
    """The events of a speech. One that goes wrong on the way ends with an event that says so."""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                for start in range(0, len(piece), PIECE):
                    yield _delta(piece[start : start + PIECE])
    except SaysoError as error:
        yield _event({"type": "error", **described(failed(error))})
        return
    yield _event({"type": "speech.audio.done", "usage": _usage(text, said.speech.seconds)})


def _delta(sound: bytes) -> bytes:
    return _event({"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()})


def _event(data: Mapping[str, object]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _usage(text: str, seconds: float) -> dict[str, int]:
    taken, made = math.ceil(len(text) / CHARACTERS), math.ceil(seconds * TOKENS_PER_SECOND)
    return {"input_tokens": taken, "output_tokens": made, "total_tokens": taken + made}
