"""What a model folder holds, told in a word: what was made with one model is not taken for what another makes."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from bot.tts.indextts import files
from bot.tts.indextts.config import CONFIG, read

_DIGITS = 16


def fingerprint(folder: Path) -> str:
    """What the folder's content is, in 16 hexadecimal digits: other weights have another.

    Milliseconds, without torch: a PyTorch file is a zip archive whose directory has a checksum of every tensor. Raises
    CheckpointError.
    """
    config = read(folder)
    digest = hashlib.sha256()
    for name in (CONFIG, config.bpe_file):
        digest.update(_hashed(folder / name))
    for name in (config.gpt_file, config.vocoder_file):
        digest.update(_checksums(folder / name) or _hashed(folder / name))
    return digest.hexdigest()[:_DIGITS]


def _checksums(file: Path) -> bytes:
    """A hash of what the archive's directory says of each record, or nothing: it is no archive, or has no checksums."""
    try:
        with zipfile.ZipFile(file) as archive:
            records = [(record.filename, record.file_size, record.CRC) for record in archive.infolist()]
    except OSError as error:
        raise files.unreadable(file, error) from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        return b""
    # torch.serialization.set_crc32_options(False) writes 0 for each of them.
    if not all(checksum for _, _, checksum in records):
        return b""
    return hashlib.sha256(repr(records).encode()).digest()


def _hashed(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise files.unreadable(file, error) from error
