"""The loopback Telegram: one port on 127.0.0.1, and everything behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar

from tests.doubles.telegram.accounts import Account, BotAccount
from tests.doubles.telegram.answering import Answering
from tests.doubles.telegram.asking import Asking
from tests.doubles.telegram.call import Call
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.crowd import Person
from tests.doubles.telegram.editing import Editing
from tests.doubles.telegram.faults import Faults
from tests.doubles.telegram.limits import Limits
from tests.doubles.telegram.methods import methods
from tests.doubles.telegram.naming import Naming
from tests.doubles.telegram.notes import Note, notes_of
from tests.doubles.telegram.sending import Sending
from tests.doubles.telegram.server import Server
from tests.doubles.telegram.stage import Stage
from tests.doubles.telegram.updates import Updates
from tests.doubles.telegram.world import FAR, World

T = TypeVar("T")
BOT = 123456


class FakeTelegram:
    """See the package: what may be set, done and asked."""

    token = f"{BOT}:{'A' * 35}"

    def __init__(self, clock: Clock | None = None, port: int = 0) -> None:
        self.clock = clock or Clock()
        self.bot = BotAccount(BOT, "Sayso", "sayso_bot", is_bot=True)
        self.world = World(self.bot, self.clock)
        self.updates = Updates(self.clock)
        self.naming = Naming()
        self.faults = Faults()
        self.limits = Limits(self.clock)
        answering = Answering(self.world)
        table = methods(
            Asking(self.world), Sending(self.world), Editing(self.world), answering, self.naming, self.updates
        )
        self._server = Server(self.token, table, self.world.files, self.faults, self.limits, port=port)
        self._stage = Stage(self.world, self.updates, answering, self._server)
        self.world.accounts[BOT] = self.bot

    # -- lifecycle

    async def __aenter__(self) -> Self:
        await self._server.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self.updates.close()
        await self._server.close()

    @property
    def server(self) -> str:
        """What a configuration's ``base_url`` holds."""
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def base_url(self) -> str:
        """For ``ApplicationBuilder.base_url``."""
        return f"{self.server}/bot"

    @property
    def base_file_url(self) -> str:
        """For ``ApplicationBuilder.base_file_url``."""
        return f"{self.server}/file/bot"

    # -- who and where

    def person(
        self,
        name: str = "Ann",
        *,
        locale: str | None = "en",
        username: str | None = None,
        started: bool = True,
        premium: bool = False,
    ) -> Person:
        """Somebody new; ``started=False`` has never written to the bot, which may then not write either."""
        person = Person(
            next(self.world.numbers),
            name,
            username=username,
            language_code=locale,
            is_premium=premium,
            stage=self._stage,
        )
        self.world.accounts[person.id] = person
        self.world.add_chat(Chat(person.id, ChatKind.PRIVATE, self.clock, person=person, opened=started))
        return person

    def robot(self, name: str, username: str) -> Person:
        """Another bot, which may be in the same groups."""
        other = Person(next(self.world.numbers), name, username=username, is_bot=True, stage=self._stage)
        self.world.accounts[other.id] = other
        return other

    def group(
        self,
        title: str = "Team",
        *,
        members: Iterable[Account] = (),
        admins: Iterable[Account] = (),
        anonymous: Iterable[Account] = (),
        bot: Status | None = Status.MEMBER,
        forum: bool = False,
        basic: bool = False,
        username: str | None = None,
    ) -> Chat:
        """A supergroup, or a ``basic`` group; ``bot`` is what the bot is there, ``anonymous`` are hidden admins."""
        kind = ChatKind.GROUP if basic else ChatKind.SUPERGROUP
        number = -next(self.world.groups) if basic else FAR - next(self.world.channels)
        chat = Chat(number, kind, self.clock, title, username, forum=forum)
        people = [Membership(one) for one in members]
        people += [Membership(one, Status.ADMINISTRATOR) for one in admins]
        people += [Membership(one, Status.ADMINISTRATOR, anonymous=True) for one in anonymous]
        people += [] if bot is None else [Membership(self.bot, bot)]
        return self.world.add_chat(chat, *people)

    def channel(
        self,
        title: str = "News",
        *,
        admins: Iterable[Account] = (),
        bot: Status | None = Status.ADMINISTRATOR,
        username: str | None = None,
    ) -> Chat:
        """A channel."""
        chat = Chat(FAR - next(self.world.channels), ChatKind.CHANNEL, self.clock, title, username)
        people = [Membership(one, Status.ADMINISTRATOR) for one in admins]
        return self.world.add_chat(chat, *people, *([] if bot is None else [Membership(self.bot, bot)]))

    async def migrate(self, group: Chat) -> Chat:
        """A basic group becomes a supergroup, which has another id; the old one refuses with the new one's."""
        new = Chat(FAR - next(self.world.channels), ChatKind.SUPERGROUP, self.clock, group.title)
        self.world.add_chat(new, *(replace(member) for member in group.members.values()))
        by = next(member.account for member in group.members.values() if not member.account.is_bot)
        self._stage.tell(self.world.post(group, by, {"migrate_to_chat_id": new.id}))
        group.migrated_to = new.id
        self._stage.tell(self.world.post(new, by, {"migrate_from_chat_id": group.id}))
        return new

    # -- what a test asks

    @property
    def calls(self) -> list[Call]:
        """Everything the bot asked for, but getUpdates."""
        return self._server.calls

    def of(self, method: str) -> list[Call]:
        """The calls of one method."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    @property
    def unknown(self) -> list[str]:
        """Methods and parameters that the fake does not know: assert that it is empty."""
        return self._server.unknown

    @property
    def floods(self) -> int:
        """How often the bot wrote more than ``limits`` let it."""
        return self.limits.floods

    @property
    def polls(self) -> int:
        """How often the bot asked for updates."""
        return self._server.polls

    @property
    def uploaded_bytes(self) -> int:
        """The bytes of all files that were uploaded."""
        return self.world.files.uploaded_bytes

    def forget_files(self) -> None:
        """Telegram does not know any file_id any more."""
        self.world.files.forget()

    def notes(self, chat: Chat | None = None) -> list[Note]:
        """The bot's voice messages in a chat, or in all."""
        business = (one for connection in self.world.businesses.values() for one in connection.chats.values())
        chats = [chat] if chat is not None else [*self.world.chats.values(), *business]
        return [note for one in chats for note in notes_of(one, self.bot)]

    async def until(self, predicate: Callable[[], T | None], seconds: float = 5.0) -> T:
        """What ``predicate`` returns as soon as it is true. TimeoutError, with all calls, if that takes too long."""
        return await self._stage.until(predicate, seconds)
