"""The layers laid over each other into one tree, each key checked where it is set."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bot.config.hidden import HIDDEN
from bot.config.layers import Layer, dotenv, file_layers, from_environment, from_overrides, over
from bot.config.secrets import SECRETS, read_secrets
from bot.config.settings import Loaded, Settings
from bot.errors import ConfigError


def load(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
    folder: Path | None = None,
) -> Loaded:
    """Read all layers. ``overrides`` are ``key=value`` from the command line; ``folder`` is where ``config.yaml`` and
    ``.env`` are looked for (the working directory).

    Raises ConfigError, naming the place of a wrong key or value and what is allowed there.
    """
    folder = folder or Path.cwd()
    environment = over(dotenv(folder / ".env"), os.environ if environ is None else environ)
    named = config or (Path(environment["SAYSO_CONFIG"]) if environment.get("SAYSO_CONFIG") else None)
    layers = [
        *file_layers(named, folder),
        Layer("environment", from_environment(environment), "{env}"),
        Layer("command line", from_overrides(overrides)),
    ]
    tree = _tree()
    sources: dict[str, str] = {}
    for layer in layers:
        for key, value in layer.values.items():
            _put(tree, layer, key, value)
            sources[key] = layer.source
    return Loaded(cast(Settings, OmegaConf.to_object(tree)), read_secrets(environment), sources)


def _tree() -> DictConfig:
    """The defaults as a tree that can be written to until it is made into Settings."""
    tree: DictConfig = OmegaConf.structured(Settings)
    for node in (tree, *(tree[str(key)] for key in tree if OmegaConf.is_config(tree[str(key)]))):
        OmegaConf.set_readonly(node, False)
    return tree


def _put(tree: DictConfig, layer: Layer, key: str, value: object) -> None:
    """Set one key of the tree, or raise a ConfigError that names its place."""
    place = layer.place(key)
    known = dict(_leaves(Settings))
    if key.split(".")[-1].upper() in SECRETS or key.upper().replace(".", "_") in SECRETS:
        raise ConfigError(f"{place}: a secret does not belong here; set it in the environment or in .env")
    if key not in known:
        raise ConfigError(f"{place}: {_unknown(key, known)}")
    setting, kind = known[key]
    empty = value is None or (kind == str | None and value in ("", "null"))
    wrong = f"{place}: {HIDDEN if setting.metadata.get('hidden') else repr(value)} is not {_kind_in_words(kind)}"
    if value == "???":  # what OmegaConf takes for a value that is still to come
        raise ConfigError(wrong)
    try:
        OmegaConf.update(tree, key, None if empty else _literal(value))
        _allowed(place, setting, OmegaConf.select(tree, key))
    except OmegaConfBaseException:
        # OmegaConf's own message quotes the value.
        raise ConfigError(wrong) from None


def _literal(value: object) -> object:
    """A text that OmegaConf reads as it stands instead of filling in what ``${...}`` names."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", value) if isinstance(value, str) else value


def _unknown(key: str, known: Mapping[str, object]) -> str:
    section = f"{key.split('.')[0]}."
    if beneath := [name for name in known if name.startswith(section)]:
        hint = ", ".join(beneath)
    else:
        hint = ", ".join(sorted({name.split(".")[0] for name in known}))
    near = difflib.get_close_matches(key, known, n=1)
    return f"there is no such setting{f'; did you mean {near[0]}?' if near else ''} Allowed: {hint}"


def _kind_in_words(kind: Any) -> str:
    return {int: "a whole number", float: "a number", bool: "true or false"}.get(kind, "a text")


def _allowed(place: str, setting: Field[Any], value: object) -> None:
    choices, low, high = (setting.metadata.get(name) for name in ("choices", "low", "high"))
    if choices and value not in choices:
        raise ConfigError(f"{place}: {value!r} is not one of {', '.join(choices)}")
    if low is not None and high is not None and not low <= float(str(value)) <= high:
        raise ConfigError(f"{place}: {value} is not between {low} and {high}")


def _leaves(kind: Any, above: str = "") -> Iterator[tuple[str, tuple[Field[Any], Any]]]:
    hints = get_type_hints(kind)
    for setting in fields(kind):
        if is_dataclass(hints[setting.name]):
            yield from _leaves(hints[setting.name], f"{above}{setting.name}.")
        else:
            yield f"{above}{setting.name}", (setting, hints[setting.name])
