"""Where a child lives: its data and its socket."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.errors import ConfigError

_ADDRESS = 103
"""Bytes of the longest path that a unix socket can have everywhere."""


@dataclass(frozen=True, slots=True)
class Lodging:
    """A folder for data, and the address of a socket: in there if that is short enough, else in a folder of its own."""

    folder: Path
    socket: Path


@contextmanager
def lodging(folder: Path, number: int, name: str) -> Iterator[Lodging]:
    """A place in ``folder`` for the child of that number, ours alone and gone afterwards, with a socket of that name.

    Another Sayso may have the same folder: nothing of its is touched, but what those have left there that are no more
    is removed. Raises ConfigError.
    """
    with ExitStack() as stack:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _tidy(folder)
            home = stack.enter_context(_home(folder, f"instance-{number}"))
            socket = home / name
            if len(os.fsencode(socket)) > _ADDRESS:
                short = tempfile.TemporaryDirectory(prefix="sayso-", ignore_cleanup_errors=True)
                socket = Path(stack.enter_context(short)) / name
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be made ({error.strerror}); set data_dir to another") from error
        if len(os.fsencode(socket)) > _ADDRESS:
            raise ConfigError(f"{socket}: too long an address for a unix socket; set TMPDIR to a shorter folder")
        yield Lodging(home, socket)


@contextmanager
def _home(folder: Path, name: str) -> Iterator[Path]:
    """A new folder called ``name`` and something that nobody else's is. It bears that name once it is locked."""
    made = Path(tempfile.mkdtemp(prefix=".", dir=folder))
    with ExitStack() as stack:
        with suppress(OSError):  # where nothing can be locked nobody tidies up either
            stack.enter_context(_locked(made))
        home = made.rename(folder / f"{name}{made.name}")
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        yield home


def _tidy(folder: Path) -> None:
    """Remove the homes that nobody holds any more: a lock ends with the process, however that ended."""
    for home in folder.glob("instance-*.*"):
        with suppress(OSError), _locked(home):
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder. Raises OSError where another does, and where that cannot be told."""
    import fcntl  # which Windows lacks, as it lacks children of ours

    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)
