"""Where the files that travel with Sayso lie: in the wheel under ``bot/data``, in a checkout at the top."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder ``name`` (``voices``, ``migrations``) of this installation.

    Raises FileNotFoundError if the installation lacks it.
    """
    for place in (_PACKAGE / "data" / name, _PACKAGE.parent / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"this installation of Sayso lacks its folder {name!r}; install it again")
