"""The voice gateway's part in MLS: it proposes who comes and goes, signed as the group's external sender (RFC 9420).

Facts of davey: key packages and welcomes are bare, a commit is an MLSMessage, the group's id is the channel's id.
"""

from __future__ import annotations

import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_MLS10 = 1
_PUBLIC_MESSAGE, _KEY_PACKAGE = 1, 5
_MEMBER, _EXTERNAL = 1, 2
_PROPOSAL, _COMMIT = 2, 3
_ADD, _REMOVE = 1, 3
_BASIC = 1


class ExternalSender:
    """The identity that signs proposals: a P-256 key."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def package(self) -> bytes:
        """The ExternalSender structure, the body of voice opcode 25."""
        form = serialization.PublicFormat.UncompressedPoint
        public = self._key.public_key().public_bytes(serialization.Encoding.X962, form)
        return vector(public) + struct.pack(">H", _BASIC) + vector(bytes(8))

    def add(self, group: int, epoch: int, key_package: bytes) -> bytes:
        """A proposal to take in who offers this key package."""
        bare = key_package.removeprefix(struct.pack(">HH", _MLS10, _KEY_PACKAGE))
        return self._propose(group, epoch, struct.pack(">H", _ADD) + bare)

    def remove(self, group: int, epoch: int, leaf: int) -> bytes:
        """A proposal to put out who sits on this leaf."""
        return self._propose(group, epoch, struct.pack(">HI", _REMOVE, leaf))

    def _propose(self, group: int, epoch: int, proposal: bytes) -> bytes:
        head = struct.pack(">HH", _MLS10, _PUBLIC_MESSAGE)
        content = vector(struct.pack(">Q", group)) + struct.pack(">Q", epoch) + struct.pack(">BI", _EXTERNAL, 0)
        content += vector(b"") + struct.pack(">B", _PROPOSAL) + proposal
        # An external sender's signature covers no group context, and there is no membership tag.
        return head + content + vector(self._sign(b"FramedContentTBS", head + content))

    def _sign(self, label: bytes, content: bytes) -> bytes:
        return self._key.sign(vector(b"MLS 1.0 " + label) + vector(content), ec.ECDSA(hashes.SHA256()))


def vector(data: bytes) -> bytes:
    """Bytes behind their length ("Variable-Size Vector Length Headers", RFC 9420 2.1.2)."""
    size = len(data)
    if size < 1 << 6:
        return struct.pack(">B", size) + data
    if size < 1 << 14:
        return struct.pack(">H", size | 0x4000) + data
    return struct.pack(">I", size | 0x80000000) + data


def split_commit(body: bytes) -> tuple[bytes, bytes]:
    """Voice opcode 28 in its two parts, commit and welcome: a commit has no outer length. ValueError if it is none."""
    reader = _Reader(body)
    reader.expect(2, _MLS10)
    reader.expect(2, _PUBLIC_MESSAGE)
    reader.vectors(1)
    reader.number(8)
    reader.expect(1, _MEMBER)
    reader.number(4)
    reader.vectors(1)
    reader.expect(1, _COMMIT)
    reader.vectors(1)
    if reader.number(1):
        _skip_path(reader)
    reader.vectors(3)
    return body[: reader.at], body[reader.at :]


def _skip_path(reader: _Reader) -> None:
    """An UpdatePath: a leaf node (keys, credential, capabilities, source, extensions), and the nodes above."""
    reader.vectors(2)
    reader.expect(2, _BASIC)
    reader.vectors(1 + 5)
    source = reader.number(1)
    if source == 1:
        reader.number(16)
    elif source == 3:
        reader.vectors(1)
    reader.vectors(3)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def number(self, size: int) -> int:
        self.at += size
        return int.from_bytes(self._data[self.at - size : self.at], "big")

    def expect(self, size: int, wanted: int) -> None:
        if (found := self.number(size)) != wanted:
            raise ValueError(f"{found} at {self.at}, not {wanted}")

    def vectors(self, count: int) -> None:
        """Skip so many."""
        for _ in range(count):
            size = 1 << (self._data[self.at] >> 6)
            length = self.number(size) & ((1 << (8 * size - 2)) - 1)
            self.at += length
