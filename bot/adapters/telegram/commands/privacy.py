"""/privacy: what is kept about one, and one's wish to be left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence, Sized
from enum import StrEnum
from functools import partial
from typing import cast

import structlog
from telegram import InlineKeyboardButton
from telegram.constants import FileSizeLimit
from telegram.error import TelegramError

from bot.adapters.dossier import dossier
from bot.adapters.telegram.commands import whose
from bot.adapters.telegram.commands.keyboard import Page, Press, button, keyboard
from bot.adapters.telegram.commands.pressing import Acts, obey
from bot.adapters.telegram.commands.screens import Screens
from bot.adapters.telegram.handling import Handlers, command, press
from bot.adapters.telegram.identity import guild_key, is_group
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.note import ANSWER_SECONDS, BYTES_PER_SECOND, WRITE_SECONDS
from bot.adapters.telegram.post import Urgency
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.trouble import Lost
from bot.adapters.words import language, word

log = structlog.get_logger()

AREA = "privacy"
"""The area of its buttons."""

MOST = FileSizeLimit.FILESIZE_UPLOAD
"""Bytes that Telegram takes from a bot in one file."""


class Act(StrEnum):
    """What buttons do."""

    HOME = "h"
    KEPT = "k"
    EXPORT = "e"
    FORGET = "f"
    SURELY = "y"
    SILENT = "o"
    HEARD = "i"
    DONE = "d"


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    menu = PrivacyMenu(station)
    return [
        command(station, "privacy", lambda _, incoming: menu.open(incoming)),
        press(station, AREA, lambda _, incoming: menu.pressed(incoming)),
    ]


class PrivacyMenu:
    """For whom it is about, and for nobody else."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self._screens = Screens(station)
        self._acts: Acts = {
            Act.HOME: self._home,
            Act.KEPT: self._kept,
            Act.EXPORT: self._export,
            Act.FORGET: self._forget,
            Act.SURELY: self._surely,
            Act.SILENT: partial(self._wish, silent=True),
            Act.HEARD: partial(self._wish, silent=False),
            Act.DONE: self._done,
        }

    async def open(self, incoming: Incoming) -> None:
        """/privacy."""
        page = await self._page(incoming)
        self.station.tell(incoming, page.text, page.buttons)

    async def pressed(self, incoming: Incoming) -> None:
        """A button of the menu."""
        await obey(incoming, self._acts, partial(whose.barred, self.station))

    # What buttons do

    async def _home(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self._screens.show(incoming, await self._page(incoming))

    async def _kept(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        kept = await self.station.speaker.store.preferences.export(incoming.user, _homes(incoming))
        self._screens.show(incoming, Page(_summary(kept, incoming.locale), keyboard([_back(at, incoming.locale)])))

    async def _export(self, incoming: Incoming, at: Press) -> None:
        if not _alone(incoming):
            await incoming.answer(word("telegram_privacy.export.private", incoming.locale), alert=True)
            return
        await incoming.answer()
        self.station.errands.start(self._send(incoming), "export_not_sent", chat=incoming.chat.id)

    async def _forget(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        buttons = keyboard([_button("yes", at.to(Act.SURELY), incoming.locale)], [_back(at, incoming.locale)])
        self._screens.show(incoming, Page(word("telegram_privacy.forget.ask", incoming.locale), buttons))

    async def _surely(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        self.station.courier.recall(incoming.user)  # first, for it would be kept when it is done
        await self.station.speaker.forget(incoming.user, _homes(incoming))
        self.station.asking.forget(incoming.user)
        name = "opted_out" if await self._is_silent(incoming) else "done"
        self._screens.show(incoming, Page(word(f"telegram_privacy.forget.{name}", incoming.locale)))

    async def _wish(self, incoming: Incoming, at: Press, *, silent: bool) -> None:
        await self.station.speaker.store.preferences.set(incoming.user, opted_out=silent)
        if silent:
            self.station.courier.recall(incoming.user)
        await incoming.answer(word(f"telegram_privacy.{_name(silent)}.done", incoming.locale))
        self._screens.show(incoming, await self._page(incoming))

    async def _done(self, incoming: Incoming, at: Press) -> None:
        await incoming.answer()
        page = await self._page(incoming)
        self._screens.show(incoming, Page(page.text))

    # What is shown and sent

    async def _page(self, incoming: Incoming) -> Page:
        locale, at, silent = incoming.locale, Press(Act.HOME, incoming.asker), await self._is_silent(incoming)
        wish = _button(_name(not silent), at.to(Act.HEARD if silent else Act.SILENT), locale)
        buttons = keyboard(
            [_button("kept", at.to(Act.KEPT), locale), _button("export", at.to(Act.EXPORT), locale)],
            [wish],
            [_button("forget", at.to(Act.FORGET), locale), _button("done", at.to(Act.DONE), locale)],
        )
        now = word(f"telegram_privacy.{_name(silent)}.now", locale)
        return Page(f"{word('telegram_privacy.title', locale)}\n{now}", buttons)

    async def _is_silent(self, incoming: Incoming) -> bool:
        return (await self.station.speaker.store.preferences.get(incoming.user)).opted_out

    async def _send(self, incoming: Incoming) -> None:
        """All that is kept, as a file; or why that cannot be sent."""
        kept = await self.station.speaker.store.preferences.export(incoming.user, _homes(incoming))
        name, data = await asyncio.to_thread(dossier, kept)
        if len(data) > MOST:
            self.station.tell(incoming, word("telegram_privacy.export.too_large", incoming.locale))
            return
        try:
            await self._deliver(incoming, name, data)
        except TelegramError as error:
            log.info("export_not_sent", error=type(error).__name__, chat=incoming.chat.id)
            name = "unsure" if isinstance(error, Lost) else "failed"
            self.station.tell(incoming, word(f"telegram_privacy.export.{name}", incoming.locale))

    async def _deliver(self, incoming: Incoming, name: str, data: bytes) -> None:
        messenger, caption = self.station.messenger, word("telegram_privacy.export.done", incoming.locale)

        async def call() -> object:
            return await messenger.bot.send_document(
                document=data,
                filename=name,
                caption=caption,
                parse_mode=None,
                write_timeout=WRITE_SECONDS + len(data) / BYTES_PER_SECOND,
                read_timeout=ANSWER_SECONDS,
                **incoming.place.arguments(),
            )

        await messenger.post.send(incoming.chat.id, call, Urgency.ANSWER)


def _name(silent: bool) -> str:
    """How the wish is called in the catalogues."""
    return "silent" if silent else "heard"


def _homes(incoming: Incoming) -> Sequence[str]:
    """The private chat with the person; a chat in whose name somebody asks is not theirs alone."""
    return () if is_group(incoming.asker) else (guild_key(incoming.asker),)


def _alone(incoming: Incoming) -> bool:
    """Whether nobody reads along but whom it is about: a customer's chat is their business partner's too."""
    return incoming.chat.id == incoming.asker and not is_group(incoming.asker) and incoming.place.business is None


def _summary(kept: Mapping[str, object], locale: str) -> str:
    """What is kept, in words and numbers: a file with all of it may hold others' words, this may be seen by anybody."""
    counts = {name: len(cast(Sized, kept[name])) for name in ("voices", "clips", "journal", "settings_changed")}
    lines = [
        word("telegram_privacy.kept.title", locale),
        _wishes(cast(Mapping[str, object], kept["preference"]), locale),
    ]
    lines += [word(f"telegram_privacy.kept.{name}", locale, count=count) for name, count in counts.items() if count]
    return "\n".join(filter(None, [*lines, word("telegram_privacy.kept.rest", locale)]))


def _wishes(preference: Mapping[str, object], locale: str) -> str:
    """What the person chose, and their wish to be left alone."""
    shown = {
        "voice": preference["voice"],
        "engine": preference["engine"],
        "rate": preference["rate"] and f"{preference['rate']:g}×",
        "language": preference["language"] and language(str(preference["language"]), locale),
    }
    lines = [word(f"telegram_privacy.kept.{name}", locale, value=value) for name, value in shown.items() if value]
    lines += [word("telegram_privacy.kept.opted_out", locale)] if preference["opted_out"] else []
    return "\n".join(lines)


def _button(name: str, at: Press, locale: str) -> InlineKeyboardButton:
    return button(word(f"telegram_privacy.button.{name}", locale), AREA, at)


def _back(at: Press, locale: str) -> InlineKeyboardButton:
    return button(word("telegram_voice.button.back", locale), AREA, at.to(Act.HOME))
