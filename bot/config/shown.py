"""The settings in force, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from bot.config.hidden import HIDDEN, without_passwords
from bot.config.secrets import SECRETS
from bot.config.settings import Loaded, Settings


def show(loaded: Loaded) -> str:
    """The settings in force as YAML, each key that is not a default with its source, secrets hidden."""
    lines = ["# Settings in force. What is not marked is the default."]
    for section, entries in _sections(loaded.settings):
        if section:
            lines.append(f"{section}:")
        for key, value in entries:
            dotted = f"{section}.{key}" if section else key
            mark = f"  # from {loaded.sources[dotted]}" if dotted in loaded.sources else ""
            lines.append(f"{'  ' if section else ''}{key}: {_yaml(value)}{mark}")
    lines.append("# Secrets, from the environment only:")
    secrets = loaded.secrets
    held = (
        secrets.discord_token,
        secrets.telegram_token,
        secrets.api_keys,
        secrets.llm_api_key,
        secrets.remote_api_key,
    )
    lines += [f"#   {name}: {HIDDEN if value else 'not set'}" for name, value in zip(SECRETS, held, strict=True)]
    return "\n".join(lines) + "\n"


def _sections(settings: Settings) -> Iterator[tuple[str, list[tuple[str, object]]]]:
    tops = [(f.name, getattr(settings, f.name)) for f in fields(settings)]
    yield "", [(name, value) for name, value in tops if not is_dataclass(value)]
    for name, value in tops:
        if is_dataclass(value):
            yield name, [(f.name, getattr(value, f.name)) for f in fields(value)]


def _yaml(value: object) -> str:
    return json.dumps(without_passwords(value) if isinstance(value, str) else value, ensure_ascii=False)
