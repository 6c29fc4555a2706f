"""One connection to a web UI. Everything here blocks: it is called from threads that have nothing else to do."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote, urlsplit

from bot.errors import EngineError, EngineUnavailable
from bot.tts.audio import Reference
from bot.tts.gradio.faults import missing, told
from bot.tts.gradio.layout import ENDPOINT, Layout, layout
from bot.tts.gradio.thread import Daemons

if TYPE_CHECKING:
    import httpx

CONNECT, READ, GLANCE = 10.0, 30.0, 5.0
"""Seconds of patience: for a connection; for the next sign of life, of which gradio gives one each 15 s while it works;
and for the question whether it is still the same."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a result; a quarter of an hour of sound is 43 MB."""
_QUEUED = ("JOINING_QUEUE", "IN_QUEUE", "QUEUE_FULL", "SENDING_DATA")
_STARTING = "STARTING"
_MOMENT = 0.05


@dataclass(frozen=True, slots=True)
class Address:
    """Where a web UI is: ``url`` holds no name and password, ``place`` is for people."""

    url: str
    place: str
    login: tuple[str, str] | None

    @classmethod
    def of(cls, url: str) -> Self:
        """The address that a setting means; a name and password may stand before the host."""
        parts = urlsplit(url if "//" in url else f"http://{url}")
        place = parts.netloc.rpartition("@")[2]
        login = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
        return cls(f"{parts.scheme}://{place}{parts.path.rstrip('/')}/", place, login)

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        host = urlsplit(self.url).hostname or ""
        return host == "localhost" or host.startswith("127.") or host == "::1"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be said: by which voice, in which language and how fast."""

    text: str
    reference: Reference
    language: str
    rate: float


class Connection:
    """A client of one web UI as it is now; when that is restarted, another must be made. For one call at a time."""

    def __init__(self, engine: str, address: Address, client: Any, http: httpx.Client) -> None:
        self._engine = engine
        self._address = address
        self._client = client
        self._http = http
        self._uploaded: dict[str, str] = {}
        self._job: Any = None
        self._closed = False
        self.layout = self._layout()

    @classmethod
    def open(cls, engine: str, address: Address) -> Self:
        """Connect, and learn what the web UI wants.

        Raises EngineBroken if gradio_client is not installed or the web UI is no IndexTTS that we know, and
        EngineUnavailable if nobody answers.
        """
        client, http = _clients(engine, address)
        try:
            return cls(engine, address, client, http)
        except BaseException:
            _shut(client, http)
            raise

    @property
    def gradio(self) -> str:
        """The version of gradio that the web UI runs on."""
        return ".".join(str(self._client.config.get("version", "?")).split(".")[:2])

    def same(self) -> bool:
        """Whether the web UI is the one that was connected to, and there."""
        known = self._client.config.get("app_id")
        try:
            with told(self._engine, self._address.place):
                answer = self._http.get(f"{self._client.src_prefixed}app_id", timeout=GLANCE)
                return not answer.is_success or known is None or answer.json().get("app_id") == known
        except EngineError:
            return False

    def say(self, asked: Asked) -> bytes:
        """The sound, as the file that the web UI made of it. Raises an EngineError."""
        with told(self._engine, self._address.place):
            prompt = self._prompt(asked.reference)
            values = self.layout.arguments(prompt, asked.text, asked.language, asked.rate)
            return self._fetch(_path(self._work(values)))

    def close(self) -> None:
        """Give up what is being said, and hang up.

        Of what still waits in the web UI's queue it is rid; what it works on it goes on with, for gradio cannot end
        that: told to, it would begin the next beside it, and IndexTTS cannot do two at once.
        """
        self._closed = True
        if self._job is not None and not self._job.done():
            with suppress(EngineError), told(self._engine, self._address.place):
                _give_up(self._job)
        with suppress(EngineError), told(self._engine, self._address.place):
            _shut(self._client, self._http)

    def _layout(self) -> Layout:
        with told(self._engine, self._address.place):
            info = self._client.view_api(print_info=False, return_format="dict")
            found = layout(info, self._engine, self._address.place)
            # It would open what it uploads as a file of this machine, and again for every call.
            self._endpoint().process_input_files = _as_they_are
            return found

    def _endpoint(self) -> Any:
        return next(one for one in self._client.endpoints.values() if one.api_name == ENDPOINT)

    def _prompt(self, reference: Reference) -> Mapping[str, object]:
        path = self._uploaded.get(reference.digest)
        if path is None:
            name = f"{reference.digest[:16]}.wav"
            answer = self._http.post(self._client.upload_url, files={"files": (name, reference.wav, "audio/wav")})
            path = self._uploaded[reference.digest] = str(answer.raise_for_status().json()[0])
        return {"path": path, "orig_name": path.rpartition("/")[2], "meta": {"_type": "gradio.FileData"}}

    def _work(self, values: Sequence[object]) -> object:
        if self._closed:
            raise EngineUnavailable(self._engine, "It was given up.")
        self._job = self._client.submit(*values, api_name=ENDPOINT)
        return self._job.result()

    def _fetch(self, path: str | None) -> bytes:
        if path is None:
            raise EngineUnavailable(self._engine, "The web UI made no sound of this; what it prints may say why.")
        body = bytearray()
        with self._http.stream("GET", f"{self._client.src_prefixed}file={quote(path, safe='/:')}") as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise EngineUnavailable(self._engine, "The web UI sends a file without end; restart it.")
        return bytes(body)


def _clients(engine: str, address: Address) -> tuple[Any, httpx.Client]:
    try:
        import gradio_client
        import httpx
    except ImportError as error:
        raise missing(engine) from error

    class Client(gradio_client.Client):  # type: ignore[misc]
        def _telemetry_thread(self) -> None:
            """Nothing: theirs tells Hugging Face the address of the web UI, whatever ``analytics_enabled`` says."""

    # Made once: gradio_client makes a connection of its own for every request, and this is most of what that costs.
    trusted = httpx.create_ssl_context()
    patience = httpx.Timeout(READ, connect=CONNECT)
    with told(engine, address.place):
        client = Client(
            address.url,
            token=False,  # else a token of Hugging Face's that lies on this machine is sent along
            auth=address.login,
            verbose=False,
            analytics_enabled=False,
            download_files=False,
            ssl_verify=trusted,
            httpx_kwargs={"timeout": patience},
        )
    client.executor = client.helper_executor = client.stream_executor = Daemons()
    http = httpx.Client(headers=client.headers, cookies=client.cookies, verify=trusted, timeout=patience)
    return client, http


def _shut(client: Any, http: httpx.Client) -> None:
    http.close()
    client.close()


def _as_they_are(*values: object) -> tuple[object, ...]:
    return values


def _give_up(job: Any) -> None:
    while (status := job.status().code.name) == _STARTING and not job.done():
        time.sleep(_MOMENT)
    if status in _QUEUED:
        job.cancel()
    else:
        job.communicator.should_cancel = True


def _path(value: object) -> str | None:
    """The file in what came back: a path, what describes a file, an update with one in it, or the first of several."""
    match value:
        case str(path) | {"path": str(path)}:
            return path or None
        case {"value": inner}:
            return _path(inner)
        case [*several]:
            return next((found for one in several if (found := _path(one))), None)
    return None
