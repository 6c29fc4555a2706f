"""The body of ``POST /v1/audio/speech``: what may stand in it, and in words what is wrong with one."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, WithJsonSchema

from bot.adapters.http.answers import Answer
from bot.wishes import FASTEST, SLOWEST

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]

LANGUAGE = r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{1,8})*$"
"""BCP-47, as far as it tells a language from something else."""


def _named(voice: object) -> object:
    """OpenAI's object form of a voice of one's own, ``{"id": "…"}``, is the name in it."""
    return voice["id"] if isinstance(voice, dict) and "id" in voice else voice


_NAME = {"type": "string"}
_OBJECT = {"type": "object", "properties": {"id": _NAME}, "required": ["id"]}
Name = Annotated[
    str | None,
    BeforeValidator(_named),
    WithJsonSchema({"anyOf": [_NAME, _OBJECT, {"type": "null"}]}, mode="validation"),
]


class SpeechRequest(BaseModel):
    """What is to be said, and how. Fields that are not known are ignored, and null is as good as left out."""

    input: str = Field(description="What to say.", examples=["Hello from Sayso."], json_schema_extra={"minLength": 1})
    model: str | None = Field(
        "tts-1",
        description="tts-1, tts-1-hd and gpt-4o-mini-tts are the configured engine; else an engine (offline, edge, …), "
        "or a persona, who then speaks whatever `voice` says. `GET /v1/models` lists all.",
    )
    voice: Name = Field(
        None,
        description="A persona, an alias such as `alloy`, an engine's own voice, or an object with one of these as its "
        "`id`. `GET /v1/audio/voices` lists all.",
        examples=["alloy"],
    )
    response_format: Format | None = "mp3"
    speed: float | None = Field(
        None,
        ge=0.25,
        le=4.0,
        allow_inf_nan=False,
        strict=True,
        description=f"Below {SLOWEST:g} and above {FASTEST:g} it is spoken at these, and the header x-sayso-speed says "
        "so. Left out: as fast as the settings say.",
    )
    instructions: str | None = Field(None, description="Accepted and ignored.")
    stream_format: Literal["audio", "sse"] | None = Field(
        "audio", description="The sound itself, or server-sent events with pieces of it in base64."
    )
    language: str | None = Field(
        None,
        pattern=LANGUAGE,
        max_length=35,
        description="An extension: the language of the text (BCP-47), where it cannot be told from its words.",
        examples=["en-US"],
    )

    @property
    def format(self) -> Format:
        """The format of the sound."""
        return self.response_format or "mp3"

    @property
    def streamed(self) -> bool:
        """Whether it is to come as events."""
        return self.stream_format == "sse"

    @property
    def rate(self) -> float | None:
        """The speed that it is spoken at; None where the settings decide."""
        return None if self.speed is None else min(FASTEST, max(SLOWEST, self.speed))


def parsed(content_type: str, data: bytes) -> SpeechRequest:
    """The body that was sent. Raises an Answer that says what is wrong with it."""
    # Not only for clarity: a page elsewhere may send plain text to a server on loopback without being asked for leave.
    kind = content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        sent = f"not as {kind[:60]!r}" if kind else "and say so"
        raise Answer(400, f"Send JSON, {sent}: 'Content-Type: application/json'.", "unsupported_content_type")
    try:
        return SpeechRequest.model_validate_json(data.removeprefix(BOM_UTF8))
    except ValidationError as error:
        raise _wrong(error.errors(include_url=False, include_context=False, include_input=False)[0]) from None


def _wrong(first: Any) -> Answer:
    """The first thing that is wrong, in words without what was sent."""
    said = str(first["msg"])
    if first["type"] == "json_invalid":
        return Answer(400, f"The body is not JSON: {said.removeprefix('Invalid JSON: ')}.", "invalid_json")
    if not first["loc"]:
        return Answer(400, 'The body is not a JSON object; send one such as {"input": "Hello."}.', "invalid_request")
    param = str(first["loc"][0])
    said = "This field is needed." if first["type"] == "missing" else f"{said}."
    return Answer(400, f"{param}: {said}", "invalid_request", param=param)
