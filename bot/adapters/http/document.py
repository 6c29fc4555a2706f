"""The OpenAPI document: what FastAPI cannot know of the answers and the body that it does not handle itself."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from bot.adapters.http.answers import ErrorBody
from bot.adapters.http.body import SpeechRequest
from bot.adapters.http.gate import SPEECH
from bot.adapters.http.speech import PRIORITIES, TOLD
from bot.tts.audio import FORMATS

ABOUT = """Text to speech with OpenAI's API: any client of `POST /v1/audio/speech` works with its `base_url` set to
`…/v1` here. See also docs/server.md."""

WORDS = {
    400: "It cannot be said as it was asked for: nothing pronounceable, a language that nobody here speaks, a field or "
    "header that is not as it should be, or a Host that is not answered to.",
    401: "A valid key is needed.",
    403: "It is not allowed here.",
    404: "There is no such model or voice; the message names the nearest.",
    405: "The address answers to another method.",
    413: "The text is too long.",
    429: "The queue is full; Retry-After says for about how long.",
    500: "Something went wrong here.",
    503: "No engine can speak now, or Sayso is closing; Retry-After says when to come back, if that is known.",
    504: "It took too long to be its turn, or the engine fell silent.",
}
"""What an error means."""

_AUDIO = {"schema": {"type": "string", "format": "binary"}}

EXPOSITION: dict[str, Any] = {
    "description": "Prometheus' text format.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}
"""What Prometheus is given."""


_OPERATION: dict[str, Any] = {
    "summary": "Speech",
    "description": "Speak `input`; the sound is streamed from its first sentence on.",
    "operationId": "speech",
    "parameters": [
        {
            "name": "X-Priority",
            "in": "header",
            "required": False,
            "description": "Who goes first among the requests of one key.",
            "schema": {"type": "string", "enum": list(PRIORITIES), "default": "normal"},
        }
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SpeechRequest"}}},
    },
}
_SOUND: dict[str, Any] = {
    "description": "The sound, from the first sentence on; or events with pieces of it.",
    "content": dict.fromkeys(dict.fromkeys(FORMATS.values()), _AUDIO)
    | {"text/event-stream": {"schema": {"type": "string"}}},
    "headers": {name: {"description": words, "schema": {"type": "string"}} for name, words in TOLD.items()},
}
_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The answers of an operation that are not the one asked for."""
    return {status: {"model": ErrorBody, "description": WORDS[status]} for status in (400, *statuses, 500)}


def describe(api: FastAPI, *, locked: bool, open_: frozenset[str]) -> None:
    """Complete the document: the body, and the key that is needed where the house is ``locked``, but at ``open_``."""
    made = api.openapi

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            _complete(made(), locked, open_)
        return made()

    api.openapi = openapi  # type: ignore[method-assign]


def _complete(document: dict[str, Any], locked: bool, open_: frozenset[str]) -> None:
    components = document["components"]
    components["schemas"]["SpeechRequest"] = SpeechRequest.model_json_schema()
    failures = {str(status): {"description": words, "content": _ERROR} for status, words in WORDS.items()}
    document["paths"] = {SPEECH: {"post": {**_OPERATION, "responses": {"200": _SOUND} | failures}}, **document["paths"]}
    if not locked:
        return
    components["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "One of SAYSO_API_KEYS."}
    }
    for path, operations in document["paths"].items():
        if path not in open_:
            for operation in operations.values():
                operation["security"] = [{"key": []}]
