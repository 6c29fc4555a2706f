"""/settings and /auto: what a chat's administrators decide, by a menu of buttons or as it is typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from difflib import get_close_matches
from functools import partial

import telegram

from bot.adapters.decisions import LONGEST, Wrong
from bot.adapters.telegram.commands import settings_pages as pages
from bot.adapters.telegram.commands import settings_views as views
from bot.adapters.telegram.commands.keyboard import Page
from bot.adapters.telegram.commands.picker import Picker
from bot.adapters.telegram.commands.screens import Screens
from bot.adapters.telegram.commands.settings_deeds import DEEDS, Desk, Done
from bot.adapters.telegram.commands.settings_history import history
from bot.adapters.telegram.commands.settings_keys import AREA, CLOSE, MAIN, Pressed, read
from bot.adapters.telegram.commands.settings_matter import WORDS, Matter
from bot.adapters.telegram.commands.settings_people import people
from bot.adapters.telegram.commands.settings_values import no
from bot.adapters.telegram.handling import Handlers, command, press
from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.station import Station
from bot.adapters.words import listed, word
from bot.casting import VoiceChoice

GLOBAL = "global"
"""What is typed before what is to hold in all chats."""

VOICE = "voice"

Show = Callable[[Matter, str], Awaitable[Page]]

_PAGES: Mapping[str, Show] = {
    MAIN: pages.main,
    "engine": pages.engine,
    "language": pages.language_,
    "auto": pages.auto,
    "replies": pages.replies,
    "limits": pages.limits,
    **{name: partial(pages.limit, name=name) for name in pages.LIMITS},
    "admins": pages.admins,
    "people": people,
    "history": history,
    "status": views.status,
    "reset": views.reset,
    "help": views.help,
}
"""By the word that is typed for it, and stands on its buttons. The voices' page has more to it."""

_ALSO = {
    "show": MAIN, "mode": "auto", "llm": "replies", "length": "max", "speed": "rate", "allowed": "engines",
    "blocked": "people", "per-minute": "minute", "per-person": "person", "per-chat": "chat", "audit": "history",
}  # fmt: skip
"""Other words for the same."""

_NAMES = sorted({*DEEDS, *_PAGES} - {MAIN})
"""What may be typed."""


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    menu = Menu(station)
    return [
        command(station, "settings", menu.settings),
        command(station, "auto", menu.auto),
        press(station, AREA, menu.pressed),
        *menu.voices.handlers(),
        *menu.voices_everywhere.handlers(),
    ]


class Menu:
    """Shows and decides, for whoever may; at each press that is found out anew."""

    def __init__(self, station: Station) -> None:
        self._station, self._desk, self._screens = station, Desk(), Screens(station)
        self.voices = self._picker("settings_voice", "telegram_voice.search.ask_chat", everywhere=False)
        self.voices_everywhere = self._picker("settings_voices", f"{WORDS}.search", everywhere=True)

    async def settings(self, _: Station, incoming: Incoming) -> None:
        """Somebody typed /settings, and perhaps what is to hold."""
        typed = _behind(incoming.message)
        first, _blank, rest = typed.partition(" ")
        everywhere = first.casefold() == GLOBAL
        await self._typed(incoming, rest if everywhere else typed, everywhere=everywhere)

    async def auto(self, _: Station, incoming: Incoming) -> None:
        """The short way to what is spoken without being asked for."""
        await self._typed(incoming, f"auto {_behind(incoming.message)}", everywhere=False)

    async def pressed(self, _: Station, incoming: Incoming) -> None:
        """Somebody pressed a button of the menu."""
        wanted = read(incoming.data)
        if refused := await self._barred(incoming, everywhere=wanted.everywhere):
            await incoming.answer(refused, alert=True)
        elif wanted.name == CLOSE:
            await incoming.answer()
            deleting = self._station.messenger.delete(incoming.place, incoming.message.message_id)
            self._station.errands.start(deleting, "settings_not_closed", chat=incoming.chat.id)
        elif wanted.name not in (DEEDS if wanted.decides else {*_PAGES, VOICE}):
            await incoming.answer(word(f"{WORDS}.refused.outdated", incoming.locale), alert=True)
        else:
            await self._turn(incoming, wanted)

    async def _turn(self, incoming: Incoming, wanted: Pressed) -> None:
        """Do what stands on a button, and show what holds then."""
        matter = await self._matter(incoming, everywhere=wanted.everywhere)
        if not wanted.decides:
            await incoming.answer()
            self._screens.show(incoming, await self._page(matter, wanted.name, wanted.part))
            return
        done = await self._desk.do(matter, wanted.name, wanted.part)
        if isinstance(done, Done):
            await incoming.answer(_told(done))
            self._screens.show(incoming, await self._page(done.matter, DEEDS[wanted.name].page))
        else:
            await incoming.answer(no(done, incoming.locale), alert=True)

    async def _typed(self, incoming: Incoming, typed: str, *, everywhere: bool) -> None:
        if incoming.place.business is not None:
            return  # whatever is answered there is said in the name of somebody else, to their customer
        if refused := await self._barred(incoming, everywhere=everywhere):
            self._station.tell(incoming, refused)
            return
        page = await self._read(await self._matter(incoming, everywhere=everywhere), typed)
        self._station.tell(incoming, page.text, page.buttons)

    async def _read(self, matter: Matter, typed: str) -> Page:
        """What comes of what was typed: a decision where it says one, else what it asks to see."""
        first, _, value = typed.strip().partition(" ")
        name = _ALSO.get(first.casefold(), first.casefold()) or MAIN
        if name not in _NAMES and name != MAIN:
            return Page(no(_unknown(first, matter), matter.locale))
        if not pages.has(matter, name):
            return Page(no(pages.hasnt(matter, name), matter.locale))
        if name not in DEEDS or not (value or DEEDS[name].bare):
            return await self._page(matter, name, value)
        done = await self._desk.do(matter, name, value)
        if not isinstance(done, Done):
            return Page(no(done, matter.locale))
        page = await self._page(done.matter, DEEDS[name].page)
        return Page(f"{_told(done)}\n\n{page.text}", page.buttons)

    async def _page(self, matter: Matter, name: str, part: str = "") -> Page:
        """A page, or that on which it is seen what may be decided by that name."""
        name = name if name in _PAGES else DEEDS[name].page
        if not pages.has(matter, name):
            return Page(no(pages.hasnt(matter, name), matter.locale))
        if name == VOICE:
            picker = self.voices_everywhere if matter.everywhere else self.voices
            return pages.voice(matter, picker.opening(matter.incoming.asker))
        return await _PAGES[name](matter, part)

    async def _matter(self, incoming: Incoming, *, everywhere: bool) -> Matter:
        return await Matter.of(self._station, incoming, everywhere=everywhere)

    async def _barred(self, incoming: Incoming, *, everywhere: bool) -> str:
        """Why somebody may not decide it, and whom to ask; empty if they may."""
        if everywhere:
            owns = self._station.owns(incoming.asker)
            return "" if owns else word(f"{WORDS}.refused.owner", incoming.locale)
        if await self._station.admins.may_decide(incoming.place, incoming.asker):
            return ""
        who = "denied" if is_group(incoming.chat.id) else "private"
        return word(f"{WORDS}.refused.{who}", incoming.locale)

    def _picker(self, area: str, ask: str, *, everywhere: bool) -> Picker:
        """The voices to choose from for the chat, or for all chats."""

        async def chosen(incoming: Incoming, choice: VoiceChoice) -> str:
            matter = await self._matter(incoming, everywhere=everywhere)
            done = await self._desk.do(matter, VOICE, choice.value)
            return _told(done) if isinstance(done, Done) else no(done, incoming.locale)

        async def home(incoming: Incoming) -> Page:
            return await self._page(await self._matter(incoming, everywhere=everywhere), VOICE)

        async def barred(incoming: Incoming, owner: int) -> str:
            return await self._barred(incoming, everywhere=everywhere)

        async def current(incoming: Incoming) -> str | None:
            matter = await self._matter(incoming, everywhere=everywhere)
            return matter.held.voice or matter.defaults.voice

        return Picker(self._station, area, chosen, home, barred=barred, current=current, ask=ask, own=False)


def _behind(message: telegram.Message) -> str:
    """What stands behind the command."""
    return " ".join((message.text or "").split()[1:])


def _told(done: Done) -> str:
    """What somebody is told when it is kept."""
    kept = done.matter.say("changed" if done.new else "unchanged")
    return f"{kept} {done.note}" if done.note else kept


def _unknown(typed: str, matter: Matter) -> Wrong:
    """A word that means nothing here, the nearest that does, and where all of them are."""
    known = [name for name in _NAMES if pages.has(matter, name)]
    near = get_close_matches(typed.casefold(), [*known, *_ALSO], n=1)
    values = {"typed": typed[:LONGEST], "known": listed(known, matter.locale)}
    return Wrong("unknown_near", {**values, "nearest": near[0]}) if near else Wrong("unknown", values)
