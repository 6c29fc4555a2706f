"""End-to-end encryption: the voice gateway is the delivery service, and real MLS members play the humans (DAVE).

The opcodes are those of voice-connections.mdx, "End-to-End Encryption (DAVE Protocol)".
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from typing import Protocol

import davey

from tests.doubles.discord.mls import ExternalSender, split_commit, vector
from tests.doubles.discord.refusal import Json

CONNECT, DISCONNECT, PREPARE_TRANSITION, EXECUTE, READY, PREPARE_EPOCH = 11, 13, 21, 22, 23, 24
SENDER, KEY_PACKAGE, PROPOSALS, COMMIT, ANNOUNCE, WELCOME, INVALID = 25, 26, 27, 28, 29, 30, 31
MARK = b"\xfa\xfa"
"""The last two bytes of every encrypted frame."""
_PATIENCE = 5.0


class Wire(Protocol):
    """The voice websocket, as far as this needs it."""

    async def send(self, op: int, data: Json, *, numbered: bool = False) -> None: ...
    async def send_binary(self, op: int, body: bytes) -> None: ...


class Group:
    """The MLS group of one voice session: the bot, and a member for each human (``humans``, by user id)."""

    def __init__(self, wire: Wire, channel: str, bot: str) -> None:
        self._wire = wire
        self._channel = int(channel)
        self._bot = int(bot)
        self._sender = ExternalSender()
        self._key_package: asyncio.Future[bytes] = _future()
        self._commit: asyncio.Future[bytes] = _future()
        self._agreed: dict[int, asyncio.Event] = {}
        self._transitions = itertools.count(7)
        self._changing = asyncio.Lock()
        self.humans: dict[int, davey.DaveSession] = {}
        self.ready = asyncio.Event()
        """A group stands, and the bot was told to use it."""
        self.invalid: list[Json] = []
        """What the bot could not process (opcode 31)."""

    async def open(self) -> None:
        """Tell the bot who signs proposals."""
        await self._wire.send_binary(SENDER, self._sender.package())

    async def begin(self, user_id: int, *, bot_commits: bool) -> None:
        """The group of two: who was there first writes the commit that takes in the other."""
        async with self._changing:
            await self._connect(user_id)
            await self._found(user_id, bot_commits=bot_commits)

    async def join(self, user_id: int, *, bot_commits: bool = False) -> davey.DaveSession:
        """One more human: everybody writes a commit, the gateway picks one."""
        async with self._changing:
            await self._connect(user_id)
            if not self.humans:
                await self._found(user_id, bot_commits=True)
                return self.humans[user_id]
            new = self._member(user_id)
            proposal = self._sender.add(self._channel, self._epoch, new.get_serialized_key_package())
            welcome = await self._agree(proposal, bot_commits=bot_commits)
            new.process_welcome(welcome)
            self.humans[user_id] = new
            return new

    async def leave(self, user_id: int) -> None:
        """A human goes; the last one's going leaves the bot alone, without a group."""
        async with self._changing:
            gone = self.humans.pop(user_id, None)
            await self._wire.send(DISCONNECT, {"user_id": str(user_id)}, numbered=True)
            if gone is None:
                return
            if not self.humans:
                await self._reset()
                return
            assert gone.own_leaf_index is not None
            await self._agree(self._sender.remove(self._channel, self._epoch, gone.own_leaf_index), bot_commits=False)

    async def regroup(self, user_id: int) -> None:
        """Everybody left and somebody came back: sole member reset, then a new group that the bot commits."""
        async with self._changing:
            self.humans.clear()
            await self._wire.send(DISCONNECT, {"user_id": str(user_id)}, numbered=True)
            await self._reset()
            await self._connect(user_id)
            await self._found(user_id, bot_commits=True)

    async def downgrade(self) -> None:
        """Somebody came who cannot encrypt: protocol version 0 for all."""
        async with self._changing:
            transition = next(self._transitions)
            data: Json = {"protocol_version": 0, "transition_id": transition}
            await self._wire.send(PREPARE_TRANSITION, data, numbered=True)
            await self._execute(transition)

    def decrypt(self, frame: bytes) -> bytes:
        """What any of the humans makes of a frame of the bot's."""
        listener = next(iter(self.humans.values()))
        return listener.decrypt(self._bot, davey.MediaType.audio, frame)

    def received(self, op: int, body: bytes) -> None:
        """A binary frame of the bot's."""
        target = {KEY_PACKAGE: self._key_package, COMMIT: self._commit}.get(op)
        if target is not None and not target.done():
            target.set_result(body)

    def told(self, op: int, data: Json) -> None:
        """A JSON frame of the bot's."""
        if op == READY:
            self._agreement(data["transition_id"]).set()
        elif op == INVALID:
            self.invalid.append(data)

    @property
    def _epoch(self) -> int:
        epoch = next(iter(self.humans.values())).epoch
        assert epoch is not None
        return epoch

    def _member(self, user_id: int) -> davey.DaveSession:
        member = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, user_id, self._channel)
        member.set_external_sender(self._sender.package())
        return member

    async def _connect(self, user_id: int) -> None:
        await self._wire.send(CONNECT, {"user_ids": [str(user_id)]}, numbered=True)

    async def _reset(self) -> None:
        self.ready.clear()
        self._key_package = _future()
        await self._wire.send(PREPARE_EPOCH, {"protocol_version": 1, "epoch": 1}, numbered=True)
        await self._wire.send(PREPARE_TRANSITION, {"protocol_version": 1, "transition_id": 0}, numbered=True)

    async def _found(self, user_id: int, *, bot_commits: bool) -> None:
        human = self._member(user_id)
        offered = human.get_serialized_key_package()
        key_package = await asyncio.wait_for(asyncio.shield(self._key_package), _PATIENCE)
        transition = next(self._transitions)
        if bot_commits:
            commit, welcome = await self._bot_commit(self._sender.add(self._channel, 0, offered))
            human.process_welcome(welcome)
            await self._wire.send_binary(ANNOUNCE, struct.pack(">H", transition) + commit)
        else:
            proposal = vector(self._sender.add(self._channel, 0, key_package))
            made = human.process_proposals(davey.ProposalsOperationType.append, proposal)
            assert made is not None
            human.process_commit(made.commit)
            await self._wire.send_binary(WELCOME, struct.pack(">H", transition) + (made.welcome or b""))
        self.humans[user_id] = human
        await self._execute(transition)
        self.ready.set()

    async def _agree(self, proposal: bytes, *, bot_commits: bool) -> bytes:
        """Bring everybody one epoch on; what comes back is the welcome."""
        first, *others = self.humans.values()
        mine = first.process_proposals(davey.ProposalsOperationType.append, vector(proposal))
        for other in others:
            other.process_proposals(davey.ProposalsOperationType.append, vector(proposal))
        assert mine is not None
        commit, welcome = await self._bot_commit(proposal)
        if not bot_commits:
            commit, welcome = mine.commit, mine.welcome or b""
        for human in self.humans.values():
            human.process_commit(commit)
        transition = next(self._transitions)
        await self._wire.send_binary(ANNOUNCE, struct.pack(">H", transition) + commit)
        await self._execute(transition)
        return welcome

    async def _bot_commit(self, proposal: bytes) -> tuple[bytes, bytes]:
        self._commit = _future()
        await self._wire.send_binary(PROPOSALS, b"\x00" + vector(proposal))
        return split_commit(await asyncio.wait_for(self._commit, _PATIENCE))

    async def _execute(self, transition: int) -> None:
        await asyncio.wait_for(self._agreement(transition).wait(), _PATIENCE)
        await self._wire.send(EXECUTE, {"transition_id": transition}, numbered=True)

    def _agreement(self, transition: int) -> asyncio.Event:
        return self._agreed.setdefault(transition, asyncio.Event())


def _future() -> asyncio.Future[bytes]:
    return asyncio.get_running_loop().create_future()
