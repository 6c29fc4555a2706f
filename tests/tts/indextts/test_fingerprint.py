"""Fingerprint: another model has another, the same one the same, and torch is not needed to tell."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

from bot.tts.indextts.faults import CheckpointError
from bot.tts.indextts.fingerprint import fingerprint

FILES = ("config.yaml", "gpt.pth", "bigvgan_generator.pth", "bpe.model")


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """The tiny folder, to be changed."""
    for name in FILES:
        shutil.copyfile(folder / name, tmp_path / name)
    return tmp_path


def test_form(folder: Path) -> None:
    """It is 16 hexadecimal digits."""
    found = fingerprint(folder)
    assert len(found) == 16
    assert set(found) <= set("0123456789abcdef")


def test_same(folder: Path, own: Path) -> None:
    """It goes by the content: where the folder lies, when it was made and what else is in it does not count."""
    (own / "dvae.pth").write_bytes(b"not needed")
    assert fingerprint(own) == fingerprint(folder)


@pytest.mark.parametrize("name", ["config.yaml", "bpe.model"])
def test_other_bytes(folder: Path, own: Path, name: str) -> None:
    """Another byte in a small file makes another model."""
    with (own / name).open("ab") as file:
        file.write(b"\n")
    assert fingerprint(own) != fingerprint(folder)


@pytest.mark.parametrize(("name", "key"), [("gpt.pth", "model"), ("bigvgan_generator.pth", "generator")])
def test_one_weight(own: Path, name: str, key: str) -> None:
    """One weight that is another makes another model, and the old one back makes the old one again."""
    found = torch.load(own / name, weights_only=True)
    before = fingerprint(own)
    last = list(found[key])[-1]
    old, found[key][last] = found[key][last], found[key][last] + 1
    torch.save(found, own / name)
    changed = fingerprint(own)
    found[key][last] = old
    torch.save(found, own / name)
    assert changed != before
    assert fingerprint(own) == before


def test_files_are_told_apart(own: Path) -> None:
    """The same weights in the other file's place are another model."""
    before = fingerprint(own)
    (own / "gpt.pth").rename(own / "x")
    (own / "bigvgan_generator.pth").rename(own / "gpt.pth")
    (own / "x").rename(own / "bigvgan_generator.pth")
    assert fingerprint(own) != before


@pytest.mark.parametrize("old", [False, True], ids=["without checksums", "before zip"])
def test_no_checksums(own: Path, old: bool) -> None:
    """A file that holds no checksums goes by all of its bytes."""

    def save(value: float) -> str:
        torch.serialization.set_crc32_options(False)
        try:
            torch.save({"a": torch.tensor([value])}, own / "gpt.pth", _use_new_zipfile_serialization=not old)
        finally:
            torch.serialization.set_crc32_options(True)
        return fingerprint(own)

    if not old:
        save(0.0)
        assert {record.CRC for record in zipfile.ZipFile(own / "gpt.pth").infolist()} == {0}
    assert save(1.0) != save(2.0)


def test_damaged(folder: Path, own: Path) -> None:
    """A file that broke off has a fingerprint of its own: whether it can be loaded is for others to say."""
    data = (own / "gpt.pth").read_bytes()
    (own / "gpt.pth").write_bytes(data[:-1000])
    assert fingerprint(own) != fingerprint(folder)


def test_weights_are_not_read(own: Path) -> None:
    """Only the directory at the end of an archive is read: what comes before it may even be wrong."""
    before = fingerprint(own)
    with (own / "gpt.pth").open("r+b") as file:
        file.seek(100_000)
        file.write(b"other")
    assert fingerprint(own) == before


def test_no_folder(tmp_path: Path) -> None:
    """What is no model folder is refused as such."""
    with pytest.raises(CheckpointError, match="are missing"):
        fingerprint(tmp_path)


@pytest.mark.parametrize(
    ("reader", "name"), [("hashlib.file_digest", "config.yaml"), ("zipfile.ZipFile", "gpt.pth")], ids=["hash", "zip"]
)
def test_unreadable(folder: Path, monkeypatch: pytest.MonkeyPatch, reader: str, name: str) -> None:
    """A file that is there but cannot be read is told with the system's reason."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reader, refuse)
    with pytest.raises(CheckpointError, match=f"{name} cannot be read: Permission denied"):
        fingerprint(folder)


def test_without_torch(folder: Path) -> None:
    """A process that never imports torch can tell."""
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path; from bot.tts.indextts.fingerprint import fingerprint\n"
        f"print(fingerprint(Path({str(folder)!r})))"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == fingerprint(folder)
