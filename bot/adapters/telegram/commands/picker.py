"""Somebody chooses a voice among those that may be used where they are: by pages, by language, by search and by ear."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import telegram
from telegram.ext import filters

from bot.adapters.memory import Memory
from bot.adapters.samples import sample
from bot.adapters.telegram.asking import Wish
from bot.adapters.telegram.commands import whose
from bot.adapters.telegram.commands.casting import Cast, cast_for, in_order, own_tongue, rules_for, tongue_for
from bot.adapters.telegram.commands.keyboard import Page, Press, Row, badge, button, in_rows, keyboard, leaf, pager
from bot.adapters.telegram.commands.screens import Screens
from bot.adapters.telegram.handling import Handlers, message, press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import LOCALES, language, word
from bot.casting import VoiceChoice
from bot.tts.voices import UnknownName, fold

__all__ = ["Barred", "Chosen", "Current", "Home", "Page", "Picker"]

PAGE, TONGUES = 8, 24
"""Voices and languages on a page."""

LABEL, TYPED = 60, 60
"""Characters of a voice on its button, and of a search."""

SEARCHES = 1_000
"""Questions for what to look for whose menus are remembered, to be tidied away when they are answered."""

LENS = "🔎 "
"""What the line of a menu begins with in which the search stands."""

PICK, COUNT, SHOW, LISTEN, TAKE, FILTER, SEARCH, ALL, BACK = "lcvptgsah"
"""What buttons do."""

Chosen = Callable[[Incoming, VoiceChoice], Awaitable[str]]
"""Keeps what was chosen; returns what the presser is told of it, in a line that fades."""

Home = Callable[[Incoming], Awaitable[Page]]
"""What the message shows when something was chosen, or nothing after all."""

Barred = Callable[[Incoming, int], Awaitable[str]]
"""Why who presses may not press what was opened for an asker, in words; empty if they may."""

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
        self._menus: Memory[tuple[int, int], int] = Memory(SEARCHES)
        self._acts = {
            PICK: self._turn, COUNT: self._count, SHOW: self._show, LISTEN: self._listen, TAKE: self._take,
            FILTER: self._filter, SEARCH: self._search, ALL: self._all, BACK: self._back,
        }  # fmt: skip

    def handlers(self) -> Handlers:
        """What listens to its buttons, and to what is typed as a search."""
        answers = filters.TEXT & ~filters.COMMAND & _Answers(self._ask)
        return [
            press(self.station, self.area, lambda _, incoming: self._pressed(incoming)),
            message(self.station, answers, lambda _, incoming: self._typed(incoming)),
        ]

    def opening(self, owner: int) -> str:
        """The data of a button that opens it for an asker (``incoming.asker``)."""
        return Press(ALL, owner).data(self.area)

    async def page(self, incoming: Incoming, page: int = 0, language: str = "", typed: str = "") -> Page:
        """A page of those who may speak here, as ``incoming`` asks: of a language (its primary subtag), as typed."""
        return await self._page(incoming, Press(PICK, incoming.asker, page, language), typed)

    async def search(self, incoming: Incoming, typed: str) -> Page:
        """Whoever may be meant by what somebody typed; the one where there is but one, to be heard and taken."""
        typed, speaker = " ".join(typed.split())[:TYPED], self.station.speaker
        everybody = await cast_for(speaker, incoming)
        if tongue := everybody.language(typed, incoming.locale):
            return await self.page(incoming, language=tongue)
        choices = (await cast_for(speaker, incoming, typed)).choices
        meant = choices[0] if len(choices) == 1 else await self._named(typed, choices)
        if meant is None or not await self._open(incoming):
            return await self.page(incoming, typed=typed)
        return await self._card(incoming, Press(SHOW, incoming.asker, voice=badge(meant.value)), meant, typed)

    async def _pressed(self, incoming: Incoming) -> None:
        at = Press.read(incoming.data)
        if at is None or at.act not in self._acts:
            await incoming.answer(word("telegram_voice.outdated", incoming.locale))
        elif no := await self._bars(incoming, at.owner):
            await incoming.answer(no)
        else:
            await self._acts[at.act](incoming, at)

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
        self._screens.show(incoming, await self._page(incoming, at, _searched(incoming)))

    async def _all(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._page(incoming, at.to(PICK, number=0, language=""), ""))

    async def _count(self, incoming: Incoming, at: Press) -> None:
        cast = await cast_for(self.station.speaker, incoming, _searched(incoming))
        await incoming.answer(_counted(cast, at.language, incoming.locale))

    async def _back(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._home(incoming))

    async def _show(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is not None:
            await incoming.answer()
            self._screens.show(incoming, await self._card(incoming, at, choice, _searched(incoming)))

    async def _listen(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is None:
            return
        await incoming.answer()
        text = await self._sample(incoming, choice)
        # Every press is a request of its own, and the same one when Telegram delivers it again.
        await self.station.asking.ask(incoming, Wish(text, voice=choice.value, turn=incoming.update.update_id))

    async def _take(self, incoming: Incoming, at: Press) -> None:
        choice = await self._meant(incoming, at)
        if choice is not None:
            await incoming.answer(await self._chosen(incoming, choice))
            self._screens.show(incoming, await self._home(incoming))

    async def _filter(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._tongues(incoming, at))

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
        self._menus.put((incoming.chat.id, asked), incoming.message.message_id)

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
        """The question has its answer, and the menu from which it was asked its successor."""
        menu = self._menus.get((incoming.chat.id, asked))
        self._menus.drop((incoming.chat.id, asked))
        for old in filter(None, (asked, menu)):
            await self.station.messenger.delete(incoming.place, old)

    # What is shown

    async def _page(self, incoming: Incoming, at: Press, typed: str) -> Page:
        locale = incoming.locale
        if not await self._open(incoming):
            return Page(word("telegram_voice.picker.locked", locale), keyboard(self._ways(at, locale)))
        cast = await cast_for(self.station.speaker, incoming, typed)
        voices, number, pages = leaf(cast.speaking(at.language), at.number, PAGE)
        here, marked = at.to(PICK, number=number), await self._marked(incoming)
        rows = [[self._button(here.to(SHOW, voice=badge(one.value)), one, marked)] for one in voices]
        buttons = keyboard(*rows, pager(self.area, here, pages, COUNT), *self._narrowing(here, typed, locale))
        title = word(f"telegram_voice.picker.{'title' if voices else 'nobody'}", locale)
        return Page(_lines(title, _counted(cast, at.language, locale) if voices else "", _line(typed)), buttons)

    def _button(self, at: Press, choice: VoiceChoice, marked: str) -> telegram.InlineKeyboardButton:
        label = choice.label if len(choice.label) <= LABEL else f"{choice.label[: LABEL - 1]}…"
        return button(f"✓ {label}" if fold(choice.value) == marked else label, self.area, at)

    def _narrowing(self, at: Press, typed: str, locale: str) -> list[Row]:
        tongue = (
            f"🌐 {language(at.language, locale)}" if at.language else word("telegram_voice.button.language", locale)
        )
        search = word("telegram_voice.button.search", locale)
        first = [button(tongue, self.area, at.to(FILTER, number=0)), button(search, self.area, at.to(SEARCH))]
        return [first, self._ways(at, locale, everybody=bool(typed or at.language))]

    def _ways(self, at: Press, locale: str, *, everybody: bool = False) -> Row:
        """To all voices, where not all are shown, and back to where it was opened."""
        back = button(word("telegram_voice.button.back", locale), self.area, at.to(BACK))
        whole = button(word("telegram_voice.button.all", locale), self.area, at.to(ALL))
        return [back, whole] if everybody else [back]

    async def _card(self, incoming: Incoming, at: Press, choice: VoiceChoice, typed: str) -> Page:
        """One voice, to be heard and taken."""
        locale = incoming.locale
        listen = button(word("telegram_voice.button.listen", locale), self.area, at.to(LISTEN))
        take = button(word("telegram_voice.button.take", locale), self.area, at.to(TAKE))
        back = button(word("telegram_voice.button.back", locale), self.area, at.to(PICK, voice=""))
        taken = fold(choice.value) == await self._marked(incoming)
        text = word(f"telegram_voice.card.{'taken' if taken else 'text'}", locale)
        heard = not (await rules_for(self.station.speaker, incoming.lane)).locked
        return Page(_lines(choice.label, text, _line(typed)), keyboard([listen, take] if heard else [take], [back]))

    async def _tongues(self, incoming: Incoming, at: Press) -> Page:
        """The languages that somebody here has for their own."""
        locale, cast = incoming.locale, await cast_for(self.station.speaker, incoming)
        tags, number, pages = leaf(in_order(cast.languages, own_tongue(incoming), locale), at.number, TONGUES)
        here = at.to(FILTER, number=number)
        buttons = [button(language(tag, locale), self.area, at.to(PICK, number=0, language=tag)) for tag in tags]
        rows = [*in_rows(buttons, 3), pager(self.area, here, pages, COUNT), self._ways(here, locale, everybody=True)]
        return Page(word("telegram_voice.picker.language", locale), keyboard(*rows))

    # What is known

    async def _meant(self, incoming: Incoming, at: Press) -> VoiceChoice | None:
        """Whose button it is; None if they can no longer be had here, which the presser is told and shown."""
        cast = await cast_for(self.station.speaker, incoming)
        choice = cast.find(at.voice) if await self._open(incoming) else None
        if choice is None:
            await incoming.answer(word("telegram_voice.gone", incoming.locale))
            self._screens.show(incoming, await self._page(incoming, at.to(PICK, voice=""), _searched(incoming)))
        return choice

    async def _named(self, name: str, choices: Iterable[VoiceChoice]) -> VoiceChoice | None:
        """Who of them goes by this very name, or by this other name of theirs."""
        stage = self.station.speaker.stage
        available = await stage.available()
        who = stage.voices.find(name, available)
        return next((one for one in choices if stage.voices.find(one.value, available) == who), None)

    async def _marked(self, incoming: Incoming) -> str:
        found = None if self._current is None else await self._current(incoming)
        return "" if found is None else fold(found)

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


def _searched(incoming: Incoming) -> str:
    """The search that stands in the menu whose button was pressed: too long for the button, and so not lost."""
    lines = (incoming.message.text or "").splitlines()
    return next((line.removeprefix(LENS) for line in lines if line.startswith(LENS)), "")


def _line(typed: str) -> str:
    return f"{LENS}{typed}" if typed else ""


def _lines(*lines: str) -> str:
    return "\n".join(filter(None, lines))


def _counted(cast: Cast, tongue: str, locale: str) -> str:
    count = word("telegram_voice.picker.count", locale, count=len(cast.speaking(tongue)))
    return f"{count} · {language(tongue, locale)}" if tongue else count
