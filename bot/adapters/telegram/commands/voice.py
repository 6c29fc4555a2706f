"""/voice: who speaks for one, how fast and in which language, by an inline keyboard."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import partial

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.adapters.samples import sample, sentence
from bot.adapters.telegram.asking import Wish
from bot.adapters.telegram.commands import whose
from bot.adapters.telegram.commands.casting import cast_for, in_order, own_tongue, rules_for, tongue_for
from bot.adapters.telegram.commands.explaining import in_force, unheard
from bot.adapters.telegram.commands.keyboard import Page, Press, button, in_rows, keyboard, leaf, pager
from bot.adapters.telegram.commands.picker import Picker
from bot.adapters.telegram.commands.pressing import Acts, count_languages, obey
from bot.adapters.telegram.commands.screens import Screens
from bot.adapters.telegram.content import after_command
from bot.adapters.telegram.handling import Handlers, command, press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.tongues import languages
from bot.adapters.trial import unobtainable
from bot.adapters.words import language, listed, refusal, word
from bot.casting import VoiceChoice
from bot.script import Script
from bot.speech import Refusal, Request
from bot.wishes import FASTEST, SLOWEST, USER

AREA, VOICES = "voice", "voices"
"""The areas of the menu's own buttons, and of those that choose a voice."""

RATES = (50, 75, 100, 125, 150, 175, 200)
"""Hundredths of how fast a voice speaks by itself."""

TONGUES = 24
"""Languages on a page."""


class Act(StrEnum):
    """What buttons do; ``SPEAK`` without a language and ``PACE`` with 0 leave it to others."""

    HOME = "h"
    TONGUE = "g"
    SPEAK = "c"
    COUNT = "n"
    RATE = "r"
    PACE = "f"
    LISTEN = "p"
    RESET = "x"
    DONE = "d"


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    menu = VoiceMenu(station)
    return [
        command(station, "voice", lambda _, incoming: menu.open(incoming)),
        press(station, AREA, lambda _, incoming: menu.pressed(incoming)),
        *menu.picker.handlers(),
    ]


class VoiceMenu:
    """One's own choices: a person's, or a chat's in whose name somebody writes."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self._screens = Screens(station)
        self.picker = Picker(station, VOICES, self._took, self.home, current=self._current)
        self._acts: Acts = {
            Act.HOME: self._home,
            Act.TONGUE: self._tongues,
            Act.SPEAK: self._speak,
            Act.COUNT: self._count,
            Act.RATE: self._rates,
            Act.PACE: self._pace,
            Act.LISTEN: self._listen,
            Act.RESET: self._reset,
            Act.DONE: self._done,
        }

    async def open(self, incoming: Incoming) -> None:
        """/voice, or with words behind it a search."""
        typed = after_command(incoming.message).text
        page = await (self.picker.search(incoming, typed) if typed else self.home(incoming))
        self.station.tell(incoming, page.text, page.buttons)

    async def pressed(self, incoming: Incoming) -> None:
        """A button of the menu."""
        await obey(incoming, self._acts, partial(whose.barred, self.station))

    async def home(self, incoming: Incoming) -> Page:
        """Who speaks for one here, how fast, in which language, and who decided that."""
        locale, found = incoming.locale, await self.station.speaker.explain(_request(incoming))
        lines = [word("telegram_voice.home.title", locale)]
        if isinstance(found, Refusal):
            lines.append(unheard(found, locale))
        else:
            lines += [*in_force(found.script.wishes, locale), await self._uncounted(incoming, found.script)]
        return Page("\n".join(filter(None, lines)), await self._ways(incoming))

    async def _ways(self, incoming: Incoming) -> InlineKeyboardMarkup:
        at, locale = Press(Act.HOME, incoming.asker), incoming.locale
        opening, label = self.picker.opening(incoming.asker), word("telegram_voice.button.voice", locale)
        locked = (await rules_for(self.station.speaker, incoming.lane)).locked
        voice = [] if locked else [InlineKeyboardButton(label, callback_data=opening)]
        how = [_button("language", at.to(Act.TONGUE), locale), _button("rate", at.to(Act.RATE), locale)]
        acts = (("listen", Act.LISTEN), ("reset", Act.RESET), ("done", Act.DONE))
        return keyboard([*voice, *how], [_button(name, at.to(act), locale) for name, act in acts])

    async def _uncounted(self, incoming: Incoming, script: Script) -> str:
        """Which choices of one's own do not count here, and why; nothing if all do."""
        locale, wishes = incoming.locale, script.wishes
        if script.rules.locked:
            return word("telegram_voice.home.locked", locale)
        mine = await self.station.speaker.store.preferences.get(incoming.user)
        pairs = ((mine.voice, wishes.voice), (mine.engine, wishes.engine))
        idle = [own for own, choice in pairs if own and choice.layer > USER]
        return word("telegram_voice.home.barred", locale, choices=listed(idle, locale)) if idle else ""

    # The voice

    async def _took(self, incoming: Incoming, choice: VoiceChoice) -> str:
        return await self._keep(incoming, voice=choice.value)

    async def _current(self, incoming: Incoming) -> str | None:
        return (await self.station.speaker.store.preferences.get(incoming.user)).voice

    # What buttons do

    async def _home(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self.home(incoming))

    async def _tongues(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        locale, known = incoming.locale, await self._languages(incoming)
        mine = (await self.station.speaker.store.preferences.get(incoming.user)).language
        tags, number, pages = leaf(known, at.number, TONGUES)
        here = at.to(Act.TONGUE, number=number)
        buttons = [
            button(_marked(language(tag, locale), tag == mine), AREA, here.to(Act.SPEAK, number=0, language=tag))
            for tag in tags
        ]
        rows = [*in_rows(buttons, 3), pager(AREA, here, pages, Act.COUNT)]
        ways = [_button("back", here.to(Act.HOME, number=0), locale), _button("as_written", here.to(Act.SPEAK), locale)]
        self._screens.show(incoming, Page(word("telegram_voice.language.title", locale), keyboard(*rows, ways)))

    async def _count(self, incoming: Incoming, at: Press) -> None:
        await count_languages(incoming, await self._languages(incoming))

    async def _speak(self, incoming: Incoming, at: Press) -> None:
        if at.language and at.language not in await self._languages(incoming):
            await incoming.answer(word("telegram_voice.language.gone", incoming.locale))
            return
        await incoming.answer(await self._keep(incoming, language=at.language or None))
        self._screens.show(incoming, await self.home(incoming))

    async def _rates(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        locale, mine = incoming.locale, (await self.station.speaker.store.preferences.get(incoming.user)).rate
        buttons = [
            button(_marked(f"{rate / 100:g}×", mine == rate / 100), AREA, at.to(Act.PACE, number=rate))
            for rate in RATES
        ]
        ways = [_button("back", at.to(Act.HOME), locale), _button("as_decided", at.to(Act.PACE, number=0), locale)]
        self._screens.show(
            incoming, Page(word("telegram_voice.rate.title", locale), keyboard(*in_rows(buttons, 4), ways))
        )

    async def _pace(self, incoming: Incoming, at: Press) -> None:
        rate = at.number / 100 or None
        if rate is not None and not SLOWEST <= rate <= FASTEST:
            await incoming.answer(word("telegram_voice.outdated", incoming.locale))
            return
        await incoming.answer(await self._keep(incoming, rate=rate))
        self._screens.show(incoming, await self.home(incoming))

    async def _listen(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        text = await self._sample(incoming)
        # Every press is a request of its own, and the same one when Telegram delivers it again.
        await self.station.asking.ask(incoming, Wish(text))

    async def _reset(self, incoming: Incoming, at: Press) -> None:
        # To have one's choices forgotten is not to be heard again: that is asked for by its own name.
        preferences = self.station.speaker.store.preferences
        await preferences.set(incoming.user, voice=None, engine=None, rate=None, language=None)
        await incoming.answer(word("telegram_voice.reset", incoming.locale))
        self._screens.show(incoming, await self.home(incoming))

    async def _done(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        page = await self.home(incoming)
        self._screens.show(incoming, Page(page.text))

    # What is known

    async def _keep(self, incoming: Incoming, **changes: str | float | None) -> str:
        """Keep a choice if it can be had; what the person is told of it."""
        speaker, locale = self.station.speaker, incoming.locale
        wished = {name: value for name, value in changes.items() if value is not None}
        if wished and (no := await unobtainable(speaker, incoming.user, wished)):
            return refusal(no, locale)
        await speaker.store.preferences.set(incoming.user, **changes)
        return word("telegram_voice.kept", locale)

    async def _languages(self, incoming: Incoming) -> Sequence[str]:
        """The languages that somebody speaks here; all that an engine does, where a voice is bound to none."""
        cast = await cast_for(self.station.speaker, incoming)
        bound = all(cast.tongues.values())
        known = cast.languages if bound else cast.languages | languages(self.station.speaker)
        return in_order(known, own_tongue(incoming), incoming.locale)

    async def _sample(self, incoming: Incoming) -> str:
        """What is heard of whoever speaks for one here."""
        speaker, tongue = self.station.speaker, await tongue_for(self.station.speaker, incoming)
        found = await speaker.explain(_request(incoming))
        if isinstance(found, Refusal):
            return sentence(tongue)
        return sample(found.script.who, tongue)


def _request(incoming: Incoming) -> Request:
    return Request(incoming.lane, incoming.user, sentence(), channel=incoming.channel)


def _button(name: str, at: Press, locale: str) -> InlineKeyboardButton:
    return button(word(f"telegram_voice.button.{name}", locale), AREA, at)


def _marked(label: str, chosen: bool) -> str:
    return f"✓ {label}" if chosen else label
