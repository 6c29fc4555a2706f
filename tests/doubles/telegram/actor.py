"""What all that people do has in common."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.chats import Chat
from tests.doubles.telegram.stage import Stage


@dataclass(slots=True, eq=False, kw_only=True)
class Actor(Account):
    """Somebody who acts on a stage."""

    stage: Stage

    @property
    def private(self) -> Chat:
        """The private chat with the bot under test."""
        return self.stage.world.chats[self.id]
