"""Who may decide for a chat: its own administrators, as Telegram knows them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

import structlog
import telegram
from telegram.constants import ChatID, ChatMemberStatus
from telegram.error import TelegramError

from bot.adapters.memory import Memory
from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.place import Place

log = structlog.get_logger()

KEPT_SECONDS = 300.0
"""For how long an answer of Telegram's is relied on."""

DENIED_SECONDS = 60.0
"""For how long it is relied on that somebody is none: a bot that is a plain member is not told who becomes one."""

DOUBTED_SECONDS = 5.0
"""For how long nobody decides, and Telegram is not asked again, after it did not answer."""

CHATS = 10_000
"""How many chats' administrators are remembered."""

MEMBERS = 1_000
"""How many people of a chat are remembered one by one."""

_DECIDE = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


@dataclass(slots=True)
class _Chat:
    """What is known of a chat: its administrators (None: Telegram would not list them), and people one by one.

    The list is ``since`` a moment and not asked for again ``until`` another; each person is relied on until theirs.
    """

    people: frozenset[int] | None = None
    since: float = 0.0
    until: float = 0.0
    members: Memory[int, tuple[bool, float]] = field(default_factory=lambda: Memory(MEMBERS))


class Admins:
    """Asks Telegram and remembers; what fails to be found out counts as no. ``owners`` may decide everywhere.

    The creator of a chat and each of its administrators may, whatever else they may or may not do there; bots may not.
    """

    def __init__(
        self, bot: telegram.Bot, owners: frozenset[int], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bot, self._owners, self._clock = bot, owners, clock
        self._chats: Memory[int, _Chat] = Memory(CHATS)
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def may_decide(self, place: Place, asker: int) -> bool:
        """Whether somebody may change what holds in a chat. In a private chat that is whose chat it is.

        In a chat of a business that is the business, and never the customer, whose id the chat has.

        ``asker`` as :func:`identity.asker_of` gives it: a group's anonymous administrators write in its own name, and
        who writes in a channel's name is one of its administrators.
        """
        if asker in self._owners:
            return True
        if place.business is not None:
            return 0 < asker != place.chat
        if asker == place.chat:
            return True
        if not is_group(place.chat) or asker <= 0:
            return False
        return asker == ChatID.ANONYMOUS_ADMIN or await self._administers(place.chat, asker)

    def forget(self, chat: int) -> None:
        """Somebody's standing in the chat has changed: ask again."""
        self._chats.drop(chat)

    async def _administers(self, chat: int, person: int) -> bool:
        # Who comes while Telegram is being asked waits for that answer; if its asker goes away, the next one asks.
        async with self._locks.setdefault(chat, asyncio.Lock()):
            while (answer := self._remembered(chat, person)) is None:
                await self._ask(chat, person)
            return answer

    def _remembered(self, chat: int, person: int) -> bool | None:
        """What is known of somebody; None if Telegram has to be asked."""
        known, now = self._chats.get(chat), self._clock()
        if known is None:
            return None
        if known.people is not None and now < known.until:
            decides = person in known.people
            return decides if decides or now < known.since + DENIED_SECONDS else None
        answer, until = known.members.get(person) or (False, 0.0)
        return answer if now < until else None

    async def _ask(self, chat: int, person: int) -> None:
        """Find it out and remember it, unless it is forgotten meanwhile: then it may no longer be so."""
        known = self._chats.get(chat) or _Chat()
        self._chats.put(chat, known)
        if known.people is not None or self._clock() >= known.until:
            known.people = await self._listed(chat)
            known.since = self._clock()
            known.until = known.since + (DOUBTED_SECONDS if known.people is None else KEPT_SECONDS)
        if known.people is None:
            known.members.put(person, await self._found(chat, person))

    async def _listed(self, chat: int) -> frozenset[int] | None:
        """A chat's administrators; None where Telegram does not tell (a channel's it tells only to one of them)."""
        try:
            members = await self._bot.get_chat_administrators(chat)
        except TelegramError as error:
            log.info("administrators_not_listed", error=type(error).__name__, chat=chat)
            return None
        return frozenset(member.user.id for member in members if _decides(member))

    async def _found(self, chat: int, person: int) -> tuple[bool, float]:
        """Whether one person is an administrator, and until when that is relied on."""
        try:
            member = await self._bot.get_chat_member(chat, person)
        except TelegramError as error:
            log.info("member_not_found", error=type(error).__name__, chat=chat)
            return False, self._clock() + DOUBTED_SECONDS
        decides = _decides(member)
        return decides, self._clock() + (KEPT_SECONDS if decides else DENIED_SECONDS)


def _decides(member: telegram.ChatMember) -> bool:
    return member.status in _DECIDE and not member.user.is_bot
