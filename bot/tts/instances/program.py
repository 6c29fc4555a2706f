"""What a child is started with: the command, the environment, the folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import bot
from bot.config import SECRETS, Settings
from bot.config.layers import PREFIX
from bot.tts.instances.placement import Placement

_HOME = Path(bot.__file__).parent.parent

_OWN = {
    "audio.bitrate": "256000",  # the parent encodes once more; what it gets must have lost nothing that can be heard
    "cache.megabytes": "0",
    "cache.memory_megabytes": "0",
    "instances.engine": "",  # a child has no children
    "log.format": "json",
    "offline.idle_seconds": "86400",  # it is the child that is put down, with all that it has loaded
    "queue.drain_seconds": "1",
    "queue.per_guild": "100000",
    "queue.per_user": "100000",
    "queue.total": "1000000",
    "self_test.enabled": "false",
    "speak.max_chars": "1000000",
}
"""What holds for each child, whatever is handed down to it."""

_FRUGAL = {"OMP_WAIT_POLICY": "PASSIVE", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128"}
"""How torch behaves there, unless the host has said otherwise. Its threads wait for each other without spinning: a step
of decoding takes a quarter longer so on a machine that has nothing else to do, and ten times longer the other way on
one that has. And it keeps the kernels of fewer shapes than 1024, at 1 MB each: no two sentences have the same one."""

_HANDED_DOWN = ("audio.", "log.level", "speak.code", "speak.emoji", "speak.links")
"""What a child needs of the settings whatever its engine: who speaks, how fast and in which language it is told."""
_ENGINES = {"edge": ("edge.",), "indextts": ("gradio.", "indextts.", "voices."), "offline": ("offline.",)}
"""What it needs besides. Personas are for who clones them: others know a voice by its own name, which none may hide."""

_PATHS = ("indextts.folder", "indextts.voiceprints", "voices.extra")


@dataclass(frozen=True, slots=True)
class Program:
    """A command, the whole of its environment, the folder that it is run in, and the socket that it listens at."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    socket: Path


def program(
    engine: str,
    socket: Path,
    folder: Path,
    *,
    arguments: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    placement: Placement,
) -> Program:
    """This installation of Sayso as a speech server with one engine, at ``socket``, with ``folder`` for its data.

    It is run in that folder, where no ``config.yaml`` or ``.env`` of ours is found, and gets of ``environment`` (the
    process's own) what is no setting and no secret of ours. ``settings`` go into its environment, because everybody on
    the machine may read a command line.
    """
    outside = os.environ if environment is None else environment
    own = {**(settings or {}), **_OWN, **_nobody_instead(), "data_dir": str(folder)}
    if engine != "edge":
        own["edge.refresh"] = "false"
    serve = ("serve", "--engine", engine, "--socket", str(socket), "--attached", *_pinned(placement), *arguments)
    return Program(
        (sys.executable, "-X", "faulthandler", "-m", "bot.cli", *serve),
        {**_FRUGAL, **_without_ours(outside), **_needed(outside, placement), **_variables(own)},
        folder,
        socket,
    )


def handed_down(settings: Settings) -> Mapping[str, str]:
    """What a child must know of our settings to speak as we would: nothing of chats, ports, databases and servers that
    are not its own engine's."""
    wanted = (*_HANDED_DOWN, *_ENGINES[settings.instances.engine])
    return {key: _spelled(key, value) for key, value in _leaves(settings) if key.startswith(wanted)}


def _nobody_instead() -> Mapping[str, str]:
    """Who speaks where an engine cannot is for the parent to say: what a child sends is taken for its engine's own."""
    fallbacks = ((key, value) for key, value in _leaves(Settings()) if key.endswith(".fallback"))
    return {key: "false" if isinstance(value, bool) else "" for key, value in fallbacks}


def _leaves(tree: Any, above: str = "") -> Iterator[tuple[str, object]]:
    for leaf in fields(tree):
        key, value = f"{above}{leaf.name}", getattr(tree, leaf.name)
        if is_dataclass(value):
            yield from _leaves(value, f"{key}.")
        else:
            yield key, value


def _spelled(key: str, value: object) -> str:
    if key in _PATHS and value:  # a child runs in a folder of its own
        return str(Path(str(value)).expanduser().absolute())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pinned(placement: Placement) -> Sequence[str]:
    return ("--cpus", ",".join(map(str, placement.cpus))) if placement.cpus else ()


def _without_ours(environment: Mapping[str, str]) -> Mapping[str, str]:
    secrets = {name for secret in SECRETS for name in (secret, f"{secret}_FILE")}
    return {
        name: value
        for name, value in environment.items()
        if name not in secrets and name != "SAYSO_CONFIG" and not name.upper().startswith(PREFIX)
    }


def _needed(outside: Mapping[str, str], placement: Placement) -> Mapping[str, str]:
    """What lets the child find this installation, and no more than its GPU."""
    path = {"PYTHONPATH": os.pathsep.join(filter(None, (str(_HOME), outside.get("PYTHONPATH"))))}
    return path if placement.gpu is None else {**path, "CUDA_VISIBLE_DEVICES": placement.gpu}


def _variables(settings: Mapping[str, str]) -> Mapping[str, str]:
    return {f"{PREFIX}{key.upper().replace('.', '__')}": value for key, value in settings.items()}
