"""All the instances that the settings ask for."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from bot.config import InstancesSettings
from bot.errors import ConfigError
from bot.tts.engine import Engine
from bot.tts.instances.instance import Instance
from bot.tts.instances.placement import pinnable, placed

log = structlog.get_logger()


def instances(
    settings: InstancesSettings, prototype: Engine, folder: Path, *, handed: Mapping[str, str] | None = None
) -> Sequence[Instance]:
    """As many as there may be at ``most``, not entered; the first ``least`` of them are kept. ``handed`` are the
    settings that each is given (:func:`~bot.tts.instances.program.handed_down`).

    Raises ConfigError for processors and GPUs that are none, and where there are no unix sockets.
    """
    if not hasattr(socket, "AF_UNIX"):
        raise ConfigError("instances.engine: there are no unix sockets on this system; leave it empty")
    places = placed(settings)
    if settings.cpus.strip() and not pinnable():
        log.warning("instances_not_pinned")
    return [
        Instance(
            prototype,
            folder,
            number,
            settings=handed,
            keep=number <= settings.least,
            cpus=place.cpus if pinnable() else (),
            gpu=place.gpu,
            idle_seconds=settings.idle_seconds,
            start_seconds=settings.start_seconds,
        )
        for number, place in enumerate(places, 1)
    ]
