"""Messages: how they come to be, change and go, and the events that tell of it (message.mdx)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.people import User
from tests.doubles.discord.refusal import Json, Refusal, invalid_form, unknown
from tests.doubles.discord.rules import EPHEMERAL, VOICE, check_text
from tests.doubles.discord.upload import Upload
from tests.doubles.discord.world import Event, Intent, World

DEFAULT, REPLY, SLASH, MENU = 0, 19, 20, 23
_CONTENT = ("content", "embeds", "components", "flags", "allowed_mentions", "poll")
_EDITED = ("content", "embeds", "components")


@dataclass(slots=True, eq=False)
class Messages:
    """All messages, by id, as Discord's message objects; ``uploads`` are the bytes of attachments, by their ids."""

    world: World
    nonce_seconds: float = 300.0
    by_id: dict[str, Json] = field(default_factory=dict)
    uploads: dict[str, bytes] = field(default_factory=dict)
    deleted: dict[str, Json] = field(default_factory=dict)
    _nonces: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)

    def find(self, message_id: str, channel: Channel | None = None) -> Json:
        """A message, or 10008; of a channel only what all may see in it."""
        found = self.by_id.get(message_id)
        if found is None or (channel is not None and not _public(found, channel)):
            raise unknown("Message")
        return found

    def inside(self, channel: Channel) -> list[Json]:
        """What all may see in a channel, the oldest first."""
        return [message for message in self.by_id.values() if _public(message, channel)]

    def same(self, author: User, body: Json) -> Json | None:
        """The message that this one would repeat: same author and nonce, a few minutes ago (``enforce_nonce``)."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        at, message_id = self._nonces.get((author.id, str(body["nonce"])), (0.0, ""))
        fresh = self.world.clock.now() - at <= self.nonce_seconds
        return self.by_id.get(message_id) if fresh else None

    def post(
        self, author: User, channel: Channel, body: Json, files: Sequence[Upload] = (), *, extra: Json | None = None
    ) -> Json:
        """Make a message and tell of it, unless it is ephemeral."""
        message = self.make(author, channel, body, files)
        message |= extra or {}
        self.by_id[message["id"]] = message
        channel.last_message_id = message["id"]
        if body.get("nonce") is not None:
            self._nonces[author.id, str(body["nonce"])] = (self.world.clock.now(), message["id"])
        self._tell("MESSAGE_CREATE", message, channel)
        return message

    def make(self, author: User, channel: Channel, body: Json, files: Sequence[Upload] = ()) -> Json:
        """The message object; it is kept nowhere."""
        message: Json = {
            "id": self.world.clock.snowflake(),
            "channel_id": channel.id,
            "author": author.payload(),
            "content": body.get("content") or "",
            "timestamp": self.world.clock.stamp(),
            "edited_timestamp": None,
            "tts": bool(body.get("tts")),
            "attachments": [self._attach(channel, file, body) for file in files],
            "embeds": body.get("embeds") or [],
            "components": body.get("components") or [],
            "sticker_items": body.get("sticker_items") or [],
            "pinned": False,
            "type": DEFAULT,
            "flags": body.get("flags", 0),
            "reactions": [],
            **({"guild_id": channel.guild_id} if channel.guild_id else {}),
            **{key: body[key] for key in ("nonce", "message_snapshots") if body.get(key) is not None},
        }
        if body.get("poll"):
            message["poll"] = _poll(
                body["poll"], self.world.clock.stamp(float(body["poll"].get("duration", 24)) * 3600)
            )
        self._refer(message, body.get("message_reference"))
        self._mention(message, body.get("allowed_mentions"))
        return message

    def edit(self, message: Json, body: Json, files: Sequence[Upload] = ()) -> Json:
        """Change words, embeds, buttons, attachments; a voice message cannot be edited (50162)."""
        if message["flags"] & VOICE:
            raise Refusal(400, 50162, "Voice messages cannot be edited.")
        check_text(body)
        channel = self.world.channels[message["channel_id"]]
        message |= {key: body[key] or type(message[key])() for key in _EDITED if key in body}
        if files or "attachments" in body:
            kept = {str(attachment.get("id")) for attachment in body.get("attachments") or []}
            message["attachments"] = [a for a in message["attachments"] if a["id"] in kept]
            message["attachments"] += [self._attach(channel, file, body) for file in files]
        if "flags" in body:
            message["flags"] = body["flags"]
        message["edited_timestamp"] = self.world.clock.stamp()
        self._mention(message, body.get("allowed_mentions"))
        self._tell("MESSAGE_UPDATE", message, channel)
        return message

    def replace(self, message: Json, author: User, body: Json, files: Sequence[Upload], extra: Json) -> Json:
        """Complete a deferred answer: the same message, with what it was waiting for."""
        channel = self.world.channels[message["channel_id"]]
        made = self.make(author, channel, body, files) | extra
        kept: Json = {key: message[key] for key in ("id", "timestamp", "type")}
        message |= made | kept
        self._tell("MESSAGE_UPDATE", message, channel)
        return message

    def delete(self, message: Json) -> None:
        """Take a message away and tell of it."""
        self.deleted[message["id"]] = self.by_id.pop(message["id"])
        channel = self.world.channels[message["channel_id"]]
        data: Json = {key: message[key] for key in ("id", "channel_id", "guild_id") if key in message}
        if not message["flags"] & EPHEMERAL:
            self.world.emit(Event("MESSAGE_DELETE", data, channel.guild_id, channel, _intent(channel)))

    def delete_together(self, messages: Sequence[Json]) -> None:
        """Take several of one channel away, and tell of it once (MESSAGE_DELETE_BULK)."""
        for message in messages:
            self.deleted[message["id"]] = self.by_id.pop(message["id"])
        channel = self.world.channels[messages[0]["channel_id"]]
        data: Json = {"ids": [message["id"] for message in messages], "channel_id": channel.id}
        if channel.guild_id is not None:
            data["guild_id"] = channel.guild_id
        self.world.emit(Event("MESSAGE_DELETE_BULK", data, channel.guild_id, channel, _intent(channel)))

    def react(self, message: Json, user: User, emoji: str, *, add: bool = True) -> None:
        """Put a reaction to a message, or take it back."""
        channel = self.world.channels[message["channel_id"]]
        found = next((r for r in message["reactions"] if r["emoji"]["name"] == emoji), None)
        if found is None:
            message["reactions"].append(found := {"emoji": {"id": None, "name": emoji}, "count": 0, "me": False})
        found["count"] += 1 if add else -1
        if user is self.world.bot:
            found["me"] = add
        if found["count"] < 1:
            message["reactions"].remove(found)
        self._tell_reaction(message, channel, user, emoji, add=add)

    def _tell_reaction(self, message: Json, channel: Channel, user: User, emoji: str, *, add: bool) -> None:
        data: Json = {
            "user_id": user.id,
            "channel_id": channel.id,
            "message_id": message["id"],
            "emoji": {"id": None, "name": emoji},
            "burst": False,
            "type": 0,
        }
        guild = self.world.of(channel)
        if guild is not None:
            data |= {"guild_id": guild.id, "member": guild.members[user.id].payload()}
        name = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE"
        intent = Intent.REACTIONS if guild is not None else Intent.DIRECT_REACTIONS
        self.world.emit(Event(name, data, channel.guild_id, channel, intent))

    def _tell(self, name: str, message: Json, channel: Channel) -> None:
        if message["flags"] & EPHEMERAL:
            return
        data = dict(message)
        guild = self.world.of(channel)
        if guild is not None and (member := guild.members.get(message["author"]["id"])) is not None:
            data["member"] = member.partial()
        self.world.emit(Event(name, data, channel.guild_id, channel, _intent(channel), data))

    def _refer(self, message: Json, reference: Json | None) -> None:
        """A reply (type 0) or a forward (type 1)."""
        if reference is None:
            return
        target = self.by_id.get(str(reference.get("message_id")))
        forward = reference.get("type", 0) == 1
        if target is None and (forward or reference.get("fail_if_not_exists", True)):
            raise invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        if target is None:
            return
        place = {"message_id": target["id"], "channel_id": target["channel_id"], "type": int(forward)}
        message["message_reference"] = place | ({"guild_id": target["guild_id"]} if "guild_id" in target else {})
        if forward:
            message["message_snapshots"] = [{"message": _snapshot(target)}]
        else:
            message |= {"type": REPLY, "referenced_message": {**target, "referenced_message": None}}

    def _mention(self, message: Json, allowed: Json | None) -> None:
        """Fill in who is named: by the text, and by being replied to."""
        found = dict.fromkeys(re.findall(r"<@!?(\d+)>", message["content"]))
        reference = message.get("referenced_message")
        if reference and (allowed is None or allowed.get("replied_user", True)):
            found[reference["author"]["id"]] = None
        message["mentions"] = [self.world.users[user].payload() for user in found if user in self.world.users]
        message["mention_roles"] = re.findall(r"<@&(\d+)>", message["content"])
        message["mention_everyone"] = bool(re.search(r"@(everyone|here)\b", message["content"]))

    def _attach(self, channel: Channel, file: Upload, body: Json) -> Json:
        given: Json = next((a for a in body.get("attachments") or [] if str(a.get("id")) == file.index), {})
        key = self.world.clock.snowflake()
        self.uploads[key] = file.data
        url = f"https://cdn.discordapp.com/attachments/{channel.id}/{key}/{file.filename}"
        attachment = {"id": key, "filename": file.filename, "size": len(file.data), "url": url, "proxy_url": url}
        attachment |= {name: given[name] for name in ("duration_secs", "waveform", "description") if name in given}
        return {**attachment, "content_type": file.guessed()}


def blanked(message: Json, bot_id: str) -> Json:
    """The message as a bot without the message content intent gets it ("Message Content Intent", gateway.mdx).

    Its own messages, direct ones and those that mention it are whole.
    """
    out = dict(message)
    if isinstance(reference := message.get("referenced_message"), dict):
        out["referenced_message"] = blanked(reference, bot_id)
    mentioned = any(user["id"] == bot_id for user in message.get("mentions", []))
    if "guild_id" not in message or message["author"]["id"] == bot_id or mentioned:
        return out
    out |= {"content": "", "embeds": [], "attachments": [], "components": []}
    out.pop("poll", None)
    if "message_snapshots" in out:
        empty = {"content": "", "embeds": [], "attachments": [], "components": []}
        out["message_snapshots"] = [{"message": {**s["message"], **empty}} for s in message["message_snapshots"]]
    return out


def _poll(request: Json, expiry: str) -> Json:
    """The poll object of a poll create request (poll.mdx)."""
    answers = [{**answer, "answer_id": at} for at, answer in enumerate(request.get("answers") or [], 1)]
    plain: Json = {"allow_multiselect": False, "layout_type": 1, "expiry": expiry}
    return plain | {**request, "answers": answers, "results": {"is_finalized": False, "answer_counts": []}}


def _snapshot(target: Json) -> Json:
    kept = ("type", "content", "embeds", "attachments", "timestamp", "edited_timestamp", "flags", "mentions")
    return {key: target[key] for key in (*kept, "mention_roles", "sticker_items", "components")}


def _public(message: Json, channel: Channel) -> bool:
    return message["channel_id"] == channel.id and not message["flags"] & EPHEMERAL


def _intent(channel: Channel) -> int:
    return Intent.DIRECT_MESSAGES if channel.guild_id is None else Intent.MESSAGES
