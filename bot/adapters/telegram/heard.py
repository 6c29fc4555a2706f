"""What was heard where, so that it can be heard again or be taken back."""

from __future__ import annotations

from bot.adapters.memory import Memory
from bot.adapters.telegram.identity import guild_key
from bot.adapters.telegram.parcel import Parcel, Receipt
from bot.adapters.telegram.place import Place

NOTES, PLACES = 10_000, 1_000


class Heard:
    """Remembers the last notes of one bot by their messages, by what they answer, by request and by place."""

    def __init__(self) -> None:
        self._messages: Memory[tuple[str, int], str] = Memory(NOTES)
        self._places: Memory[Place, str] = Memory(PLACES)
        self._requests: Memory[str, tuple[int, ...]] = Memory(NOTES)

    def add(self, parcel: Parcel, receipt: Receipt) -> None:
        """It has arrived, or some of it has; nothing if it was taken back before that was known."""
        place, key = parcel.target.place, parcel.said.key
        if parcel.request.id in self._requests:
            return
        self._requests.put(parcel.request.id, _notes(parcel, receipt))
        if not receipt.delivered or key is None:
            return
        self._places.put(place, key)
        for message in (parcel.target.reply_to, *_notes(parcel, receipt)):
            if message is not None:
                self._messages.put((place.lane, message), key)

    def message(self, chat: int, message: int, business: str | None = None) -> str | None:
        """The cache key of a note, or of what was last answered to a message."""
        return self._messages.get((guild_key(chat, business), message))

    def here(self, place: Place) -> str | None:
        """The cache key of what was heard last in a place."""
        return self._places.get(place)

    def take(self, place: Place, request: str) -> tuple[int, ...]:
        """Forget what was heard of a request; the messages that it was."""
        messages = self._requests.get(request) or ()
        self._requests.put(request, ())
        for message in messages:
            if self._messages.get((place.lane, message)) == self._places.get(place):
                self._places.drop(place)
            self._messages.drop((place.lane, message))
        return messages


def _notes(parcel: Parcel, receipt: Receipt) -> tuple[int, ...]:
    return tuple(dict.fromkeys((*parcel.notes, *receipt.messages)))
