"""Where a database is: a file that its owner alone may read, memory, or a PostgreSQL server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import StoreError

_OWNER_FILE = 0o600
_OWNER_FOLDER = 0o700
_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


@dataclass(frozen=True, slots=True)
class Place:
    """A database's URL with its driver, and its file where it has one."""

    url: URL
    file: Path | None = None

    @property
    def sqlite(self) -> bool:
        """Whether it is SQLite's, in a file or in memory."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def memory(self) -> bool:
        """Whether it is gone when it is closed."""
        return self.sqlite and self.file is None

    def __str__(self) -> str:
        return str(self.file) if self.file else self.url.render_as_string(hide_password=True)


def place(url_or_path: str | os.PathLike[str]) -> Place:
    """The place that a URL or a path names. Raises StoreError for what is neither."""
    text = os.fspath(url_or_path)
    if "://" in text:
        return _from_url(text)
    return _in_memory() if text == ":memory:" else _from_file(text)


def _from_url(text: str) -> Place:
    try:
        url = make_url(text)
    except ArgumentError:
        raise StoreError("the database's URL cannot be read; write postgresql://user:password@host/name") from None
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        raise StoreError(f"a database of kind {url.get_backend_name()!r} cannot be used; give a path or postgresql://…")
    if driver.startswith("sqlite"):
        return _from_file(url.database) if url.database and url.database != ":memory:" else _in_memory()
    return Place(url.set(drivername=driver))


def _from_file(text: str) -> Place:
    file = Path(text).expanduser().absolute()
    return Place(URL.create("sqlite+aiosqlite", database=str(file)), file)


def _in_memory() -> Place:
    return Place(URL.create("sqlite+aiosqlite", database=":memory:"))


def prepare(file: Path) -> None:
    """See that ``file`` exists and that only its owner may read it, and the files that SQLite lays beside it.

    Folders that are missing are made for the owner alone; one that is there keeps its rights. Raises OSError.
    """
    _make_folder(file.parent)
    # Made here and not by SQLite, so that it never stands open, whatever the umask; SQLite gives -wal and -shm the
    # rights of the file.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, _OWNER_FILE))
    for each in (file, file.with_name(f"{file.name}-wal"), file.with_name(f"{file.name}-shm")):
        if each.exists() and each.stat().st_mode & 0o777 != _OWNER_FILE:
            each.chmod(_OWNER_FILE)


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(_OWNER_FOLDER, exist_ok=True)
