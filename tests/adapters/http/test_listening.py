"""Where it listens, and to whom."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from bot.adapters.http import LOOPBACK, create_api, listen, listen_at, serve, spelled
from bot.errors import ConfigError
from bot.speaker import Speaker
from tests.adapters.http.served import SPEECH, client


@pytest.fixture
def path() -> Iterator[Path]:
    """A place for a socket, in a folder whose name is short enough."""
    with TemporaryDirectory(prefix="sayso") as folder:
        yield Path(folder) / "s.sock"


@pytest.mark.parametrize("host", ["127.0.0.2", "0:0:0:0:0:0:0:1", "Localhost"])
async def test_a_server_on_any_spelling_of_loopback_answers_to_it(speaker: Speaker, host: str) -> None:
    """What is configured, and what the greeting says, can be opened."""
    async with client(speaker, host=host) as http:
        assert (await http.get("/health")).status_code == 200
        assert (await http.get("/health", headers={"host": f"{spelled(host)}:1"})).status_code == 200
        assert (await http.get("/health", headers={"host": "evil.example"})).status_code == 400


def test_listening_for_others_needs_a_key() -> None:
    """And the refusal says what to do."""
    with pytest.raises(ConfigError, match="SAYSO_API_KEYS"):
        listen("0.0.0.0", 0)


@pytest.mark.parametrize("keys", [(), ("key",)])
def test_nowhere_is_not_everywhere(keys: tuple[str, ...]) -> None:
    """Which it would be to the system."""
    with pytest.raises(ConfigError, match="is empty; use 127"):
        listen("", 0, keys=keys)


def test_a_port_that_is_taken_is_named() -> None:
    """With the way out."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(ConfigError, match="SAYSO__HTTP__PORT"):
            listen("127.0.0.1", taken.getsockname()[1])


async def test_speech_can_be_had_at_a_unix_socket(speaker: Speaker, path: Path) -> None:
    """Which only this user can reach, and which is gone with the server."""
    stop, ready = asyncio.Event(), asyncio.Event()
    with listen_at(path) as listener:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600  # noqa: ASYNC240 (a test has nobody else to serve)
        serving = asyncio.create_task(serve(create_api(speaker, hosts=LOOPBACK), listener, stop, ready.set, drain=1))
        await ready.wait()
        transport = httpx.AsyncHTTPTransport(uds=str(path))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
            answer = await http.post(SPEECH, json={"input": "Hello there."})
        stop.set()
        await serving
    assert answer.status_code == 200
    assert not path.exists()  # noqa: ASYNC240 (as above)


def test_what_a_dead_server_has_left_is_replaced(path: Path) -> None:
    """A process that is killed takes nothing away."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    assert path.exists()
    with listen_at(path), socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(path))
    assert not path.exists()


def test_a_server_that_is_alive_is_left_alone(path: Path) -> None:
    """Even one that has only just begun to start, or is too busy to answer."""
    with listen_at(path) as first:
        for backlog in (None, 0):
            if backlog is not None:
                first.listen(backlog)
            with pytest.raises(ConfigError, match="another server listens there"):
                listen_at(path)
            assert path.exists()


def test_a_file_is_no_socket_and_stays(path: Path) -> None:
    """Whoever mistypes loses nothing."""
    path.write_text("dear")
    with pytest.raises(ConfigError, match="not a socket"):
        listen_at(path)
    assert path.read_text() == "dear"
    folder = path.parent
    with pytest.raises(ConfigError, match="not a socket"):
        listen_at(folder)


def test_a_path_that_is_too_long_is_told_so(path: Path) -> None:
    """The limit is the system's, and no name of an error tells it."""
    with pytest.raises(ConfigError, match="too long"):
        listen_at(path.parent / ("s" * 200))


def test_a_folder_that_is_not_there_is_told_so(path: Path) -> None:
    """With what to do."""
    with pytest.raises(ConfigError, match="no such folder"):
        listen_at(path.parent / "nowhere" / "s.sock")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_is_closed_is_told_so(path: Path) -> None:
    """In the system's words."""
    path.parent.chmod(0o500)
    with pytest.raises(ConfigError, match="Permission denied"):
        listen_at(path)


def test_only_one_s_own_socket_is_taken_away(path: Path) -> None:
    """Another may stand there by then."""
    first = listen_at(path)
    path.unlink()
    with listen_at(path) as second:
        first.close()
        assert path.exists()
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(path))
            second.accept()[0].close()
    assert not path.exists()


def test_a_relative_path_is_taken_away_from_elsewhere_too(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever changes the folder meanwhile."""
    monkeypatch.chdir(path.parent)
    listener = listen_at(Path(path.name))
    monkeypatch.chdir("/")
    listener.close()
    assert not path.exists()
