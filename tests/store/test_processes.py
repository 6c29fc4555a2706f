"""Several processes on one file, and processes that die."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from bot.store import Store
from tests.doubles.store import clip

_ROOT = Path(__file__).parents[2]

_WRITER = """
import asyncio, sys
from bot.queue.journal import Entry
from bot.store import Store
from tests.doubles.store import clip

async def main(file, name, count):
    async with Store.open(file) as store:
        for number in range(count):
            await store.journal.accept(Entry(f"{name}-{number}", {"user": "u", "text": "t"}, at=float(number)))
            await store.cache.put(f"{name}-{number}", clip(f"{name}-{number}", 20_000), user=name)
            await store.settings.set_guild("discord:42", extra={name: number})
            print(number, flush=True)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


def _start(file: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _WRITER, str(file), name, str(count)]
    return subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)


def _finish(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=60)
    return process.returncode


async def _check(file: Path, promised: dict[str, int]) -> None:
    """Everything that was promised is there, whole."""
    async with Store.open(file) as store:
        pending = {entry.id for entry in await store.journal.pending(0.0)}
        for name, count in promised.items():
            for number in range(count):
                assert f"{name}-{number}" in pending
                assert await store.cache.get(f"{name}-{number}") == clip(f"{name}-{number}", 20_000)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_processes_that_start_together_on_a_new_file(file: Path) -> None:
    """One makes the tables, the others wait; all of them write, and nothing is lost."""
    processes = [_start(file, f"p{number}", 5) for number in range(4)]
    assert [_finish(process) for process in processes] == [0, 0, 0, 0]
    await _check(file, {f"p{number}": 5 for number in range(4)})


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
async def test_a_process_that_is_killed_while_it_writes(file: Path) -> None:
    """What it was told is written is there at the next start, and the file is sound; another goes on meanwhile."""
    doomed, survivor = _start(file, "doomed", 100_000), _start(file, "survivor", 40)
    assert doomed.stdout is not None
    for line in doomed.stdout:
        if int(line) >= 30:
            break
    doomed.send_signal(signal.SIGKILL)
    rest, _ = doomed.communicate(timeout=60)
    written = max([30, *(int(line) for line in rest.split())])
    assert _finish(survivor) == 0
    await _check(file, {"doomed": written + 1, "survivor": 40})


async def test_stores_that_open_together_in_one_process(file: Path) -> None:
    """The same within one loop."""

    async def one(number: int) -> None:
        async with Store.open(file) as store:
            await store.preferences.set(f"discord:{number}", voice="aria")

    await asyncio.gather(*(one(number) for number in range(4)))
    async with Store.open(file) as store:
        assert [(await store.preferences.get(f"discord:{number}")).voice for number in range(4)] == ["aria"] * 4


async def test_a_file_that_another_process_holds_for_a_moment_is_waited_for(file: Path) -> None:
    """SQLite itself gives up at once where a file is to be changed to a write-ahead log."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(file, isolation_level=None)) as theirs:
        theirs.executescript("CREATE TABLE passing (name TEXT); DROP TABLE passing;")
        theirs.execute("BEGIN IMMEDIATE")
        store = Store.open(file)
        opening = asyncio.create_task(store.__aenter__())
        await asyncio.sleep(0.1)
        assert not opening.done()
        theirs.execute("ROLLBACK")
        await opening
        await store.preferences.set("discord:1", voice="aria")
        await store.__aexit__(None, None, None)
