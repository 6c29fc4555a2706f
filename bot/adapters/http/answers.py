"""What is answered instead of sound, in OpenAI's shape: ``{"error": {"message", "type", "param", "code"}}``."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.errors import Abandoned, EngineError, EngineRejected, EngineTimeout, SaysoError
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


class Answer(HTTPException):
    """An answer other than the one asked for, raised where it is found out."""

    def __init__(self, status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, message, headers)
        self.code = code


def refused(refusal: Refusal) -> Answer:
    """The speaker said no."""
    status = STATUS.get(refusal.reason, 400)
    headers = {"retry-after": str(max(1, round(refusal.retry_after)))} if refusal.retry_after else None
    return Answer(status, refusal.message, refusal.reason.value, headers)


def failed(error: Exception) -> Answer:
    """It went wrong. Only our own errors have words that are fit for others."""
    if not isinstance(error, SaysoError):
        return Answer(500, "Something went wrong here; try again, and look into the log.", "internal_error")
    status = 400 if isinstance(error, EngineRejected) else 504 if isinstance(error, EngineTimeout | Abandoned) else 503
    return Answer(status, str(error), "engine_error" if isinstance(error, EngineError) else "unavailable")


def rendered(error: HTTPException, *, param: str | None = None) -> JSONResponse:
    """The response."""
    status = error.status_code
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    code = error.code if isinstance(error, Answer) else None
    body = {"error": {"message": str(error.detail), "type": kind, "param": param, "code": code}}
    return JSONResponse(body, status, headers=error.headers)


async def http_error(_: Request, error: Exception) -> JSONResponse:
    """For FastAPI: of what is raised as an answer, and of addresses and methods that do not exist."""
    assert isinstance(error, HTTPException)
    return rendered(error)


async def invalid(_: Request, error: Exception) -> JSONResponse:
    """For FastAPI: of a body that is not as it should be. The first thing that is wrong with it."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"] if part != "body") or "body"
    return rendered(Answer(400, f"{param}: {first['msg']}", "invalid_request"), param=param)
