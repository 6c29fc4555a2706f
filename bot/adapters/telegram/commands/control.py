"""``/replay``, ``/cancel`` and ``/queue``, and the buttons below what people are told."""

from __future__ import annotations

from collections.abc import Sequence

from bot.adapters.telegram.content import answered, is_from
from bot.adapters.telegram.following import AGAIN, CANCEL
from bot.adapters.telegram.handling import Handlers, command, press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.slips import short
from bot.adapters.telegram.station import Station
from bot.adapters.telegram.wish import Wish
from bot.adapters.words import duration, word
from bot.speech import Reason, Refusal

SHOWN = 15
"""Entries of the queue that are listed."""

EVERYBODY = "all"
"""What stands behind /cancel for everybody's; typed so in all languages, like the command."""


def handlers(station: Station) -> Handlers:
    """What listens to it."""
    return [
        command(station, "replay", _replay),
        command(station, "cancel", _cancel),
        command(station, "queue", _queue),
        press(station, CANCEL, _cancel_pressed),
        press(station, AGAIN, _again_pressed),
    ]


async def _replay(station: Station, incoming: Incoming) -> None:
    """What is answered, if that is known; what was heard last, where nothing is."""
    asking, other = station.asking, answered(incoming.message)
    place = incoming.place
    key = None if other is None else asking.heard.message(place.chat, other.message_id, place.business)
    if key is None and other is not None and other.voice is not None and is_from(other, station.bot):
        await asking.refuse(incoming, Refusal(Reason.NOT_KEPT, "That is no longer kept; ask for its words anew."))
        return
    key = key or await asking.latest(incoming)
    if key is None:
        await _tell(station, incoming, "refused.nothing_yet")
    else:
        await asking.ask(incoming, Wish(replay=key))


async def _cancel(station: Station, incoming: Incoming) -> None:
    """One's own, or everybody's."""
    everybody = (incoming.message.text or "").split()[1:] == [EVERYBODY]
    if everybody and not await station.admins.may_decide(incoming.place, incoming.asker):
        await _tell(station, incoming, "cancel.everybody")
        return
    waiting = [parcel for parcel in _on_their_way(station, incoming) if everybody or _is_own(parcel, incoming)]
    name = "leaving" if any(parcel.leaving for parcel in waiting) else "done"
    for parcel in waiting:
        parcel.cancel()
    if waiting:
        station.tell(incoming, word(f"telegram_say.cancel.{name}", incoming.locale, count=len(waiting)))
    else:
        await _tell(station, incoming, "cancel.nothing_at_all" if everybody else "cancel.nothing")


async def _queue(station: Station, incoming: Incoming) -> None:
    """What waits in this chat. No word of it: that is for others to hear when it is said."""
    text = _listing(_on_their_way(station, incoming), incoming)
    await station.asking.tell(incoming, text, ("queue", incoming.asker))


async def _cancel_pressed(station: Station, incoming: Incoming) -> None:
    """Only who asked for it, or who decides in the chat, may take it back."""
    waiting = _on_their_way(station, incoming)
    parcel = next((parcel for parcel in waiting if short(parcel.request.id) == incoming.data), None)
    if parcel is None:
        await _answer(incoming, "over")
    elif _is_own(parcel, incoming) or await station.admins.may_decide(incoming.place, incoming.asker):
        name = "leaving" if parcel.leaving else "cancelled"
        parcel.cancel()
        await _answer(incoming, name)
    else:
        await _answer(incoming, "not_yours")


async def _again_pressed(station: Station, incoming: Incoming) -> None:
    """Whoever misses it may have it sent again."""
    again = station.asking.again
    wish = await again.find(incoming.data, incoming.lane)
    if wish is None:
        await _answer(incoming, "gone")
        return
    if isinstance(await station.asking.ask(incoming, wish), Parcel):
        await again.drop(incoming.data)
        place, message = incoming.place, incoming.message.message_id
        station.errands.start(station.messenger.delete(place, message), "answer_not_deleted", chat=place.chat)


def _on_their_way(station: Station, incoming: Incoming) -> Sequence[Parcel]:
    parcels = station.courier.parcels(incoming.lane)
    return [parcel for parcel in parcels if parcel.receipt is None and not parcel.withdrawn]


def _is_own(parcel: Parcel, incoming: Incoming) -> bool:
    return parcel.request.user == incoming.user


async def _tell(station: Station, incoming: Incoming, name: str) -> None:
    await station.asking.tell(incoming, word(f"telegram_say.{name}", incoming.locale), (name, incoming.asker))


async def _answer(incoming: Incoming, name: str) -> None:
    await incoming.answer(word(f"telegram_say.pressed.{name}", incoming.locale))


def _listing(parcels: Sequence[Parcel], incoming: Incoming) -> str:
    locale = incoming.locale
    if not parcels:
        return word("telegram_say.queue.empty", locale)
    lines = [_line(number, parcel, incoming) for number, parcel in enumerate(parcels[:SHOWN], 1)]
    more = len(parcels) - SHOWN
    rest = [word("telegram_say.queue.more", locale, count=more)] if more > 0 else []
    return "\n".join([word("telegram_say.queue.title", locale), *lines, *rest])


def _line(number: int, parcel: Parcel, incoming: Incoming) -> str:
    locale, wait = incoming.locale, parcel.wait
    whose = word(f"telegram_say.queue.{'yours' if _is_own(parcel, incoming) else 'anothers'}", locale)
    if wait is None or not wait.ahead:
        return word("telegram_say.queue.making", locale, number=number, whose=whose)
    time = duration(wait.seconds, locale)
    return word("telegram_say.queue.waiting", locale, number=number, whose=whose, time=time)
