"""Faults: what went wrong, in Sayso's words and with what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import aiohttp
import edge_tts
import pytest
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.errors import EngineBroken, EngineError, EngineTimeout, EngineTruncated, EngineUnavailable
from bot.tts.edge.faults import FOREIGN, fault, passing

REQUEST = aiohttp.RequestInfo(URL("https://x"), "GET", CIMultiDictProxy(CIMultiDict()), URL("https://x"))
KEY = ConnectionKey("x", 443, True, True, None, None, None)
AWAY = aiohttp.ClientConnectorError(KEY, OSError(111, "refused"))
NAMELESS = aiohttp.ClientConnectorDNSError(KEY, OSError(-2, "no name"))


def refusal(status: int, retry_after: str | None = None) -> aiohttp.ClientResponseError:
    headers = CIMultiDict({} if retry_after is None else {"Retry-After": retry_after})
    return aiohttp.WSServerHandshakeError(REQUEST, (), status=status, headers=headers)


def caused(error: Exception) -> EngineError:
    """The error as it is raised, with its cause."""
    found = fault(error, "v")
    found.__cause__ = error
    return found


@pytest.mark.parametrize(
    ("error", "kind", "advice"),
    [
        (refusal(403), EngineUnavailable, "clock"),
        (edge_tts.exceptions.SkewAdjustmentError("no date"), EngineUnavailable, "clock"),
        (refusal(429), EngineUnavailable, "too busy"),
        (refusal(503), EngineUnavailable, "too busy"),
        (refusal(404), EngineUnavailable, "refuses us"),
        (aiohttp.ClientHttpProxyError(REQUEST, (), status=407), EngineUnavailable, "proxy"),
        (edge_tts.exceptions.NoAudioReceived(), EngineUnavailable, "throttles, or dropped this voice"),
        (edge_tts.exceptions.WebSocketError("x"), EngineUnavailable, "HTTPS_PROXY"),
        (OSError("no route"), EngineUnavailable, "no route"),
        (TimeoutError("https://x?Token=secret"), EngineUnavailable, "(no answer in time)"),
        (aiohttp.ServerTimeoutError("https://x"), EngineUnavailable, "(no answer in time)"),
        (aiohttp.ClientPayloadError(), EngineUnavailable, "(ClientPayloadError)"),
        (aiohttp.ServerDisconnectedError(), EngineUnavailable, "speech.platform.bing.com:443"),
        (edge_tts.exceptions.UnknownResponse("x"), EngineBroken, "pip install -U edge-tts"),
        (ValueError("bad header"), EngineBroken, "pip install -U edge-tts"),
        (KeyError("Metadata"), EngineBroken, "KeyError"),
        (AttributeError("mkssml"), EngineBroken, "install Sayso anew"),
    ],
)
def test_each_fault_says_what_to_do(error: Exception, kind: type[EngineError], advice: str) -> None:
    """It is of a kind that is caught, has a type of ours, and advice that a person can follow."""
    assert isinstance(error, FOREIGN)
    found = fault(error, "en-US-AvaNeural")
    assert type(found) is kind
    assert advice in str(found)
    assert found.engine == "edge"


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "7", 7.0),
        (503, "7", 7.0),
        (429, None, None),
        (429, "soon", None),
        (429, "999999", 3600.0),
        (403, "7", None),
    ],
)
def test_retry_after_is_understood(status: int, header: str | None, seconds: float | None) -> None:
    """In seconds, from those who throttle, and within reason."""
    assert fault(refusal(status, header), "v").retry_after == seconds


def test_retry_after_may_be_a_date() -> None:
    """As HTTP allows; a date that has passed means now."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    after = fault(refusal(429, soon), "v").retry_after
    assert after == pytest.approx(90, abs=2)
    past = format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)
    assert fault(refusal(429, past), "v").retry_after == 0.0


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (caused(AWAY), True),
        (caused(aiohttp.ServerDisconnectedError()), True),
        (caused(refusal(500)), True),
        (EngineTruncated("edge", "x"), True),
        (caused(edge_tts.exceptions.NoAudioReceived()), True),
        (caused(refusal(403)), False),
        (caused(refusal(429, "1")), False),
        (caused(refusal(503)), False),
        (caused(NAMELESS), False),
        (caused(edge_tts.exceptions.UnknownResponse("x")), False),
        (EngineTimeout("edge", "x"), False),
    ],
)
def test_what_may_pass_within_seconds(error: EngineError, answer: bool) -> None:
    """A refusal, a name that does not resolve, or a new protocol will be the same in a second."""
    assert passing(error, attempt=1) is answer


def test_silence_is_believed_the_second_time() -> None:
    """A voice that sends no sound twice has none."""
    assert not passing(caused(edge_tts.exceptions.NoAudioReceived()), attempt=2)
