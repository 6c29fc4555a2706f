"""Interactions: how they are put to the bot, and its answers and follow-ups (receiving-and-responding.mdx)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.discord.channels import Channel
from tests.doubles.discord.commands import check_choice
from tests.doubles.discord.interaction import (
    AUTOCOMPLETE,
    CHOICES,
    COMMAND,
    COMPONENT,
    DEFERRED,
    DEFERRED_UPDATE,
    MESSAGE,
    UPDATE,
    Interaction,
)
from tests.doubles.discord.messages import MENU, SLASH, Messages
from tests.doubles.discord.people import User
from tests.doubles.discord.permissions import ALL
from tests.doubles.discord.refusal import Json, Refusal, invalid_form, unknown
from tests.doubles.discord.rest import Call, Route
from tests.doubles.discord.rules import EPHEMERAL, LOADING, VOICE, check_body
from tests.doubles.discord.upload import Upload
from tests.doubles.discord.world import Event, World

LIFE = 15 * 60.0
"""Seconds that a token lives."""


@dataclass(slots=True, eq=False)
class Answers:
    """Every interaction, by token. ``deadline`` is how many seconds the bot has for its first answer."""

    world: World
    messages: Messages
    deadline: float = 3.0
    interactions: dict[str, Interaction] = field(default_factory=dict)

    def routes(self) -> Sequence[Route]:
        webhook = "/webhooks/{app}/{token}"
        return (
            Route("POST", "/interactions/{interaction}/{token}/callback", self._callback),
            Route("POST", webhook, self._follow_up),
            Route("GET", webhook + "/messages/{message}", self._get),
            Route("PATCH", webhook + "/messages/{message}", self._edit),
            Route("DELETE", webhook + "/messages/{message}", self._delete),
        )

    def put(self, kind: int, data: Json, user: User, channel: Channel, locale: str, **extra: Any) -> Interaction:
        """Somebody did something: tell the bot."""
        now = self.world.clock.now()
        ix = Interaction(self.world.clock.snowflake(), "ixtok-" + os.urandom(12).hex(), {}, channel, user, created=now)
        ix.payload = self._payload(ix, kind, data, locale) | extra
        self.interactions[ix.token] = ix
        self.world.emit(Event("INTERACTION_CREATE", ix.payload, channel.guild_id))
        return ix

    def _payload(self, ix: Interaction, kind: int, data: Json, locale: str) -> Json:
        payload: Json = {
            "id": ix.id,
            "application_id": self.world.bot.id,
            "type": kind,
            "token": ix.token,
            "version": 1,
            "data": data,
            "channel_id": ix.channel.id,
            "channel": ix.channel.payload(),
            "locale": locale,
            "entitlements": [],
            "attachment_size_limit": 10 << 20,
        }
        guild = self.world.of(ix.channel)
        if guild is None:
            owners = {"1": ix.user.id, "0": "0"}
            direct: Json = {"user": ix.user.payload(), "context": 1, "app_permissions": str(int(ALL))}
            return payload | direct | {"authorizing_integration_owners": owners}
        member = guild.members[ix.user.id]
        return payload | {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.locale, "features": []},
            "guild_locale": guild.locale,
            "member": {**member.payload(), "permissions": str(int(guild.permissions(ix.user.id, ix.channel)))},
            "app_permissions": str(int(guild.permissions(self.world.bot.id, ix.channel))),
            "context": 0,
            "attachment_size_limit": guild.filesize_limit,
            "authorizing_integration_owners": {"0": guild.id},
        }

    # -- the first answer

    def _callback(self, call: Call) -> Json | None:
        ix = self._in_time(call.ids)
        kind, data = call.body["type"], call.body.get("data") or {}
        self._check(ix, kind, data, call.files)
        ix.acked, ix.callback, ix.callback_files = self.world.clock.now(), call.body, call.files
        self._carry_out(ix, kind, data, call.files)
        ix.touch()
        if call.query.get("with_response") not in ("true", "1"):
            return None
        return _response(ix, kind)

    def _in_time(self, ids: dict[str, str]) -> Interaction:
        ix = self.interactions.get(ids["token"])
        if ix is None or ix.id != ids["interaction"]:
            raise unknown("Interaction")
        if ix.acked is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if self.world.clock.now() - ix.created > self.deadline:
            raise unknown("Interaction")
        return ix

    def _check(self, ix: Interaction, kind: int, data: Json, files: list[Upload]) -> None:
        choices = data.get("choices") or []
        if (kind == CHOICES) != (ix.payload["type"] == AUTOCOMPLETE):
            raise invalid_form("type", "INTERACTION_CALLBACK_TYPE", "Interaction callback type is invalid")
        if len(choices) > 25:
            raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
        for choice in choices:
            check_choice(choice, "data.")
        if kind in (DEFERRED_UPDATE, UPDATE) and ix.payload["type"] != COMPONENT:
            raise invalid_form("type", "INTERACTION_CALLBACK_TYPE", "Only for components")
        if kind == DEFERRED and data.get("flags", 0) & ~EPHEMERAL:
            raise invalid_form("data.flags", "INTERACTION_CALLBACK_FLAGS", "A deferred answer may only be ephemeral")
        if kind == MESSAGE:
            check_body(data, files, ix.payload["attachment_size_limit"], ix.channel)

    def _carry_out(self, ix: Interaction, kind: int, data: Json, files: list[Upload]) -> None:
        if kind == MESSAGE:
            ix.original = self._post(ix, data, files)
        elif kind == DEFERRED:
            ix.deferred = True
            ix.original = self._post(ix, {"flags": data.get("flags", 0) & EPHEMERAL | LOADING}, [])
        elif kind in (DEFERRED_UPDATE, UPDATE):
            ix.original = self.messages.find(ix.payload["message"]["id"])
            if kind == UPDATE:
                self.messages.edit(ix.original, data, files)

    def _post(self, ix: Interaction, body: Json, files: list[Upload]) -> Json:
        first = not ix.sent
        message = self.messages.post(self.world.bot, ix.channel, body, files, extra=self._origin(ix, first=first))
        ix.sent.append(message["id"])
        return message

    def _origin(self, ix: Interaction, *, first: bool) -> Json:
        data = ix.payload["data"]
        metadata: Json = {
            "id": ix.id,
            "type": ix.payload["type"],
            "user": ix.user.payload(),
            "authorizing_integration_owners": ix.payload["authorizing_integration_owners"],
        }
        extra: Json = {"webhook_id": self.world.bot.id, "application_id": self.world.bot.id}
        if first and ix.payload["type"] == COMMAND:
            extra["type"] = SLASH if data["type"] == 1 else MENU
            extra |= self._used_on(data)
            extra["interaction"] = {key: metadata[key] for key in ("id", "type", "user")} | {"name": data["name"]}
        return extra | {"interaction_metadata": metadata}

    def _used_on(self, data: Json) -> Json:
        """The answer to a message menu points to that message."""
        target = self.messages.by_id.get(data.get("target_id", ""))
        if data["type"] != 3 or target is None:
            return {}
        place: Json = {key: target[key] for key in ("channel_id", "guild_id") if key in target}
        reference = {"type": 0, "message_id": target["id"], **place}
        return {"message_reference": reference, "referenced_message": {**target, "referenced_message": None}}

    # -- what follows

    def _alive(self, ids: dict[str, str]) -> Interaction:
        ix = self.interactions.get(ids["token"])
        if ix is None or ix.acked is None or ids["app"] != self.world.bot.id:
            raise unknown("Webhook")
        if not ix.expired and self.world.clock.now() - ix.created > LIFE:
            ix.expired = 50027
        if ix.expired == 50027:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        if ix.expired:
            raise unknown("Webhook")
        return ix

    def _follow_up(self, call: Call) -> Json:
        ix = self._alive(call.ids)
        check_body(call.body, call.files, ix.payload["attachment_size_limit"], ix.channel)
        if ix.deferred and ix.original is not None and ix.original["id"] in self.messages.by_id:
            message = self._complete(ix, ix.original, call.body, call.files)
        else:
            message = self._post(ix, call.body, call.files)
        call.recorded.result = message
        ix.followups.append(call.recorded)
        ix.touch()
        return message

    def _complete(self, ix: Interaction, original: Json, body: Json, files: list[Upload]) -> Json:
        """The first follow-up after a defer *is* the original, and as ephemeral as the defer was."""
        ix.deferred = False
        flags = body.get("flags", 0) & ~EPHEMERAL | original["flags"] & EPHEMERAL
        return self.messages.replace(
            original, self.world.bot, {**body, "flags": flags}, files, self._origin(ix, first=True)
        )

    def _message(self, ix: Interaction, name: str) -> Json:
        if name != "@original" and name in ix.sent:
            return self.messages.find(name)
        if name != "@original" or ix.original is None or ix.original["id"] not in self.messages.by_id:
            raise unknown("Message")
        return ix.original

    def _get(self, call: Call) -> Json:
        return self._message(self._alive(call.ids), call.ids["message"])

    def _edit(self, call: Call) -> Json:
        ix = self._alive(call.ids)
        message = self._message(ix, call.ids["message"])
        if message["flags"] & VOICE:
            raise Refusal(400, 50162, "Voice messages cannot be edited.")
        if message is ix.original and ix.deferred:
            message["flags"] &= ~LOADING
            ix.deferred = False
        self.messages.edit(message, call.body, call.files)
        call.recorded.result = message
        ix.edits.append(call.recorded)
        ix.touch()
        return message

    def _delete(self, call: Call) -> None:
        ix = self._alive(call.ids)
        message = self._message(ix, call.ids["message"])
        self.messages.delete(message)
        if message is ix.original:  # then nothing waits any more, and what follows is a message of its own
            ix.original, ix.deferred, ix.original_deleted = None, False, True
        ix.deletes.append(call.recorded)
        ix.touch()


def _response(ix: Interaction, kind: int) -> Json:
    """The Interaction Callback Response object."""
    message = ix.original
    interaction: Json = {"id": ix.id, "type": ix.payload["type"]}
    interaction["response_message_ephemeral"] = ix.ephemeral
    interaction["response_message_loading"] = kind == DEFERRED
    if message is None:
        return {"interaction": interaction}
    resource: Json = {"type": kind} | ({"message": message} if kind in (MESSAGE, UPDATE) else {})
    return {"interaction": {**interaction, "response_message_id": message["id"]}, "resource": resource}
