"""Where children live: side by side with those of others, and not for longer than they do."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.tts.instances.lodging import lodging

HOLDER = """
import sys
from pathlib import Path
from bot.tts.instances.lodging import lodging

with lodging(Path(sys.argv[1]), 1, "offline") as home:
    (home.folder / "sayso.db").write_text("data")
    print(home.folder, flush=True)
    sys.stdin.read()
"""


def deep(folder: Path) -> Path:
    """Where no socket's address is short enough."""
    return folder.joinpath(*["deep" * 10] * 3)


def test_it_is_for_us_alone_and_gone_afterwards(tmp_path: Path) -> None:
    """Nobody else reads the data or reaches the socket, which bears the name that was asked for."""
    with lodging(tmp_path, 1, "offline") as home:
        assert home.folder.parent == tmp_path
        assert home.socket == home.folder / "offline"
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700
        (home.folder / "sayso.db").write_text("data")
    assert list(tmp_path.iterdir()) == []


def test_another_with_the_same_folder_is_left_alone(tmp_path: Path) -> None:
    """Two bots may have one data folder: who comes second takes nothing from the first, nor does its going."""
    with lodging(tmp_path, 1, "offline") as first:
        (first.folder / "sayso.db").write_text("data")
        with lodging(tmp_path, 1, "offline") as second:
            assert second.folder != first.folder
        assert (first.folder / "sayso.db").exists()
    assert list(tmp_path.iterdir()) == []


def test_of_another_process_that_lives_nothing_is_touched_and_of_a_dead_one_nothing_is_left(tmp_path: Path) -> None:
    """Who was killed could not tidy up, and the next does it."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        data = Path(holder.stdout.readline().strip()) / "sayso.db"
        with lodging(tmp_path, 1, "offline"):
            assert data.exists()
        holder.kill()
        holder.wait()
        assert data.exists()
    with lodging(tmp_path, 2, "offline") as home:
        assert list(tmp_path.iterdir()) == [home.folder]


def test_what_is_no_home_of_a_child_stays(tmp_path: Path) -> None:
    """Only what was made here is removed."""
    for name in ("instance-1", "notes.d"):
        (tmp_path / name).mkdir()
    (tmp_path / "instance-1.txt").write_text("a file")
    with lodging(tmp_path, 1, "offline"):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["instance-1", "instance-1.txt", "notes.d"]


def test_where_nothing_can_be_locked_nothing_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some network folders know no locks: whose a home is cannot be told there."""

    def refuse(*_: object) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with lodging(tmp_path, 1, "offline") as first:
        with lodging(tmp_path, 1, "offline"):
            pass
        assert first.folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_socket_has_a_short_address_wherever_the_data_lies(tmp_path: Path) -> None:
    """A deep data folder is no hindrance: a unix socket's path holds 107 bytes."""
    with lodging(deep(tmp_path), 1, "indextts") as home:
        assert len(os.fsencode(home.socket)) < 104
        assert home.folder.is_relative_to(deep(tmp_path))
        assert stat.S_IMODE(home.socket.parent.stat().st_mode) == 0o700
    assert not home.socket.parent.exists()
    assert not home.folder.exists()


def test_no_short_address_anywhere_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set, and nothing left."""
    (temporary := deep(tmp_path)).mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with pytest.raises(ConfigError, match="set TMPDIR"), lodging(temporary, 1, "offline"):
        pass
    assert list(temporary.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_a_setting(tmp_path: Path) -> None:
    """The message names it and says what to set."""
    (tmp_path / "data").write_text("a file stands here")
    with pytest.raises(ConfigError, match="set data_dir to another"), lodging(tmp_path / "data", 1, "offline"):
        pass
