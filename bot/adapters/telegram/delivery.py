"""How one parcel is delivered: note by note, and written down at each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, aclosing

import structlog
from telegram.error import Forbidden, TelegramError

from bot.adapters import words
from bot.adapters.remarks import stood_in, together, truncated
from bot.adapters.telegram.doors import Doors
from bot.adapters.telegram.excuse import excuse, gone
from bot.adapters.telegram.mark import Leaving, There
from bot.adapters.telegram.messenger import Kind, Lost, Messenger, Sent, Sound
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.parts import BEGINNING, Part, Point, parts
from bot.adapters.telegram.uploads import Uploads
from bot.adapters.words import language, listed, word
from bot.errors import Cancelled, Expired, SaysoError, StoreError
from bot.queue import State

log = structlog.get_logger()

PATIENCE = 60.0
"""Seconds for which a note that is made is tried although its request's time is over: it was begun in time."""

_End = tuple[State | None, Receipt]
"""How it ended, for the journal and for people; no state where the journal is to bring it back."""


class Delivery:
    """Brings one parcel. ``closing`` tells whether the house is being closed; ``wall`` is Unix time.

    ``before`` must be over before it begins; ``cleared`` is called with a chat in which the bot may not write any more.
    """

    def __init__(
        self,
        parcel: Parcel,
        messenger: Messenger,
        doors: Doors,
        uploads: Uploads,
        before: Parcel | None = None,
        *,
        wall: Callable[[], float],
        closing: Callable[[], bool],
        cleared: Callable[[int], None],
    ) -> None:
        self._parcel, self._said = parcel, parcel.said
        self._locale = parcel.target.locale
        self._messenger, self._doors, self._uploads = messenger, doors, uploads
        self._before = before
        self._wall, self._closing, self._cleared = wall, closing, cleared
        self._sure = True
        self._uploaded: list[tuple[Part, str]] = []
        self._notes: list[str] = []
        self._told: set[str] = set()

    async def run(self, begin: Point = BEGINNING, *, sure: bool = True) -> Receipt:
        """Deliver it from a point on, and write down what became of it. ``sure``: all before that did arrive."""
        self._sure = sure
        try:
            state, receipt = await self._send_all(begin)
        except SaysoError as error:
            state, receipt = self._broken_off(error)
        except TelegramError as error:
            state, receipt = self._refused(error)
        await show_instead(self._messenger, self._parcel, receipt)
        if state is not None:
            await self.mark(state, " ".join(map(str, receipt.messages)) or "-")
        await self._keep_uploads()
        return receipt

    async def mark(self, state: State, mark: str) -> None:
        """Write down how far it has come; where that fails the delivery goes on, for it has begun."""
        try:
            await self._said.mark(state, mark=mark)
        except StoreError as error:
            log.warning("delivery_not_marked", state=state.value, error=type(error).__name__)

    # Note by note

    async def _send_all(self, begin: Point) -> _End:
        async with aclosing(parts(self._said.speech, begin)) as cut:
            async for part in cut:
                await self._send(part)
        if not self._sure:
            return State.FAILED, Receipt(False, self._messages, why=excuse(Lost("lost"), self._locale), unsure=True)
        return State.DONE, Receipt(True, self._messages, note=together(dict.fromkeys(self._notes), self._locale))

    async def _send(self, part: Part) -> None:
        until = max(self._parcel.request.deadline or 0.0, self._wall() + PATIENCE)
        async with AsyncExitStack() as stack:
            with self._parcel.standing() as standing:
                async with standing:
                    await self._after()
                    await stack.enter_async_context(self._doors.turn(self._parcel.target.chat))
            if self._closing():
                raise Cancelled("Cancelled.")
            key = self._said.key
            sound = Sound(part.ogg, part.seconds, await self._uploads.find(key, part) if key else None)
            await self._leave(part, sound, until)

    async def _after(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            await before.delivered()

    async def _leave(self, part: Part, sound: Sound, until: float) -> None:
        """Write down that it leaves, and let it. What cannot be written down does not leave."""
        parcel, key = self._parcel, self._said.key if part.end is None else None
        parcel.leaving = True
        try:
            await self._said.mark(State.SENDING, mark=str(Leaving(part.end, key)))
            parcel.check()
            self._arrived(part, await self._note(sound, self._caption(part), until))
        except Lost as error:
            log.info("note_unsure", chat=parcel.target.chat, error=type(error).__name__)
            self._sure = False
        finally:
            parcel.leaving = False
        if part.end is not None:
            await self.mark(State.SENDING, str(There(part.end, self._sure)))

    async def _note(self, sound: Sound, caption: str, until: float) -> Sent:
        """Only the first answers: the others stand below it."""
        target, first = self._parcel.target, not self._parcel.notes
        return await self._messenger.note(
            target.place,
            sound,
            reply_to=target.reply_to if first else None,
            caption=caption,
            within=max(1.0, until - self._wall()),
        )

    def _arrived(self, part: Part, sent: Sent) -> None:
        self._parcel.notes.append(sent.message)
        self._parcel.seconds += part.seconds
        if sent.kind is Kind.AUDIO:
            self._notes.append(word("telegram_delivery.as_audio", self._locale))
        elif sent.uploaded and sent.file_id is not None:
            self._uploaded.append((part, sent.file_id))

    async def _keep_uploads(self) -> None:
        if (key := self._said.key) is not None:
            for part, file_id in self._uploaded:
                await self._uploads.keep(key, part, file_id)

    # In words

    def _caption(self, part: Part) -> str:
        """What is to be known of this note, or at the end of all of them, and was not said of one before."""
        spoken = part.spoken if part.end is not None else self._said.speech.spoken
        remarks = [*stood_in(spoken, self._locale, voices=True), *(self._at_last() if part.end is None else ())]
        new = [remark for remark in remarks if remark not in self._told]
        self._told.update(new)
        return together(new, self._locale)

    def _at_last(self) -> Iterator[str]:
        if self._said.truncated:
            yield truncated(self._locale)
        if skipped := [language(each, self._locale) for each in self._said.skipped]:
            yield word("telegram_delivery.skipped", self._locale, languages=listed(skipped, self._locale))

    def _refused(self, error: TelegramError) -> _End:
        place = self._parcel.target.place
        log.info("note_not_sent", chat=place.chat, error=type(error).__name__)
        if gone(error) and place.business is None:
            self._cleared(place.chat)
        return State.FAILED, self._failed(excuse(error, self._locale))

    def _broken_off(self, error: SaysoError) -> _End:
        """Its making failed, or was given up."""
        if not isinstance(error, Cancelled):
            state = State.EXPIRED if isinstance(error, Expired) else State.FAILED
            return state, self._failed(words.failure(error, self._locale))
        if self._parcel.barred:
            return State.FAILED, self._failed(excuse(Forbidden("Forbidden"), self._locale))
        if self._parcel.withdrawn:
            taken_back = word("delivery.taken_back", self._locale)
            return State.CANCELLED, Receipt(False, self._messages, why=taken_back, taken_back=True)
        if self._closing():
            return None, restarting(self._parcel)
        return State.CANCELLED, self._failed(words.failure(error, self._locale))

    def _failed(self, why: str) -> Receipt:
        if self._parcel.notes:
            why = together((word("telegram_delivery.incomplete", self._locale), why), self._locale)
        return Receipt(False, self._messages, why=why, unsure=not self._sure)

    @property
    def _messages(self) -> tuple[int, ...]:
        return tuple(self._parcel.notes)


async def show_instead(messenger: Messenger, parcel: Parcel, receipt: Receipt) -> None:
    """Send the words themselves of what was not or perhaps not heard, where they must not be lost.

    Those of a text that was still being written only its writer knows.
    """
    target, text = parcel.target, parcel.request.text
    over = receipt.delivered or receipt.taken_back or receipt.later or parcel.barred
    if over or not target.text or not isinstance(text, str):
        return
    if receipt.why:
        text = f"{text.rstrip()}\n\n{word('telegram_answers.failed', target.locale, why=receipt.why)}"
    try:
        await messenger.text(target.place, text, reply_to=target.reply_to)
    except TelegramError as error:
        log.info("text_not_sent", chat=target.chat, error=type(error).__name__)


def restarting(parcel: Parcel) -> Receipt:
    """It is not delivered by this process; the journal brings it back."""
    why = word("delivery.restarting", parcel.target.locale)
    return Receipt(False, tuple(parcel.notes), why=why, later=True)
