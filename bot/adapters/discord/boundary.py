"""Where foreign code is run on behalf of one, so that its surprises do not become another's."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from bot.log import where

log = structlog.get_logger()

T = TypeVar("T")


async def contained(work: Awaitable[T], event: str, **fields: object) -> T | None:
    """What it comes to; None if it crashed, which is logged as ``event`` by type and place, never by its words."""
    try:
        return await work
    except Exception as error:  # noqa: BLE001 (this is the boundary)
        log.error(event, error=type(error).__name__, where=where(error), **fields)
        return None
