"""Whom nobody is to hear in a chat: who is meant, and who they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

import telegram
from telegram import MessageEntity

from bot.adapters.decisions import LONGEST, Wrong
from bot.adapters.telegram.commands.keyboard import Page, in_rows, leaf
from bot.adapters.telegram.commands.settings_keys import decide, page, part_of, turning
from bot.adapters.telegram.commands.settings_matter import Matter
from bot.adapters.telegram.commands.settings_pages import typed_as
from bot.adapters.telegram.content import answered
from bot.adapters.telegram.identity import PREFIX, asker_of, user_key

PEOPLE = 8
"""People on a page."""

_ID = re.compile(r"-?[0-9]{1,16}")
"""An id of Telegram's: at most 52 bits."""


@dataclass(frozen=True, slots=True)
class Whom:
    """A person, or a chat in whose name is written."""

    id: str

    @property
    def key(self) -> str:
        """As it is kept."""
        return user_key(int(self.id))


def whom(matter: Matter, typed: str, name: str) -> Whom | Wrong:
    """Who is meant: by an id, by a name that is a link to somebody, or by the message that is replied to."""
    found = _meant(matter.incoming.message, typed)
    command = typed_as(matter, name)
    if not found:
        return Wrong("no_person", {"typed": typed[:LONGEST], "command": command}) if typed else _nobody(command)
    return Wrong("myself", {"command": command}) if found == matter.station.bot.id else Whom(str(found))


def _nobody(command: str) -> Wrong:
    return Wrong("whom", {"command": command})


def _meant(message: telegram.Message, typed: str) -> int | None:
    if _ID.fullmatch(typed):
        return int(typed)
    if typed:
        return _linked(message)
    other = answered(message)
    return None if other is None else asker_of(other)


def _linked(message: telegram.Message) -> int | None:
    """Whom a name in the message is a link to: people without a username are mentioned so."""
    mentions = message.parse_entities([MessageEntity.TEXT_MENTION])
    return next((entity.user.id for entity in mentions if entity.user is not None), None)


async def people(matter: Matter, part: str = "") -> Page:
    """Who is blocked, with the way back."""
    blocked = sorted(key.removeprefix(PREFIX) for key in matter.held.blocked_users if key.startswith(PREFIX))
    shown, at, pages = leaf(blocked, part_of(part), PEOPLE)
    ways = [decide(matter, matter.say("choose.unblock", who=id), "unblock", id) for id in shown]
    count = matter.say("people.count", count=len(blocked)) if blocked else matter.say("people.none")
    about = matter.say("about.people", block=typed_as(matter, "block"))
    return page(matter, "people", [count, "", about], *in_rows(ways, 2), turning(matter, "people", at, pages))
