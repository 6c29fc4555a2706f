"""What went wrong with a web UI, in the words of Sayso's error tree and with what to do about it."""

from __future__ import annotations

import concurrent.futures
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

from bot.errors import EngineBroken, EngineError, EngineRejected, EngineTimeout, EngineUnavailable

_LONGEST = 160
"""Characters of what a web UI says of its own error."""
_MUTE = "The upstream Gradio app has raised an exception but has not enabled verbose error reporting"
"""How gradio_client begins what it says of an error that it was told nothing of."""
_MARKUP = re.compile(r"<[^>]*>|\s+")


@contextmanager
def told(engine: str, place: str) -> Iterator[None]:
    """What gradio_client and httpx raise within is raised as Sayso's own; ``place`` is where the web UI is."""
    try:
        yield
    except EngineError:
        raise
    except _foreign() as error:
        raise fault(error, engine, place) from error


def missing(engine: str) -> EngineBroken:
    """The library is not installed."""
    return EngineBroken(engine, "A web UI is spoken to through gradio_client: pip install 'sayso[gradio]'")


def fault(error: Exception, engine: str, place: str) -> EngineError:
    """The error as Sayso's own."""
    import httpx
    from gradio_client.exceptions import AppError, AuthenticationError, ValidationError
    from gradio_client.utils import QueueError, TooManyRequestsError

    match error:
        case AuthenticationError():
            return EngineBroken(
                engine,
                f"The web UI at {place} wants another name and password: write them into gradio.url, "
                "http://name:password@host:7860.",
            )
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


def _foreign() -> tuple[type[Exception], ...]:
    """Everything that comes out when a web UI is away, fails, is something else or answers half."""
    import httpx
    from gradio_client.utils import InvalidAPIEndpointError, QueueError, TooManyRequestsError

    theirs = (QueueError, TooManyRequestsError, InvalidAPIEndpointError, httpx.HTTPError, httpx.InvalidURL)
    odd = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RuntimeError, OSError)
    return (*theirs, *odd, concurrent.futures.CancelledError, concurrent.futures.TimeoutError)


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
    text = re.sub(r" {2,}", " ", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
