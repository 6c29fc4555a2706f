"""The methods of the Bot API that there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tests.doubles.telegram.answering import Answering
from tests.doubles.telegram.asking import Asking
from tests.doubles.telegram.call import Call
from tests.doubles.telegram.editing import Editing
from tests.doubles.telegram.naming import Naming
from tests.doubles.telegram.sending import Sending
from tests.doubles.telegram.updates import Updates

Handler = Callable[[Call], Any]


def methods(
    asking: Asking, sending: Sending, editing: Editing, answering: Answering, naming: Naming, updates: Updates
) -> Mapping[str, Handler]:
    """Handlers by lower-case name: methods are found whatever their case."""
    table: dict[str, Handler] = {
        "getMe": asking.me,
        "getChat": asking.chat,
        "getChatMember": asking.member,
        "getChatAdministrators": asking.administrators,
        "getChatMemberCount": asking.count,
        "getFile": asking.file,
        "getBusinessConnection": asking.business,
        "sendMessage": sending.text,
        "sendVoice": sending.voice,
        "sendAudio": sending.audio,
        "sendDocument": sending.document,
        "sendChatAction": sending.action,
        "editMessageText": editing.text,
        "editMessageCaption": editing.caption,
        "editMessageReplyMarkup": editing.markup,
        "deleteMessage": editing.delete,
        "deleteMessages": editing.delete_many,
        "deleteBusinessMessages": editing.delete_business,
        "answerCallbackQuery": answering.press,
        "answerInlineQuery": answering.inline,
        "setMyCommands": naming.set_commands,
        "getMyCommands": naming.get_commands,
        "deleteMyCommands": naming.delete_commands,
        "setMyDescription": partial(naming.set_words, "description"),
        "getMyDescription": partial(naming.get_words, "description"),
        "setMyShortDescription": partial(naming.set_words, "short_description"),
        "getMyShortDescription": partial(naming.get_words, "short_description"),
        "setMyName": partial(naming.set_words, "name"),
        "getMyName": partial(naming.get_words, "name"),
        "getUpdates": updates.get,
        "setWebhook": updates.set_webhook,
        "deleteWebhook": updates.delete_webhook,
        "getWebhookInfo": updates.webhook_info,
        "close": _true,
        "logOut": _true,
    }
    return {name.lower(): handler for name, handler in table.items()}


def _true(call: Call) -> bool:
    return True
