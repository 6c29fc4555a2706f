"""A child that is all protocol: it answers as a speech server does, a tenth of a second of sound for each word.

Run as a program in place of ``sayso serve``: ``scripted.py SOCKET MOODS``. The file MOODS holds what it is to do wrong,
read at the start and at each request: a word for each thing (see :class:`Mood`).
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import struct
import subprocess
import sys
import time
from enum import StrEnum
from pathlib import Path

RATE = 24_000


class Mood(StrEnum):
    """What goes wrong."""

    REFUSES = "refuses"
    """It ends at once and says why, as the command does."""
    FALLS = "falls"
    """It ends at once in the middle of a log."""
    MUTE = "mute"
    """It ends at once and says nothing."""
    NEVER = "never"
    """It never listens."""
    LATE = "late"
    """It listens a little later."""
    DIES_ASKED = "dies_asked"
    """It dies when it is asked to speak."""
    DIES_SPEAKING = "dies_speaking"
    """It dies after its first sound."""
    PAUSES = "pauses"
    """It holds its breath after its first sound until it is in another mood."""
    REJECTS = "rejects"
    """It knows none of the voices."""
    BUSY = "busy"
    """It answers that it cannot now."""
    STUCK = "stuck"
    """It answers nothing any more."""
    UNREADY = "unready"
    """It answers that it is not ready."""
    PARENT = "parent"
    """It starts a process of its own, which outlives it if nobody cares."""
    DEAF = "deaf"
    """It does not end with its input."""


def moods() -> set[str]:
    return set(Path(sys.argv[2]).read_text().split())


def begin() -> None:
    if Mood.REFUSES in moods():
        sys.exit("sayso: speak.voice: there is no voice 'nobody'")
    if Mood.FALLS in moods():
        print(json.dumps({"event": "opening_failed", "error": "StoreError", "level": "error"}), file=sys.stderr)
        os.kill(os.getpid(), signal.SIGKILL)
    if Mood.MUTE in moods():
        sys.exit(3)
    if Mood.LATE in moods():
        time.sleep(0.3)
    if Mood.PARENT in moods():
        subprocess.Popen(["sleep", "60"])
    if Mood.NEVER in moods():
        time.sleep(60)


async def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print(json.dumps({"event": "scripted_began", "level": "info"}), file=sys.stderr, flush=True)
    server = await asyncio.start_unix_server(answer, sys.argv[1])
    async with server:
        await asyncio.to_thread(wait_for_the_end)
    os._exit(0)


def wait_for_the_end() -> None:
    while os.read(0, 4096):
        pass
    until = time.monotonic() + 60  # nobody is left behind for long by a test that failed
    while Mood.DEAF in moods() and time.monotonic() < until:
        time.sleep(0.05)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path, body = await request(reader)
    while Mood.STUCK in moods():  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    if path == "/v1/audio/speech":
        await speak(writer, str(body["input"]))
    else:
        write(writer, 503 if Mood.UNREADY in moods() else 200, "application/json", b"{}")
    writer.close()


async def request(reader: asyncio.StreamReader) -> tuple[str, dict[str, object]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    return head.split()[1], json.loads(body) if body else {}


async def speak(writer: asyncio.StreamWriter, text: str) -> None:
    if Mood.DIES_ASKED in moods():
        os.kill(os.getpid(), signal.SIGKILL)
    print("I was asked to say:", text, file=sys.stderr, flush=True)
    if Mood.REJECTS in moods():
        error = {"error": {"message": "There is no such voice.", "code": "unknown_voice"}}
        write(writer, 404, "application/json", json.dumps(error).encode())
        return
    if Mood.BUSY in moods():
        write(writer, 503, "application/json", b'{"error": {"message": "Busy."}}')
        return
    word = struct.pack("<h", 8000) * (RATE // 10)
    sound = wave(len(word) * len(text.split())) + word * len(text.split())
    head(writer, 200, "audio/wav", len(sound))
    half = len(sound) // 2
    writer.write(sound[:half])
    await writer.drain()
    if Mood.DIES_SPEAKING in moods():
        await asyncio.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    while Mood.PAUSES in moods():  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    writer.write(sound[half:])
    await writer.drain()


def wave(size: int) -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


def write(writer: asyncio.StreamWriter, status: int, kind: str, body: bytes) -> None:
    head(writer, status, kind, len(body))
    writer.write(body)


def head(writer: asyncio.StreamWriter, status: int, kind: str, length: int) -> None:
    line = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    writer.write(line.encode())


if __name__ == "__main__":
    begin()
    asyncio.run(main())
