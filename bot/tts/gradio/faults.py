"""What went wrong with a web UI, in the words of Sayso's error tree and with what to do about it."""

from __future__ import annotations

import concurrent.futures
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import httpx
from gradio_client.exceptions import AppError, AuthenticationError, ValidationError
from gradio_client.utils import InvalidAPIEndpointError, QueueError, TooManyRequestsError

from bot.errors import EngineBroken, EngineError, EngineRejected, EngineTimeout, EngineUnavailable

_LONGEST = 160
"""Characters of what a web UI says of its own error."""
_MUTE = "The upstream Gradio app has raised an exception but has not enabled verbose error reporting"
"""How gradio_client begins what it says of an error that it was told nothing of."""
_LOGIN = "Could not login"
"""How it begins what it says of a name and password that are refused with any status but 401."""
_MARKUP = re.compile(r"(?:<[^>]*>|\s)+")

FOREIGN = (
    QueueError,
    TooManyRequestsError,
    InvalidAPIEndpointError,
    httpx.HTTPError,
    httpx.InvalidURL,
    concurrent.futures.CancelledError,
    # What gradio_client trips over when it is answered half, or by something else.
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
    OSError,
)
"""Everything that comes out when a web UI is away, fails, is something else or breaks off."""


@contextmanager
def told(engine: str, place: str) -> Iterator[None]:
    """What gradio_client and httpx raise within is raised as Sayso's own; ``place`` is where the web UI is."""
    try:
        yield
    except EngineError:
        raise
    except FOREIGN as error:
        raise fault(error, engine, place) from error


def fault(error: Exception, engine: str, place: str) -> EngineError:
    """The error as Sayso's own."""
    match error:
        case AuthenticationError():
            return _locked(engine, place)
        case ValueError() if str(error).startswith(_LOGIN):
            return _locked(engine, place)
        case ValidationError():
            return EngineRejected(engine, f"The web UI refuses this text: {_plain(error)}")
        case AppError():
            return _failed(error, engine)
        case QueueError() | TooManyRequestsError():
            return EngineUnavailable(engine, f"The web UI at {place} has too much to do; try again later.")
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return _unreachable(engine, place, "nobody answers")
        case httpx.TimeoutException():
            return EngineTimeout(engine, f"The web UI at {place} fell silent; restart it if it stays so.")
        case httpx.HTTPStatusError():
            return _unreachable(engine, place, f"it answers {error.response.status_code}")
        case httpx.TransportError() | OSError() | concurrent.futures.CancelledError():
            return EngineUnavailable(engine, f"The web UI at {place} broke off; restart it if it does not come back.")
    return EngineUnavailable(
        engine,
        f"What answers at {place} is no web UI that gradio_client {version('gradio_client')} understands "
        f"({type(error).__name__}). If gradio.url is right, update it: pip install -U gradio_client.",
    )


def _locked(engine: str, place: str) -> EngineBroken:
    return EngineBroken(
        engine,
        f"The web UI at {place} wants another name and password: write them into gradio.url, "
        "http://name:password@host:7860.",
    )


def _failed(error: Exception, engine: str) -> EngineError:
    if str(error).startswith(_MUTE):
        return EngineUnavailable(engine, "The web UI failed and does not say why; what it prints says more.")
    return EngineUnavailable(engine, f"The web UI failed: {_plain(error)}")


def _unreachable(engine: str, place: str, why: str) -> EngineError:
    return EngineUnavailable(
        engine, f"The web UI at {place} cannot be reached ({why}): start it, or set gradio.url to where it is."
    )


def _plain(error: Exception) -> str:
    """What it says, on one line, without markup, and not too much of it."""
    text = _MARKUP.sub(" ", str(error)).strip()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
