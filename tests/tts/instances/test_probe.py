"""Asking over a socket whether somebody is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.tts.instances.probe import answers, status


def address(tmp_path: Path) -> Path:
    return tmp_path / "s"


async def server(tmp_path: Path, *lines: bytes) -> asyncio.Server:
    """One that answers with each line in turn."""
    left = list(lines)

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(left.pop(0))
        writer.close()

    return await asyncio.start_unix_server(tell, address(tmp_path))


async def test_nobody_there_is_none(tmp_path: Path) -> None:
    """No file, a file that is no socket, a path that is too long for one: nobody answers."""
    assert await status(address(tmp_path)) is None
    address(tmp_path).write_text("")
    assert await status(address(tmp_path)) is None
    assert await status(tmp_path / ("long" * 50)) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", 503),
        (b"", None),
        (b"hello\r\n", None),
        (b"x" * 100_000, None),
    ],
)
async def test_the_status_is_what_counts(tmp_path: Path, line: bytes, expected: int | None) -> None:
    """Whatever else is said, and whoever it is."""

    async with await server(tmp_path, line):
        assert await status(address(tmp_path)) == expected


async def test_it_waits_until_somebody_is_ready(tmp_path: Path) -> None:
    """Who is not there yet may come, and who is there may need a moment more."""
    waiting = asyncio.create_task(answers(address(tmp_path)))
    await asyncio.sleep(0)
    assert not waiting.done()
    answered = (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n")
    async with asyncio.timeout(5), await server(tmp_path, *answered):
        await waiting
