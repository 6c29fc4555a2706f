"""Events, to the byte."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bot.adapters.http import sse
from bot.errors import Cancelled, EngineTruncated, SaysoError
from bot.said import Figures, Said
from bot.speech import PACKET_SECONDS, Request, Speech


async def pieces(*sound: bytes, error: SaysoError | None = None) -> AsyncGenerator[bytes, None]:
    """Sound as it is encoded."""
    for piece in sound:
        yield piece
    if error is not None:
        raise error


async def heard(*sound: bytes, text: str = "Hello.", error: SaysoError | None = None) -> list[dict[str, Any]]:
    """The events, each as it must stand on the wire."""
    speech = Speech()
    speech.append([b"packet"] * 50)
    said = Said(Request("api:1", "api:1", text), speech, Figures(0.0))
    wire = b"".join([event async for event in sse.events(pieces(*sound, error=error), said, text)]).decode()
    *events, rest = wire.split("\n\n")
    assert rest == ""
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    return [json.loads(event.removeprefix("data: ")) for event in events]


async def test_each_piece_is_an_event_and_the_end_is_one() -> None:
    """In OpenAI's words; a piece of nothing is none."""
    *deltas, done = await heard(b"one", b"", b"two")
    assert deltas == [
        {"type": "speech.audio.delta", "audio": base64.b64encode(sound).decode()} for sound in (b"one", b"two")
    ]
    assert done == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 2, "output_tokens": 20, "total_tokens": 22},
    }
    assert 50 * PACKET_SECONDS == 1.0


async def test_a_large_piece_is_several_events() -> None:
    """Some clients read a line at a time into a buffer of 64 KB."""
    sound = bytes(range(256)) * 1000
    *deltas, _ = await heard(sound)
    assert b"".join(base64.b64decode(delta["audio"]) for delta in deltas) == sound
    assert max(len(delta["audio"]) for delta in deltas) <= 64 * 1024


@pytest.mark.parametrize(
    ("error", "code"),
    [(EngineTruncated("offline", "It broke off."), "engine_error"), (Cancelled("Cancelled."), "cancelled")],
)
async def test_what_goes_wrong_is_the_last_event(error: SaysoError, code: str) -> None:
    """In the shape of every error; there is no end that would say it is whole."""
    first, last = await heard(b"one", error=error)
    assert first["type"] == "speech.audio.delta"
    assert last["type"] == "error"
    assert (last["error"]["code"], last["error"]["type"]) == (code, "server_error")
    assert set(last["error"]) == {"message", "type", "param", "code"}
