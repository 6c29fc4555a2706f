"""gradio_client as we want it: it keeps to itself, keeps nobody alive, and can be hung up on."""

from __future__ import annotations

import ssl
from collections.abc import Generator
from contextlib import suppress
from socket import SHUT_RDWR, socket
from weakref import WeakSet

import gradio_client
import httpx

from bot.tts.gradio.address import Address
from bot.tts.gradio.layout import ENDPOINT
from bot.tts.gradio.thread import Daemons

CONNECT, READ = 10.0, 30.0
"""Seconds of patience: for a connection, and for the next sign of life, of which gradio gives one each 15 s."""
_STREAM = "/queue/data"


class Client(gradio_client.Client):  # type: ignore[misc]
    """A client of the web UI as it is now. Making one blocks, for two requests and a login."""

    def __init__(self, address: Address) -> None:
        self._grip = _Grip()
        # Made once: gradio_client makes a connection of its own for every request, and this is most of what that costs.
        self.trusted: ssl.SSLContext = httpx.create_ssl_context()
        self.patience = httpx.Timeout(READ, connect=CONNECT)
        super().__init__(
            address.url,
            token=False,  # else a token of Hugging Face's that lies on this machine is sent along
            auth=address.login,
            verbose=False,
            analytics_enabled=False,
            download_files=False,
            ssl_verify=self.trusted,
            httpx_kwargs={"timeout": self.patience, "auth": self._grip},
        )
        self.executor = self.helper_executor = self.stream_executor = Daemons()
        for endpoint in self.endpoints.values():
            if endpoint.api_name == ENDPOINT:
                # It would open what it is to upload as a file of this machine, and again for every call.
                endpoint.process_input_files = _as_they_are

    def hang_up(self) -> None:
        """Cut the line on which the web UI tells how it gets on.

        It takes that as having left: what still waits in its queue is dropped. What it works on it goes on with, and
        that is well: a job that is cancelled by gradio's own way runs on unseen while the next is begun beside it, and
        IndexTTS cannot do two at once.
        """
        self._grip.cut()

    def _telemetry_thread(self) -> None:
        """Nothing: theirs tells Hugging Face the address of the web UI, whatever ``analytics_enabled`` says."""


class _Grip(httpx.Auth):
    """Sees every answer as it begins, and holds on to those that go on for long."""

    def __init__(self) -> None:
        self._streams: WeakSet[httpx.Response] = WeakSet()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Adds nothing to the request: this is the one way to an answer that gradio_client leaves open."""
        response = yield request
        if request.url.path.endswith(_STREAM):
            self._streams.add(response)

    def cut(self) -> None:
        """Close the sockets under them, which wakes whoever reads there."""
        for response in list(self._streams):
            line = response.extensions["network_stream"].get_extra_info("socket")
            if not response.is_closed and line is not None:
                with suppress(OSError):
                    socket.shutdown(line, SHUT_RDWR)


def _as_they_are(*values: object) -> tuple[object, ...]:
    return values
