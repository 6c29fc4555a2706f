"""What is counted of a request on its way: asked, refused, found or made, begun, whole, or gone wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

import structlog
from prometheus_client.metrics import MetricWrapperBase

from bot import metrics
from bot.errors import Cancelled
from bot.speech import Clip, Refusal, Request, Spoken

log = structlog.get_logger()

HIT, MISS, SHARED = "hit", "miss", "shared"
"""Where a speech comes from: the cache, an engine, or what an engine makes for somebody else already."""

M = TypeVar("M", bound=MetricWrapperBase)


@lru_cache(maxsize=1024)
def _of(metric: M, *labels: str) -> M:
    """The child with these labels; finding it again takes longer than counting."""
    return metric.labels(*labels)


def asked(request: Request) -> None:
    """Somebody wants something said."""
    _of(metrics.REQUESTS, metrics.source(request.guild)).inc()


def refused(request: Request, refusal: Refusal) -> None:
    """They may not have it."""
    _of(metrics.FAILED, metrics.source(request.guild), refusal.reason.value).inc()


def failed(request: Request, error: BaseException) -> None:
    """It went wrong; that they do not want it any more is no failure."""
    if not isinstance(error, Cancelled):
        _of(metrics.FAILED, metrics.source(request.guild), metrics.kind(error)).inc()


def looked(result: str) -> None:
    """It was looked for in the cache."""
    _of(metrics.CACHE, result).inc()


def found(request: Request, spoken: Sequence[Spoken], result: str, seconds: float) -> None:
    """It was found, so many seconds after it was asked for; with what is there of it they have not waited."""
    looked(result)
    heard(spoken, result, seconds)
    if result == HIT:
        whole(request, result, seconds)
        source, engine = metrics.source(request.guild), spoken[0].utterance.engine
        log.debug("spoken", source=source, engine=engine, cached=True)


def streamed(request: Request) -> None:
    """It is spoken while it is written."""
    _of(metrics.STREAMED, metrics.source(request.guild)).inc()


def heard(spoken: Iterable[Spoken], result: str, seconds: float) -> None:
    """Its first packet is there, so many seconds after it was asked for."""
    for first in spoken:
        _of(metrics.FIRST_AUDIO, first.utterance.engine, result).observe(seconds)
        return


def whole(request: Request, result: str, seconds: float) -> None:
    """Its last packet is there, so many seconds after it was asked for."""
    _of(metrics.DURATION, metrics.source(request.guild), result).observe(seconds)


def spoke(spoken: Iterable[Spoken], seconds: float) -> None:
    """So many seconds of sound were made by who spoke last."""
    for last in tuple(spoken)[-1:]:
        _of(metrics.AUDIO, last.utterance.engine).inc(seconds)


def made(request: Request, clip: Clip, engine_seconds: float, took: float, first_audio: float) -> None:
    """A whole speech took so long; what two engines made together says nothing about the pace of either."""
    engines = {spoken.utterance.engine for spoken in clip.spoken}
    if len(engines) == 1 and clip.seconds > 0:
        _of(metrics.RTF, *engines).observe(engine_seconds / clip.seconds)
    log.info(
        "spoken",
        source=metrics.source(request.guild),
        engine=clip.spoken[0].utterance.engine,
        seconds=round(clip.seconds, 3),
        took=round(took, 3),
        first_audio=round(first_audio, 3),
        cached=False,
    )
