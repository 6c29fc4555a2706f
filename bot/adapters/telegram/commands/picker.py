"""Somebody chooses a voice among those that may be used where they are: by pages, by language, by search and by ear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import telegram
from telegram.ext import filters

from bot.adapters.memory import Memory
from bot.adapters.samples import sample
from bot.adapters.telegram.asking import Wish
from bot.adapters.telegram.commands import whose
from bot.adapters.telegram.commands.casting import Cast, cast_for, in_order, own_tongue, rules_for, tongue_for
from bot.adapters.telegram.commands.keyboard import Page, Press, badge
from bot.adapters.telegram.commands.pressing import Acts, Barred, count_languages, obey
from bot.adapters.telegram.commands.screens import Screens
from bot.adapters.telegram.commands.voice_pages import Act, VoicePages, searched
from bot.adapters.telegram.handling import Handlers, message, press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import LOCALES, word
from bot.casting import VoiceChoice
from bot.tts.voices import UnknownName, fold

__all__ = ["Barred", "Chosen", "Current", "Home", "Page", "Picker"]

TYPED = 60
"""Characters of a search."""

SEARCHES = 1_000
"""Questions for what to look for whose menus are remembered, to be tidied away when they are answered."""

Chosen = Callable[[Incoming, VoiceChoice], Awaitable[str]]
"""Keeps what was chosen; returns what the presser is told of it, in a line that fades."""

Home = Callable[[Incoming], Awaitable[Page]]
"""What the message shows when something was chosen, or nothing after all."""

Current = Callable[[Incoming], Awaitable[str | None]]
"""The voice that is chosen already, which is then marked."""


class Picker:
    """Keeps nothing in memory that matters: all is in the buttons and in the message, so they outlive the process.

    Buttons are ``sayso:<area>:…``; a host's own buttons need another area. To open it, show :meth:`page` in a message,
    or give a button the data :meth:`opening`; ``home`` is what it leads back to. ``barred`` is asked at each press
    (None: only who opened it may press, and for a chat those who decide for it). ``ask`` is the word by which a search
    is asked for; no two pickers may have the same, for it tells whose search an answer is. ``own``: the choice is a
    person's own, and there is none where voices are locked.
    """

    def __init__(
        self,
        station: Station,
        area: str,
        chosen: Chosen,
        home: Home,
        *,
        barred: Barred | None = None,
        current: Current | None = None,
        ask: str = "telegram_voice.search.ask",
        own: bool = True,
    ) -> None:
        self.station, self.area, self.own = station, area, own
        self._screens = Screens(station)
        self._chosen, self._home, self._barred, self._current, self._ask = chosen, home, barred, current, ask
        self._menus: Memory[tuple[str, int], tuple[int, int]] = Memory(SEARCHES)
        self._acts: Acts = {
            Act.PICK: self._turn,
            Act.COUNT: self._count,
            Act.SHOW: self._show,
            Act.LISTEN: self._listen,
            Act.TAKE: self._take,
            Act.FILTER: self._filter,
            Act.TALLY: self._tally,
            Act.SEARCH: self._search,
            Act.ALL: self._all,
            Act.BACK: self._back,
        }

    def handlers(self) -> Handlers:
        """What listens to its buttons, and to what is typed as a search."""
        answers = filters.TEXT & ~filters.COMMAND & _Answers(self._ask)
        return [
            press(self.station, self.area, lambda _, incoming: self._pressed(incoming)),
            message(self.station, answers, lambda _, incoming: self._typed(incoming)),
        ]

    def opening(self, owner: int) -> str:
        """The data of a button that opens it for an asker (``incoming.asker``)."""
        return Press(Act.ALL, owner).data(self.area)

    async def page(self, incoming: Incoming, page: int = 0, language: str = "", typed: str = "") -> Page:
        """A page of those who may speak here, as ``incoming`` asks: of a language (its primary subtag), as typed."""
        return await self._page(incoming, Press(Act.PICK, incoming.asker, page, language), typed)

    async def search(self, incoming: Incoming, typed: str) -> Page:
        """Whoever may be meant by what somebody typed; the one where there is but one, to be heard and taken."""
        typed, speaker = " ".join(typed.split())[:TYPED], self.station.speaker
        everybody = await cast_for(speaker, incoming)
        if tongue := everybody.language(typed, incoming.locale):
            return await self.page(incoming, language=tongue)
        cast = await cast_for(speaker, incoming, typed)
        meant = cast.choices[0] if len(cast.choices) == 1 else next((one for one in cast.choices if one.named), None)
        if meant is None or not await self._open(incoming):
            return await self._page(incoming, Press(Act.PICK, incoming.asker), typed, cast)
        return await self._card(incoming, Press(Act.SHOW, incoming.asker, voice=badge(meant.value)), meant, typed)

    async def _pressed(self, incoming: Incoming) -> None:
        await obey(incoming, self._acts, self._bars)

    async def _bars(self, incoming: Incoming, owner: int) -> str:
        if self._barred is not None:
            return await self._barred(incoming, owner)
        return await whose.barred(self.station, incoming, owner)

    async def _open(self, incoming: Incoming) -> bool:
        """Whether anything may be chosen here at all."""
        return not (self.own and (await rules_for(self.station.speaker, incoming.lane)).locked)

    # What buttons do

    async def _turn(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._page(incoming, at, searched(incoming.message.text)))

    async def _all(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._page(incoming, at.to(Act.PICK, number=0, language=""), ""))

    async def _count(self, incoming: Incoming, at: Press) -> None:
        cast = await cast_for(self.station.speaker, incoming, searched(incoming.message.text))
        await incoming.answer(VoicePages(self.area, at, incoming.locale).counted(cast))

    async def _back(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._home(incoming))

    async def _show(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is not None:
            await incoming.answer()
            self._screens.show(incoming, await self._card(incoming, at, choice, searched(incoming.message.text)))

    async def _listen(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is None:
            return
        await incoming.answer()
        text = await self._sample(incoming, choice)
        # As the voice itself speaks, whatever language its hearer prefers.
        wish = Wish(text, voice=choice.value, language=choice.language or None)
        await self.station.asking.ask(incoming, wish)

    async def _take(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is not None:
            await incoming.answer(await self._chosen(incoming, choice))
            self._screens.show(incoming, await self._home(incoming))

    async def _filter(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        pages = await self._pages(incoming, at)
        self._screens.show(incoming, pages.tongues(await self._tongues(incoming)))

    async def _tally(self, incoming: Incoming, at: Press) -> None:
        await count_languages(incoming, await self._tongues(incoming))

    async def _search(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self.station.errands.start(self._question(incoming), "search_not_asked", chat=incoming.chat.id)

    async def _question(self, incoming: Incoming) -> None:
        """Ask for a search; the answer to this message is one, from whomever it comes."""
        first, hint = incoming.message.reply_to_message, word("telegram_voice.search.hint", incoming.locale)
        # Only whose message is answered has the field opened: nobody else's keyboard is to pop up in a group.
        force = telegram.ForceReply(selective=first is not None, input_field_placeholder=hint)
        text, to = word(self._ask, incoming.locale), first or incoming.message
        asked = await self.station.messenger.text(incoming.place, text, reply_to=to.message_id, buttons=force)
        self._menus.put((incoming.lane, asked), (incoming.asker, incoming.message.message_id))

    # What is typed

    async def _typed(self, incoming: Incoming) -> None:
        asked = incoming.message.reply_to_message
        if asked is None or incoming.edited:
            return
        if no := await self._bars(incoming, incoming.asker):
            self.station.tell(incoming, no)
            return
        page = await self.search(incoming, incoming.message.text or "")
        self.station.tell(incoming, page.text, page.buttons)
        self.station.errands.start(self._tidy(incoming, asked.message_id), "search_not_tidied", chat=incoming.chat.id)

    async def _tidy(self, incoming: Incoming, asked: int) -> None:
        """The question has its answer, and the menu from which it was asked its successor; another's are left alone."""
        owner, menu = self._menus.get((incoming.lane, asked)) or (incoming.chat.id, None)
        if owner == incoming.asker:
            self._menus.drop((incoming.lane, asked))
            for old in filter(None, (asked, menu)):
                await self.station.messenger.delete(incoming.place, old)

    # What is shown

    async def _page(self, incoming: Incoming, at: Press, typed: str, cast: Cast | None = None) -> Page:
        pages = await self._pages(incoming, at)
        if not await self._open(incoming):
            return pages.locked()
        return pages.several(cast or await cast_for(self.station.speaker, incoming, typed), typed)

    async def _card(self, incoming: Incoming, at: Press, choice: VoiceChoice, typed: str) -> Page:
        # Where voices are locked nobody may ask for one, not even to hear it.
        locked = (await rules_for(self.station.speaker, incoming.lane)).locked
        return (await self._pages(incoming, at)).one(choice, typed, heard=not locked)

    async def _tongues(self, incoming: Incoming) -> Sequence[str]:
        cast = await cast_for(self.station.speaker, incoming)
        return in_order(cast.languages, own_tongue(incoming), incoming.locale)

    async def _pages(self, incoming: Incoming, at: Press) -> VoicePages:
        chosen = None if self._current is None else await self._current(incoming)
        return VoicePages(self.area, at, incoming.locale, "" if chosen is None else fold(chosen))

    # What is known

    async def _meant(self, incoming: Incoming, at: Press) -> VoiceChoice | None:
        """Whose button it is; None if they can no longer be had here, which the presser is told and shown."""
        cast = await cast_for(self.station.speaker, incoming)
        choice = cast.find(at.voice) if await self._open(incoming) else None
        if choice is None:
            await incoming.answer(word("telegram_voice.gone", incoming.locale))
            self._screens.show(
                incoming, await self._page(incoming, at.to(Act.PICK, voice=""), searched(incoming.message.text))
            )
        return choice

    async def _sample(self, incoming: Incoming, choice: VoiceChoice) -> str:
        speaker = self.station.speaker
        who = speaker.stage.voices.find(choice.value, await speaker.stage.available())
        # Who is gone since is refused in due course, whatever they are to say.
        return choice.value if isinstance(who, UnknownName) else sample(who, await tongue_for(speaker, incoming))


class _Answers(filters.MessageFilter):
    """Answers to a question that was asked in any of our languages."""

    def __init__(self, ask: str) -> None:
        super().__init__()
        self._questions = {word(ask, locale) for locale in LOCALES}

    def filter(self, message: telegram.Message) -> bool:
        asked = message.reply_to_message
        return asked is not None and asked.text in self._questions
