"""What went wrong with a server, in the words of Sayso's error tree and with what to do about it."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
from yarl import URL

from bot.errors import (
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineTruncated,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.tts.remote.line import Answer

FOREIGN = (aiohttp.ClientError, OSError)
"""What aiohttp raises while it asks or reads; a time-out of ours is an OSError, too."""

_LONGEST_RETRY = 3600.0
_SHORT = 200
_INPUT = (400, 422)
_LATE = (408, 504)
_REJECTIONS: Mapping[str, type[EngineRejected]] = {
    "unknown_voice": UnknownVoice,
    "voice_not_found": UnknownVoice,
    "nothing_to_say": NothingToSay,
    "language_not_spoken": LanguageNotSpoken,
    "too_long": EngineRejected,
    "not_allowed": EngineRejected,
    "opted_out": EngineRejected,
}
"""What the codes of a Sayso, and of others, say of the input."""
_BROKEN = "engine_broken"
"""The code of a Sayso whose engine cannot work as it is."""
_MODEL_CODES = frozenset({"model_not_found", "unknown_engine", "invalid_model"})
_NAMED = re.compile(
    r"\b(?:unknown|unsupported|invalid|no|no such) (?P<first>voice|model)\b"
    r"|\b(?P<then>voice|model)\b.{0,80}?\b"
    r"(?:unknown|unsupported|unavailable|not (?:found|exist|supported|available|loaded))",
    re.IGNORECASE | re.DOTALL,
)
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Server:
    """Whom messages speak of: ``label`` is where it is, without credentials."""

    engine: str
    label: str
    model: str
    format: str
    key: str = ""

    def __str__(self) -> str:
        return f"The speech server at {self.label}"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server says is wrong: short plain words or none, a code, and what it names as the place."""

    words: str = ""
    code: str = ""
    place: str = ""

    @classmethod
    def of(cls, answer: Answer, key: str = "") -> Complaint:
        """Read it from OpenAI's shape, FastAPI's, plain text, or anything like them."""
        body = answer.json
        found = Complaint(_text(answer)) if body is None else _read(body)
        secret = bool(key) and key in found.words
        place = found.place or _named(found.words)
        return cls("" if secret else _plain(found.words), found.code.casefold(), place.casefold())

    def about(self, *places: str) -> bool:
        """Whether it names one of these as what is wrong."""
        return any(self.place == place or self.place.endswith(f".{place}") for place in places)

    @property
    def told(self) -> str:
        """Its words as the end of a message."""
        return f" It says: {self.words}" if self.words else ""


def refusal(server: Server, answer: Answer, voice: str = "") -> EngineError:
    """The error of an answer other than 200; ``voice`` is who was asked for."""
    complaint = Complaint.of(answer, server.key)
    status, engine = answer.status, server.engine
    if status == 429 and complaint.code == "insufficient_quota":
        return EngineBroken(engine, f"{server} has no quota left for this key; raise it there.")
    if complaint.code == _BROKEN:
        return EngineBroken(engine, f"{server} cannot speak as it is set up.{complaint.told}")
    if status in _LATE:
        message = f"{server} had no answer in time ({status}).{complaint.told}"
        return EngineTimeout(engine, message, retry_after=retry_after(answer.headers))
    if status == 429 or status >= 500:
        message = f"{server} cannot speak now ({status}).{complaint.told}"
        return EngineUnavailable(engine, message, retry_after=retry_after(answer.headers))
    return _rejection(server, complaint, voice) or _broken(server, answer, complaint)


def fault(server: Server, error: Exception) -> EngineError:
    """aiohttp's error as Sayso's own. Its own words may hold the whole address, and are not passed on."""
    match error:
        case aiohttp.ClientHttpProxyError():
            return EngineUnavailable(server.engine, f"The proxy does not let us through to {server.label}.")
        case aiohttp.ClientSSLError():
            message = f"{server} has a certificate that is not trusted here; give it one that is, or use http://."
            return EngineBroken(server.engine, message)
        case aiohttp.ClientPayloadError():
            return EngineTruncated(server.engine, f"{server} broke off in the middle of its answer.")
        case aiohttp.ClientResponseError() | aiohttp.InvalidURL():
            message = f"{server} does not speak HTTP; see remote.servers."
            return EngineBroken(server.engine, message)
    return EngineUnavailable(server.engine, f"{server} cannot be reached ({_why(error)}); is it running?")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the server wants us back, as it said in seconds or as a date; at most an hour."""
    value = headers.get("Retry-After", "").strip()
    try:
        seconds = float(value) if value[:1].isdigit() else parsedate_to_datetime(value).timestamp() - time.time()
    except ValueError:
        return None
    return min(max(seconds, 0.0), _LONGEST_RETRY) if math.isfinite(seconds) else None


def _rejection(server: Server, complaint: Complaint, voice: str) -> EngineError | None:
    """What the server has against the input, if its code or the place that it names say so."""
    kind = _REJECTIONS.get(complaint.code)
    if kind is UnknownVoice or (kind is None and complaint.about("voice", "voice_id")):
        return UnknownVoice(server.engine, f"{server} has no voice {voice!r}.{complaint.told}")
    if kind is not None:
        return kind(server.engine, complaint.words or f"{server} does not take this text ({complaint.code}).")
    return None


def _broken(server: Server, answer: Answer, complaint: Complaint) -> EngineError:
    """What the address, the settings or the key have against them; or after all the input."""
    status, engine = answer.status, server.engine
    if 300 <= status < 400:
        return EngineBroken(engine, f"{server} is elsewhere now{_whither(answer)}; change remote.servers.")
    if status in (401, 403):
        what = "to a key that it accepts; the one that is set it does not" if server.key else "to its key"
        return EngineBroken(engine, f"{server} refuses us ({status}): set REMOTE_API_KEY {what}.")
    if complaint.code in _MODEL_CODES or complaint.about("model"):
        return EngineBroken(engine, f"{server} has no model {server.model!r}; set remote.model.{complaint.told}")
    if complaint.about("response_format", "format"):
        return EngineBroken(engine, f"{server} does not send {server.format}; set remote.format.{complaint.told}")
    if status in (404, 405):
        return EngineBroken(engine, f"{server} has no /v1/audio/speech ({status}); see remote.servers.")
    if status == 413:
        return EngineRejected(engine, f"{server} finds this too long; say less at once.{complaint.told}")
    if status in _INPUT and complaint.code != "invalid_host":
        return EngineRejected(engine, f"{server} does not take this text ({status}).{complaint.told}")
    return EngineBroken(engine, f"{server} refuses us ({status}); see remote.servers.{complaint.told}")


def _whither(answer: Answer) -> str:
    """Where a redirect leads, without what may be secret in it."""
    try:
        place = URL(answer.headers.get("Location", ""))
        return f" ({place.origin()})" if place.host else ""
    except ValueError:
        return ""


def _why(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its name is not known"
        case TimeoutError():
            return "no connection in time"
        case aiohttp.ServerDisconnectedError():
            return "it hung up"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
    return type(error).__name__


def _read(found: object) -> Complaint:
    match found:
        case {"error": {**inner}} | {"detail": {**inner}}:
            found = inner
    match found:
        case str():
            return Complaint(found)
        case {"detail": [{"msg": str(words), **first}, *_]}:
            return Complaint(words, "", ".".join(map(str, _several(first.get("loc")))))
        case {"message": str(words), "error": str(code)}:
            return Complaint(words, code)
        case {"message": str(words)} | {"detail": str(words)} | {"because": str(words)} | {"error": str(words)}:
            assert isinstance(found, dict)
            return Complaint(words, _string(found.get("code")), _string(found.get("param")))
        case {"code": str(code)}:
            return Complaint("", code)
    return Complaint()


def _named(words: str) -> str:
    """What is missing by the words alone, where a server says no more."""
    found = _NAMED.search(words)
    return (found["first"] or found["then"]) if found else ""


def _several(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(answer: Answer) -> str:
    plain = answer.headers.get("Content-Type", "text/plain").startswith("text/plain")
    return answer.body[: _SHORT * 4].decode("utf-8", "replace") if plain else ""


def _plain(words: str) -> str:
    """Words in one line; nothing, if they are long, or look like markup, or hold what is not to be printed."""
    line = _SPACES.sub(" ", words).strip()
    return line if len(line) <= _SHORT and line.isprintable() and "<" not in line else ""
