"""The names of edge_tts beyond its documented interface that Sayso needs, each used here alone and held by a test.

How the service is spoken to is edge-tts's to know: when Microsoft changes the token, the headers or the document, an
update of edge-tts mends Sayso too. They are looked up whenever they are needed, the address where edge-tts itself
looks, so that whoever leads edge-tts elsewhere leads Sayso there as well.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from functools import lru_cache
from xml.sax.saxutils import escape

import aiohttp
from edge_tts import communicate, constants
from edge_tts.data_classes import TTSConfig
from edge_tts.drm import DRM
from yarl import URL

_BOUNDARIES = {"sentenceBoundaryEnabled": "true", "wordBoundaryEnabled": "false"}
_AUDIO = {"metadataoptions": _BOUNDARIES, "outputFormat": "audio-24khz-48kbitrate-mono-mp3"}
_SETTINGS = json.dumps({"context": {"synthesis": {"audio": _AUDIO}}}, separators=(",", ":"))


def address() -> URL:
    """Where the next web socket is opened, with a token of this moment."""
    asked = {
        "ConnectionId": communicate.connect_id(),
        "Sec-MS-GEC": DRM.generate_sec_ms_gec(),
        "Sec-MS-GEC-Version": constants.SEC_MS_GEC_VERSION,
    }
    service: str = communicate.WSS_URL  # type: ignore[attr-defined]
    return URL("&".join((service, *map("=".join, asked.items()))), encoded=True)


def headers() -> Mapping[str, str]:
    """What the browser would say of itself when it opens one."""
    return DRM.headers_with_muid(constants.WSS_HEADERS)


def trust() -> ssl.SSLContext:
    """Whose word is taken for that it is the service: edge-tts brings its own authorities."""
    return communicate._SSL_CTX


def correct_clock(refusal: aiohttp.ClientResponseError) -> None:
    """Take over the service's idea of now, which tokens are made of. Raises SkewAdjustmentError if it does not say."""
    DRM.handle_client_response_error(refusal)


def settings() -> str:
    """The first message: which sound we want, and that we want to know of sentences."""
    head = {"X-Timestamp": communicate.date_to_string(), "Content-Type": "application/json; charset=utf-8"}
    lines = [*map(":".join, head.items()), "Path:speech.config", "", f"{_SETTINGS}\r\n"]
    return "\r\n".join(lines)


def wish(text: str, voice: str, rate: str) -> str:
    """The second: what to say, in whose voice and how fast. Raises ValueError if a voice or a rate is none."""
    document = communicate.mkssml(_config(voice, rate), escape(text).strip())
    return communicate.ssml_headers_plus_data(communicate.connect_id(), communicate.date_to_string(), document)


def parts(message: bytes, head: int) -> tuple[Mapping[bytes, bytes], bytes]:
    """The headers of a message, whose head is so many bytes long, and its body."""
    return communicate.get_headers_and_data(message, head)


@lru_cache(maxsize=256)
def _config(voice: str, rate: str) -> TTSConfig:
    return TTSConfig(voice, rate, "+0%", "+0Hz", "SentenceBoundary")
