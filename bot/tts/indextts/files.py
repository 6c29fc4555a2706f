"""The files of a model folder: that they are there, and that nothing else lies in their place."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from pathlib import Path

from bot.tts.indextts.faults import CheckpointError, refused

_SHOWN = 500
_LOOK = 512
"""Bytes by which a stand-in is known."""
_POINTER = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


def check(file: Path) -> None:
    """Refuse an empty file, a Git LFS pointer and a web page that was saved in the file's place. CheckpointError."""
    found = beginning(file)
    start = found.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        raise refused(file, "the file is empty: the download broke off before it began. Download it again.")
    if start.startswith(_POINTER):
        raise refused(
            file,
            "this is a Git LFS pointer, a note of where the file is, and not the file: run 'git lfs install' and "
            "'git lfs pull' in the folder that was cloned.",
        )
    if start.startswith(_PAGES):
        raise refused(
            file,
            "this is a web page, and not the file: the address that was saved is of the page that shows it. "
            "Download it again.",
        )


def beginning(file: Path) -> bytes:
    """The first bytes of a file, by which its kind is known. CheckpointError if it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(_LOOK)
    except OSError as error:
        raise unreadable(file, error) from error


def unreadable(place: Path, error: OSError | ValueError) -> CheckpointError:
    """The refusal of what is there, but not for us."""
    why = getattr(error, "strerror", None) or type(error).__name__
    return CheckpointError(f"{str(place)[:_SHOWN]} cannot be read: {why}.")


def kind(place: Path) -> int:
    """What stands there (:mod:`stat`), 0 for nothing. CheckpointError where we may not look."""
    try:
        return stat.S_IFMT(place.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except (OSError, ValueError) as error:  # ValueError: no path at all
        raise unreadable(place, error) from error


def complete(folder: Path, names: Iterable[str]) -> None:
    """Refuse a folder that lacks any of the files, and name all that it lacks. CheckpointError."""
    lacking = [name for name in names if kind(folder / name) != stat.S_IFREG]
    if lacking:
        raise refused(folder, f"{', '.join(lacking)} {'is' if len(lacking) == 1 else 'are'} missing.")
