"""What a child writes comes into our log, with its label."""

from __future__ import annotations

import os

import pytest
from structlog.testing import capture_logs

from bot.tts.instances.relay import Relay


def told(*chunks: bytes) -> tuple[Relay, list[dict[str, object]]]:
    """A relay that got these bytes, and what it logged."""
    relay = Relay("offline-1")
    with capture_logs() as lines:
        for chunk in chunks:
            relay.data_received(chunk)
        relay.connection_lost(None)
    return relay, [dict(line) for line in lines]


def test_an_event_stays_an_event() -> None:
    """With its level and fields; the time is ours, the label is added."""
    line = b'{"event": "listening", "level": "warning", "socket": "/s", "timestamp": "2026"}\n'
    _, lines = told(line)
    assert lines == [{"event": "listening", "log_level": "warning", "socket": "/s", "instance": "offline-1"}]


def test_nobody_gives_himself_another_label_or_level() -> None:
    """What a child says of these is not believed."""
    _, lines = told(b'{"event": "x", "level": "setLevel", "instance": "other"}\n')
    assert lines == [{"event": "x", "log_level": "info", "instance": "offline-1"}]


def test_lines_may_come_in_any_pieces() -> None:
    """A line is told once it is whole, the last one at the end."""
    _, lines = told(b'{"event": "a"}\n{"eve', b'nt": "b"}', b"\n\nplain")
    assert [line["event"] for line in lines] == ["a", "b", "instance_printed"]


@pytest.mark.parametrize("line", [b"Segmentation fault", b"[1, 2]", b'"event"', b'{"level": "info"}', b"\xff\xfe"])
def test_what_is_no_event_is_told_as_it_stands(line: bytes) -> None:
    """Whatever a library prints before it falls is what one wants to know."""
    _, lines = told(line + b"\n")
    assert lines[0]["event"] == "instance_printed"
    assert lines[0]["line"] == line.decode("utf-8", "replace")


def test_once_it_is_spoken_to_what_it_prints_is_not_shown() -> None:
    """A library may print what it is at, and that is somebody's text; where it crashed is nobody's."""
    relay = Relay("offline-1")
    relay.spoken_to = True
    with capture_logs() as lines:
        relay.data_received(
            b'I love Ann\n{"event": "stopping"}\nFatal Python error: Aborted\n  File "x.py", line 3 in y\n'
        )
    assert [line.get("line") for line in lines] == [
        None,
        None,
        "Fatal Python error: Aborted",
        'File "x.py", line 3 in y',
    ]
    assert lines[0] == {"event": "instance_printed", "log_level": "info", "characters": 10, "instance": "offline-1"}


def test_a_flood_without_end_of_line_is_cut() -> None:
    """It takes no memory beyond a line's."""
    relay, lines = told(*[b"x" * 10_000] * 50)
    assert len(str(lines[0]["line"])) == 300
    assert len(relay.words) == 300


@pytest.mark.parametrize(
    ("written", "words", "refused"),
    [
        (b"", "", False),
        (b"sayso: http.port: taken\n", "http.port: taken", True),
        (b'sayso: first\n{"event": "opening_failed", "error": "StoreError"}\n', "opening_failed: StoreError", False),
        (b'{"event": "stopping"}\n', "stopping", False),
        (
            b"Traceback\nModuleNotFoundError: No module named 'torch'\n\n",
            "ModuleNotFoundError: No module named 'torch'",
            False,
        ),
    ],
)
def test_the_last_words_are_kept(written: bytes, words: str, refused: bool) -> None:
    """They say why it ended; what the command itself refused is marked."""
    relay, _ = told(written)
    assert (relay.words, relay.refused) == (words, refused)


async def test_on_a_pipe_it_reads_to_the_end() -> None:
    """It is over when nobody holds the other end."""
    reading, writing = os.pipe()
    relay, transport = await Relay.on(reading, "offline-1")
    os.write(writing, b"plain words")
    os.close(writing)
    await relay.over.wait()
    transport.close()
    assert relay.words == "plain words"
