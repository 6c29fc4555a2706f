"""Tokens and keys: from the environment, or a file that it names, and from nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import ConfigError

SECRETS = ("DISCORD_TOKEN", "TELEGRAM_TOKEN", "SAYSO_API_KEYS", "LLM_API_KEY", "REMOTE_API_KEY")


@dataclass(frozen=True)
class Secrets:
    """Tokens and keys; their values are never shown."""

    discord_token: str = field(default="", repr=False)
    telegram_token: str = field(default="", repr=False)
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    llm_api_key: str = field(default="", repr=False)
    remote_api_key: str = field(default="", repr=False)


def read_secrets(environ: Mapping[str, str]) -> Secrets:
    """The secrets in an environment, each from ``NAME`` or from the file that ``NAME_FILE`` names.

    Raises ConfigError for a file that cannot be read, or when both are given.
    """
    discord, telegram, keys, llm, remote = (_secret(environ, name) for name in SECRETS)
    return Secrets(discord, telegram, tuple(k.strip() for k in keys.split(",") if k.strip()), llm, remote)


def _secret(environ: Mapping[str, str], name: str) -> str:
    value, path = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if value and path:
        raise ConfigError(f"environment: both {name} and {name}_FILE are set; keep one of them")
    if not path:
        return value
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        cause = type(error).__name__
        raise ConfigError(f"environment: {name}_FILE names a file that cannot be read ({cause})") from error
