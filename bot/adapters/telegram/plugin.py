"""Sayso in anybody's Application: put in with :func:`install`, and taken out without a trace.

Its handlers stand in a group of their own, so that they shadow nobody's and nobody's shadow them. The application's
``post_init`` and the like, its persistence and its error handlers are left alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from itertools import chain
from typing import Any

import structlog
import telegram
from telegram.ext import Application, BaseHandler, CommandHandler, ConversationHandler

from bot.adapters.telegram import events, inline, reading
from bot.adapters.telegram.admins import Admins
from bot.adapters.telegram.answers import Answers
from bot.adapters.telegram.asking import Asking
from bot.adapters.telegram.commands import control, help, privacy, say, settings, voice
from bot.adapters.telegram.courier import Courier
from bot.adapters.telegram.handling import Handlers, orphans
from bot.adapters.telegram.messenger import Messenger
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.post import Post
from bot.adapters.telegram.presence import Presence
from bot.adapters.telegram.station import Station
from bot.config import TelegramSettings, ids
from bot.errors import ConfigError
from bot.speaker import Speaker
from bot.speech import Refusal

log = structlog.get_logger()

GROUP = 5150
"""The group of Sayso's handlers where no other is named."""

DRAIN = 3.0
"""Seconds in which what Telegram has handed over, and will not hand over again, is still taken on."""

Host = Application[Any, Any, Any, Any, Any, Any]

_MODULES: tuple[Callable[[Station], Handlers], ...] = (
    events.handlers,
    say.handlers,
    voice.handlers,
    control.handlers,
    settings.handlers,
    privacy.handlers,
    help.handlers,
    inline.handlers,
    reading.handlers,
    orphans,
)
"""In this order: within a group only the first that fits runs."""


async def install(
    application: Host,
    speaker: Speaker,
    *,
    group: int = GROUP,
    settings: TelegramSettings | None = None,
    reads: bool = True,
) -> Station:
    """Give an application Sayso's commands, in a group of their own, and deliver what an earlier process left.

    May be called before or after the application is initialised or started; best after its own handlers were added, for
    a command that it has itself stays its own. ``reads``: whether people's own messages may be spoken (as the chat's
    administrators decide); pass False where an LLM answers them and :func:`speak_reply` speaks its answers.

    Raises ConfigError if Sayso is there already or the group is taken, TelegramError if Telegram cannot be reached; it
    then leaves nothing behind.
    """
    here = id(application.bot)
    if here in _installed:
        raise ConfigError("Sayso is installed in this Telegram application already; uninstall it first")
    if application.handlers.get(group):
        raise ConfigError(f"group {group} has handlers of the application's own; pass install(..., group=ANOTHER)")
    _installed[here] = None
    try:
        await application.bot.initialize()
        station = assemble(application.bot, speaker, settings or TelegramSettings(), reads=reads)
        plugin = _installed[here] = Plugin(application, station, group)
        plugin.open()
    except BaseException:
        await uninstall(application)
        _installed.pop(here, None)
        raise
    return station


async def uninstall(application: Host) -> None:
    """Take Sayso out of an application; what it has accepted and not delivered stays in the journal."""
    if (plugin := _installed.get(id(application.bot))) is not None:
        del _installed[id(application.bot)]
        await plugin.close()


async def speak_reply(
    message: telegram.Message,
    text: str | AsyncIterable[str],
    *,
    voice: str | None = None,
    shown: bool = False,
) -> Parcel | Refusal | None:
    """Give an LLM's answer to ``message`` as voice, text or both, as the chat's administrators decided.

    ``text`` may be a stream that is still being written; it is spoken as it comes. ``shown``: the host shows the text
    itself, so only the voice is Sayso's. Returns once it is on its way: what is spoken; None where the answer is text
    only; a Refusal where it could not be spoken, and was sent as text instead, so that no answer is lost.

    Raises ConfigError if Sayso is not installed in the application that the message came to.
    """
    plugin = _installed.get(id(message.get_bot()))
    if plugin is None:
        raise ConfigError("Sayso is not installed in the application that this message came to; see install()")
    return await plugin.station.answers.speak_reply(message, text, voice=voice, shown=shown)


class Plugin:
    """What was put into an application, and how it is taken out again."""

    def __init__(self, application: Host, station: Station, group: int) -> None:
        # The bot is kept alive with it, so that its id() is nobody else's.
        self.application = application
        self.station = station
        self._group = group
        self._handlers: list[BaseHandler[Any, Any, Any]] = []

    def open(self) -> None:
        """Add everything, and take up what was left over."""
        theirs = _commands(handler for group in self.application.handlers.values() for handler in group)
        ours = (handler for make in _MODULES for handler in make(self.station))
        handlers = [handler for handler in ours if _left(handler, theirs)]
        self.application.add_handlers(handlers, self._group)
        self._handlers = handlers
        self.station.errands.start(self.station.courier.resume(), "resuming_crashed")

    async def close(self) -> None:
        """Nothing new comes in, then what is under way is put down."""
        for handler in self._handlers:
            self.application.remove_handler(handler, self._group)
        await close(self.station)


def _left(handler: BaseHandler[Any, Any, Any], theirs: frozenset[str]) -> bool:
    """Whether anything is left of one of our handlers without the commands that the host has itself."""
    if not isinstance(handler, CommandHandler):
        return True
    for name in sorted(handler.commands & theirs):
        log.warning("telegram_command_taken", command=name)
    handler.commands = handler.commands - theirs
    return bool(handler.commands)


def _commands(handlers: Iterable[BaseHandler[Any, Any, Any]]) -> frozenset[str]:
    """The commands that these listen to, in conversations as well."""
    found: set[str] = set()
    for handler in handlers:
        if isinstance(handler, CommandHandler):
            found |= handler.commands
        elif isinstance(handler, ConversationHandler):
            states = chain.from_iterable(handler.states.values())
            found |= _commands(chain(handler.entry_points, states, handler.fallbacks))
    return frozenset(found)


_installed: dict[int, Plugin | None] = {}
"""By the identity of the bot: it is what a message knows, and a Bot is only equal to itself once it is initialised.

None while it is being installed.
"""


def assemble(bot: telegram.Bot, speaker: Speaker, settings: TelegramSettings, *, reads: bool = True) -> Station:
    """All that is alive for one bot, which has been initialised."""
    owners = ids(settings.owners, "telegram.owners")
    messenger, presence = Messenger(bot, Post()), Presence(bot)
    courier = Courier(messenger, presence, speaker, settings)
    station = Station(
        bot, speaker, settings, messenger, presence, courier, Admins(bot, owners), owners=owners, reads=reads
    )
    station.asking, station.answers = Asking(station), Answers(station)
    courier.resumed = station.asking.resumed
    return station


async def close(station: Station) -> None:
    """Nothing is begun any more, then what is under way is put down."""
    await station.intake.drain(DRAIN)
    await station.intake.close()
    await station.answers.close()
    await station.courier.close()
    await station.asking.close()
    await station.errands.close()
    await station.presence.close()
    await station.messenger.post.close()
