"""What somebody wrote or pressed, as the commands want it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import telegram
from telegram.error import TelegramError

from bot.adapters.telegram.identity import asker_of, channel_key, user_key
from bot.adapters.telegram.place import Place, place_of
from bot.adapters.words import closest

MOST = telegram.constants.CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH


@dataclass(slots=True)
class Incoming:
    """A message, or the press of a button below one.

    ``message`` is the one that was written, or the one with the button. ``asker`` is who wrote or pressed: a person,
    or the chat in whose name it was done. ``locale`` is the catalogue to answer from. ``answered``: the press is.
    """

    update: telegram.Update
    message: telegram.Message
    place: Place
    asker: int
    locale: str
    query: telegram.CallbackQuery | None = None
    answered: bool = False

    @property
    def chat(self) -> telegram.Chat:
        """Where it happened."""
        return self.message.chat

    @property
    def lane(self) -> str:
        """The lane of the chat."""
        return self.place.lane

    @property
    def user(self) -> str:
        """The key of who asks."""
        return user_key(self.asker)

    @property
    def channel(self) -> str | None:
        """The key of the topic."""
        return channel_key(self.place.thread)

    @property
    def edited(self) -> bool:
        """Whether it was written before and is now changed."""
        update = self.update
        return bool(update.edited_message or update.edited_channel_post or update.edited_business_message)

    @property
    def data(self) -> str:
        """What the button says of itself after its area; empty for a message."""
        return (self.query.data or "").split(":", 2)[-1] if self.query else ""

    async def answer(self, text: str = "", *, alert: bool = False) -> None:
        """Answer the press, once: a line that fades, or with ``alert`` a window. Nothing where nobody pressed.

        Never raises because of Telegram: what was pressed too long ago cannot be answered, and is done all the same.
        """
        if self.query is None or self.answered:
            return
        self.answered = True
        with suppress(TelegramError):
            await self.query.answer(text[:MOST] or None, show_alert=alert)


def incoming(update: telegram.Update) -> Incoming | None:
    """What an update brings; None if that is neither a message nor the press of a button that can still be seen."""
    query = update.callback_query
    message = query.message if query is not None else update.effective_message
    # The library has it as a Message also where Telegram tells no more of it than its id.
    if not isinstance(message, telegram.Message) or not message.is_accessible:
        return None
    person = query.from_user if query is not None else message.from_user
    asker = query.from_user.id if query is not None else asker_of(message)
    locale = closest((person.language_code if person else None) or "en")
    return Incoming(update, message, place_of(message), asker, locale, query)
