"""What the service says on a web socket, message by message."""

from __future__ import annotations

import json

from aiohttp import WSMessage, WSMsgType
from edge_tts.exceptions import UnexpectedResponse, UnknownResponse, WebSocketError

from bot.tts.edge import seams

_TICKS = 10_000_000
"""Ticks a second in what the service says of boundaries."""

_BOUNDARIES = ("SentenceBoundary", "WordBoundary")
_CLOSED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


class Answer:
    """The messages of one call, and what follows from them.

    ``received`` are the bytes of sound so far, ``claimed`` the seconds that they should be in the end, as far as the
    service has said. ``ended`` is whether it has said that it is at the end: only then is a sound whole.
    """

    def __init__(self) -> None:
        self.received = 0
        self.claimed = 0.0
        self.ended = False
        self._head: bytes | None = None

    def take(self, message: WSMessage) -> bytes | None:
        """The sound in a message, which may be none; None if there will be no more messages.

        Raises edge-tts's exceptions for what is not understood.
        """
        if message.type is WSMsgType.BINARY:
            sound = self._sound(message.data)
            self.received += len(sound)
            return sound
        if message.type is WSMsgType.TEXT:
            self._told(message.data.encode())
            return None if self.ended else b""
        if message.type in _CLOSED:
            return None
        raise WebSocketError(str(message.data) or "the web socket broke")

    def _sound(self, message: bytes) -> bytes:
        # All sound of a call comes under one head, so that only the first is taken apart.
        if self._head is not None and message.startswith(self._head) and len(message) > len(self._head):
            return message[len(self._head) :]
        size = int.from_bytes(message[:2], "big")
        headers, sound = seams.parts(message, size)
        kind = headers.get(b"Content-Type")
        if headers.get(b"Path") != b"audio" or kind not in (b"audio/mpeg", None) or (kind is None) != (not sound):
            raise UnexpectedResponse("bytes that are not the sound that was asked for")
        self._head = message[: len(message) - len(sound)] if sound else self._head
        return sound

    def _told(self, message: bytes) -> None:
        headers, body = seams.parts(message, message.find(b"\r\n\r\n"))
        match headers.get(b"Path"):
            case b"audio.metadata":
                self._promised(body)
            case b"turn.end":
                self.ended = True
            case b"turn.start" | b"response":
                pass
            case _:
                raise UnknownResponse("a message of an unknown path")

    def _promised(self, body: bytes) -> None:
        """Note how far the sentence reaches that this is about."""
        try:
            for told in json.loads(body)["Metadata"]:
                if told["Type"] in _BOUNDARIES:
                    reach = (told["Data"]["Offset"] + told["Data"]["Duration"]) / _TICKS
                    self.claimed = max(self.claimed, reach)
        except (KeyError, TypeError, ValueError) as error:
            raise UnexpectedResponse("boundaries that cannot be read") from error
