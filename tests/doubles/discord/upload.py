"""What a bot sends over REST: the request as it was, and its files."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.discord.refusal import Json

AUDIO = {
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/ogg",
    "mp3": "audio/mpeg",
    "wav": "audio/x-wav",
    "flac": "audio/x-flac",
    "m4a": "audio/mp4",
}


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a multipart body; ``field`` is ``files[n]``."""

    field: str
    filename: str
    content_type: str | None
    data: bytes

    @property
    def index(self) -> str:
        return self.field.removeprefix("files[").removesuffix("]")

    def guessed(self) -> str | None:
        """The content type Discord gives it: the name's extension decides."""
        return AUDIO.get(self.filename.rpartition(".")[2].lower()) or self.content_type


@dataclass(slots=True, eq=False)
class Recorded:
    """One thing the bot did over REST, and what came of it (``status`` 0 until it is answered)."""

    method: str
    path: str
    json: Any
    files: list[Upload]
    headers: dict[str, str]
    at: float
    query: dict[str, str] = field(default_factory=dict)
    status: int = 0
    result: Any = None


@dataclass(frozen=True, slots=True)
class Note:
    """A voice note as it was sent."""

    message: Json
    data: bytes
    duration: float
    waveform: bytes
    flags: int
    filename: str
    content_type: str | None


def note_of(message: Json, uploads: dict[str, bytes]) -> Note:
    """A message with IS_VOICE_MESSAGE, decoded."""
    [attachment] = message["attachments"]
    return Note(
        message,
        uploads[attachment["id"]],
        float(attachment["duration_secs"]),
        base64.b64decode(attachment["waveform"]),
        message["flags"],
        attachment["filename"],
        attachment["content_type"],
    )
