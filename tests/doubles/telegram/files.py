"""The files that Telegram keeps: by file_id, each bot's own; what they hold is looked at as the server does."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from tests.doubles.telegram.call import Upload
from tests.doubles.telegram.refusal import Json, Refusal, bad_request

MAX_UPLOAD: Final = 50_000_000
MAX_DOWNLOAD: Final = 20 << 20
MAX_WAVEFORM: Final = 1 << 20
"""Bytes: what a bot may send and fetch, and up to where Telegram makes a waveform (telegram-bot-api issue 354)."""


class FileKind(StrEnum):
    VOICE = "voice"
    AUDIO = "audio"
    DOCUMENT = "document"


_AUDIO = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg"}
_BEGINS = {FileKind.VOICE: "AwACAgIAAxkB", FileKind.AUDIO: "CQACAgIAAxkB", FileKind.DOCUMENT: "BQACAgIAAxkB"}
_FOLDERS = {FileKind.VOICE: "voice", FileKind.AUDIO: "music", FileKind.DOCUMENT: "documents"}
_PLAUSIBLE = re.compile(rf"(?:{'|'.join(_BEGINS.values())})[\w-]+")


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
        named = {"title": self.title, "performer": self.performer}
        return body | {name: value for name, value in named.items() if value}


@dataclass(slots=True, eq=False)
class Files:
    """Everything that was ever uploaded, until it is forgotten."""

    by_id: dict[str, Stored] = field(default_factory=dict)
    uploaded_bytes: int = 0
    _by_path: dict[str, Stored] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def keep(
        self, kind: FileKind, upload: Upload, duration: int = 0, title: str | None = None, performer: str | None = None
    ) -> Stored:
        """What was uploaded, under a new file_id. What cannot be heard as a voice note becomes a mere file."""
        if len(upload.data) > MAX_UPLOAD:
            raise Refusal(413, "Request Entity Too Large")
        if not upload.data:
            raise bad_request("file must be non-empty")
        if kind is FileKind.VOICE and not playable(upload.data):
            kind = FileKind.DOCUMENT
        number = next(self._numbers)
        stored = Stored(
            file_id=f"{_BEGINS[kind]}{number:08d}{len(upload.data):08x}AAE",
            unique_id=f"AgAD{number:08d}",
            kind=kind,
            data=upload.data,
            mime=mime(kind, upload),
            name=upload.name,
            path=f"{_FOLDERS[kind]}/file_{number}.{'oga' if kind is FileKind.VOICE else _extension(upload.name)}",
            duration=duration or round(seconds_of(upload.data) or 0),
            title=title,
            performer=performer,
        )
        self.by_id[stored.file_id] = self._by_path[stored.path] = stored
        self.uploaded_bytes += len(upload.data)
        return stored

    def find(self, file_id: str) -> Stored:
        """A file by its id. One that is not known any more is refused in other words than one that never was an id."""
        if (stored := self.by_id.get(file_id)) is not None:
            return stored
        if file_id.startswith(("http://", "https://")):
            raise bad_request("failed to get HTTP URL content")
        if not plausible(file_id):
            raise bad_request("wrong remote file identifier specified: can't unserialize it. Wrong last symbol")
        raise bad_request("wrong file identifier/HTTP URL specified")

    def at(self, path: str) -> Stored | None:
        """The file that is downloaded from there."""
        return self._by_path.get(path)

    def forget(self, *file_ids: str) -> None:
        """From now on these file_ids are wrong ones; all, if none is named."""
        for file_id in file_ids or tuple(self.by_id):
            self._by_path.pop(self.by_id.pop(file_id).path)


def plausible(file_id: str) -> bool:
    """Whether it looks like a file_id, this bot's or another's."""
    return _PLAUSIBLE.fullmatch(file_id) is not None


def playable(data: bytes) -> bool:
    """Whether it is heard as a voice note: Opus in Ogg, MP3 or M4A (sendVoice)."""
    return seconds_of(data) is not None or data[:3] == b"ID3" or data[:2] == b"\xff\xfb" or data[4:8] == b"ftyp"


def seconds_of(data: bytes) -> float | None:
    """How long an Ogg/Opus file plays, by its last granule position; None if it is something else."""
    if data[:4] != b"OggS" or data[28:36] != b"OpusHead":
        return None
    pre_skip = int.from_bytes(data[38:40], "little")
    last = data.rfind(b"OggS")
    granule = int.from_bytes(data[last + 6 : last + 14], "little")
    return max(0.0, (granule - pre_skip) / 48_000)


def mime(kind: FileKind, upload: Upload) -> str:
    """By the name's extension; a voice note's is one of three (TDLib: else it counts as audio/ogg)."""
    found = _AUDIO.get(_extension(upload.name)) or upload.content_type or "application/octet-stream"
    return found if kind is not FileKind.VOICE or found in _AUDIO.values() else "audio/ogg"


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower() or "bin"
