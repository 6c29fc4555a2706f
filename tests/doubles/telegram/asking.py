"""What a bot may ask: itself, chats, members, files."""

from __future__ import annotations

from dataclasses import dataclass

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.chats import PERMISSIONS, Chat, ChatKind, Membership, Status
from tests.doubles.telegram.files import MAX_DOWNLOAD, plausible
from tests.doubles.telegram.refusal import Json, bad_request
from tests.doubles.telegram.world import World


@dataclass(frozen=True, slots=True)
class Asking:
    """getMe, getChat, getChatMember, getChatAdministrators, getChatMemberCount, getFile, getBusinessConnection."""

    world: World

    def me(self, call: Call) -> Json:
        """getMe."""
        return self.world.bot.itself()

    def chat(self, call: Call) -> Json:
        """getChat: the ChatFullInfo."""
        chat = self._chat(call)
        body = {**chat.payload(), "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _GIFTS}
        if chat.kind is ChatKind.PRIVATE:
            chat.voice_forbidden_known = chat.voice_forbidden
            return body | ({"has_restricted_voice_and_video_messages": True} if chat.voice_forbidden else {})
        body["permissions"] = {one: one not in chat.denied for one in PERMISSIONS}
        return body | ({"description": chat.description} if chat.description else {})

    def member(self, call: Call) -> Json:
        """getChatMember."""
        chat, user = self._chat(call), call.number("user_id")
        if (found := chat.members.get(user)) is not None:
            return found.payload()
        if (account := self.world.accounts.get(user)) is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        return Membership(account, Status.LEFT).payload()

    def administrators(self, call: Call) -> list[Json]:
        """getChatAdministrators: no other bots among them."""
        chat = self._chat(call)
        if chat.kind is ChatKind.PRIVATE:
            raise bad_request("there are no administrators in the private chat")
        rulers = [member for member in chat.members.values() if member.rules]
        return [one.payload() for one in rulers if not one.account.is_bot or one.account is self.world.bot]

    def count(self, call: Call) -> int:
        """getChatMemberCount."""
        return sum(member.present for member in self._chat(call).members.values())

    def file(self, call: Call) -> Json:
        """getFile."""
        if not (file_id := call.words("file_id")):
            raise bad_request("file_id not specified")
        if not plausible(file_id):
            raise bad_request("invalid file_id")
        if (stored := self.world.files.by_id.get(file_id)) is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        if len(stored.data) > MAX_DOWNLOAD:
            raise bad_request("file is too big")
        body: Json = {"file_id": stored.file_id, "file_unique_id": stored.unique_id, "file_path": stored.path}
        return body | {"file_size": len(stored.data)}

    def business(self, call: Call) -> Json:
        """getBusinessConnection."""
        return self.world.business(call.words("business_connection_id")).payload()

    def _chat(self, call: Call) -> Chat:
        call.asked.add("chat_id")
        chat = self.world.chat(call.params.get("chat_id"))
        return chat if chat.kind is ChatKind.PRIVATE else self.world.reachable(chat.id)


_GIFTS = {
    "unlimited_gifts": True,
    "limited_gifts": True,
    "unique_gifts": True,
    "premium_subscription": True,
    "gifts_from_channels": True,
}
