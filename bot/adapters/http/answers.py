"""What is answered instead of sound, in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

import math
from collections.abc import Mapping

from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.errors import (
    Abandoned,
    Cancelled,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    LanguageNotSpoken,
    NothingToSay,
    SaysoError,
    StoreError,
    UnknownVoice,
)
from bot.speech import Reason, Refusal

STATUS: dict[Reason, int] = {
    Reason.UNKNOWN_VOICE: 404,
    Reason.UNKNOWN_ENGINE: 404,
    Reason.TOO_LONG: 413,
    Reason.NOT_ALLOWED: 403,
    Reason.OPTED_OUT: 403,
    Reason.USER_QUEUE_FULL: 429,
    Reason.GUILD_QUEUE_FULL: 429,
    Reason.QUEUE_FULL: 429,
    Reason.NOT_KEPT: 410,
    Reason.CLOSING: 503,
    Reason.EXPIRED: 504,
}
"""What a refusal is in HTTP; what is not named is a bad request."""

PARAM: dict[Reason, str] = {
    Reason.NOTHING_TO_SAY: "input",
    Reason.TOO_LONG: "input",
    Reason.LANGUAGE_NOT_SPOKEN: "input",
    Reason.UNKNOWN_VOICE: "voice",
    Reason.UNKNOWN_ENGINE: "model",
}
"""The field that a refusal is about."""

CODE = {Reason.UNKNOWN_ENGINE: "model_not_found"}
"""Where OpenAI has a word of its own for a reason."""

SOON = 1
"""Seconds: the shortest wait that anybody is asked for."""


NAMED = 60
"""Characters of a name that is told again to who wrote it."""


class ErrorDetail(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """Every answer that is not the one asked for."""

    error: ErrorDetail


class Answer(HTTPException):
    """An answer other than the one asked for, raised where it is found out; ``param`` is the field it is about, and
    ``retry_after`` the seconds until it is worth another try."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str,
        headers: Mapping[str, str] | None = None,
        *,
        param: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        later = {} if retry_after is None else {"retry-after": str(max(SOON, math.ceil(retry_after)))}
        super().__init__(status, message, {**(headers or {}), **later})
        self.code = code
        self.param = param


def refused(refusal: Refusal) -> Answer:
    """The speaker said no."""
    reason = refusal.reason
    code, param = CODE.get(reason, reason.value), PARAM.get(reason)
    return Answer(STATUS.get(reason, 400), _words(refusal), code, param=param, retry_after=refusal.retry_after)


def _words(refusal: Refusal) -> str:
    """Why not, and what a program can do instead."""
    match refusal.reason, refusal.details:
        case Reason.UNKNOWN_VOICE, {"name": str(name), "nearest": list(nearest)}:
            near = ", ".join(map(str, nearest))
            return f"There is no voice {name[:NAMED]!r}; the nearest are {near}. GET /v1/audio/voices lists all."
    return refusal.message


def closing() -> Answer:
    """There is no more time to answer."""
    return Answer(503, "Sayso is closing; ask again in a moment.", "closing", retry_after=SOON)


def failed(error: Exception) -> Answer:
    """It went wrong. Only our own errors have words that are fit for others."""
    match error:
        case EngineRejected():
            return _rejected(error)
        case EngineError():
            status = 504 if isinstance(error, EngineTimeout) else 503
            code = "engine_broken" if isinstance(error, EngineBroken) else "engine_error"
            return Answer(status, str(error), code, retry_after=error.retry_after)
        case Cancelled():
            words = "It was given up before it was whole, as when Sayso is closed; ask again in a moment."
            return Answer(503, words, "cancelled", retry_after=SOON)
        case Abandoned():
            return Answer(504, str(error), "expired")
        case StoreError():
            return Answer(503, str(error), "unavailable", retry_after=SOON)
        case SaysoError():
            return Answer(500, str(error), "internal_error")
        case _:
            return Answer(500, "Something went wrong here; try again, and look into the log.", "internal_error")


def _rejected(error: EngineRejected) -> Answer:
    """The engine is well, but this is not for it."""
    match error:
        case UnknownVoice():
            return Answer(404, str(error), Reason.UNKNOWN_VOICE.value, param="voice")
        case NothingToSay():
            return Answer(400, str(error), Reason.NOTHING_TO_SAY.value, param="input")
        case LanguageNotSpoken():
            return Answer(400, str(error), Reason.LANGUAGE_NOT_SPOKEN.value, param="input")
        case _:
            return Answer(400, str(error), "engine_error", param="input")


def described(error: HTTPException) -> dict[str, object]:
    """The body."""
    status = error.status_code
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    param, code = (error.param, error.code) if isinstance(error, Answer) else (None, None)
    return {"error": {"message": str(error.detail), "type": kind, "param": param, "code": code}}


def rendered(error: HTTPException) -> JSONResponse:
    """The response."""
    return JSONResponse(described(error), error.status_code, headers=error.headers)


async def http_error(_: Request, error: Exception) -> JSONResponse:
    """For FastAPI: of what is raised as an answer, and of addresses and methods that do not exist."""
    assert isinstance(error, HTTPException)
    return rendered(error if isinstance(error, Answer) else _worded(error))


def _worded(error: HTTPException) -> HTTPException:
    """The router's own errors, in our words."""
    headers = error.headers or {}
    if error.status_code == 404:
        return Answer(404, "There is nothing at this address; /openapi.json tells what there is.", "not_found", headers)
    if error.status_code == 405:
        allowed = next((value for name, value in headers.items() if name.lower() == "allow"), "another method")
        return Answer(405, f"This address answers to {allowed}.", "method_not_allowed", headers)
    return error
