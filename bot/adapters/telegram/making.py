"""Voice notes in the making for who types ``@bot text``: one a person, and what is promised is kept."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telegram.error import TelegramError

from bot.adapters.telegram.excuse import excuse
from bot.adapters.telegram.files import Files
from bot.adapters.telegram.identity import number
from bot.adapters.telegram.offers import Offer, Sample, refused, unopened
from bot.adapters.telegram.trouble import Trouble, trouble
from bot.adapters.words import failure, refusal, word
from bot.errors import SaysoError
from bot.said import Said
from bot.speech import Clip, Refusal, Request

if TYPE_CHECKING:
    from bot.adapters.telegram.station import Station

_CLOSED = frozenset({Trouble.UNOPENED, Trouble.GONE, Trouble.BLOCKED, Trouble.OUTSIDE})
"""What is said of the chat of somebody who has not started the bot, or has blocked it."""


@dataclass(slots=True, eq=False)
class Making:
    """A note in the making. ``promised``: its asker was told that it will be there the next time."""

    request: Request
    locale: str
    title: str
    done: asyncio.Future[Sample | Offer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    promised: bool = False
    unwanted: bool = False
    said: Said | None = None

    def begun(self, said: Said) -> None:
        """It is being spoken."""
        self.said = said
        if self.unwanted:
            said.cancel()

    def give_up(self) -> None:
        """Its asker has typed on; without effect where it is promised."""
        if not self.promised:
            self.unwanted = True
            if self.said is not None:
                self.said.cancel()

    def refused(self, why: str) -> Offer:
        """There is none; the words can be sent."""
        return refused(str(self.request.text), why, self.locale)


class Makings:
    """Those of one bot, by person and cache key."""

    def __init__(self, station: Station, files: Files) -> None:
        self._station, self._files = station, files
        self._held: dict[tuple[str, str], Making] = {}

    def find(self, user: str, key: str) -> Making | None:
        """What is being made, and not given up."""
        making = self._held.get((user, key))
        return None if making is None or making.unwanted else making

    def give_up(self, user: str, *, but: str | None = None) -> None:
        """Make nothing for a person any more, but what has this key or is promised."""
        for (who, key), making in tuple(self._held.items()):
            if who == user and key != but:
                making.give_up()

    def begin(self, key: str, request: Request, locale: str, title: str) -> Making:
        """Make it, in the background."""
        making = self._held[request.user, key] = Making(request, locale, title)
        self._station.errands.start(self._make(key, making), "inline_note_not_made")
        return making

    async def _make(self, key: str, making: Making) -> None:
        outcome: Sample | Offer = making.refused(word("telegram.crashed", making.locale))
        try:
            outcome = await self._outcome(making)
        except BaseException:
            making.give_up()
            raise
        finally:
            making.done.set_result(outcome)
            if self._held.get((making.request.user, key)) is making:
                del self._held[making.request.user, key]

    async def _outcome(self, making: Making) -> Sample | Offer:
        try:
            said = await self._station.speaker.say(making.request)
            if isinstance(said, Refusal):
                return making.refused(refusal(said, making.locale))
            making.begun(said)
            clip = await said.speech.clip()
            assert said.key is not None
            file_id = await self._files.file(said.key, clip, number(making.request.user))
            return Sample(said.key, file_id, _stand_in(clip) or making.title)
        except SaysoError as error:
            return making.refused(failure(error, making.locale))
        except TelegramError as error:
            closed = trouble(error) in _CLOSED
            return unopened(making.locale) if closed else making.refused(excuse(error, making.locale))


def _stand_in(clip: Clip) -> str | None:
    """Who spoke, where another should have."""
    spoken = (each.utterance for each in clip.spoken)
    return next((utterance.voice for utterance in spoken if utterance.instead_of), None)
