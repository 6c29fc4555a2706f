"""How one parcel is delivered: heard in a room or sent as a note, and written down at each step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import discord
import structlog

from bot.adapters import words
from bot.adapters.discord.excuse import REFUSED, excuse
from bot.adapters.discord.mark import Heard, Noted
from bot.adapters.discord.note import LOST, Sent, hook_of, send_through
from bot.adapters.discord.parcel import Parcel, Receipt
from bot.adapters.discord.posting import Posting
from bot.adapters.discord.target import Target
from bot.adapters.discord.voice import Item, Outcome, Trouble
from bot.adapters.remarks import stood_in, together, truncated
from bot.adapters.words import word
from bot.errors import Cancelled, Expired, SaysoError, StoreError
from bot.queue import State
from bot.speech import Clip

log = structlog.get_logger()

_End = tuple[State | None, Receipt]
"""How it ended, for the journal and for people; no state where the journal is to bring it back."""


class Delivery:
    """Brings one parcel. ``closing`` tells whether the house is being closed; ``wall`` is Unix time.

    ``anothers`` tells of a message whether it is known to be another parcel's.
    """

    def __init__(
        self,
        client: discord.Client,
        parcel: Parcel,
        *,
        wall: Callable[[], float],
        closing: Callable[[], bool],
        anothers: Callable[[int], Awaitable[bool]],
    ) -> None:
        self._client = client
        self._parcel = parcel
        self._said = parcel.said
        self._target = parcel.target
        self._locale = parcel.target.locale
        self._wall = wall
        self._closing = closing
        self._anothers = anothers
        self._heard = -1.0

    async def run(self) -> Receipt:
        """Deliver it and write down what became of it."""
        item = self._parcel.item
        try:
            state, receipt = await (self._send() if item is None else self._play(item))
        except SaysoError as error:
            state, receipt = self._broken_off(error)
        except REFUSED as error:
            code = error.code if isinstance(error, discord.HTTPException) else None
            log.info("note_not_sent", guild=self._target.guild, error=type(error).__name__, code=code)
            state, receipt = State.FAILED, Receipt(False, why=excuse(error, self._locale))
        if state is not None:
            await self.mark(state, None if receipt.message is None else str(receipt.message))
        return receipt

    async def mark(self, state: State, mark: str | None = None) -> None:
        """Write down how far it has come; where that fails the delivery goes on, for it has begun."""
        try:
            await self._said.mark(state, mark=mark)
        except StoreError as error:
            log.warning("delivery_not_marked", state=state.value, error=type(error).__name__)

    async def heard(self, seconds: float) -> None:
        """So much of it was surely heard: where the next start goes on. For the room to call."""
        if seconds > self._heard and not self._parcel.leaving:
            self._heard = seconds
            await self.mark(State.SENDING, str(Heard(seconds)))

    # In the voice channel

    async def _play(self, item: Item) -> _End:
        begun = asyncio.create_task(item.begun.wait())
        either: set[asyncio.Future[Any]] = {begun, item.ended}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            begun.cancel()
        if item.begun.is_set():
            await self.heard(item.start)
        await asyncio.wait({item.ended})  # not awaited itself: it is the room's, and not to be cancelled from here
        if item.ended.cancelled():  # the room was closed
            return None, restarting(self._target)
        return await self._played(item, item.ended.result())

    async def _played(self, item: Item, outcome: Outcome) -> _End:
        match outcome:
            case Outcome.HEARD:
                return State.DONE, Receipt(True, note=self._remarks())
            case Outcome.LOST:
                return await self._lost(item)
            case Outcome.EXPIRED:
                self._said.cancel()
                raise Expired("Its time was over before it could begin.")
            case Outcome.FAILED:
                await self._said.speech.clip()
                raise SaysoError("It could not be played.")
        self._said.cancel()
        return self._given_up(word("delivery.skipped", self._locale))

    async def _lost(self, item: Item) -> _End:
        what, where = item.trouble or Trouble.NO_ANSWER.value, f"<#{item.channel}>"
        trouble = word(f"voice.trouble.{what}", self._locale, channel=where)
        if self._target.note_if_lost and not self._target.quiet:
            return await self._send(word("delivery.instead", self._locale, trouble=trouble))
        self._said.cancel()
        return State.FAILED, Receipt(False, why=trouble)

    # As a note

    async def _send(self, remark: str = "") -> _End:
        clip = await self._said.speech.clip()
        if self._parcel.withdrawn:
            raise Cancelled("It was taken back.")
        self._parcel.leaving = True
        noted = Noted(self._wall(), len(clip.ogg))
        await self._said.mark(State.SENDING, mark=str(noted))
        sent = await self._post(clip, noted)
        if sent is None:
            log.info("note_unsure", guild=self._target.guild)
            return State.FAILED, Receipt(False, why=word("delivery.unsure", self._locale))
        reduced = word("delivery.as_file", self._locale) if sent.reduced else ""
        return State.DONE, Receipt(True, sent.message, note=self._remarks(remark, reduced))

    async def _post(self, clip: Clip, noted: Noted) -> Sent | None:
        """By the bot's own right; through the interaction where there is none, and so its token was kept.

        None if nobody knows whether it arrived.
        """
        target, hook = self._target, hook_of(self._client, self._target)
        guild = None if target.guild is None else self._client.get_guild(target.guild)
        limit = None if guild is None else guild.filesize_limit
        if hook is not None:
            with suppress(*LOST):
                return await send_through(hook, clip, limit=limit)
            return None
        request, wall = self._parcel.request, self._wall
        posting = Posting(self._client, target, nonce_of(request.id), noted, anothers=self._anothers, wall=wall)
        return await posting.run(clip, until=request.deadline or noted.at, limit=limit)

    # In words

    def _broken_off(self, error: SaysoError) -> _End:
        """Its making failed, or was given up."""
        if isinstance(error, Expired):
            return State.EXPIRED, self._failed(error)
        if not isinstance(error, Cancelled):
            return State.FAILED, self._failed(error)
        return self._given_up(self._failed(error).why)

    def _failed(self, error: SaysoError) -> Receipt:
        return Receipt(False, why=words.failure(error, self._locale))

    def _given_up(self, why: str) -> _End:
        if self._parcel.withdrawn:
            return State.CANCELLED, Receipt(False, why=word("delivery.taken_back", self._locale), taken_back=True)
        return (None, restarting(self._target)) if self._closing() else (State.CANCELLED, Receipt(False, why=why))

    def _remarks(self, *first: str) -> str:
        """What is to be known of something that was delivered."""
        cut = truncated(self._locale) if self._said.truncated else ""
        return together([*first, *stood_in(self._said.speech.spoken, self._locale), cut], self._locale)


def nonce_of(id: str) -> str:
    """A request's own mark on its message: the same in every process, and within Discord's 25 characters."""
    return hashlib.blake2b(id.encode(), digest_size=12).hexdigest()


def restarting(target: Target) -> Receipt:
    """It is not delivered by this process; the journal brings it back."""
    return Receipt(False, why=word("delivery.restarting", target.locale))
