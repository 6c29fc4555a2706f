"""Messages that ask for another to be spoken: a reply to it that mentions the bot and says no more than "say"."""

from __future__ import annotations

import re

import discord
import structlog

from bot.adapters.boundary import Errands
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.identity import OURS, channel_key, guild_key, parent, user_key
from bot.adapters.discord.places import seat_of
from bot.adapters.discord.reading.gate import is_bot, may_be_read
from bot.adapters.discord.reading.places import answer_to, is_open
from bot.adapters.discord.reading.words import Words, answered, words_of
from bot.adapters.discord.reply import NOBODY, UNREACHED
from bot.adapters.discord.rules import Rules
from bot.adapters.discord.station import Station
from bot.adapters.discord.target import Target
from bot.adapters.words import refusal, word
from bot.speech import Priority, Refusal, Request

log = structlog.get_logger()

_ASKED = frozenset(
    {
        "", "say", "say it", "say this", "say that", "speak", "speak it", "speak this", "read", "read it", "read this",
        "read aloud", "tts", "読んで", "読んでください", "読み上げ", "読み上げて", "言って", "話して",
        "念", "念一下", "念出来", "读", "读一下", "读出来", "朗读", "说", "说出来", "讀", "朗讀",
    }
)  # fmt: skip
"""All that may stand beside the mention."""

_MARKS = " \t\r\n.,!?:;。、！？，：；~～"


class Asked:
    """Has messages spoken for people who reply to them with a mention."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._errands = Errands()

    def meant(self, message: discord.Message) -> bool:
        """Whether a message asks for that."""
        me, reference = self._station.client.user, message.reference
        if me is None or reference is None or reference.type is not discord.MessageReferenceType.reply:
            return False
        return not is_bot(message) and asks(message.content, me.id)

    async def do(self, message: discord.Message) -> None:
        """Do as it asks, or tell why not."""
        locale = await self._locale(message)
        if (no := await self._speak(message, locale)) is not None:
            await self._tell(message, no)

    async def close(self) -> None:
        """Tell nobody any more what became of it."""
        await self._errands.close()

    async def _speak(self, message: discord.Message, locale: str) -> str | None:
        """None if it is on its way, else why it is not."""
        rules = await self._station.rules(message.guild.id) if message.guild else Rules()
        if not may_be_read(message.author, rules):
            return word("reading.asked.roles", locale)
        if self._station.pace.take(_lane(message), user_key(message.author.id), rules.per_minute) is not None:
            return word("reading.asked.pace", locale)
        original = answered(message) or await _fetched(message)
        if original is None:
            return word("reading.asked.gone", locale)
        if not (words := words_of(original, locale)):
            return word(f"reading.asked.{self._why_without_words(original)}", locale)
        target = self._target(message, rules, locale)
        parcel = await self._station.courier.send(self._request(message, original, words), target)
        if isinstance(parcel, Refusal):
            return refusal(parcel, locale)
        self._errands.start(self._watch(message, parcel), "asked_not_told")
        return None

    def _why_without_words(self, original: discord.Message) -> str:
        client = self._station.client
        own = original.author.id == (client.user.id if client.user else 0)
        return "nothing" if client.intents.message_content or own or original.guild is None else "hidden"

    def _target(self, message: discord.Message, rules: Rules, locale: str) -> Target:
        voice, guild = seat_of(message.author), message.guild
        room = self._station.rooms.find(guild.id) if guild else None
        comes = voice is not None and is_open(voice, room, rules)
        return answer_to(message, voice if comes else None, locale)

    def _request(self, message: discord.Message, original: discord.Message, words: Words) -> Request:
        return Request(
            guild=_lane(message),
            user=user_key(message.author.id),
            author=user_key(original.author.id),
            text=words.text,
            channel=channel_key(parent(message.channel)),
            priority=Priority.HIGH,
            names=words.names,
        )

    async def _watch(self, message: discord.Message, parcel: Parcel) -> None:
        receipt = await parcel.delivered()
        if not receipt.delivered and receipt.why and not receipt.taken_back:
            await self._tell(message, receipt.why)

    async def _tell(self, message: discord.Message, text: str) -> None:
        """Answer, without pinging anybody. The mark keeps the answer from being read aloud."""
        try:
            await message.reply(text, mention_author=False, allowed_mentions=NOBODY, nonce=f"{OURS}{message.id}"[:25])
        except UNREACHED as error:
            log.info("asked_not_told", error=type(error).__name__)

    async def _locale(self, message: discord.Message) -> str:
        if message.guild is None:
            return "en-US"
        settings = await self._station.speaker.store.settings.guild(_lane(message))
        return settings.language or str(message.guild.preferred_locale)


def asks(content: str, me: int) -> bool:
    """Whether the words are a mention of the bot and perhaps one that means "say it"."""
    mention = re.compile(rf"<@!?{me}>")
    return bool(mention.search(content)) and mention.sub(" ", content).strip(_MARKS).casefold() in _ASKED


def _lane(message: discord.Message) -> str:
    return guild_key(message.guild.id if message.guild else None, message.channel.id)


async def _fetched(message: discord.Message) -> discord.Message | None:
    """The message that is replied to, from Discord: somebody waits for it."""
    assert message.reference is not None
    try:
        return await message.channel.fetch_message(message.reference.message_id or 0)
    except UNREACHED:
        return None
