"""What we need of edge_tts beyond its documented interface: that it is there, and that it says what edge-tts says."""

from __future__ import annotations

import re

import aiohttp
import edge_tts
import pytest
from edge_tts.drm import DRM
from edge_tts.exceptions import SkewAdjustmentError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from bot.speech import Utterance
from bot.tts.edge import seams
from bot.tts.edge.catalogue import Catalogue, spelled
from tests.tts.edge.conftest import Enter, Visit, Wire

VOICE = "Microsoft Server Speech Text to Speech Voice (en-US, AvaNeural)"

_VARIES = (
    (re.compile(r"\b[0-9a-f]{32}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"Sec-MS-GEC=[0-9A-F]{16}-[0-9A-F]{64}"), "Sec-MS-GEC=<token>"),
    (
        re.compile(r"X-Timestamp:\w{3} \w{3} \d\d \d{4} \d\d:\d\d:\d\d GMT\+0000 \(Coordinated Universal Time\)"),
        "<now>",
    ),
)
_OURS = ("Sec-WebSocket-Key", "Sec-WebSocket-Extensions")
"""A nonce, and the compression that we do not offer."""


def steady(text: str) -> str:
    """Without what is another each time."""
    for pattern, name in _VARIES:
        text = pattern.sub(name, text)
    return text


def told(visit: Visit) -> object:
    """All of a visit that should be the same each time."""
    headers = [(name, steady(value)) for name, value in visit.headers if name not in _OURS]
    return steady(visit.target), headers, [steady(text) for text in visit.said], visit.goodbye


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("Hello there, my friend.", 1.0),
        ("  <b>black</b> & 'white' \"grey\" &amp; \n", 1.25),
        ("one\x0btwo\x00\tthree\r\n", 0.5),
        ("你好，世界。", 2.0),
    ],
)
async def test_the_service_sees_no_difference_between_us_and_edge_tts(
    wire: Wire, enter: Enter, text: str, rate: float
) -> None:
    """The same address, headers, messages and goodbye, but for what is new each time, and for compression."""
    engine = await enter(connector_factory=aiohttp.TCPConnector)
    assert [pcm async for pcm in engine.synthesize(Utterance(text, "edge", "en-US-AvaNeural", "en", rate=rate))]
    percent = f"{round((rate - 1) * 100):+d}%"
    assert [one async for one in edge_tts.Communicate(text, "en-US-AvaNeural", rate=percent).stream()]
    await wire.left(2)
    ours, theirs = wire.visits
    assert told(ours) == told(theirs)
    assert (len(ours.said), ours.goodbye) == (2, 1000)


async def test_nothing_of_a_visit_can_be_told_from_another_by_who_made_it(wire: Wire, enter: Enter) -> None:
    """Connection, request and machine are named anew each time, by 32 digits; no cookie is kept."""
    engine = await enter(connector_factory=aiohttp.TCPConnector)
    for _ in range(2):
        assert [pcm async for pcm in engine.synthesize(Utterance("Hi.", "edge", "en-US-AvaNeural", "en"))]
    named = [re.findall(r"\b[0-9a-fA-F]{32}\b", repr(visit)) for visit in wire.visits]
    assert [len(names) for names in named] == [3, 3]
    assert len({*named[0], *named[1]}) == 6
    assert "seen" not in repr(wire.visits)


def test_the_address_is_edge_ttss_with_a_token_of_now() -> None:
    """Over TLS, and not changed by how URLs are usually quoted."""
    address = seams.address()
    assert (address.scheme, address.host) == ("wss", "speech.platform.bing.com")
    assert address == URL(str(address))
    assert list(address.query) == ["TrustedClientToken", "ConnectionId", "Sec-MS-GEC", "Sec-MS-GEC-Version"]
    assert address.query["Sec-MS-GEC-Version"].startswith("2-")


def test_the_service_is_known_by_edge_ttss_authorities() -> None:
    """And by its name."""
    assert seams.trust().check_hostname
    assert seams.trust().get_ca_certs()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is learnt of the time is forgotten after the test."""
    monkeypatch.setattr(DRM, "clock_skew_seconds", 0.0)


def refusal(headers: dict[str, str]) -> aiohttp.WSServerHandshakeError:
    url = URL("wss://speech.platform.bing.com")
    asked = aiohttp.RequestInfo(url, "GET", CIMultiDictProxy(CIMultiDict()), url)
    return aiohttp.WSServerHandshakeError(asked, (), status=403, headers=CIMultiDict(headers))


@pytest.mark.usefixtures("clock")
def test_the_services_time_makes_other_tokens() -> None:
    """A refusal in the year 2000 makes tokens of the year 2000."""
    before = seams.address().query["Sec-MS-GEC"]
    seams.correct_clock(refusal({"Date": "Sat, 01 Jan 2000 00:00:00 GMT"}))
    assert seams.address().query["Sec-MS-GEC"] != before


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("headers", [{}, {"Date": "yesterday"}])
def test_a_refusal_that_does_not_say_the_time_cannot_be_mended(headers: dict[str, str]) -> None:
    """There is nothing to try a second time with."""
    with pytest.raises(SkewAdjustmentError):
        seams.correct_clock(refusal(headers))


def test_every_voice_that_is_shipped_can_be_wished_for() -> None:
    """edge-tts has a look at the name."""
    for voice in Catalogue.shipped().voices:
        assert f"<voice name='{spelled(voice)}'>" in seams.wish("Hi.", spelled(voice), "+0%")


@pytest.mark.parametrize(("voice", "rate"), [("alloy", "+0%"), (VOICE, "fast"), (VOICE, "+1.5%")])
def test_what_would_break_the_document_is_refused(voice: str, rate: str) -> None:
    """By edge-tts, before anything is sent."""
    with pytest.raises(ValueError, match="Invalid"):
        seams.wish("Hi.", voice, rate)


def test_a_message_is_taken_apart() -> None:
    """Into headers and what is under them."""
    headers, body = seams.parts(b"X-RequestId:7\r\nPath:turn.end\r\n\r\n{}", 28)
    assert headers[b"Path"] == b"turn.end"
    assert body.strip() == b"{}"
