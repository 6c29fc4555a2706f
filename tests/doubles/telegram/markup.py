"""Inline keyboards as the server accepts them ("InlineKeyboardButton")."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.refusal import Json, bad_request

_ACTIONS = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
]
_REPLY = ("keyboard", "remove_keyboard", "force_reply")
MAX_BUTTONS, MAX_DATA = 100, 64


def markup(call: Call) -> Json | None:
    """The keyboard of a call. Only an inline keyboard is kept with its message; None if there is none."""
    given = call.object("reply_markup")
    if not given or any(name in given for name in _REPLY):
        return None
    rows = given.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("object expected as reply markup")
    kept = [row for row in rows if row]
    buttons = [button for row in kept for button in row]
    if len(buttons) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    for button in buttons:
        _check(button)
    return {"inline_keyboard": kept} if kept else None


def _check(button: Any) -> None:
    if not isinstance(button, dict) or not button.get("text"):
        raise bad_request('can\'t parse inline keyboard button: Field "text" must be of type String')
    if not any(name in button for name in _ACTIONS):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(str(data).encode()) <= MAX_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
