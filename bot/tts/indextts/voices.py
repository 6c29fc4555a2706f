"""What the model has made of each recording: computed once, kept under what the recording holds."""

from __future__ import annotations

import io
import json
import os
import tempfile
import threading
import tokenize
import wave
import zipfile
import zlib
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import structlog
import torch
from numpy.lib.npyio import NpzFile
from torch import Tensor

from bot.errors import AudioError
from bot.tts.audio import Reference

_REMEMBERED = 64
_KEPT = 1000
"""Voiceprints in memory and on disk; one takes 160 kB."""
_FORMAT = 1
"""To be raised whenever the same recording comes to other numbers with the same weights."""
_UNREADABLE = (
    *(OSError, ValueError, ArithmeticError, LookupError, EOFError, RuntimeError, MemoryError, SyntaxError),
    *(zipfile.BadZipFile, zlib.error, tokenize.TokenError),
)
"""What comes of reading a file that is broken anywhere: in the archive, its compression, or an array's own header."""
_RATE = 24_000
_FULL_SCALE = 32_768

_log = structlog.get_logger()


class Hearing(Protocol):
    """What it takes of a :class:`~bot.tts.indextts.model.Model` to make a voiceprint."""

    @property
    def fingerprint(self) -> str: ...

    def mel(self, samples: Tensor, /) -> Tensor: ...

    def condition(self, mel: Tensor, /) -> Tensor: ...

    def speaker(self, mel: Tensor, /) -> Tensor: ...


@dataclass(frozen=True, slots=True, eq=False)
class Voiceprint:
    """A voice, as the language model (conditioning, (32, dim)) and the vocoder (speaker, (speaker,)) know it. It is
    shared by all who speak with the voice: not to be written into."""

    conditioning: Tensor
    speaker: Tensor


class Voiceprints:
    """The voiceprints of one model; ``folder`` keeps them, named by the content of recording and model. Blocking, and
    safe for several threads and processes: the model hears one recording at a time."""

    def __init__(self, model: Hearing, folder: Path | None) -> None:
        self._model = model
        self._drawer = None if folder is None else _Drawer(folder, model.fingerprint)
        self._remembered: OrderedDict[str, Voiceprint] = OrderedDict()
        self._memory, self._making = threading.Lock(), threading.Lock()

    def of(self, reference: Reference) -> Voiceprint:
        """Of this recording; what is on disk and cannot be read is made anew. Where nothing can be kept, because the
        disk is full or read-only, that is logged and the voiceprint given all the same.

        Raises AudioError for a reference that is no such WAV, ValueError for one that is too short to be heard.
        """
        known = self._recall(reference.digest)
        if known is not None:
            return known
        # Whoever comes for the same voice meanwhile waits here, and then finds it in memory.
        with self._making:
            found = self._recall(reference.digest) or self._taken(reference.digest) or self._made(reference)
            self._remember(reference.digest, found)
            return found

    def forget(self, digest: str) -> None:
        """Keep nothing more of the recording with this :attr:`~bot.tts.audio.Reference.digest`, whichever model has
        heard it: who lent the voice has withdrawn it. Raises OSError if what is on disk cannot be deleted.

        Another process keeps what it has in memory until it ends.
        """
        # What is being made just now is waited for, or it would be kept after it was forgotten.
        with self._making:
            with self._memory:
                self._remembered.pop(digest, None)
            if self._drawer:
                self._drawer.forget(digest)

    def _recall(self, digest: str) -> Voiceprint | None:
        with self._memory:
            if digest in self._remembered:
                self._remembered.move_to_end(digest)
            return self._remembered.get(digest)

    def _remember(self, digest: str, voiceprint: Voiceprint) -> None:
        with self._memory:
            self._remembered[digest] = voiceprint
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)

    def _taken(self, digest: str) -> Voiceprint | None:
        return self._drawer.take(digest) if self._drawer else None

    def _made(self, reference: Reference) -> Voiceprint:
        mel = self._model.mel(_samples(reference))
        made = Voiceprint(self._model.condition(mel), self._model.speaker(mel))
        if self._drawer:
            self._drawer.put(reference.digest, made)
        return made


class _Drawer:
    """Voiceprints on disk, one file for each; who was asked for longest ago goes first when there are too many.

    They say of a person what a fingerprint does, so only the owner may read them. A file is named by the recording
    first, so that all that models have made of one are found, and nothing in it or of it tells whose voice it is.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._model = sha256(fingerprint.encode()).hexdigest()[:16]

    def take(self, digest: str) -> Voiceprint | None:
        """What is kept of it; None if there is nothing, or nothing that can be read."""
        file = self._file(digest)
        try:
            voiceprint = _unpacked(file.read_bytes(), file.stem)
        except FileNotFoundError:
            return None
        except _UNREADABLE as error:
            _log.warning("voiceprint_unreadable", error=type(error).__name__)
            return None
        with suppress(OSError):
            os.utime(file)
        return voiceprint

    def put(self, digest: str, voiceprint: Voiceprint) -> None:
        """Keep it, if the disk lets us."""
        file = self._file(digest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(file, _packed(voiceprint, file.stem))
            self._tidy()
        except OSError as error:
            _log.warning("voiceprint_not_kept", error=type(error).__name__)

    def forget(self, digest: str) -> None:
        for file in self._folder.glob(f"{_voice(digest)}-*"):
            file.unlink(missing_ok=True)

    def _file(self, digest: str) -> Path:
        return self._folder / f"{_voice(digest)}-{self._model}.npz"

    def _write(self, file: Path, content: bytes) -> None:
        """Whole or not at all, whoever else writes or reads it."""
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=f"{file.stem}.", suffix=".part")  # 0600 by nature
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as writing:
                writing.write(content)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)

    def _tidy(self) -> None:
        """Delete what is too much, the parts that somebody left who was killed among it."""
        files = [file for file in self._folder.iterdir() if file.suffix in {".npz", ".part"}]
        if len(files) > _KEPT:
            for file in sorted(files, key=_last_asked_for)[: len(files) - _KEPT]:
                file.unlink(missing_ok=True)


def _voice(digest: str) -> str:
    """The recording's half of a file's name; a hash, so that a digest from anywhere is a name and not a path."""
    return sha256(digest.encode()).hexdigest()[:32]


def _last_asked_for(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _packed(voiceprint: Voiceprint, name: str) -> bytes:
    conditioning, speaker = voiceprint.conditioning.numpy(), voiceprint.speaker.numpy()
    header = np.array(json.dumps(_header(name, conditioning, speaker)))
    file = io.BytesIO()
    np.savez(file, header=header, conditioning=conditioning, speaker=speaker)
    return file.getvalue()


def _unpacked(content: bytes, name: str) -> Voiceprint:
    """Raises one of :data:`_UNREADABLE`."""
    with NpzFile(io.BytesIO(content), allow_pickle=False) as file:
        # What is no array in there is given as bytes.
        header, conditioning, speaker = (np.asarray(file[part]) for part in ("header", "conditioning", "speaker"))
    if json.loads(str(header)) != _header(name, conditioning, speaker):
        raise ValueError("the header tells of something else than what follows")
    if (conditioning.ndim, speaker.ndim) != (2, 1) or not (_sound(conditioning) and _sound(speaker)):
        raise ValueError("that is no voiceprint")
    return Voiceprint(torch.from_numpy(conditioning), torch.from_numpy(speaker))


def _header(name: str, conditioning: npt.NDArray[Any], speaker: npt.NDArray[Any]) -> dict[str, object]:
    """What a file holds, by which one that was renamed or is of another time is told from the right one."""
    shapes = {"conditioning": [*conditioning.shape], "speaker": [*speaker.shape]}
    return {"format": _FORMAT, "name": name, **shapes}


def _sound(numbers: npt.NDArray[Any]) -> bool:
    return numbers.dtype == np.float32 and numbers.size > 0 and bool(np.isfinite(numbers).all())


def _samples(reference: Reference) -> Tensor:
    """(n,) within ±1."""
    try:
        with wave.open(io.BytesIO(reference.wav)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, 2, _RATE):
                raise AudioError("A reference is 24 kHz, 16 bit, mono.")
            integers = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    except (wave.Error, EOFError) as error:
        raise AudioError("A reference is a WAV.") from error
    return torch.from_numpy(integers.astype(np.float32) / _FULL_SCALE)
