"""What the tests of the post share: a courier at work at a loopback Telegram, and a look into the journal."""

from __future__ import annotations

import asyncio
import io
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from bot.adapters.telegram.courier import Courier, Parcel, Receipt
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.target import Target
from bot.config import TelegramSettings
from bot.queue import Entry, State, to_json
from bot.speaker import Speaker
from bot.speech import Refusal, Request, Samples
from tests.adapters.telegram.quick import FASTER, quick_post
from tests.conftest import Opened
from tests.doubles.telegram import Chat, FakeTelegram, Person
from tests.doubles.telegram.client import a_bot

TEXT = "Hello from Sayso. This is the second sentence."
BOT = int(FakeTelegram.token.split(":")[0])


@dataclass(frozen=True, slots=True)
class Row:
    """What the journal knows of a request."""

    state: State
    mark: str | None
    expires: float | None


@dataclass(slots=True)
class Office:
    """A courier and all it works with. ``told`` are the parcels of which a restart had people told."""

    fake: FakeTelegram
    speaker: Speaker
    messenger: Messenger
    courier: Courier
    database: Path
    told: list[Parcel]

    @property
    def ann(self) -> Person:
        """Somebody to write to."""
        return next(one for one in self.fake.world.accounts.values() if isinstance(one, Person))

    @property
    def chat(self) -> Chat:
        """Her own with the bot."""
        return self.ann.private

    def request(self, text: Any = TEXT, chat: Chat | None = None, **how: Any) -> Request:
        """She wants something said."""
        return replace(Request(f"telegram:{(chat or self.chat).id}", f"telegram:{self.ann.id}", text), **how)

    def target(self, chat: Chat | None = None, **how: Any) -> Target:
        """Where it goes."""
        return Target(BOT, (chat or self.chat).id, **how)

    async def send(self, text: Any = TEXT, chat: Chat | None = None, to: Target | None = None, **how: Any) -> Parcel:
        """A parcel that is on its way."""
        answer = await self.courier.send(self.request(text, chat, **how), to or self.target(chat))
        assert isinstance(answer, Parcel), answer
        return answer

    async def refused(self, text: Any = TEXT, chat: Chat | None = None, **how: Any) -> Refusal:
        """A request that is refused."""
        answer = await self.courier.send(self.request(text, chat, **how), self.target(chat))
        assert isinstance(answer, Refusal)
        return answer

    async def delivered(
        self, text: Any = TEXT, chat: Chat | None = None, to: Target | None = None, **how: Any
    ) -> Receipt:
        """What becomes of it."""
        return await (await self.send(text, chat, to, **how)).delivered()

    async def left(self, request: Request, state: State, mark: str | None = None, to: Target | None = None) -> Request:
        """A journal as an earlier process left it."""
        target = to or Target(BOT, int(request.guild.split(":")[1]))
        asked = replace(request, target=target.to_json(), deadline=request.deadline or request.at + 1000)
        data, journal = to_json(asked), self.speaker.store.journal
        assert data is not None
        await journal.accept(Entry(asked.id, data, at=asked.at, expires=asked.deadline))
        if mark is not None:
            await journal.mark(asked.id, state, mark=mark)
        return asked

    async def settled(self, *ids: str) -> None:
        """Wait until the journal is done with these."""
        await self.fake.until(lambda: all(self.row(id).state.finished for id in ids))

    def row(self, parcel: Parcel | str) -> Row:
        """What the journal knows of it."""
        return rows(self.database)[parcel if isinstance(parcel, str) else parcel.request.id]

    def kill(self) -> None:
        """The process dies, here and now: nothing is brought to an end, and nothing written down any more."""
        for task in self.courier._deliveries._tasks:
            task.cancel()

        async def never(*_: object, **__: object) -> None:
            await asyncio.Event().wait()

        self.speaker.store.journal.mark = never  # type: ignore[method-assign]


def rows(database: Path) -> dict[str, Row]:
    """The whole journal as it is on the disk."""
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("select id, state, mark, expires from journal").fetchall()
    return {id: Row(State(state), mark, expires) for id, state, mark, expires in found}


async def quickly(seconds: float) -> None:
    """A sleep by the clock of the post."""
    await asyncio.sleep(seconds / FASTER)


@asynccontextmanager
async def at_work(
    fake: FakeTelegram, opened: Opened, folder: Path, *, settings: TelegramSettings | None = None, **how: Any
) -> AsyncIterator[Office]:
    """One run of the process, over the database in the folder; it ends as a shutdown does."""
    async with opened(**how) as speaker, a_bot(fake) as bot:
        messenger, presence = Messenger(bot, quick_post()), Presence(bot)
        wall = {"wall": how["wall"]} if "wall" in how else {}
        courier = Courier(messenger, presence, speaker, settings or TelegramSettings(), sleep=quickly, **wall)
        office = Office(fake, speaker, messenger, courier, folder / "sayso.db", [])

        async def told(parcel: Parcel) -> None:
            office.told.append(parcel)

        courier.resumed = told
        try:
            yield office
        finally:
            await courier.close()
            await presence.close()
            await messenger.post.close()


def heard(ogg: bytes) -> Samples:
    """What a player plays."""
    with av.open(io.BytesIO(ogg), "r") as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)])
