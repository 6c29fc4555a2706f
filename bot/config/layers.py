"""Where settings come from: files, the environment, the command line; each with how its author spells a key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.config.hidden import without_passwords
from bot.config.secrets import SECRETS
from bot.errors import ConfigError

PREFIX = "SAYSO__"


@dataclass(frozen=True, slots=True)
class Layer:
    """One source of settings: dotted keys with raw values, and how to name the place of a key to its author."""

    source: str
    values: Mapping[str, object]
    spelling: str = "{key}"

    def place(self, key: str) -> str:
        spelled = self.spelling.format(key=key, env=PREFIX + key.upper().replace(".", "__"))
        return f"{self.source}: {spelled}"


def dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        values = dotenv_values(path, interpolate=False, encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path.name}: not written in UTF-8; save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from error
    return {key: value for key, value in values.items() if value is not None}


def over(below: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    """Two layers of environment in one. A secret that is set above, in either form, is not also taken from below."""
    forms = [(name, f"{name}_FILE") for name in SECRETS]
    decided = {name for pair in forms if any(above.get(form, "").strip() for form in pair) for name in pair}
    return {**{name: value for name, value in below.items() if name not in decided}, **above}


def file_layers(named: Path | None, folder: Path) -> Iterator[Layer]:
    path = named or folder / "config.yaml"
    if named and not path.is_file():
        raise ConfigError(f"{path}: there is no such settings file; create it or leave the option out")
    if path.is_file():
        yield Layer(path.name, dict(_flat(_parse(path))))


def _parse(path: Path) -> Mapping[object, object]:
    import yaml

    try:
        tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError) as error:
        # Neither the message nor the cause goes on: both quote the lines around, where a password may stand.
        raise ConfigError(f"{path.name}: not readable as YAML{_where(error)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"{path.name}: must be a mapping of sections, such as 'http:' with 'port: 8888' below it")
    return tree


def _where(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "; save it as UTF-8"
    mark = getattr(error, "problem_mark", None)
    return f": line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _flat(tree: Mapping[object, object], above: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        dotted = f"{above}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{dotted}.")
        elif value is not None or above:
            yield dotted, value


def from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    named = {name: value for name, value in environ.items() if name.upper().startswith(PREFIX)}
    return {name[len(PREFIX) :].lower().replace("__", "."): value for name, value in sorted(named.items())}


def from_overrides(overrides: Sequence[str]) -> dict[str, object]:
    values: dict[str, object] = {}
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"command line: {without_passwords(override)!r} is not of the form section.key=value")
        values[key.strip()] = value
    return values
