"""Where the HTTP adapter listens: a port, or a unix socket; and by which names it is called there."""

from __future__ import annotations

import ipaddress
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bot.errors import ConfigError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The Host headers that each server on loopback answers."""


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def names(host: str) -> Sequence[str]:
    """The Host headers that a server on ``host`` answers; ``*`` is any."""
    return (*LOOPBACK, spelled(host).lower()) if is_loopback(host) else ("*",)


def spelled(host: str) -> str:
    """``host`` as it stands in a URL and in a Host header."""
    return f"[{host}]" if ":" in host else host


def listen(host: str, port: int, *, keys: Sequence[str] = ()) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises ConfigError for a port that is taken, and for any address but loopback while no key is set.
    """
    if not host:
        raise ConfigError("http.host: is empty; use 127.0.0.1, or 0.0.0.0 to be reached by others")
    if not is_loopback(host) and not keys:
        raise ConfigError(
            f"http.host: {host} can be reached by others, and no key is set; set SAYSO_API_KEYS or use 127.0.0.1"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"http.port: {host}:{port} cannot be listened on ({error.strerror}); "
            "stop what uses it or set SAYSO__HTTP__PORT to another"
        ) from error
    return listener


def listen_at(path: Path) -> socket.socket:
    """A unix socket that only this user can reach, and so needs no key. Closing it takes it away from the disk.

    What a server that died has left there is replaced. Raises ConfigError where a server is alive, where there is
    anything but a socket, and where none can be made.
    """
    _make_way(path)
    listener = _UnixSocket(path)
    try:
        listener.open()
    except OSError as error:
        listener.close()
        raise ConfigError(f"{path}: {_reason(error)}") from error
    return listener


class _UnixSocket(socket.socket):
    """A listening unix socket that leaves nothing behind."""

    def __init__(self, path: Path) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = path.absolute()
        self._made: tuple[int, int] | None = None

    def open(self) -> None:
        """Be there. It listens at once, so that who comes second finds somebody alive although we still start."""
        with _for_us_alone():
            self.bind(str(self._path))
        self._made = self._there()
        self.listen()

    def close(self) -> None:
        """Take it away, unless another has taken its place."""
        made, self._made = self._made, None
        with suppress(OSError):
            if made is not None and made == self._there():
                self._path.unlink()
        super().close()

    def _there(self) -> tuple[int, int]:
        found = self._path.lstat()
        return found.st_dev, found.st_ino


def _make_way(path: Path) -> None:
    """Take away what a dead server has left."""
    try:
        kind = path.lstat().st_mode
    except OSError:  # nothing is there; or nobody may look, of which binding tells more
        return
    if not stat.S_ISSOCK(kind):
        raise ConfigError(f"{path}: there is a file that is not a socket; name another place, or remove it")
    if _is_alive(path):
        raise ConfigError(f"{path}: another server listens there; stop it or name another place")
    with suppress(OSError):
        path.unlink()


def _is_alive(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.setblocking(False)
        try:
            caller.connect(str(path))
        except BlockingIOError:  # so busy that nobody more may wait
            return True
        except OSError:
            return False
    return True


def _reason(error: OSError) -> str:
    if error.errno is None:  # of the one thing that Python itself finds wrong
        return "the path is too long for a socket, which takes about 100 bytes; name one nearer to the root"
    if isinstance(error, FileNotFoundError):
        return "there is no such folder; make it or name another"
    return f"cannot be listened at ({error.strerror}); name another place"


@contextmanager
def _for_us_alone() -> Iterator[None]:
    before = os.umask(0o177)
    try:
        yield
    finally:
        os.umask(before)
