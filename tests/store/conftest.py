"""Stores to test: each behaviour on SQLite, and on PostgreSQL where this machine has one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.store import Store
from bot.store.database import Database
from bot.store.place import place
from bot.store.tables import METADATA
from tests.doubles.store import Clock, Sleep


@pytest.fixture
def clock() -> Clock:
    """The time, which stands still until it is moved."""
    return Clock()


@pytest.fixture
def sleep() -> Sleep:
    """A sleep that lasts until the test ends it."""
    return Sleep()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where a database may be made."""
    return tmp_path / "data" / "sayso.db"


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, file: Path) -> str:
    """The URL of an empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{file}"
    server: str = request.getfixturevalue("postgresql")
    await _empty(server)
    return server


@pytest.fixture
async def store(url: str, clock: Clock, sleep: Sleep) -> AsyncIterator[Store]:
    """A store that is open and empty."""
    async with Store.open(url, clock=clock, sleep=sleep) as store:
        yield store


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own, on a free port of this machine."""
    pytest.importorskip("asyncpg", reason="PostgreSQL's driver is not installed (sayso[postgres])")
    if shutil.which("initdb") is None or shutil.which("pg_ctl") is None:
        pytest.skip("this machine has no PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="sayso-postgresql-"))
    try:
        with _server(folder) as port:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Iterator[int]:
    port = _free_port()
    data = folder / "data"
    # PostgreSQL will not run as root.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    _run(["initdb", "-D", str(data), "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"], folder, user)
    options = (
        f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off -c deadlock_timeout=20ms"
    )
    _run(["pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start"], folder, user)
    try:
        yield port
    finally:
        _run(["pg_ctl", "-D", str(data), "-m", "immediate", "stop"], folder, user)


def _run(command: list[str], folder: Path, user: str | None) -> None:
    subprocess.run(command, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL, timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _empty(url: str) -> None:
    async with Database(place(url)) as database:
        await database.write(lambda connection: [connection.execute(t.delete()) for t in METADATA.sorted_tables[::-1]])
