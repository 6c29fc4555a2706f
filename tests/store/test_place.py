"""Where databases are, and who may read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import StoreError
from bot.store import Store
from bot.store.place import place
from tests.doubles.store import clip


def _rights(file: Path) -> int:
    return file.stat().st_mode & 0o777


posix = pytest.mark.skipif(os.name != "posix", reason="rights of files are POSIX's")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("/var/lib/sayso.db", "sqlite+aiosqlite:////var/lib/sayso.db"),
        ("sqlite:////var/lib/sayso.db", "sqlite+aiosqlite:////var/lib/sayso.db"),
        ("sqlite+aiosqlite:////var/lib/sayso.db", "sqlite+aiosqlite:////var/lib/sayso.db"),
        (":memory:", "sqlite+aiosqlite:///%3Amemory%3A"),
        ("sqlite://", "sqlite+aiosqlite:///%3Amemory%3A"),
        ("postgresql://u:p@host/name", "postgresql+asyncpg://u:p@host/name"),
        ("postgres://u:p@host/name", "postgresql+asyncpg://u:p@host/name"),
        ("postgresql+asyncpg://u:p@host/name", "postgresql+asyncpg://u:p@host/name"),
    ],
)
def test_every_usual_way_to_name_a_database(text: str, url: str) -> None:
    """A path, or a URL with or without its driver."""
    assert place(text).url.render_as_string(hide_password=False) == url


def test_a_path_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """``~`` is the home folder, and a relative path begins where one stands."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert place("~/sayso.db").file == tmp_path / "sayso.db"
    assert place(Path("sayso.db")).file == tmp_path / "sayso.db"


@pytest.mark.parametrize("text", ["mysql://host/name", "://", "redis://host"])
def test_another_kind_of_database_is_refused(text: str) -> None:
    """With what can be used instead."""
    with pytest.raises(StoreError, match="postgresql://"):
        place(text)


def test_the_password_is_not_shown() -> None:
    """Messages name the database by its address, never with the password in it."""
    assert "secret" not in str(place("postgresql://u:secret@host/name"))


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The umasks that processes are started with."""
    mask: int = request.param
    old = os.umask(mask)
    yield mask
    os.umask(old)


@posix
async def test_only_the_owner_may_read(file: Path, umask: int) -> None:
    """Whatever the umask: the file, the two that SQLite lays beside it while it is open, and the folder."""
    async with Store.open(file) as store:
        await store.cache.put("key", clip(), user="discord:1")
        rights = {each.name: _rights(each) for each in file.parent.iterdir()}
    assert rights == {"sayso.db": 0o600, "sayso.db-wal": 0o600, "sayso.db-shm": 0o600}
    assert _rights(file.parent) == 0o700


@posix
async def test_every_folder_that_is_made_is_the_owners(tmp_path: Path, umask: int) -> None:
    """Not only the last one; one that was there keeps its rights."""
    before = _rights(tmp_path)
    async with Store.open(tmp_path / "a" / "b" / "sayso.db"):
        pass
    assert [_rights(tmp_path / name) for name in ("a", "a/b", ".")] == [0o700, 0o700, before]


@posix
async def test_a_file_that_stood_open_is_closed(file: Path) -> None:
    """A database that was copied with the wrong rights is set right, with what lies beside it."""
    async with Store.open(file):
        pass
    beside = file.with_name("sayso.db-wal")
    beside.touch()
    for each in (file, beside):
        each.chmod(0o644)
    async with Store.open(file):
        assert [_rights(each) for each in (file, beside)] == [0o600, 0o600]
