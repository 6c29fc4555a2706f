"""A connection to a web UI: blocking, against real gradio apps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import numpy as np
import pytest

import bot.tts.gradio.connection as room
from bot.errors import EngineBroken, EngineError, EngineUnavailable
from bot.tts.gradio.address import Address
from bot.tts.gradio.client import Client
from bot.tts.gradio.connection import Connection, _path
from bot.tts.gradio.layout import Asked
from bot.tts.gradio.sound import heard
from bot.tts.voices import Recordings
from tests.doubles.webui import WebUI, answer


@pytest.fixture
def connection(ui: WebUI) -> Iterator[Connection]:
    made = Connection("indextts", Address.of(f"127.0.0.1:{ui.port()}"))
    yield made
    made.close()


@pytest.fixture
def hello(recordings: Recordings) -> Asked:
    return Asked("Hello.", recordings.reference("sayso.wav"), "en", 1.0)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


class Saying(threading.Thread):
    """Somebody who says something in a thread."""

    def __init__(self, connection: Connection, asked: Asked) -> None:
        super().__init__(daemon=True)
        self._connection = connection
        self._asked = asked
        self.error: EngineError | None = None
        self.start()

    def run(self) -> None:
        try:
            self._connection.say(self._asked)
        except EngineError as error:
            self.error = error


def test_it_says(connection: Connection, hello: Asked, ui: WebUI) -> None:
    """And knows what it is connected to."""
    assert connection.layout.version == "1.5"
    assert connection.gradio.count(".") == 1
    np.testing.assert_array_equal(heard(connection.say(hello), "indextts").samples, answer("Hello."))


def test_it_tells_a_web_ui_that_was_restarted(connection: Connection, ui: WebUI) -> None:
    """Though it answers at the same address."""
    assert connection.same()
    ui.restart()
    assert not connection.same()


def test_a_web_ui_that_does_not_answer_is_not_the_same(
    connection: Connection, ui: WebUI, hello: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But one that works for us is: it may be too busy to answer, and is not to be hung up on."""

    def silent(self: httpx.Client, url: str, **more: object) -> httpx.Response:
        raise httpx.ReadTimeout("late")

    monkeypatch.setattr(httpx.Client, "get", silent)
    assert not connection.same()
    ui.fail("held")
    saying = Saying(connection, hello)
    until(lambda: ui.busy() == 1)
    assert connection.same()
    ui.release()
    saying.join(10)
    assert saying.error is None
    assert not connection.same()


def test_closing_gives_up_what_is_being_said(connection: Connection, ui: WebUI, hello: Asked) -> None:
    """Whoever waits for it is let go at once, and the web UI is left to finish it."""
    ui.fail("held")
    saying = Saying(connection, hello)
    until(lambda: ui.busy() == 1)
    connection.close()
    saying.join(10)
    assert isinstance(saying.error, EngineUnavailable)
    assert ui.busy() == 1


def test_what_is_just_being_asked_for_is_given_up_too(
    connection: Connection, ui: WebUI, hello: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closes comes before the job, or finds it; never between the two."""
    submit, closing = Client.submit, threading.Thread(target=connection.close, daemon=True)

    def interrupted(self: Client, *values: object, **named: object) -> object:
        closing.start()
        closing.join(0.5)  # as far as it comes
        return submit(self, *values, **named)

    monkeypatch.setattr(Client, "submit", interrupted)
    ui.fail("held")
    saying = Saying(connection, hello)
    saying.join(10)
    closing.join(10)
    assert isinstance(saying.error, EngineUnavailable)
    assert not saying.is_alive()


def test_what_is_closed_says_nothing_more(connection: Connection, ui: WebUI, hello: Asked) -> None:
    """Who was given up between two steps does not take the next."""
    connection.say(hello)
    connection.close()
    connection.close()
    with pytest.raises(EngineUnavailable, match="given up"):
        connection.say(hello)
    assert len(ui.asked()) == 1


def test_what_is_none_of_indextts_leaves_nothing_open(ui: WebUI) -> None:
    """Not even the thread that tells a web UI that we are there."""
    before = set(threading.enumerate())
    with pytest.raises(EngineBroken) as caught:
        Connection("indextts", Address.of(f"127.0.0.1:{ui.port('stranger')}"))
    until(lambda: not set(threading.enumerate()) - before)
    assert caught.tb  # it holds what failed: nothing was only swept up


def test_a_file_without_end_is_not_swallowed(
    connection: Connection, ui: WebUI, hello: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is not the web UI's to fill."""
    monkeypatch.setattr(room, "_LARGEST", 1000)
    with pytest.raises(EngineUnavailable, match="a file without end"):
        connection.say(hello)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("outputs/a.wav", "outputs/a.wav"),
        ({"path": "/a.wav", "url": "http://elsewhere/a.wav"}, "/a.wav"),
        ({"visible": True, "value": {"path": "/a.wav"}, "__type__": "update"}, "/a.wav"),
        ({"value": "/a.wav"}, "/a.wav"),
        ([None, {"value": "/a.wav"}], "/a.wav"),
        (("/a.wav", "/b.wav"), "/a.wav"),
        (None, None),
        ("", None),
        ({}, None),
        ({"value": None}, None),
        ({"path": None}, None),
        ([], None),
        (7, None),
    ],
)
def test_the_file_is_found_in_whatever_comes_back(value: object, path: str | None) -> None:
    """Every version of gradio has its own idea of it; an address of somewhere else is never followed."""
    assert _path(value) == path
