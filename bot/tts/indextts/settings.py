"""``config.yaml`` as it is written: each setting is asked for by its name, and refused by its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bot.tts.indextts import files
from bot.tts.indextts.faults import CheckpointError, refused

_MOST = 1_000_000
"""More than any size of a model: a slip of the finger does not fill the memory."""
_SHOWN = 60
"""Characters of a wrong value that are shown."""

_BROKEN = (
    yaml.YAMLError,
    OmegaConfBaseException,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What comes out of the parsers for a text that is no settings; tags (``!!int many``) lead to all but the first two."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A section of the file; ``place`` is its name, with a dot behind it, or empty for the whole.

    Every question raises CheckpointError for a setting that is missing and has no default, or is of another kind.
    """

    file: Path
    values: Mapping[str, object]
    place: str = ""

    def section(self, key: str) -> Settings:
        """The section of that name."""
        values = self.values.get(key)
        if not isinstance(values, dict):
            raise self.wrong(key, "a section with settings")
        return Settings(self.file, values, f"{self.place}{key}.")

    def whole(self, key: str, default: int | None = None, *, least: int = 1, most: int = _MOST) -> int:
        """A whole number from ``least`` to ``most``."""
        value = self.values.get(key, default)
        if not _is_whole(value, least, most):
            raise self.wrong(key, f"a whole number from {least:,} to {most:,}")
        return cast(int, value)

    def wholes(self, key: str, *, least: int = 1) -> tuple[int, ...]:
        """A list of one or more whole numbers."""
        value = self.values.get(key)
        if not (isinstance(value, list) and value and all(_is_whole(item, least) for item in value)):
            raise self.wrong(key, f"a list of whole numbers from {least} on")
        return tuple(value)

    def rows(self, key: str, *, least: int) -> tuple[tuple[int, ...], ...]:
        """A list of lists of at least so many whole numbers each."""
        value = self.values.get(key)
        if not (isinstance(value, list) and all(_is_row(row, least) for row in value)):
            raise self.wrong(key, f"a list of lists of {least} whole numbers each")
        return tuple(tuple(row) for row in value)

    def number(self, key: str) -> float:
        """A number above 0, whole or not."""
        value = self.values.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST:
            raise self.wrong(key, f"a number above 0 and up to {_MOST:,}")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def name(self, key: str, default: str) -> str:
        """The name of a file in the folder."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or not value or Path(value).is_absolute() or ".." in Path(value).parts:
            raise self.wrong(key, f"the name of a file in this folder, such as {default}")
        return value

    def only(self, key: str, *allowed: object) -> None:
        """Refuse what is not among the values that IndexTTS-1.5 can be made with; None is for a setting left out."""
        value = self.values.get(key)
        if not any(type(value) is type(one) and value == one for one in allowed):
            raise self.wrong(key, " or ".join(_shown(one) for one in allowed))

    def wrong(self, key: str, expected: str) -> CheckpointError:
        """The refusal of a setting: what it is, and what it should be."""
        found = f"is {_shown(self.values[key])}" if key in self.values else "is missing"
        return refused(self.file, f"{self.place}{key} {found}; expected {expected}.")


def opened(file: Path) -> Settings:
    """The whole file. CheckpointError if it is no YAML, holds no settings, or would have values filled in."""
    files.check(file)
    try:
        tree = OmegaConf.create(file.read_text("utf-8"))
        values = OmegaConf.to_container(tree, resolve=False) if isinstance(tree, DictConfig) else None
    except OSError as error:
        raise files.unreadable(file, error) from error
    except _BROKEN as error:
        raise refused(file, f"this is no YAML that can be read ({_at(error)}).") from error
    if not isinstance(values, dict):
        raise refused(file, "there are no settings in it.")
    _literal(file, values, "")
    return Settings(file, cast(Mapping[str, object], values))


def _literal(file: Path, value: object, place: str) -> None:
    """Refuse what OmegaConf would fill in: ``${oc.env:...}`` reads this machine's environment."""
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _literal(file, item, f"{place}.{key}" if place else f"{key}")
    elif isinstance(value, str) and "${" in value:
        raise refused(file, f"{place} is {_shown(value)}; expected a value that is not filled in from elsewhere.")


def _at(error: Exception) -> str:
    """Where it stopped making sense, and why, in a line."""
    mark = getattr(error, "problem_mark", None)
    why = getattr(error, "problem", None) or type(error).__name__
    return f"line {mark.line + 1}: {why}" if mark else f"{why}"


def _is_whole(value: object, least: int, most: int = _MOST) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_row(row: object, least: int) -> bool:
    return isinstance(row, list) and len(row) >= least and all(_is_whole(item, 1) for item in row)


def _shown(value: object) -> str:
    """A value as it is written in YAML, short."""
    words = {None: "empty", True: "true", False: "false"}
    text = words[value] if value is None or isinstance(value, bool) else repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
