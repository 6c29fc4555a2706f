"""The files that Telegram keeps: by file_id, each bot's own; what they hold is looked at as the server does."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from enum import StrEnum

from tests.doubles.telegram.call import Upload
from tests.doubles.telegram.refusal import Json, Refusal, bad_request

MAX_UPLOAD, MAX_DOWNLOAD, MAX_WAVEFORM = 50_000_000, 20 << 20, 1 << 20
"""Bytes: what a bot may send and fetch, and up to where Telegram makes a waveform (telegram-bot-api issue 354)."""
_AUDIO = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg"}


class FileKind(StrEnum):
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"


_BEGINS = {FileKind.VOICE: "AwAC", FileKind.AUDIO: "CQAC", FileKind.DOCUMENT: "BQAC"}


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """A file as the server keeps it."""

    file_id: str
    unique_id: str
    kind: FileKind
    data: bytes
    mime: str
    name: str
    path: str
    duration: int
    title: str | None = None
    performer: str | None = None

    @property
    def has_waveform(self) -> bool:
        """Whether people see its shape: not of a voice note over 1 MB."""
        return self.kind is FileKind.VOICE and len(self.data) <= MAX_WAVEFORM

    def payload(self) -> Json:
        """The Voice, Audio or Document object."""
        body: Json = {"file_id": self.file_id, "file_unique_id": self.unique_id, "file_size": len(self.data)}
        body["mime_type"] = self.mime
        if self.kind is not FileKind.DOCUMENT:
            body["duration"] = self.duration
        if self.kind is not FileKind.VOICE:
            body["file_name"] = self.name
        for name in ("title", "performer"):
            if value := getattr(self, name):
                body[name] = value
        return body


@dataclass(slots=True, eq=False)
class Files:
    """Everything that was ever uploaded, until it is forgotten."""

    by_id: dict[str, Stored] = field(default_factory=dict)
    uploaded_bytes: int = 0
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def keep(
        self, kind: FileKind, upload: Upload, duration: int = 0, title: str | None = None, performer: str | None = None
    ) -> Stored:
        """What was uploaded, under a new file_id. Something else than Opus in Ogg is no voice note, but a file."""
        if len(upload.data) > MAX_UPLOAD:
            raise Refusal(413, "Request Entity Too Large")
        if not upload.data:
            raise bad_request("file must be non-empty")
        seconds = seconds_of(upload.data)
        if kind is FileKind.VOICE and not playable(upload, seconds):
            kind = FileKind.DOCUMENT
        number = next(self._numbers)
        unique = hashlib.sha256(upload.data).hexdigest()[:15]
        stored = Stored(
            file_id=f"{_BEGINS[kind]}AgIAAxkB{unique}{number:08d}",
            unique_id=f"Ag{unique}",
            kind=kind,
            data=upload.data,
            mime=_mime(upload),
            name=upload.name,
            path=f"{_folder(kind)}/file_{number}.{_extension(kind, upload.name)}",
            duration=duration or round(seconds or 0),
            title=title,
            performer=performer,
        )
        self.by_id[stored.file_id] = stored
        self.uploaded_bytes += len(upload.data)
        return stored

    def find(self, file_id: str) -> Stored:
        """A file by its id, or the refusal of one that is not known."""
        if (stored := self.by_id.get(file_id)) is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return stored

    def at(self, path: str) -> Stored | None:
        """The file that is downloaded from there."""
        return next((stored for stored in self.by_id.values() if stored.path == path), None)

    def forget(self) -> None:
        """From now on every file_id is a wrong one."""
        self.by_id.clear()


def playable(upload: Upload, seconds: float | None) -> bool:
    """Whether it is heard as a voice note: Opus in Ogg, MP3 or M4A (sendVoice)."""
    return (
        seconds is not None
        or upload.data[:3] == b"ID3"
        or upload.data[:2] == b"\xff\xfb"
        or upload.data[4:8] == b"ftyp"
    )


def seconds_of(data: bytes) -> float | None:
    """How long an Ogg/Opus file plays, by its last granule position; None if it is something else."""
    if data[:4] != b"OggS" or data[28:36] != b"OpusHead":
        return None
    pre_skip = int.from_bytes(data[38:40], "little")
    last = data.rfind(b"OggS")
    granule = int.from_bytes(data[last + 6 : last + 14], "little")
    return max(0.0, (granule - pre_skip) / 48_000)


def _mime(upload: Upload) -> str:
    return _AUDIO.get(upload.name.rpartition(".")[2].lower()) or upload.content_type or "application/octet-stream"


def _folder(kind: FileKind) -> str:
    return {FileKind.VOICE: "voice", FileKind.AUDIO: "music", FileKind.DOCUMENT: "documents"}[kind]


def _extension(kind: FileKind, name: str) -> str:
    return "oga" if kind is FileKind.VOICE else name.rpartition(".")[2] or "bin"
