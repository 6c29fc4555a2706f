"""Posts one note until it is there, or until its time is over: never twice, though Discord's answers be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat

import discord

from bot.adapters.discord.leftovers import NONCE_SECONDS, posted
from bot.adapters.discord.mark import Noted
from bot.adapters.discord.note import LOST, Sent, permissions, send_note
from bot.adapters.discord.target import Target
from bot.errors import StoreError
from bot.speech import Clip

PAUSES = (0.0, 1.0, 3.0, 10.0, 30.0)
"""Seconds before each repetition; the last is that of all further ones."""


class Posting:
    """One note on its way into a channel where the bot writes by its own right.

    It is only posted while Discord surely answers a repetition with the message that is there already: for
    :data:`NONCE_SECONDS` from when it was last seen not to be there. ``wall`` is Unix time.
    """

    def __init__(
        self,
        client: discord.Client,
        target: Target,
        nonce: str,
        noted: Noted,
        *,
        anothers: Callable[[int], Awaitable[bool]],
        wall: Callable[[], float],
    ) -> None:
        self._client = client
        self._target = target
        self._nonce = nonce
        self._noted = noted
        self._anothers = anothers
        self._wall = wall
        self._lost: Exception | None = None
        self._absent = False

    async def run(self, clip: Clip, *, until: float, limit: int | None = None) -> Sent | None:
        """Post it; what may have been lost is tried again until the Unix time ``until``.

        None if nobody knows whether it arrived. Raises as send_note does, but LOST only when it surely is not there.
        """
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            may_post, may_look = self._is_remembered(), self._may_look()
            sent = (await self._post(clip, limit) if may_post else None) or (await self._look() if may_look else None)
            if sent is not None:
                return sent
            if self._wall() + pause >= until or not (may_post or may_look):
                break
            await asyncio.sleep(pause)
        if self._absent and self._lost:
            raise self._lost
        return None

    def _is_remembered(self) -> bool:
        return self._wall() - self._noted.at <= NONCE_SECONDS

    def _may_look(self) -> bool:
        allowed = permissions(self._client, self._target.channel)
        return allowed is None or (allowed.view_channel and allowed.read_message_history)

    async def _post(self, clip: Clip, limit: int | None) -> Sent | None:
        channel, reply_to = self._target.channel, self._target.reply_to
        try:
            return await send_note(self._client, channel, clip, nonce=self._nonce, reply_to=reply_to, limit=limit)
        except LOST as error:
            self._lost, self._absent = error, False
        return None

    async def _look(self) -> Sent | None:
        now = self._wall()
        with suppress(*LOST, StoreError):
            message = await posted(self._client, self._target, self._nonce, self._noted, self._anothers)
            if message is not None:
                return Sent(message)
            self._noted, self._absent = replace(self._noted, at=now), True
        return None
