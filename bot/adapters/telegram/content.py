"""A message in words, as :class:`bot.speech.Request` takes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import telegram
from telegram.constants import MessageEntityType

from bot.adapters.telegram.identity import asker_of, thread_of

Entities = Sequence[telegram.MessageEntity]

SPOILER = "||…||"
"""Instead of what a spoiler hides: that is never spoken, so it is not kept anywhere either."""

CODE_BLOCK = "\n```\n```\n"
"""Instead of a block of code: it is only told that there was one."""

_LITERAL = (
    (re.compile(r"`+"), ""),
    (re.compile(r"\|{2,}"), "|"),
    (re.compile(r"~{3,}"), "~~"),
    (re.compile(r"\$\$([^\\^_={}$]*)\$\$"), r"\1"),
    (re.compile(r"<!--|-->"), " "),
    (re.compile(r"</?([A-Za-z][\w-]*)\s*/?>"), r" \1 "),
    (re.compile(r"<(?=[A-Za-z/!?#@:])"), " "),
    (re.compile(r"\](?=[:\[]|\((?!\w+:|www\.))"), "] "),
)
"""What is markup elsewhere and would take words away with it, while on Telegram everybody sees it as it stands."""

_MENTION = re.compile(r"<@\d+>|@\w+")


@dataclass(frozen=True, slots=True)
class Words:
    """``text``, and ``names`` for the mentions in it. Empty where there is nothing to say."""

    text: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True, slots=True)
class _Mark:
    """A stretch of a text, in UTF-16 units, and what stands for it."""

    start: int
    end: int
    said: str


def words_of(message: telegram.Message) -> Words:
    """All that is written in a message: its text, its caption, a poll's question and answers, a checklist.

    Spoilers and code are marked as :mod:`bot.tts.text` knows them, for Telegram tells of them beside the text.
    """
    written = [(text, entities or ()) for text, entities in _written(message)]
    text = "\n".join(_marked(text, entities) for text, entities in written if text.strip())
    return _words(text, chain.from_iterable(entities for _, entities in written), message)


def after_command(message: telegram.Message) -> Words:
    """What stands behind the command that a message begins with."""
    entities = message.entities
    begins = entities and entities[0].type == MessageEntityType.BOT_COMMAND and entities[0].offset == 0
    start = entities[0].length if begins else 0
    return _words(_marked(message.text or "", entities, start=start), entities, message)


def quoted(message: telegram.Message) -> Words:
    """The part of another message that somebody has picked to answer; nothing where they answer all of it.

    Of what stands in another chat Telegram shows no more than that.
    """
    quote = message.quote
    if quote is None or not (quote.is_manual or message.reply_to_message is None):
        return Words()
    return _words(_marked(quote.text, quote.entities or ()), (), message)


def answered(message: telegram.Message) -> telegram.Message | None:
    """The message that this one answers. All in a topic seems to answer the message that opened it: that is none."""
    other = message.reply_to_message
    if other is None or other.forum_topic_created is not None:
        return None
    return None if thread_of(message) == other.message_id else other


def writer_of(message: telegram.Message) -> int:
    """Whose words a message holds: who wrote it first, where it was passed on and they are known; 0 for nobody."""
    return _origin(message.forward_origin) or asker_of(message)


def quoted_writer(message: telegram.Message) -> int:
    """Whose words it answers; 0 for nobody who is known."""
    if message.reply_to_message is not None:
        return writer_of(message.reply_to_message)
    return 0 if message.external_reply is None else _origin(message.external_reply.origin)


def is_from(message: telegram.Message, bot: telegram.Bot) -> bool:
    """Whether the bot itself wrote it, in its own name or a business account's."""
    return any(
        author is not None and author.id == bot.id for author in (message.from_user, message.sender_business_bot)
    )


def _origin(origin: telegram.MessageOrigin | None) -> int:
    match origin:
        case telegram.MessageOriginUser():
            return origin.sender_user.id
        case telegram.MessageOriginChat():
            return origin.sender_chat.id
        case telegram.MessageOriginChannel():
            return origin.chat.id
        case _:
            return 0


def _written(message: telegram.Message) -> Iterator[tuple[str, Entities | None]]:
    yield message.text or "", message.entities
    yield message.caption or "", message.caption_entities
    if (poll := message.poll) is not None:
        yield poll.question, poll.question_entities
        yield from ((option.text, option.text_entities) for option in poll.options)
    if (checklist := message.checklist) is not None:
        yield checklist.title, checklist.title_entities
        yield from ((task.text, task.text_entities) for task in checklist.tasks)


def _words(text: str, entities: Iterable[telegram.MessageEntity], message: telegram.Message) -> Words:
    people = (entity.user for entity in entities if entity.user is not None)
    names = {**_names(message), **{f"<@{person.id}>": person.first_name for person in people}}
    # Usernames are blind to case: each stands here as it is typed.
    typed = {mention: names.get(mention.casefold()) for mention in _MENTION.findall(text)}
    return Words(text.strip(), {mention: name for mention, name in typed.items() if name})


def _names(message: telegram.Message) -> dict[str, str]:
    """What those are called whom the message itself makes known, by their usernames."""
    near = [one for one in (message, message.reply_to_message) if one is not None]
    people = [person for one in near for person in (one.from_user, one.via_bot, _first(one))]
    called = [(person.username, person.first_name) for person in people if person is not None]
    chats = [chat for one in near for chat in (one.chat, one.sender_chat) if chat is not None]
    called += [(chat.username, chat.title or chat.first_name or "") for chat in chats]
    return {f"@{username.casefold()}": name for username, name in called if username and _sayable(name)}


def _first(message: telegram.Message) -> telegram.User | None:
    """The person who wrote what is passed on."""
    origin = message.forward_origin
    return origin.sender_user if isinstance(origin, telegram.MessageOriginUser) else None


def _sayable(name: str) -> bool:
    return any(map(str.isalnum, name))


def _marked(text: str, entities: Entities, *, start: int = 0) -> str:
    """The text from this UTF-16 unit on, with marks for what its entities say of it."""
    units = text.encode("utf-16-le", "replace")
    parts = []
    for mark in _marks(units, entities, start):
        parts += [_plain(_cut(units, start, mark.start)), mark.said]
        start = mark.end
    parts.append(_plain(_cut(units, start, len(units))))
    return "".join(parts)


def _marks(units: bytes, entities: Entities, start: int) -> Iterator[_Mark]:
    """One after the other. Nothing is marked that touches a spoiler, for that would lay bare what it hides."""
    spoilers = _spoilers(entities, start)
    others = (_mark(units, entity) for entity in entities if entity.offset >= start)
    free = (mark for mark in others if mark and not any(_meet(mark, spoiler) for spoiler in spoilers))
    for mark in sorted([*spoilers, *free], key=lambda mark: (mark.start, -mark.end)):
        if mark.start >= start:
            yield mark
            start = mark.end


def _spoilers(entities: Entities, start: int) -> list[_Mark]:
    """Those that touch are one: Telegram cuts them up where something else begins in them."""
    spans = sorted((e.offset, e.offset + e.length) for e in entities if e.type == MessageEntityType.SPOILER)
    marks: list[_Mark] = []
    for begin, end in spans:
        if marks and begin <= marks[-1].end:
            marks[-1] = replace(marks[-1], end=max(end, marks[-1].end))
        elif end > start:
            marks.append(_Mark(max(begin, start), end, SPOILER))
    return marks


def _meet(mark: _Mark, other: _Mark) -> bool:
    return mark.start < other.end and other.start < mark.end


def _mark(units: bytes, entity: telegram.MessageEntity) -> _Mark | None:
    end = entity.offset + entity.length
    said = _said(entity, _cut(units, entity.offset, end))
    return None if said is None else _Mark(entity.offset, end, said)


def _said(entity: telegram.MessageEntity, shown: str) -> str | None:
    """What stands for an entity; None where it is only its words."""
    match entity.type:
        case MessageEntityType.PRE:
            return CODE_BLOCK
        case MessageEntityType.CODE:
            code = re.sub(r"\s+", " ", _plain(shown))
            return f"`{code}`" if code.strip() else " "
        case MessageEntityType.TEXT_MENTION if entity.user is not None and _sayable(entity.user.first_name):
            return f"<@{entity.user.id}>"
        case MessageEntityType.BOT_COMMAND:
            return shown.partition("@")[0]
        case _:
            return None


def _cut(units: bytes, start: int, end: int) -> str:
    return units[2 * start : 2 * end].decode("utf-16-le", "ignore")


def _plain(text: str) -> str:
    for shape, said in _LITERAL:
        text = shape.sub(said, text)
    return text
