"""Where `-o` points: what is refused before a word is spoken, and what stays as it was."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.cli.destination import check, write
from bot.errors import SaysoError


@pytest.fixture
def umask() -> Iterator[int]:
    """A usual umask, whatever the machine's is."""
    before = os.umask(0o027)
    yield 0o027
    os.umask(before)


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("", "the name is empty"),
        (".", "it is a folder"),
        ("dir", "it is a folder; name a file in it, such as dir/hello.ogg"),
        ("new/", "it is a folder"),
        ("no/x.ogg", "there is no folder"),
        ("plain/x.ogg", "there is no folder"),
        ("dangling.ogg", "there is no folder"),
        ("x" * 300, "File name too long"),
        ("/proc/x.ogg", "choose another place with -o"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, words: str
) -> None:
    """In one line that says what to do."""
    monkeypatch.chdir(tmp_path)
    Path("dir").mkdir()
    Path("plain").touch()
    Path("dangling.ogg").symlink_to("nowhere/x.ogg")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SaysoError, match="cannot be written") as error:
        check(output)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_read_only_file_or_folder_is_refused(tmp_path: Path) -> None:
    """What its owner protects is not replaced behind its back."""
    (tmp_path / "kept.ogg").touch(0o444)
    with pytest.raises(SaysoError, match="you may not write to it"):
        check(str(tmp_path / "kept.ogg"))
    tmp_path.chmod(0o555)
    with pytest.raises(SaysoError, match="Permission denied"):
        check(str(tmp_path / "new.ogg"))


@pytest.mark.parametrize("output", ["new.ogg", "old.ogg", "link.ogg", "pipe.ogg", "/dev/null"])
def test_checking_a_place_that_can_be_written_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """The old sound stays until the new one is whole."""
    monkeypatch.chdir(tmp_path)
    Path("old.ogg").write_bytes(b"old")
    Path("link.ogg").symlink_to("old.ogg")
    os.mkfifo("pipe.ogg")
    before = sorted(tmp_path.rglob("*"))
    check(output)
    assert sorted(tmp_path.rglob("*")) == before
    assert Path("old.ogg").read_bytes() == b"old"


def test_a_new_file_has_the_usual_permissions_and_an_old_one_keeps_its_own(tmp_path: Path, umask: int) -> None:
    """And no file lies beside it."""
    new, old = tmp_path / "new.ogg", tmp_path / "old.ogg"
    old.touch()
    old.chmod(0o606)
    write(new, b"sound")
    write(old, b"sound")
    assert stat.S_IMODE(new.stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE(old.stat().st_mode) == 0o606
    assert new.read_bytes() == old.read_bytes() == b"sound"
    assert sorted(tmp_path.iterdir()) == [new, old]


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Also one that leads to where there is no file yet."""
    (tmp_path / "far").mkdir()
    for name in ("old.ogg", "new.ogg"):
        (tmp_path / name).symlink_to(Path("far") / name)
    (tmp_path / "far" / "old.ogg").write_bytes(b"old")
    for name in ("old.ogg", "new.ogg"):
        write(tmp_path / name, b"sound")
        assert (tmp_path / name).is_symlink()
        assert (tmp_path / "far" / name).read_bytes() == b"sound"


def test_a_named_pipe_hears_the_sound_and_stays_a_pipe(tmp_path: Path) -> None:
    """It used to be replaced by a file, with its reader waiting for ever."""
    pipe = tmp_path / "pipe.ogg"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(pipe, b"sound")
    reader.join(10)
    assert heard == [b"sound"]
    assert pipe.is_fifo()


def test_a_device_is_written_to_and_stays_one(tmp_path: Path) -> None:
    """By way of a link, so that a failure of this test costs the machine no device."""
    link = tmp_path / "link.ogg"
    link.symlink_to(os.devnull)
    write(link, b"sound")
    assert link.is_symlink()
    assert link.is_char_device()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """Neither half a file nor a temporary one."""
    (tmp_path / "gone").mkdir()
    with pytest.raises(SaysoError, match="cannot be written"):
        write(tmp_path / "gone", b"sound")
    assert sorted(tmp_path.rglob("*")) == [tmp_path / "gone"]
