"""Files: what lies in a model's place after a download that went wrong is told as what it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.tts.indextts import files
from bot.tts.indextts.faults import WHERE, CheckpointError


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b" \r\n\n", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 1170000000\n", "'git lfs pull'"),
        (b"<!DOCTYPE html>\n<html lang='en'>", "this is a web page"),
        (b"\n  <html><body>Access denied</body></html>", "this is a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "this is a web page"),
    ],
    ids=["nothing", "blank", "pointer", "page", "indented page", "marked page"],
)
def test_stand_in(tmp_path: Path, content: bytes, words: str) -> None:
    """What a download left instead of the file is told with what to do."""
    file = tmp_path / "gpt.pth"
    file.write_bytes(content)
    with pytest.raises(CheckpointError) as caught:
        files.check(file)
    assert words in str(caught.value)
    assert str(file) in str(caught.value)
    assert WHERE in str(caught.value)


@pytest.mark.parametrize("content", [b"PK\x03\x04", b"\x80\x02", b"gpt: {}", b"\n\x0e\n\x05<unk>", b"a <html>"])
def test_anything_else(tmp_path: Path, content: bytes) -> None:
    """Anything else is for whoever reads it to judge."""
    file = tmp_path / "file"
    file.write_bytes(content)
    files.check(file)
    assert files.beginning(file) == content


def test_only_the_beginning_is_read(tmp_path: Path) -> None:
    """Of a large file a few hundred bytes are looked at."""
    file = tmp_path / "file"
    file.write_bytes(bytes(10_000))
    assert len(files.beginning(file)) == 512


def test_unreadable(tmp_path: Path) -> None:
    """A file that cannot be opened is told with the system's reason, and nobody is sent to download it again."""
    with pytest.raises(CheckpointError) as caught:
        files.check(tmp_path)
    assert str(caught.value) == f"{tmp_path} cannot be read: Is a directory."


def test_complete(folder: Path) -> None:
    """A folder that has all of the files is let pass."""
    files.complete(folder, ("gpt.pth", "bpe.model"))


def test_incomplete(folder: Path) -> None:
    """All that a folder lacks is named at once; a folder by the name of a file is no file."""
    with pytest.raises(CheckpointError, match=r"a\.pth, \. are missing\."):
        files.complete(folder, ("gpt.pth", "a.pth", "."))
