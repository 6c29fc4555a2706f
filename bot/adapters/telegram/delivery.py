"""How one parcel is delivered: note by note, and written down at each step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager

import structlog
from telegram.error import Forbidden, TelegramError

from bot.adapters import words
from bot.adapters.remarks import stood_in, together, truncated
from bot.adapters.telegram.excuse import excuse, gone
from bot.adapters.telegram.mark import Leaving, There
from bot.adapters.telegram.messenger import Kind, Lost, Messenger, Sent, Sound
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.parts import BEGINNING, Part, Point, parts
from bot.adapters.telegram.trouble import Fate, Late, fate
from bot.adapters.telegram.uploads import Uploads
from bot.adapters.words import language, listed, word
from bot.errors import Cancelled, Expired, SaysoError, StoreError
from bot.queue import LATE, State

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
        uploads: Uploads,
        before: Parcel | None = None,
        *,
        wall: Callable[[], float],
        closing: Callable[[], bool],
        cleared: Callable[[int], None],
    ) -> None:
        self._parcel, self._said = parcel, parcel.said
        self._locale = parcel.target.locale
        self._messenger, self._uploads = messenger, uploads
        self._before = before
        self._wall, self._closing, self._cleared = wall, closing, cleared
        self._at, self._sure = BEGINNING, True
        self._notes: list[str] = []
        self._told: set[str] = set()

    async def run(self, begin: Point = BEGINNING, *, sure: bool = True) -> Receipt:
        """Deliver it from a point on, and write down what became of it. ``sure``: all before that did arrive."""
        self._at, self._sure, self._counted = begin, sure, begin == BEGINNING
        try:
            state, receipt = await self._send_all()
        except SaysoError as error:
            state, receipt = self._broken_off(error)
        except TelegramError as error:
            state, receipt = self._refused(error)
        await show_instead(self._messenger, self._parcel, receipt)
        if state is not None:
            await self.mark(state, " ".join(map(str, receipt.messages)) or "-")
        return receipt

    async def mark(self, state: State, mark: str) -> None:
        """Write down how far it has come; where that fails the delivery goes on, for it has begun."""
        try:
            await self._said.mark(state, mark=mark)
        except StoreError as error:
            log.warning("delivery_not_marked", state=state.value, error=type(error).__name__)

    # Note by note

    async def _send_all(self) -> _End:
        async with aclosing(parts(self._said.speech, self._at)) as cut:
            async for part in cut:
                await self._send(part)
        if not self._sure:
            self._parcel.check()
            return State.FAILED, Receipt(False, self._messages, why=excuse(Lost("lost"), self._locale), unsure=True)
        return State.DONE, Receipt(True, self._messages, note=together(dict.fromkeys(self._notes), self._locale))

    async def _send(self, part: Part) -> None:
        try:
            with self._parcel.standing() as standing:
                async with standing:
                    await self._after()
                    sent = await self._note(part)
        except Lost as error:
            log.info("note_unsure", chat=self._parcel.target.chat, error=type(error).__name__)
            self._sure = False
        else:
            await self._arrived(part, sent)
        if part.end is not None:
            self._at = part.end
            await self._there()

    async def _after(self) -> None:
        before, self._before = self._before, None
        if before is not None:
            await before.delivered()

    async def _note(self, part: Part) -> Sent:
        """All of them answer, for others' notes may come in between."""
        target = self._parcel.target
        return await self._messenger.note(
            target.place,
            Sound(part.ogg, part.seconds, self._uploads.of(self._said, part)),
            reply_to=target.reply_to,
            caption=self._caption(part),
            within=max(1.0, self._until() - self._wall()),
            key=self._parcel.request.id,
            leaving=lambda: self._leaving(part),
        )

    def _until(self) -> float:
        """When a note is given up. One that was made in time becomes late, if nothing was heard before it."""
        now, deadline = self._wall(), self._parcel.request.deadline or 0.0
        return deadline if self._at == BEGINNING and now < deadline else max(deadline, now + PATIENCE)

    @asynccontextmanager
    async def _leaving(self, part: Part) -> AsyncIterator[None]:
        """Written down as leaving before, for else it does not leave; and as not, where Telegram surely has it not."""
        self._check()
        mark = Leaving(part.end, self._said.key if part.end is None else None)
        self._parcel.leaving = True
        try:
            await self._said.mark(State.SENDING, mark=str(mark))
            self._parcel.check()
            yield
        except TelegramError as error:
            if fate(error) is not Fate.UNKNOWN:
                await self._there()
                self._check()  # before it waits again
            raise
        finally:
            self._parcel.leaving = False

    def _check(self) -> None:
        """Raises Cancelled if nothing more of it is to be sent by this process."""
        self._parcel.check()
        if self._closing():
            raise Cancelled("Cancelled.")

    async def _there(self) -> None:
        await self.mark(State.SENDING, str(There(self._at, self._sure)))

    async def _arrived(self, part: Part, sent: Sent) -> None:
        if self._parcel.withdrawn and await self._removed(sent.message):
            self._parcel.check()
        self._parcel.notes.append(sent.message)
        self._parcel.seconds += part.seconds
        if sent.kind is Kind.AUDIO:
            self._notes.append(word("telegram_delivery.as_audio", self._locale))

    async def _removed(self, message: int) -> bool:
        """Whether what was taken back too late is taken away again."""
        target = self._parcel.target
        self._parcel.leaving = True
        try:
            return await self._messenger.delete(target.place, message)
        except TelegramError as error:
            log.info("note_not_removed", chat=target.chat, error=type(error).__name__)
            return False
        finally:
            self._parcel.leaving = False

    # In words

    def _caption(self, part: Part) -> str:
        """What is to be known of this note, or at the end of all of them, and was not said of one before."""
        spoken = part.spoken if part.end is not None else self._said.speech.spoken
        last = self._at_last() if part.end is None else ()
        remarks = [*self._number(part), *stood_in(spoken, self._locale, voices=True), *last]
        new = [remark for remark in remarks if remark not in self._told]
        self._told.update(new)
        return together(new, self._locale)

    def _number(self, part: Part) -> Iterator[str]:
        """Which of several it is; where an earlier process has sent some, nobody knows how many."""
        if self._counted and (part.end is not None or self._parcel.notes):
            yield word("telegram_delivery.part", self._locale, number=len(self._parcel.notes) + 1)

    def _at_last(self) -> Iterator[str]:
        if self._said.truncated:
            yield truncated(self._locale)
        if skipped := [language(each, self._locale) for each in self._said.skipped]:
            yield word("telegram_delivery.skipped", self._locale, languages=listed(skipped, self._locale))

    def _refused(self, error: TelegramError) -> _End:
        if isinstance(error, Late) and self._at == BEGINNING:
            return self._broken_off(Expired(LATE))
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
