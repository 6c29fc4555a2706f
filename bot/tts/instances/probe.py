"""Asking a speech server on a unix socket whether it is there, without an HTTP client."""

from __future__ import annotations

import asyncio
from pathlib import Path

_PAUSE = 0.05
_REQUEST = b"GET /ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


async def answers(socket: Path) -> None:
    """Wait until it answers that it can speak."""
    while await status(socket) != 200:  # noqa: ASYNC110 (in another process nobody sets an event of ours)
        await asyncio.sleep(_PAUSE)


async def status(socket: Path) -> int | None:
    """What it answers to the question whether it is ready: 200 if it is; None where nobody answers."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return None
    try:
        writer.write(_REQUEST)
        return _status(await reader.readline())
    except (OSError, ValueError):
        return None
    finally:
        writer.close()


def _status(line: bytes) -> int | None:
    """``HTTP/1.1 200 OK`` as 200."""
    words = line.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
