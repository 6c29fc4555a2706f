"""What may be sent again, because nobody knows whether it arrived."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.memory import Memory
from bot.adapters.telegram.parcel import Parcel
from bot.adapters.telegram.slips import Slips, short
from bot.adapters.telegram.wish import Wish

_KIND = "again"
_MOST = 1_000


class Again:
    """Finds a wish by the short name that fits into a button.

    What is in the cache outlives the process; what was never whole is known by its words, and those are not written
    down.
    """

    def __init__(self, slips: Slips) -> None:
        self._slips = slips
        self._wishes: Memory[str, _Named] = Memory(_MOST)

    async def put(self, parcel: Parcel) -> str | None:
        """The name by which it can be asked for again; None where it cannot."""
        wish, name = _wish(parcel), short(parcel.request.id)
        if wish is None:
            return None
        lane = parcel.target.place.lane
        self._wishes.put(name, _Named(name, wish, parcel.request.user, lane))
        if wish.replay is not None:
            await self._slips.put(_KIND, name, {"replay": wish.replay, "reply_to": wish.reply_to, "lane": short(lane)})
        return name

    async def find(self, name: str, lane: str) -> Wish | None:
        """The wish; None if it was fulfilled, nobody knows it any more, or it is another chat's.

        A name can be guessed, and data be forged: what was meant for one chat is heard in no other.
        """
        held = self._wishes.get(name)
        if held is not None:
            return held.wish if held.lane == lane else None
        return _read(await self._slips.get(_KIND, name), lane)

    async def drop(self, name: str) -> None:
        """It is fulfilled: what was pressed is not pressed again."""
        self._wishes.drop(name)
        await self._slips.drop(_KIND, name)

    def forget(self, user: str) -> None:
        """Keep no words that a person asked for, or wrote."""
        for held in self._wishes:
            if user in (held.user, held.wish.author):
                self._wishes.drop(held.name)


@dataclass(frozen=True, slots=True)
class _Named:
    """A wish, its name, whose it is, and in which chat."""

    name: str
    wish: Wish
    user: str
    lane: str


def _wish(parcel: Parcel) -> Wish | None:
    request, answers = parcel.request, parcel.target.reply_to
    if (key := parcel.said.key) is not None:
        return Wish(replay=key, reply_to=answers)
    if not isinstance(request.text, str):
        return None
    author = request.author or request.user
    return Wish(
        request.text,
        request.names,
        request.voice,
        request.rate,
        request.language,
        reply_to=answers,
        author=author,
    )


def _read(slip: object, lane: str) -> Wish | None:
    match slip:
        case {"replay": str(key), "reply_to": int() | None as answers, "lane": str(here)} if here == short(lane):
            return Wish(replay=key, reply_to=answers)
        case _:
            return None
