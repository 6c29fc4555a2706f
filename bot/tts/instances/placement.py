"""Which processors and which GPU each instance gets."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.config import InstancesSettings
from bot.errors import ConfigError

_RANGE = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")
_GPU = re.compile(r"\d{1,3}|(?:GPU|MIG)-[0-9A-Za-z/-]+")
"""By number, or by the name that ``nvidia-smi -L`` shows."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The processors that an instance may run on, none meaning all, and the GPU that it sees, None meaning all."""

    cpus: tuple[int, ...] = ()
    gpu: str | None = None


def placed(settings: InstancesSettings, here: Collection[int] | None = None) -> Sequence[Placement]:
    """A place for each of the ``most`` instances; where there are fewer places than instances they are shared in turn.

    ``here`` are the processors that this process may use. Raises ConfigError that names the setting.
    """
    here = _allowed() if here is None else here
    cpus = [_cpus(entry, here) for entry in settings.cpus.split(";") if entry.strip()] or [()]
    gpus = [_gpu(entry) for entry in settings.gpus.split(",") if entry.strip()]
    return [Placement(cpus[at % len(cpus)], gpus[at % len(gpus)] if gpus else None) for at in range(settings.most)]


def pinnable() -> bool:
    """Whether a process can be kept to some processors on this system."""
    return hasattr(os, "sched_setaffinity")


def _allowed() -> Collection[int]:
    return os.sched_getaffinity(0) if pinnable() else range(os.cpu_count() or 1)


def _cpus(entry: str, here: Collection[int]) -> tuple[int, ...]:
    wanted = sorted(set(chain.from_iterable(_range(part.strip(), entry) for part in entry.split(","))))
    if missing := [cpu for cpu in wanted if cpu not in here]:
        ours = ", ".join(_spelled(here))
        raise ConfigError(f"instances.cpus: there is no processor {missing[0]} to run on here; there are {ours}")
    return tuple(wanted)


def _range(part: str, entry: str) -> range:
    found = _RANGE.fullmatch(part)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    if last < first:
        raise ConfigError(f"instances.cpus: {entry.strip()!r} names no processors; write them as in '0-3; 4,6'")
    return range(first, last + 1)


def _gpu(entry: str) -> str:
    if not _GPU.fullmatch(entry.strip()):
        raise ConfigError(f"instances.gpus: {entry.strip()!r} is no GPU; write their numbers as in '0, 1'")
    return entry.strip()


def _spelled(cpus: Collection[int]) -> Iterator[str]:
    """``{0, 1, 2, 5}`` as ``0-2`` and ``5``."""
    rest = sorted(cpus)
    while rest:
        length = next((n for n, cpu in enumerate(rest) if cpu != rest[0] + n), len(rest))
        yield f"{rest[0]}-{rest[length - 1]}" if length > 1 else f"{rest[0]}"
        rest = rest[length:]
