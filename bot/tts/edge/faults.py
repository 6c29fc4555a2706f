"""What went wrong with Edge, in the words of Sayso's error tree and with what to do about it."""

from __future__ import annotations

import asyncio
import re
import time
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import aiohttp
from edge_tts.exceptions import EdgeTTSException, NoAudioReceived, SkewAdjustmentError, WebSocketError

from bot.errors import EngineBroken, EngineError, EngineTruncated, EngineUnavailable
from bot.tts.edge.line import HOST

FOREIGN = (aiohttp.ClientError, EdgeTTSException, OSError, asyncio.TimeoutError, ValueError, KeyError, AttributeError)
"""What comes out of edge-tts and aiohttp when the service is away, refuses, or answers in a way that they do not know;
and out of an edge-tts that lacks what we need of it."""

_LONGEST_RETRY = 3600.0
_THROTTLED = (429, 503)
_PASSING = (500, 502, 504)


def fault(error: Exception, voice: str) -> EngineError:
    """The error as Sayso's own."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return EngineUnavailable("edge", f"The proxy does not let us through to Edge ({error.status}).")
        case aiohttp.ClientResponseError(status=403) | SkewAdjustmentError():
            return _forbidden()
        case aiohttp.ClientResponseError():
            return _refused(error)
        case NoAudioReceived():
            return EngineUnavailable("edge", f"Edge sent no sound for {voice}: it throttles, or dropped this voice.")
        case aiohttp.ClientError() | WebSocketError() | OSError() | asyncio.TimeoutError():
            return _unreachable(error)
        case AttributeError():
            return _strange()
    return EngineBroken(
        "edge",
        f"Edge answered in a way that edge-tts {version('edge-tts')} does not know ({type(error).__name__}); "
        "update it: pip install -U edge-tts.",
    )


def passing(error: EngineError, attempt: int) -> bool:
    """Whether the same call may well succeed within seconds, after this many attempts."""
    cause = error.__cause__
    if isinstance(error, EngineTruncated):
        return True
    if isinstance(cause, NoAudioReceived):
        return attempt < 2
    if isinstance(cause, aiohttp.ClientResponseError):
        return cause.status in _PASSING
    if isinstance(cause, aiohttp.ClientConnectorDNSError):
        return False
    return isinstance(error, EngineUnavailable) and cause is not None


def _forbidden() -> EngineError:
    return EngineUnavailable(
        "edge",
        "Edge refuses us (403): set the clock of this machine, and if it is right update edge-tts: "
        "pip install -U edge-tts.",
    )


def _refused(error: aiohttp.ClientResponseError) -> EngineError:
    after = _retry_after(error) if error.status in _THROTTLED else None
    why = "is too busy for us" if error.status in _THROTTLED else "refuses us"
    when = f"; come back in {after:.0f} s" if after is not None else ""
    return EngineUnavailable("edge", f"Edge {why} ({error.status}){when}.", retry_after=after)


def _strange() -> EngineError:
    return EngineBroken(
        "edge",
        f"edge-tts {version('edge-tts')} is another than this Sayso knows: install Sayso anew with pip, which brings "
        "one that it does.",
    )


_OBJECT = re.compile(r" ?\w*:?<[\w.]+ object at 0x\w+>")


def _unreachable(error: Exception) -> EngineError:
    # What aiohttp says of a time-out holds the whole address, tokens and all.
    why = (
        "no answer in time" if isinstance(error, TimeoutError) else _OBJECT.sub("", str(error)) or type(error).__name__
    )
    return EngineUnavailable(
        "edge",
        f"Edge cannot be reached ({why}): check that this machine may connect to {HOST}:443; "
        "behind a proxy, set HTTPS_PROXY.",
    )


def _retry_after(error: aiohttp.ClientResponseError) -> float | None:
    """Seconds until the service wants us back, as it said in seconds or as a date."""
    value = error.headers.get("Retry-After", "") if error.headers else ""
    try:
        seconds = float(value) if value.isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY)
