"""Where ``-o`` points: what may be written there is known before anything is spoken, and nothing is left half done."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path

from bot.errors import SaysoError


def check(output: str) -> None:
    """Raise SaysoError for a place that cannot be written, before anything is spoken for it."""
    try:
        why = _hindrance(output)
    except OSError as error:
        why = f"{error.strerror}; choose another place with -o"
    if why:
        raise _unwritable(output, why)


def _hindrance(output: str) -> str:
    place = Path(output)
    if not output.strip():
        return "the name is empty; name a file such as hello.ogg, or - for a pipe"
    if place.is_dir() or output.endswith(("/", os.sep)):
        return f"it is a folder; name a file in it, such as {place / 'hello.ogg'}"
    if place.exists() and not os.access(place, os.W_OK):
        return "you may not write to it; choose another place with -o"
    if place.exists() and not _replaceable(place):
        return ""
    folder = _resolved(place).parent
    if not folder.is_dir():
        return f"there is no folder {folder}; create it or choose another place with -o"
    tempfile.TemporaryFile(dir=folder).close()
    return ""


def _unwritable(place: str | Path, why: str) -> SaysoError:
    return SaysoError(f"{str(place)!r} cannot be written: {why}.")


def _resolved(place: Path) -> Path:
    # Unlike Path.resolve, which raises, this leaves links that go round in a circle for the system to refuse.
    return Path(os.path.realpath(place))


def _replaceable(place: Path) -> bool:
    """Whether it is a plain file. A pipe or a device must stay what it is, so those are written to."""
    return stat.S_ISREG(place.stat().st_mode)


def write(place: Path, data: bytes) -> None:
    """Put the whole of a sound where ``-o`` says. Raises SaysoError, or BrokenPipeError when its reader went away."""
    try:
        if place.exists() and not _replaceable(place):
            place.write_bytes(data)
        else:
            _replace(_resolved(place), data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise _unwritable(place, f"{error.strerror}; choose another place with -o") from error


def _replace(path: Path, data: bytes) -> None:
    """All or nothing: a new file has the usual permissions, an existing one keeps its own."""
    beside = path.with_name(f".sayso-{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            file.write(data)
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
