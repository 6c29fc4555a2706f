"""A message in words: what its writer typed, and what cannot be heard of itself, told in the guild's language."""

from __future__ import annotations

import mimetypes
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import discord

from bot.adapters.discord.mentions import named
from bot.adapters.words import word

_WRITTEN = frozenset(
    {
        discord.MessageType.default,
        discord.MessageType.reply,
        discord.MessageType.chat_input_command,
        discord.MessageType.context_menu_command,
    }
)
"""All other types are Discord's own notices: who joined, what was pinned."""

_KINDS = ("image", "video", "voice", "audio", "file")
"""What is sent, in the order in which it is told."""

_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Words:
    """``text`` as :class:`bot.speech.Request` takes it, and ``names`` for the mentions in it.

    Empty where there is nothing to say. ``written``: the writer's own words are in it, not only what they sent.
    """

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    written: bool = False

    def __bool__(self) -> bool:
        return bool(self.text)


NOTHING = Words()


def words_of(message: discord.Message, locale: str = "en-US", *, without: str = "") -> Words:
    """The message in words, without the prefix ``without``; what Sayso adds is in the language of ``locale``.

    Asks Discord nothing.
    """
    if message.type not in _WRITTEN:
        return NOTHING
    own = _body(message.content.removeprefix(without), message.components, message.embeds)
    lines = [*own, *_forwarded(message, locale), *_sent(message.attachments, locale)]
    lines += [*_stickers(message.stickers, locale), *_asked(message.poll, locale)]
    if not lines:
        return NOTHING
    text = "\n".join([*_answering(message, locale), *lines])
    return Words(text, names_in(message, text), written=bool(own))


def typed_in(message: discord.Message) -> Words:
    """Only the words that are typed in it, or shown in its layout or embeds."""
    text = "\n".join(_body(message.content, message.components, message.embeds))
    return Words(text, names_in(message, text), written=True)


def _body(content: str, components: Sequence[object], embeds: Sequence[discord.Embed]) -> list[str]:
    """The words typed; where there are none, those that a bot put into a layout or into embeds."""
    if content.strip():
        # An open code block would swallow what is told after it; Discord shows it as plain text.
        return [content, _FENCE] if content.count(_FENCE) % 2 else [content]
    shown = [*_displayed(components), *_embedded(embeds)]
    return [text for text in shown if text.strip()]


def _displayed(components: Sequence[object]) -> Iterator[str]:
    for component in components:
        if isinstance(component, discord.TextDisplay):
            yield component.content
        elif isinstance(component, discord.Container | discord.SectionComponent):
            yield from _displayed(component.children)


def _embedded(embeds: Sequence[discord.Embed]) -> Iterator[str]:
    for embed in embeds:
        yield embed.title or ""
        yield embed.description or ""


def _answering(message: discord.Message, locale: str) -> Iterator[str]:
    other = answered(message)
    if other is not None and other.author.id != message.author.id:
        yield word("reading.replying", locale, name=other.author.mention)


def answered(message: discord.Message) -> discord.Message | None:
    """The message that this one replies to, if Discord sent it along or it is remembered."""
    reference = message.reference
    if reference is None or reference.type is not discord.MessageReferenceType.reply:
        return None
    found = reference.resolved or reference.cached_message
    return found if isinstance(found, discord.Message) else None


def _forwarded(message: discord.Message, locale: str) -> Iterator[str]:
    for snapshot in message.message_snapshots:
        yield word("reading.forwarded", locale)
        yield from _body(snapshot.content, snapshot.components, snapshot.embeds)
        yield from _sent(snapshot.attachments, locale)
        yield from _stickers(snapshot.stickers, locale)


def _sent(attachments: Sequence[discord.Attachment], locale: str) -> Iterator[str]:
    numbers = Counter(map(_kind, attachments))
    things = [_things(kind, numbers[kind], locale) for kind in _KINDS if numbers[kind]]
    if things:
        yield word("reading.sent", locale, things=_listed(things, locale))


def _kind(attachment: discord.Attachment) -> str:
    if attachment.is_voice_message():
        return "voice"
    guessed, _ = mimetypes.guess_type(attachment.filename)
    kinds = (kind.partition("/")[0] for kind in (attachment.content_type, guessed) if kind)
    return next((kind for kind in kinds if kind in _KINDS), "file")


def _things(kind: str, number: int, locale: str) -> str:
    return word(f"reading.{kind}" if number == 1 else f"reading.{kind}s", locale, number=number)


def _listed(things: Sequence[str], locale: str) -> str:
    said = things[0]
    for thing in things[1:-1]:
        said = word("reading.comma", locale, first=said, next=thing)
    return word("reading.and", locale, first=said, last=things[-1]) if len(things) > 1 else said


def _stickers(stickers: Sequence[discord.StickerItem], locale: str) -> Iterator[str]:
    for sticker in stickers:
        yield word("reading.sticker", locale, name=_sticker_mark(sticker))


def _sticker_mark(sticker: discord.StickerItem) -> str:
    # Like a mention: its name is put in after the text was cut into sentences, so no mark in it can upset the others.
    return f"<sticker:{sticker.id}>"


def _asked(poll: discord.Poll | None, locale: str) -> Iterator[str]:
    if poll is not None:
        yield word("reading.poll", locale, question=poll.question)
        yield from (answer.text for answer in poll.answers if answer.text)


def names_in(message: discord.Message, text: str) -> dict[str, str]:
    """The names of the mentions and stickers in a text that has to do with the message."""
    people: dict[int, discord.abc.User] = {person.id: person for person in message.mentions}
    if (other := answered(message)) is not None:
        people[other.author.id] = other.author
    shots = (snapshot.stickers for snapshot in message.message_snapshots)
    marks = {_sticker_mark(sticker): sticker.name for some in (message.stickers, *shots) for sticker in some}
    return marks | named(text, message.guild, people.get)
