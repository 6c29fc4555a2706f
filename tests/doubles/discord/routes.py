"""The endpoints about the bot itself, its commands, guilds, channels and messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.commands import Commands
from tests.doubles.discord.gateway import Gateway
from tests.doubles.discord.messages import Messages, blanked
from tests.doubles.discord.permissions import P
from tests.doubles.discord.refusal import Json, Refusal, missing_access, missing_permissions, unknown
from tests.doubles.discord.rest import Call, Route
from tests.doubles.discord.rules import EPHEMERAL, check_body, check_may_send
from tests.doubles.discord.world import World


@dataclass(slots=True, eq=False)
class Api:
    """Everything but interactions."""

    world: World
    messages: Messages
    commands: Commands
    gateway: Gateway
    shards: int = 1

    def routes(self) -> Sequence[Route]:
        return (*self._own(), *self._command_routes(), *self._guild_routes(), *self._message_routes())

    # -- the bot

    def _own(self) -> Sequence[Route]:
        return (
            Route("GET", "/users/@me", lambda call: self.world.bot.payload()),
            Route("GET", "/users/{user}", self._user),
            Route("GET", "/oauth2/applications/@me", self._application),
            Route("GET", "/applications/@me", self._application),
            Route("GET", "/gateway", lambda call: {"url": "wss://gateway.discord.gg"}),
            Route("GET", "/gateway/bot", self._gateway),
            Route("POST", "/users/@me/channels", self._direct),
        )

    def _user(self, call: Call) -> Json:
        if (user := self.world.users.get(call.ids["user"])) is None:
            raise unknown("User")
        return user.payload()

    def _application(self, call: Call) -> Json:
        owner = next(user for user in self.world.users.values() if not user.bot)
        return {
            "id": self.world.bot.id,
            "name": self.world.bot.name,
            "icon": None,
            "description": "",
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "owner": owner.payload(),
            "team": self.world.team,
            "flags": 1 << 19,
            "rpc_origins": None,
            "redirect_uris": [],
            "interactions_endpoint_url": None,
        }

    def _gateway(self, call: Call) -> Json:
        limit = {"total": 1000, "remaining": 999, "reset_after": 0, "max_concurrency": 16}
        return {"url": "wss://gateway.discord.gg", "shards": self.shards, "session_start_limit": limit}

    def _direct(self, call: Call) -> Json:
        user = self.world.users.get(str(call.body["recipient_id"]))
        if user is None:
            raise unknown("User")
        return self.world.direct(user).payload()

    # -- commands

    def _command_routes(self) -> Sequence[Route]:
        found: list[Route] = []
        for root in ("/applications/{app}/commands", "/applications/{app}/guilds/{guild}/commands"):
            found += (
                Route("GET", root, lambda call: self.commands.of(_scope(call))),
                Route("PUT", root, lambda call: self.commands.overwrite(_scope(call), call.body)),
                Route("POST", root, lambda call: self.commands.upsert(_scope(call), call.body)),
                Route(
                    "DELETE", root + "/{command}", lambda call: self.commands.remove(_scope(call), call.ids["command"])
                ),
            )
        return found

    # -- guilds

    def _guild_routes(self) -> Sequence[Route]:
        return (
            Route("GET", "/guilds/{guild}", lambda call: self.world.guild(call.ids["guild"]).payload()),
            Route("GET", "/guilds/{guild}/channels", self._channels),
            Route("GET", "/guilds/{guild}/members/{user}", self._member),
            Route("PATCH", "/guilds/{guild}/members/@me", self._nick),
            Route("PATCH", "/guilds/{guild}/voice-states/@me", self._voice_state),
            Route("GET", "/channels/{channel}", lambda call: self._seen(call).payload()),
            Route("POST", "/channels/{channel}/typing", self._typing),
        )

    def _channels(self, call: Call) -> list[Json]:
        guild = self.world.guild(call.ids["guild"])
        return [channel.payload() for channel in guild.channels.values() if not channel.thread]

    def _member(self, call: Call) -> Json:
        member = self.world.guild(call.ids["guild"]).members.get(call.ids["user"])
        if member is None:
            raise unknown("Member")
        return member.payload()

    def _nick(self, call: Call) -> Json:
        guild = self.world.guild(call.ids["guild"])
        member = guild.members[self.world.bot.id]
        member.nick = call.body.get("nick")
        self.world.member_event("GUILD_MEMBER_UPDATE", guild, member)
        return member.payload()

    def _voice_state(self, call: Call) -> None:
        """To speak on a stage needs MUTE_MEMBERS, to ask for it REQUEST_TO_SPEAK (voice.mdx)."""
        guild = self.world.guild(call.ids["guild"])
        member = guild.members[self.world.bot.id]
        if member.voice.channel_id is None:
            raise unknown("Voice State")
        channel = self.world.channel(member.voice.channel_id)
        if channel.kind is not Kind.STAGE or call.body.get("channel_id", channel.id) not in (
            channel.id,
            int(channel.id),
        ):
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        if call.body.get("suppress") is False and not self.world.may(member.user.id, channel, P.MUTE_MEMBERS):
            raise missing_permissions()
        asks = call.body.get("request_to_speak_timestamp")
        if asks and not self.world.may(member.user.id, channel, P.REQUEST_TO_SPEAK):
            raise missing_permissions()
        member.voice.suppress = call.body.get("suppress", member.voice.suppress)
        member.voice.asked_to_speak = asks
        self.world.voice_event(guild, member)

    def _typing(self, call: Call) -> None:
        if not self.world.may(self.world.bot.id, self._seen(call), P.SEND_MESSAGES):
            raise missing_permissions()

    def _seen(self, call: Call) -> Channel:
        channel = self.world.channel(call.ids["channel"])
        if not self.world.may(self.world.bot.id, channel, P.VIEW_CHANNEL):
            raise missing_access()
        return channel

    # -- messages

    def _message_routes(self) -> Sequence[Route]:
        all_, one = "/channels/{channel}/messages", "/channels/{channel}/messages/{message}"
        reaction = one + "/reactions/{emoji}/@me"
        return (
            Route("GET", all_, self._list),
            Route("POST", all_, self._post),
            Route("GET", one, lambda call: self._shown(self._find(call))),
            Route("PATCH", one, self._edit),
            Route("DELETE", one, self._delete),
            Route("PUT", reaction, lambda call: self._react(call, add=True)),
            Route("DELETE", reaction, lambda call: self._react(call, add=False)),
        )

    def _post(self, call: Call) -> Json:
        channel = self.world.channel(call.ids["channel"])
        bot = self.world.bot
        check_may_send(self.world, bot.id, channel, call.body, call.files)
        guild = self.world.of(channel)
        check_body(call.body, call.files, guild.filesize_limit if guild is not None else 10 << 20, channel)
        body = {**call.body, "flags": call.body.get("flags", 0) & ~EPHEMERAL}
        return self.messages.same(bot, call.body) or self.messages.post(bot, channel, body, call.files)

    def _find(self, call: Call) -> Json:
        channel = self._seen(call)
        if not self.world.may(self.world.bot.id, channel, P.READ_MESSAGE_HISTORY):
            raise missing_access()
        return self.messages.find(call.ids["message"], channel)

    def _shown(self, message: Json) -> Json:
        return message if self.gateway.reads_content else blanked(message, self.world.bot.id)

    def _list(self, call: Call) -> list[Json]:
        """The newest first; none without READ_MESSAGE_HISTORY ("Get Channel Messages")."""
        channel = self._seen(call)
        if not self.world.may(self.world.bot.id, channel, P.READ_MESSAGE_HISTORY):
            return []
        found = sorted(self.messages.inside(channel), key=lambda message: int(message["id"]))
        if "before" in call.query:
            found = [message for message in found if int(message["id"]) < int(call.query["before"])]
        if "after" in call.query:
            later = [message for message in found if int(message["id"]) > int(call.query["after"])]
            found = later[: int(call.query.get("limit", 50))]
        return [self._shown(message) for message in reversed(found[-int(call.query.get("limit", 50)) :])]

    def _edit(self, call: Call) -> Json:
        message = self.messages.find(call.ids["message"], self._seen(call))
        if message["author"]["id"] != self.world.bot.id:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        return self.messages.edit(message, call.body, call.files)

    def _delete(self, call: Call) -> None:
        channel = self._seen(call)
        message = self.messages.find(call.ids["message"], channel)
        own = message["author"]["id"] == self.world.bot.id
        if not own and not self.world.may(self.world.bot.id, channel, P.MANAGE_MESSAGES):
            raise missing_permissions()
        self.messages.delete(message)

    def _react(self, call: Call, *, add: bool) -> None:
        channel, message = self._seen(call), self._find(call)
        if add and not self.world.may(self.world.bot.id, channel, P.ADD_REACTIONS):
            raise missing_permissions()
        self.messages.react(message, self.world.bot, unquote(call.ids["emoji"]), add=add)


def _scope(call: Call) -> str:
    return call.ids.get("guild", "global")
