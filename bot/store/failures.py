"""Every failure of a database as a StoreError that says what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from bot.errors import StoreError
from bot.store.place import Place


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Raise what fails inside as a StoreError; usable in any thread."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise StoreError(f"the database {place} {_reason(error)}") from error


def busy(error: Exception) -> bool:
    """Whether another process holds what SQLite needed."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


_REASONS: tuple[tuple[tuple[int, ...], str], ...] = (
    (
        (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        "is damaged: stop Sayso, move it away together with its -wal and -shm, and start again with an empty one, "
        "or put a backup in its place (`sqlite3 FILE .recover` may save what is in it)",
    ),
    (
        (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        "cannot be written: give the user that runs Sayso the right to write it and its folder, or choose another path",
    ),
    ((sqlite3.SQLITE_FULL,), "has no room left: free some space on its disk"),
    (
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        "is held by another process: end what has it open, for example a backup or another Sayso",
    ),
    ((sqlite3.SQLITE_IOERR,), "cannot be read or written: look after its disk"),
)


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError | IsADirectoryError | NotADirectoryError | FileExistsError):
        return _REASONS[1][1]
    if isinstance(error, OSError):
        return f"cannot be reached: {error.strerror or error or type(error).__name__}"
    # Not the message of a database, which may repeat values; behind SQLAlchemy's error stands the driver's own.
    known = (reason for codes, reason in _REASONS if _code(error) in codes)
    return next(known, f"failed: {type(_cause(error).__cause__ or _cause(error)).__name__}")


def _code(error: Exception) -> int:
    code: int = getattr(_cause(error), "sqlite_errorcode", 0)
    return code & 0xFF


def _cause(error: Exception) -> BaseException:
    return (error.orig if isinstance(error, DBAPIError) else None) or error
