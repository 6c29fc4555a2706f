"""One connection to a web UI. Everything here blocks: it is called from threads that have nothing else to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import httpx

from bot.errors import EngineError, EngineUnavailable
from bot.tts.audio import Reference
from bot.tts.gradio.address import Address
from bot.tts.gradio.client import Client
from bot.tts.gradio.faults import told
from bot.tts.gradio.layout import ENDPOINT, Asked, layout

_GLANCE = 5.0
"""Seconds for the question whether it is still the same."""
_LARGEST = 64 * 1024 * 1024
"""Bytes of a result; a quarter of an hour of sound is 43 MB."""
_MOMENT = 0.02


class Connection:
    """A client of one web UI as it is now; when that is restarted, another must be made. For one call at a time.

    Making one raises EngineBroken if it is no IndexTTS that we know, and EngineUnavailable if nobody answers.
    """

    def __init__(self, engine: str, address: Address) -> None:
        self._engine = engine
        self._address = address
        self._uploaded: dict[str, str] = {}
        self._job: Any = None
        self._closed = False
        self._step = threading.Lock()
        with told(engine, address.place):
            self._client = Client(address)
        try:
            with told(engine, address.place):
                info = self._client.view_api(print_info=False, return_format="dict")
                self.layout = layout(info, engine, address.place)
        except EngineError:
            self._client.close()
            raise
        self._http = httpx.Client(
            headers=self._client.headers,
            cookies=self._client.cookies,
            verify=self._client.trusted,
            timeout=self._client.patience,
        )

    @property
    def gradio(self) -> str:
        """The version of gradio that the web UI runs on."""
        return ".".join(str(self._client.config.get("version", "?")).split(".")[:2])

    def same(self) -> bool:
        """Whether the web UI is there, and the one that was connected to."""
        if self._working:
            return True
        known = self._client.config.get("app_id")
        try:
            with told(self._engine, self._address.place):
                answer = self._http.get(f"{self._client.src_prefixed}app_id", timeout=_GLANCE)
                return not answer.is_success or known is None or answer.json().get("app_id") == known
        except EngineError:
            return False

    def say(self, asked: Asked) -> bytes:
        """The sound, as the file that the web UI made of it. Raises an EngineError."""
        with told(self._engine, self._address.place):
            prompt = self._prompt(asked.reference)
            return self._fetch(_path(self._work(self.layout.arguments(asked, prompt))))

    def close(self) -> None:
        """Give up what is being said, and hang up."""
        with self._step:  # either there is a job to be hung up on, or there will be none
            self._closed = True
        while self._working:
            # The line may only just be being laid.
            self._client.hang_up()
            time.sleep(_MOMENT)
        with suppress(EngineError), told(self._engine, self._address.place):
            self._http.close()
            self._client.close()

    @property
    def _working(self) -> bool:
        return self._job is not None and not self._job.done()

    def _prompt(self, reference: Reference) -> Mapping[str, object]:
        path = self._uploaded.get(reference.digest)
        if path is None:
            name = f"{reference.digest[:16]}.wav"
            answer = self._http.post(self._client.upload_url, files={"files": (name, reference.wav, "audio/wav")})
            path = self._uploaded[reference.digest] = str(answer.raise_for_status().json()[0])
        return {"path": path, "orig_name": path.rpartition("/")[2], "meta": {"_type": "gradio.FileData"}}

    def _work(self, values: Sequence[object]) -> object:
        with self._step:
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
