"""The official model folder, fetched from the Hugging Face hub: four files, each proven by its checksum.

The hub's own client finds the files (``HF_ENDPOINT`` names a mirror); it keeps nothing of a file that broke off, so the
bytes are fetched here, over its session: what has come stays in a file beside, and the next try goes on after it. Only
HEAD and GET requests leave, without a token and without naming anything but Sayso.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from bot.errors import SaysoError

REPOSITORY = "IndexTeam/IndexTTS-1.5"
FILES = ("config.yaml", "bpe.model", "bigvgan_generator.pth", "gpt.pth")
"""What inference needs, the quick ones first; upstream's folder holds 1.9 GB more that it does not."""
BYTES = 1_700_000_000
"""About what they are together."""
SPARE = 64 * 2**20
"""Bytes of the disk that are left to others."""

_FRUITLESS = 5
"""Tries in a row that bring nothing new, after which it is given up."""
_SECONDS = 30.0
"""A server that says nothing for so long is gone."""

Progress = Callable[[str, int, int], None]
"""Told of each piece: the file, how many bytes of it are here, and how many there are."""


class _Answer(Protocol):
    """What matters of a response, of httpx's or httpx2's."""

    @property
    def status_code(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class DownloadError(SaysoError):
    """The folder cannot be fetched; the message says why and what to do. What has come is kept for the next try."""


@dataclass(frozen=True, slots=True)
class _Remote:
    """A file on the hub: ``etag`` is its SHA-256, or git's SHA-1 of a small one; ``location`` has its bytes."""

    name: str
    location: str
    etag: str
    size: int
    commit: str


def fetch(
    folder: Path,
    *,
    files: Sequence[str] = FILES,
    told: Progress = lambda _name, _here, _size: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Put the files into the folder; those that are there already, and whole, are not fetched again.

    All are of one commit. Raises DownloadError.
    """
    # Read once, when the hub's client is imported: it would ask the hub by which programs it may be called.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    broken = _broken()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [_Fetching(folder, remote, told, sleep) for remote in _wanted(folder, files)]
        _room(folder, sum(fetching.missing for fetching in wanted))
        for fetching in wanted:
            fetching.run()
    except broken as error:
        raise DownloadError(_unreachable(error)) from error
    except OSError as error:
        raise DownloadError(_trouble(error, folder)) from error


def _wanted(folder: Path, files: Sequence[str]) -> list[_Remote]:
    """Those that are not there yet. A file that is there and differs is somebody's: it is not replaced."""
    wanted: list[_Remote] = []
    commit: str | None = None
    for name in files:
        remote = _remote(name, commit)
        commit = remote.commit
        here = folder / name
        if not here.exists():
            wanted.append(remote)
        elif not _is(here, remote):
            raise DownloadError(
                f"{here} is there already and is not the one on the hub; choose another folder, or remove it first"
            )
    return wanted


def _remote(name: str, commit: str | None = None) -> _Remote:
    """Ask the hub for the file. Raises DownloadError, or what :func:`_broken` names where no answer comes."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    endpoint = _endpoint()
    url = hf_hub_url(REPOSITORY, name, revision=commit, endpoint=endpoint)
    try:
        found = get_hf_file_metadata(url, token=False, timeout=_SECONDS, headers=_headers(), endpoint=endpoint)
    except HfHubHTTPError as error:
        raise DownloadError(_refused(error.response, url)) from error
    if not (found.commit_hash and found.etag and found.size):
        raise DownloadError(f"{url} does not answer as the Hugging Face hub does; see HF_ENDPOINT and your proxy")
    return _Remote(name, found.location, found.etag, found.size, found.commit_hash)


@dataclass(frozen=True, slots=True)
class _Fetching:
    """One file on its way into the folder."""

    folder: Path
    remote: _Remote
    told: Progress
    sleep: Callable[[float], None]

    @property
    def part(self) -> Path:
        """What has come so far. Another version of the file has another one, for it must not be continued."""
        return self.folder / f".{self.remote.name}.{self.remote.etag[:16]}.part"

    @property
    def missing(self) -> int:
        return self.remote.size - _size(self.part)

    def run(self) -> None:
        """Until it is whole, or nothing comes any more."""
        fruitless = 0
        while before := max(0, self.missing):
            if fruitless:
                self.sleep(2.0**fruitless)
            try:
                self._continue()
            except _broken():
                fruitless = fruitless + 1 if self.missing == before else 0
                if fruitless == _FRUITLESS:
                    raise
        self._finish()

    def _continue(self) -> None:
        """Fetch what is missing, as far as the connection holds."""
        from huggingface_hub import get_session

        remote = _remote(self.remote.name, self.remote.commit)  # an address in the hub's store is valid for an hour
        here = _size(self.part)
        headers = _headers() | ({"range": f"bytes={here}-"} if here else {})
        with get_session().stream(
            "GET", remote.location, headers=headers, timeout=_SECONDS, follow_redirects=True
        ) as answer:
            if answer.status_code >= 400:
                raise DownloadError(_refused(answer, remote.location))
            with self.part.open("ab" if answer.status_code == 206 else "wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
                    self.told(remote.name, file.tell(), remote.size)

    def _finish(self) -> None:
        if not _is(self.part, self.remote):
            self.part.unlink()
            raise DownloadError(f"{self.remote.name} came damaged and was thrown away; run it again")
        self.part.replace(self.folder / self.remote.name)
        for stale in self.folder.glob(f".{self.remote.name}.*.part"):
            stale.unlink()


def _room(folder: Path, missing: int) -> None:
    """Raise DownloadError before anything is fetched that the disk has no room for."""
    free = shutil.disk_usage(folder).free
    if missing and missing + SPARE > free:
        raise DownloadError(
            f"{folder} has room for {free / 1e9:.2f} GB, and {missing / 1e9:.2f} GB are missing; name a folder on "
            "another disk, or make room"
        )


def _is(path: Path, remote: _Remote) -> bool:
    """Whether the file holds what the hub says it holds."""
    if _size(path) != remote.size:
        return False
    with path.open("rb") as file:
        if len(remote.etag) == hashlib.sha256().digest_size * 2:
            return hashlib.file_digest(file, "sha256").hexdigest() == remote.etag
        blob = b"blob %d\0" % remote.size + file.read()
        return hashlib.sha1(blob, usedforsecurity=False).hexdigest() == remote.etag


def _size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _endpoint() -> str | None:
    """The mirror that ``HF_ENDPOINT`` names, if it names one."""
    endpoint = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    if not endpoint:
        return None
    with suppress(ValueError):
        parts = urlsplit(endpoint)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return endpoint
    raise DownloadError(f"HF_ENDPOINT: {endpoint!r} is no address; write one such as https://hf-mirror.com")


def _headers() -> dict[str, str]:
    """Of every request; without them the client would tell of what else is installed."""
    return {"user-agent": f"sayso/{version('sayso')}", "accept-encoding": "identity"}


def _broken() -> type[Exception]:
    """What the hub's client raises where no answer comes, or only half of one. Raises DownloadError without it."""
    try:
        from huggingface_hub.errors import HfHubHTTPError
    except ImportError as error:
        raise DownloadError("huggingface_hub is not installed: pip install 'sayso[indextts]'") from error
    # The root of its HTTP library's errors: httpx or httpx2, by its version.
    root: type[Exception] = HfHubHTTPError.__bases__[0]
    return root


def _refused(answer: _Answer, url: str) -> str:
    """Why the hub, or a mirror, does not give it."""
    match answer.status_code:
        case 401 | 403:
            why = "does not give it to everybody; try a mirror by HF_ENDPOINT, or fetch the files in a browser"
        case 404:
            why = "has no such file; if HF_ENDPOINT is set, see whether it names a mirror of the Hugging Face hub"
        case 429:
            after = answer.headers.get("retry-after", "")
            why = f"is asked too often; run it again in {f'{after} seconds' if after.isdigit() else 'some minutes'}"
        case _:
            why = "is not well; run it again later"
    return f"{url.partition('?')[0]}: the server answers {answer.status_code}: it {why}. What has come is kept."


def _unreachable(error: Exception) -> str:
    where = urlsplit(_endpoint() or "https://huggingface.co").netloc
    return (
        f"{where} cannot be reached, or breaks off ({type(error).__name__}); see your network and proxy, or name a "
        "mirror by HF_ENDPOINT. What has come is kept: run it again, and it goes on from there."
    )


def _trouble(error: OSError, folder: Path) -> str:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set: nothing may be fetched; unset it"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of {folder} is full; make room and run it again: what has come is kept"
    return f"{folder} cannot be written: {error.strerror}; name another folder"
