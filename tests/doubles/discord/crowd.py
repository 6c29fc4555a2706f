"""What people do: commands, menus, buttons, messages, voice (receiving-and-responding.mdx, message.mdx, voice.mdx)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.doubles.discord.channels import DIRECT, Channel, Kind
from tests.doubles.discord.commands import CHAT, MESSAGE, USER, invocation, resolved_user
from tests.doubles.discord.guild import Guild
from tests.doubles.discord.interaction import AUTOCOMPLETE, COMMAND, COMPONENT, Interaction
from tests.doubles.discord.parts import Parts
from tests.doubles.discord.people import Member, User
from tests.doubles.discord.refusal import Json
from tests.doubles.discord.upload import Upload
from tests.doubles.discord.world import HUMAN, Named


@dataclass(frozen=True, slots=True)
class Place:
    """Who acts where."""

    user: User
    channel: Channel
    guild: Guild | None
    locale: str


class Crowd(Parts):
    """The people of a world. Without ``by``, ``guild`` and ``channel`` it is ann, in the first text channel of hers."""

    # -- interactions

    async def slash(
        self,
        name: str,
        typed: Mapping[str, Any] | None = None,
        /,
        *,
        by: Named | None = None,
        guild: Named | None = None,
        channel: Named | None = None,
        locale: str | None = None,
        **options: Any,
    ) -> Interaction:
        """Use a command: ``slash("voice privacy export")``. ``typed`` is for options named like a parameter here.

        AssertionError if the bot synced no such command, or the options are not those it declared.
        """
        place = self._place(by, guild, channel, locale)
        root, *path = name.split()
        command = self._commands.find(root, CHAT, place.guild)
        data = invocation(self.world, command, path, {**(typed or {}), **options}, place.guild)
        return self._put(COMMAND, data, place)

    async def autocomplete(
        self,
        name: str,
        focused: str,
        typed: Mapping[str, Any] | None = None,
        /,
        *,
        by: Named | None = None,
        guild: Named | None = None,
        channel: Named | None = None,
        locale: str | None = None,
        **options: Any,
    ) -> list[Json]:
        """Type in an option: the choices the bot offers."""
        place = self._place(by, guild, channel, locale)
        root, *path = name.split()
        command = self._commands.find(root, CHAT, place.guild)
        given = {focused: "", **(typed or {}), **options}
        data = invocation(self.world, command, path, given, place.guild, focused=focused)
        answer = await self._put(AUTOCOMPLETE, data, place).wait_callback()
        choices: list[Json] = answer["data"]["choices"]
        return choices

    async def message_menu(
        self, name: str, message: str | Json, *, by: Named | None = None, locale: str | None = None, **where: Any
    ) -> Interaction:
        """Use a command on a message, which the bot gets whole; a text is first said by ann."""
        if isinstance(message, str):
            message = await self.say(message, **where)
        place = self._place(by, None, message["channel_id"], locale)
        command = self._commands.find(name, MESSAGE, place.guild)
        resolved = {"messages": {message["id"]: message}}
        data = {"id": command["id"], "name": name, "type": MESSAGE, "target_id": message["id"], "resolved": resolved}
        return self._put(COMMAND, data, place)

    async def user_menu(self, name: str, target: Named, *, by: Named | None = None, **where: Any) -> Interaction:
        """Use a command on a user."""
        place = self._place(by, where.get("guild"), where.get("channel"), where.get("locale"))
        command = self._commands.find(name, USER, place.guild)
        user = self.world.user(target)
        resolved = resolved_user(self.world, user, place.guild)
        data = {"id": command["id"], "name": name, "type": USER, "target_id": user.id, "resolved": resolved}
        return self._put(COMMAND, data, place)

    async def click(
        self, message: Json, custom_id: str, *, by: Named | None = None, locale: str | None = None
    ) -> Interaction:
        """Press a button of a message. AssertionError if it has none such, or it is disabled."""
        data = {"component_type": 2, "custom_id": custom_id}
        return self._press(message, custom_id, data, by, locale)

    async def select(
        self,
        message: Json,
        custom_id: str,
        values: Sequence[str],
        *,
        by: Named | None = None,
        locale: str | None = None,
    ) -> Interaction:
        """Choose in a select menu of a message."""
        data = {"component_type": 3, "custom_id": custom_id, "values": list(values)}
        return self._press(message, custom_id, data, by, locale)

    def _press(self, message: Json, custom_id: str, data: Json, by: Named | None, locale: str | None) -> Interaction:
        found = _component(message.get("components") or [], custom_id)
        assert found is not None, f"the message has no component {custom_id!r}"
        assert not found.get("disabled"), f"{custom_id!r} is disabled"
        assert message["id"] in self._messages.by_id, "the message is gone"
        return self._put(COMPONENT, data, self._place(by, None, message["channel_id"], locale), message=message)

    def _put(self, kind: int, data: Json, place: Place, **extra: Any) -> Interaction:
        return self._answers.put(kind, data, place.user, place.channel, place.locale, **extra)

    # -- messages

    async def say(
        self,
        text: str = "",
        *,
        by: Named | None = None,
        guild: Named | None = None,
        channel: Named | None = None,
        reply_to: Json | None = None,
        forward: Json | None = None,
        files: Mapping[str, bytes] | None = None,
        extra: Json | None = None,
        **body: Any,
    ) -> Json:
        """Write a message; further parts (``sticker_items``, ``poll``, ``embeds`` …) as the message object has them.

        ``extra`` overrides what Discord would fill in (``type``, ``webhook_id`` …).
        """
        place = self._place(by, guild, channel, None)
        if reply_to is not None or forward is not None:
            target = reply_to or forward or {}
            body["message_reference"] = {"message_id": target["id"], "type": int(forward is not None)}
        uploads = [Upload(f"files[{at}]", name, None, raw) for at, (name, raw) in enumerate((files or {}).items())]
        return self._messages.post(place.user, place.channel, {"content": text, **body}, uploads, extra=extra)

    async def edit(self, message: Json, text: str | None = None, **body: Any) -> Json:
        """Change a message: its author does."""
        return self._messages.edit(message, body if text is None else {"content": text, **body})

    async def delete(self, message: Json) -> None:
        """Delete a message: its author or a moderator does."""
        self._messages.delete(message)

    async def bulk_delete(self, messages: Sequence[Json]) -> None:
        """Delete several of one channel at once, as moderators' bots do."""
        self._messages.delete_together(messages)

    async def react(self, message: Json, emoji: str, *, by: Named | None = None) -> None:
        self._messages.react(message, self.world.user(HUMAN if by is None else by), emoji)

    async def unreact(self, message: Json, emoji: str, *, by: Named | None = None) -> None:
        self._messages.react(message, self.world.user(HUMAN if by is None else by), emoji, add=False)

    # -- voice

    async def human_voice(
        self, channel: Named | None, *, by: Named | None = None, guild: Named | None = None, **flags: bool
    ) -> None:
        """Go to a voice channel, or out of it with None; ``self_mute=True`` and so on as in the voice state."""
        target = None if channel is None else self.world.channel(channel)
        user = self.world.user(HUMAN if by is None else by)
        place = self.world.of(target) if target is not None else self._home(user, guild)
        assert place is not None
        self._switchboard.person(place, self._member(place, user), target, **flags)

    # -- who and where

    def _place(self, by: Named | None, guild: Named | None, channel: Named | None, locale: str | None) -> Place:
        user = self.world.user(HUMAN if by is None else by)
        where = self.world.channel(channel) if channel is not None else self._home(user, guild).first(Kind.TEXT)
        place = self.world.of(where)
        if place is not None:
            self._member(place, user)
        else:
            assert where.kind in DIRECT
        return Place(user, where, place, locale or user.locale)

    def _home(self, user: User, guild: Named | None) -> Guild:
        if guild is not None:
            return self.world.guild(guild)
        return next(place for place in self.world.guilds.values() if user.id in place.members)

    def _member(self, guild: Guild, user: User) -> Member:
        assert user.id in guild.members, f"{user.name} is no member of {guild.name}"
        return guild.members[user.id]


def _component(rows: list[Json], custom_id: str) -> Json | None:
    """A component by its id, however deep it lies."""
    for part in rows:
        if part.get("custom_id") == custom_id:
            return part
        inner = _component([*(part.get("components") or []), *filter(None, [part.get("accessory")])], custom_id)
        if inner is not None:
            return inner
    return None
