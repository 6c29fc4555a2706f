"""Answers: what is taken of the service's messages, and what is not believed."""

from __future__ import annotations

import json

import pytest
from aiohttp import WSMessage, WSMsgType
from edge_tts.exceptions import UnexpectedResponse, UnknownResponse, WebSocketError

from bot.tts.edge.answer import Answer

AUDIO = b"X-RequestId:7\r\nContent-Type:audio/mpeg\r\nX-StreamId:8\r\nPath:audio\r\n"
END = b"X-RequestId:7\r\nX-StreamId:8\r\nPath:audio\r\n"


def binary(data: bytes, head: bytes = AUDIO) -> WSMessage:
    return WSMessage(WSMsgType.BINARY, len(head).to_bytes(2, "big") + head + data, None)


def text(path: str, body: object) -> WSMessage:
    return WSMessage(WSMsgType.TEXT, f"X-RequestId:7\r\nPath:{path}\r\n\r\n{json.dumps(body)}", None)


def boundary(offset: float, duration: float, kind: str = "SentenceBoundary") -> dict[str, object]:
    data = {"Offset": offset * 1e7, "Duration": duration * 1e7, "text": {"Text": "x"}}
    return {"Type": kind, "Data": data}


def test_sound_is_taken_from_under_its_head() -> None:
    """Every byte, and all of it is counted."""
    answer = Answer()
    assert [answer.take(binary(data)) for data in (b"one", b"two", b"3")] == [b"one", b"two", b"3"]
    assert answer.received == 7
    assert not answer.ended


def test_a_head_that_changes_is_read_anew() -> None:
    """The shortcut for heads that are alike takes no head for sound and no sound for a head."""
    answer = Answer()
    longer = AUDIO.replace(b"Path", b"X-More:9\r\nPath")
    sounds = [answer.take(binary(data, head)) for data, head in ((b"a", AUDIO), (b"b", longer), (AUDIO, AUDIO))]
    assert sounds == [b"a", b"b", AUDIO]


def test_the_last_binary_message_has_no_sound() -> None:
    """And no kind; that is not yet the end."""
    answer = Answer()
    answer.take(binary(b"one"))
    assert answer.take(binary(b"", END)) == b""
    assert not answer.ended


@pytest.mark.parametrize("before", [[], [b"sound"]])
@pytest.mark.parametrize(
    ("data", "head"),
    [
        (b"", AUDIO),
        (b"sound", END),
        (b"sound", AUDIO.replace(b"mpeg", b"ogg")),
        (b"sound", AUDIO.replace(b"Path:audio", b"Path:video")),
    ],
)
def test_other_bytes_are_not_taken_for_sound(before: list[bytes], data: bytes, head: bytes) -> None:
    """Neither first nor after sound that was as it should be."""
    answer = Answer()
    for sound in before:
        answer.take(binary(sound))
    with pytest.raises(UnexpectedResponse):
        answer.take(binary(data, head))


def test_a_head_without_a_kind_is_not_taken_for_one_of_sound() -> None:
    """Though one like it, with nothing under it, was in order."""
    answer = Answer()
    answer.take(binary(b"", END))
    with pytest.raises(UnexpectedResponse):
        answer.take(binary(b"sound", END))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xffPath:audio", b"\x00\x04nonsense"])
def test_bytes_without_a_head_are_not_understood(data: bytes) -> None:
    """Which is an update's business, and is told as such."""
    with pytest.raises((UnexpectedResponse, ValueError)):
        Answer().take(WSMessage(WSMsgType.BINARY, data, None))


def test_it_is_at_the_end_when_the_service_says_so() -> None:
    """And no earlier."""
    answer = Answer()
    assert [answer.take(text(path, {})) for path in ("turn.start", "response")] == [b"", b""]
    assert not answer.ended
    assert answer.take(text("turn.end", {})) is None
    assert answer.ended


@pytest.mark.parametrize("kind", [WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED])
def test_a_closed_socket_is_no_end(kind: WSMsgType) -> None:
    """There is no more, but nobody said that it was all."""
    answer = Answer()
    assert answer.take(WSMessage(kind, None, None)) is None
    assert not answer.ended


def test_a_broken_socket_is_an_error() -> None:
    """In edge-tts's words."""
    with pytest.raises(WebSocketError, match="out of step"):
        Answer().take(WSMessage(WSMsgType.ERROR, ValueError("out of step"), None))


def test_boundaries_say_how_long_the_sound_should_be() -> None:
    """The furthest counts, of sentences and of words, in any order."""
    answer = Answer()
    answer.take(text("audio.metadata", {"Metadata": [boundary(1.0, 2.0), boundary(0.5, 0.5, "WordBoundary")]}))
    assert answer.claimed == pytest.approx(3.0)
    answer.take(text("audio.metadata", {"Metadata": [boundary(0.0, 1.0), {"Type": "SessionEnd", "Data": {}}]}))
    assert answer.claimed == pytest.approx(3.0)


@pytest.mark.parametrize(
    "body", [{}, [], {"Metadata": 7}, {"Metadata": [{}]}, {"Metadata": [{"Type": "WordBoundary"}]}]
)
def test_boundaries_that_make_no_sense_are_told_as_such(body: object) -> None:
    """Whatever is wrong with them."""
    with pytest.raises(UnexpectedResponse):
        Answer().take(text("audio.metadata", body))


def test_a_path_that_nobody_knows_is_told_as_such() -> None:
    """An update of edge-tts may know it."""
    with pytest.raises(UnknownResponse):
        Answer().take(text("what.is.this", {}))
