"""Inline keyboards as the server accepts them ("InlineKeyboardButton")."""

from __future__ import annotations

from typing import Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.refusal import Json, bad_request

_ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay",
)  # fmt: skip
_OTHERS = ("keyboard", "remove_keyboard", "force_reply")
MAX_BUTTONS, MAX_DATA = 100, 64


def markup(call: Call) -> Json | None:
    """The keyboard of a call, if it is one that stays with its message."""
    return checked(call.object("reply_markup"))


def checked(given: Json | None) -> Json | None:
    """An inline keyboard without empty rows; None if there is none."""
    if not given or any(name in given for name in _OTHERS):
        return None
    rows = given.get("inline_keyboard")
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays')
    kept = [row for row in rows if row]
    for button in (buttons := [button for row in kept for button in row]):
        _check(button)
    if len(buttons) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    return {"inline_keyboard": kept} if kept else None


def _check(button: Any) -> None:
    if not isinstance(button, dict) or "text" not in button:
        raise bad_request("can't parse inline keyboard button: Can't find field \"text\"")
    if not any(button.get(name) not in (None, "") for name in _ACTIONS):
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if not str(button["text"]).strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if len(str(button.get("callback_data", "")).encode()) > MAX_DATA:
        raise bad_request("BUTTON_DATA_INVALID")
