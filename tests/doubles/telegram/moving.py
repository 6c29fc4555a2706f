"""Who comes and goes, who may what, and topics."""

from __future__ import annotations

from tests.doubles.telegram.accounts import Account
from tests.doubles.telegram.actor import Actor
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.refusal import Json
from tests.doubles.telegram.world import Business


class Moving(Actor):
    """The bot learns of others' standing only as an administrator, and if it asked for ``chat_member``."""

    __slots__ = ()

    # -- groups

    async def join(self, chat: Chat) -> None:
        """Comes into a group."""
        self._change(chat, Membership(self))

    async def leave(self, chat: Chat) -> None:
        """Leaves a group."""
        self._change(chat, Membership(self, Status.LEFT))

    async def promote(
        self, who: Account, chat: Chat, *, anonymous: bool = False, without: tuple[str, ...] = ()
    ) -> None:
        """Makes somebody, or the bot, an administrator; ``without`` are the rights that are not given."""
        self._change(chat, Membership(who, Status.ADMINISTRATOR, anonymous, denied=set(without)))

    async def demote(self, who: Account, chat: Chat) -> None:
        """Makes somebody a plain member again."""
        self._change(chat, Membership(who))

    async def restrict(self, who: Account, chat: Chat, *permissions: str) -> None:
        """Takes permissions like ``can_send_voice_notes`` from somebody, or from the bot."""
        self._change(chat, Membership(who, Status.RESTRICTED, denied=set(permissions)))

    async def kick(self, who: Account, chat: Chat) -> None:
        """Throws somebody out."""
        self._change(chat, Membership(who, Status.KICKED))

    async def add_bot(self, chat: Chat, status: Status = Status.MEMBER) -> None:
        """Brings the bot into a group; into a channel it comes only as an administrator."""
        found = Status.ADMINISTRATOR if chat.kind is ChatKind.CHANNEL else status
        self._change(chat, Membership(self.stage.world.bot, found))

    async def kick_bot(self, chat: Chat) -> None:
        """Throws the bot out."""
        await self.kick(self.stage.world.bot, chat)

    def _change(self, chat: Chat, after: Membership) -> None:
        who, bot = after.account, self.stage.world.bot
        before = chat.members.get(who.id) or Membership(who, Status.LEFT)
        chat.members[who.id] = after
        if who is bot:
            self._told("my_chat_member", chat, before, after)
        elif chat.admin(bot):
            self._told("chat_member", chat, before, after)
        if chat.kind is not ChatKind.CHANNEL and before.present != after.present:
            told = {"new_chat_members": [who.payload()]} if after.present else {"left_chat_member": who.payload()}
            self.stage.tell(self.stage.world.post(chat, self, told))

    def _told(self, kind: str, chat: Chat, before: Membership, after: Membership) -> None:
        body: Json = {"chat": chat.payload(), "from": self.payload(), "date": self.stage.world.clock.date()}
        self.stage.updates.put(kind, {**body, "old_chat_member": before.payload(), "new_chat_member": after.payload()})

    # -- the private chat

    async def block(self) -> None:
        """Blocks the bot."""
        self._block(True)

    async def unblock(self) -> None:
        """Lets the bot write again."""
        self._block(False)

    def _block(self, blocked: bool) -> None:
        self.private.blocked, bot = blocked, self.stage.world.bot
        before, after = (Status.MEMBER, Status.KICKED) if blocked else (Status.KICKED, Status.MEMBER)
        self._told("my_chat_member", self.private, Membership(bot, before), Membership(bot, after))

    # -- business accounts

    async def connect(self) -> Business:
        """Connects an own business account with the bot, which may write and delete what it wrote."""
        world = self.stage.world
        business = Business(f"business-{self.id}", self, world.clock.date(), world.clock)
        world.businesses[business.id] = business
        self.stage.updates.put("business_connection", business.payload())
        return business

    async def disconnect(self, business: Business) -> None:
        """Ends a connection."""
        business.enabled = False
        self.stage.updates.put("business_connection", business.payload())

    # -- topics

    async def open_topic(self, chat: Chat, name: str) -> Topic:
        """Opens a topic in a forum."""
        topic = Topic(0, name, chat)
        service = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self.stage.world.post(chat, self, service, topic=topic)
        topic.id = message.id
        chat.topics[topic.id] = topic
        self.stage.tell(message)
        return topic

    async def close_topic(self, topic: Topic) -> None:
        """Closes a topic: only administrators write there."""
        self._set_closed(topic, True)

    async def reopen_topic(self, topic: Topic) -> None:
        """Opens a closed topic again."""
        self._set_closed(topic, False)

    def _set_closed(self, topic: Topic, closed: bool) -> None:
        topic.closed = closed
        service: Json = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
        self.stage.tell(self.stage.world.post(topic.chat, self, service, topic=topic))
