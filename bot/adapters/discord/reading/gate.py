"""Which messages are read aloud, by the rules of their server and channel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

import discord
import structlog
from discord.ext import commands

from bot.adapters.aloud import Repeats
from bot.adapters.boundary import contained
from bot.adapters.discord.identity import OURS, guild_key, parent, user_key
from bot.adapters.discord.places import VoiceChannel, has_role, roles_of, seat_of, voice_channel
from bot.adapters.discord.reading.places import all_may_see, is_open, place_of
from bot.adapters.discord.reading.words import answered
from bot.adapters.discord.rules import ChannelRules, Rules, rules_of
from bot.adapters.discord.station import Station
from bot.adapters.memory import Memory

log = structlog.get_logger()

GOES_ON = 10.0
"""Seconds within which a bot's next message goes on where its last one was heard."""

SPEAKS_ITSELF = 300.0
"""Seconds after an answer that the host had spoken itself in which its messages in that channel are not read."""

PREFIX_SECONDS = 2.0
"""How long the host may think about its own command prefix."""

_SAYSO = __name__.partition(".reading")[0]
"""The package in which the modules of Sayso's commands are."""

_MOST = 5_000


@dataclass(frozen=True, slots=True)
class Admission:
    """How a message is read: in which voice channel, in which language what is added to it, after which prefix.

    ``streamed``: its author is a bot that writes by editing. ``most`` is how many characters may be said.
    """

    voice: VoiceChannel
    locale: str
    rules: Rules
    most: int
    prefix: str = ""
    streamed: bool = False


@dataclass(slots=True)
class Heard:
    """Where a message was read, and who wrote it when (by the gate's clock)."""

    voice: int
    author: int
    bot: bool
    at: float


@dataclass(frozen=True, slots=True)
class _Case:
    """A message with everything that decides about it."""

    message: discord.Message
    guild: discord.Guild
    rules: Rules
    channel: ChannelRules
    here: VoiceChannel | None
    own: bool

    @property
    def author(self) -> discord.abc.User:
        return self.message.author

    @property
    def named(self) -> bool:
        """Whether the author is a bot that is spoken wherever it answers somebody."""
        return self.own or self.author.id in self.rules.bots


class Gate:
    """Decides for one client. Asks Discord nothing."""

    def __init__(self, station: Station, clock: Callable[[], float]) -> None:
        self._station = station
        self._clock = clock
        self._repeats = Repeats(clock)
        self._heard: Memory[int, Heard] = Memory(_MOST)
        self._latest: Memory[int, Heard] = Memory(_MOST)
        self._spoken_for: Memory[int, float] = Memory(_MOST)
        self._theirs: Memory[int, bool] = Memory(_MOST)
        self._warned = False

    async def admit(self, message: discord.Message) -> Admission | None:
        """How it is to be read; None if it is not."""
        guild, me = message.guild, self._station.client.user
        if guild is None or me is None or self._is_silent(message, me.id):
            return None
        settings = await self._station.speaker.store.settings.guild(guild_key(guild.id, 0))
        channel = await self._station.channel_rules(guild.id, parent(message.channel))
        room = self._station.rooms.find(guild.id)
        case = _Case(
            message, guild, rules_of(settings), channel, room.channel if room else None, message.author.id == me.id
        )
        voice = self._bot(case) if is_bot(message) else await self._person(case)
        if voice is None or not is_open(voice, room, case.rules):
            return None
        if not (channel.read or all_may_see(message.channel, voice)):
            return None
        locale = settings.language or str(guild.preferred_locale)
        most = settings.max_chars or self._station.speaker.stage.speak.max_chars
        prefix = "" if is_bot(message) else case.rules.prefix
        admission = Admission(voice, locale, case.rules, most, prefix, streamed=is_bot(message) and case.named)
        return None if self._too_often(case) else admission

    def heard(self, message: discord.Message, admission: Admission) -> None:
        """It is read: what answers it belongs to the same conversation."""
        heard = Heard(admission.voice.id, message.author.id, is_bot(message), self._clock())
        self._heard.put(message.id, heard)
        self._latest.put(message.channel.id, heard)

    def touched(self, message: int) -> None:
        """Its author still writes it."""
        if (heard := self._heard.get(message)) is not None:
            heard.at = self._clock()

    def speaks_itself(self, channel: int) -> None:
        """The host has its answers in this channel spoken itself, so its messages there are not read for a while."""
        self._spoken_for.put(channel, self._clock())

    def answers_itself(self, interaction: int) -> None:
        """The interaction is the host's: what answers it is not Sayso's."""
        self._theirs.put(interaction, True)

    def hidden(self) -> None:
        """A message that would be read came without its words; said once in the log."""
        if not self._warned and not self._station.client.intents.message_content:
            self._warned = True
            log.warning("message_content_not_granted", remedy="enable the Message Content intent to read chat aloud")

    async def _person(self, case: _Case) -> VoiceChannel | None:
        talk = self._conversation(case)
        if not (case.channel.read or talk) or not may_be_read(case.author, case.rules):
            return None
        prefix = "" if talk else case.rules.prefix
        if not fits(case.message.content, case.rules.ignore_mark, prefix) or await self._is_command(case.message):
            return None
        voice = talk or place_of(case.message, case.guild, case.channel, case.author, case.here)
        seated = voice is not None and seat_of(case.author) == voice
        return voice if seated or not case.rules.require_voice else None

    def _bot(self, case: _Case) -> VoiceChannel | None:
        if case.own and (_is_blank(case.message) or self._is_spoken_for(case.message.channel.id)):
            return None
        if not (case.named or (case.rules.read_bots and case.channel.read and may_be_read(case.author, case.rules))):
            return None
        if not fits(case.message.content, case.rules.ignore_mark, ""):
            return None
        if (talk := self._conversation(case) or self._went_on(case)) is not None:
            return talk
        person = addressed(case.message, case.guild)
        if case.channel.read:
            return place_of(case.message, case.guild, case.channel, person, case.here)
        return seat_of(person) if not case.own else None

    def _conversation(self, case: _Case) -> VoiceChannel | None:
        """Where the message that this one answers was read, if one of the two is a bot's."""
        reference = case.message.reference
        if reference is None or reference.type is not discord.MessageReferenceType.reply:
            return None
        before = self._heard.get(reference.message_id or 0)
        if before is not None:
            return voice_channel(case.guild, before.voice) if before.bot or is_bot(case.message) else None
        # After a restart nobody remembers where it was heard; that it is an answer can still be seen.
        other = answered(case.message)
        if is_bot(case.message) or other is None or other.author.id not in case.rules.bots:
            return None
        return place_of(case.message, case.guild, case.channel, case.author, case.here)

    def _went_on(self, case: _Case) -> VoiceChannel | None:
        """Where the bot's last message in this channel was heard, if this one comes right behind it."""
        last = self._latest.get(case.message.channel.id)
        if last is None or last.author != case.author.id or self._clock() - last.at > GOES_ON:
            return None
        return voice_channel(case.guild, last.voice)

    def _is_silent(self, message: discord.Message, me: int) -> bool:
        """Whether it is no text for all in the channel, or one of Sayso's own."""
        if message.flags.ephemeral or message.is_system():
            return True
        return message.author.id == me and is_ours(message, self._theirs)

    def _is_spoken_for(self, channel: int) -> bool:
        at = self._spoken_for.get(channel)
        return at is not None and self._clock() - at < SPEAKS_ITSELF

    def _too_often(self, case: _Case) -> bool:
        if is_bot(case.message) and case.named:
            return False
        guild, author = case.guild.id, case.author.id
        if case.message.content and self._repeats.too_many(guild, author, case.message.content):
            return True
        limit = None if is_bot(case.message) else case.rules.per_minute
        return self._station.pace.take(guild_key(guild, 0), user_key(author), limit) is not None

    async def _is_command(self, message: discord.Message) -> bool:
        """Whether it is for the host bot and not for people."""
        client = self._station.client
        if not isinstance(client, commands.Bot | commands.AutoShardedBot):
            return False
        asked = asyncio.wait_for(client.get_prefix(message), PREFIX_SECONDS)
        found = await contained(asked, "host_prefix_failed")
        prefixes: Sequence[str] = [found] if isinstance(found, str) else found or []
        # A mention is how people talk to an LLM, too.
        return any(prefix and not prefix.startswith("<@") and message.content.startswith(prefix) for prefix in prefixes)


def is_bot(message: discord.Message) -> bool:
    """Whether a program wrote it: a bot, or whoever uses a webhook."""
    return message.author.bot or message.webhook_id is not None


def _is_blank(message: discord.Message) -> bool:
    """Whether there are no words in it, nor are any coming: one that answers a command may first be empty."""
    return not message.content.strip() and not message.flags.loading


def asks_sayso(interaction: discord.Interaction) -> bool:
    """Whether a command, a button or a form is Sayso's."""
    if interaction.command is not None:
        return str(interaction.command.module).startswith(_SAYSO)
    data: Mapping[str, object] = {**interaction.data} if interaction.data else {}
    return str(data.get("custom_id", "")).startswith(OURS)


def is_ours(message: discord.Message, theirs: Container[int] = ()) -> bool:
    """Whether a message of this bot is Sayso's: a note, an answer to a command, one with its buttons or its mark.

    ``theirs`` are the interactions that the host answers.
    """
    answers = message.interaction_metadata
    if message.flags.voice or (answers is not None and answers.id not in theirs):
        return True
    if str(message.nonce or "").startswith(OURS):
        return True
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return any(str(getattr(part, "custom_id", "")).startswith(OURS) for row in rows for part in row.children)


def may_be_read(author: discord.abc.User, rules: Rules) -> bool:
    """Whether the author's roles allow it."""
    return has_role(author, rules) and not roles_of(author) & rules.ignored_roles


def fits(content: str, ignore_mark: str, prefix: str) -> bool:
    """Whether the words begin as they must and not as they must not."""
    return not (ignore_mark and content.startswith(ignore_mark)) and content.startswith(prefix)


def addressed(message: discord.Message, guild: discord.Guild) -> discord.Member | None:
    """The person whom a bot answers: by a reply, to a command, or by name."""
    other, asked = answered(message), message.interaction_metadata
    people = [other.author if other else None, asked.user if asked else None, *message.mentions]
    members = (guild.get_member(person.id) for person in people if person is not None and not person.bot)
    return next((member for member in members if member is not None), None)
