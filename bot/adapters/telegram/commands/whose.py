"""Whose menu it is: a person's own, or a chat's in whose name it was opened."""

from __future__ import annotations

from bot.adapters.telegram.identity import is_group
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.place import Place
from bot.adapters.telegram.station import Station
from bot.adapters.words import word


async def barred(station: Station, incoming: Incoming, owner: int) -> str:
    """Why who presses may not press what was opened for ``owner``, in words; empty if they may.

    A menu that was opened in the name of a chat (a channel's, an anonymous administrator's) is for those who decide for
    that chat. Presses never come in its name, so from here on ``incoming`` is asked by ``owner``.
    """
    if incoming.asker != owner and not await _decides(station, incoming, owner):
        return word("telegram_voice.not_yours", incoming.locale)
    incoming.asker = owner
    return ""


async def _decides(station: Station, incoming: Incoming, owner: int) -> bool:
    if not is_group(owner):
        return False
    return await station.admins.may_decide(Place(owner), incoming.asker)
