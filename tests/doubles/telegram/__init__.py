"""The loopback Telegram: the real, unpatched python-telegram-bot talks to it over plain HTTP on 127.0.0.1.

    async with FakeTelegram() as fake:
        ann = fake.person("Ann")
        builder = Application.builder().token(fake.token).base_url(fake.base_url).base_file_url(fake.base_file_url)
        ...
        asked = await ann.say("/say hi")
        [note] = await fake.until(lambda: fake.notes(ann.private))
        assert note.reply_to is asked and fake.unknown == []

**A new fake**: ``fake.server`` is what a configuration's ``base_url`` holds. ``bot`` is the bot (@sayso_bot), with
BotFather's switches: ``can_read_all_group_messages`` (False is privacy mode), ``supports_inline_queries``,
``inline_feedback``. ``clock.advance(seconds)`` lets time pass for Telegram; ``FakeTelegram(Clock(source))`` shares
another's.

**Who and where**: ``person(name, locale=, username=, started=, premium=)``, ``robot(name, username)`` another bot;
``group(title, members=, admins=, anonymous=, bot=, forum=, basic=, username=)``, ``channel(title, admins=, bot=)``;
``ann.private``; ``await migrate(group)`` makes a basic group a supergroup. ``group.denied.add("can_send_voice_notes")``
takes a permission from all plain members; ``ann.private.voice_forbidden = True`` lets nobody send her voice messages,
``deactivated`` ends her account.

**What people do**, each awaited. Writing: ``ann.say(text, chat, reply_to=, quote=, thread=, naming=, entities=, via=,
business=, speaking_as=)``, ``voice(chat, ogg, caption=)``, ``post({"photo": …}, chat)`` anything else,
``forward(message, chat)``, ``edit(message, text)``, ``delete(message)``; all give the ``Message``. In a channel she
writes as it, as an ``anonymous`` administrator as the group. Pressing: ``press(message, "words or data")`` gives what
was answered (``text``, ``alert``), ``tap`` does not wait; ``offered(query)`` gives an ``Inline`` (``results``,
``button``, ``cache_time``, ``is_personal``, ``next_offset``), ``inline`` does not wait; ``choose(inline, "result id",
chat)`` sends it. Moving: ``join``, ``leave``, ``promote(who, chat, anonymous=, without=)``, ``demote``,
``restrict(who, chat, permission …)``, ``kick``, ``add_bot``, ``kick_bot``, ``block``, ``unblock``,
``connect()`` a ``Business`` (``business.chat(bob)``, ``rights``), ``disconnect``; ``open_topic(chat, name)``,
``close_topic``, ``reopen_topic``.

**What there is**: ``chat.messages`` and ``chat.texts`` as they are now; ``chat.action`` and ``topic.action`` what
people see the bot do; ``notes(chat)`` the bot's voice messages (``ogg``, ``seconds``, ``duration``, ``caption``,
``reply_to``, ``thread``, ``uploaded``, ``has_waveform``); a ``Message`` has ``text``, ``caption``, ``buttons``,
``reply_to``, ``thread``, ``at``. ``uploaded_bytes``, ``forget_files()``; ``naming.commands`` by scope and language,
``naming.words``.

**What the bot did**: ``calls``, ``of("sendVoice")``: ``method``, ``params`` (parsed), ``files``, ``result``,
``error``, ``at``, ``answered``; ``polls``, ``updates.pending``, ``updates.pusher.statuses``. ``unknown`` lists methods
and parameters that the fake does not know: assert that it is empty. ``await until(predicate)``.

**By hand**: ``python -m tests.doubles.telegram`` is a Telegram at a terminal (``console.py``).

**Where the words come from**: refusals and their order are those of tdlib/telegram-bot-api 10.0 and tdlib/td. Known
to differ: URLs are not fetched, Markdown of the first version is not read, links are found only for common domains, a
repeated getUpdates is not slowed down, and ``limits`` are what the Bot FAQ says, not what servers do.

**What goes wrong**: ``faults.refuse(method, code, description, **parameters)``, ``lose`` (done, but the answer is
lost), ``cut``, ``delay(method, seconds or event)``, ``hang`` (until ``.release()``), ``html(method, status)``; each
with ``times=`` and ``chat=`` and a ``Fault`` with ``hits`` and ``met``. ``limits.on = True`` answers 429 to what is too
much; ``floods`` counts it.
"""

from tests.doubles.telegram.answering import Inline, Press
from tests.doubles.telegram.call import Call, Upload
from tests.doubles.telegram.chats import Chat, ChatKind, Membership, Status, Topic
from tests.doubles.telegram.clock import Clock
from tests.doubles.telegram.crowd import Person
from tests.doubles.telegram.fake import FakeTelegram
from tests.doubles.telegram.faults import Fault
from tests.doubles.telegram.messages import Message
from tests.doubles.telegram.notes import Note
from tests.doubles.telegram.world import Business

__all__ = [
    "Business",
    "Call",
    "Chat",
    "ChatKind",
    "Clock",
    "FakeTelegram",
    "Fault",
    "Inline",
    "Membership",
    "Message",
    "Note",
    "Person",
    "Press",
    "Status",
    "Topic",
    "Upload",
]
