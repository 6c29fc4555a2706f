"""Accounts: people's and bots' (``User`` in the Bot API)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.refusal import Json


@dataclass(slots=True, eq=False)
class Account:
    """Anybody who can write."""

    id: int
    first_name: str
    username: str | None = None
    last_name: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    is_premium: bool = False

    def payload(self) -> Json:
        """The User object; what is not set does not stand there."""
        body: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        for name in ("last_name", "username", "language_code"):
            if (value := getattr(self, name)) is not None:
                body[name] = value
        if self.is_premium:
            body["is_premium"] = True
        return body


@dataclass(slots=True, eq=False)
class BotAccount(Account):
    """The bot under test, with what BotFather has set for it."""

    can_join_groups: bool = True
    can_read_all_group_messages: bool = False
    """False is privacy mode."""
    supports_inline_queries: bool = True
    can_connect_to_business: bool = True
    inline_feedback: bool = True
    """Whether ``chosen_inline_result`` comes (BotFather's /setinlinefeedback)."""

    def itself(self) -> Json:
        """What getMe answers."""
        return {
            **self.payload(),
            "can_join_groups": self.can_join_groups,
            "can_read_all_group_messages": self.can_read_all_group_messages,
            "supports_inline_queries": self.supports_inline_queries,
            "can_connect_to_business": self.can_connect_to_business,
            "has_main_web_app": False,
            "has_topics_enabled": False,
        }


ANONYMOUS = Account(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
"""In whose name anonymous administrators write."""
CHANNEL_BOT = Account(136817688, "Channel", "Channel_Bot", is_bot=True)
"""In whose name channels write in groups."""
TELEGRAM = Account(777000, "Telegram")
"""In whose name a channel's posts come into its discussion group."""
