"""What a bot says of itself: commands by scope and language, descriptions, names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.telegram.call import Call
from tests.doubles.telegram.refusal import Json, bad_request

_COMMAND = re.compile(r"[a-z0-9_]+")
MAX_COMMANDS, MAX_COMMAND, MAX_DESCRIPTION = 100, 32, 256
_LIMITS = {"description": 512, "short_description": 120, "name": 64}

Scope = tuple[Any, ...]


@dataclass(slots=True, eq=False)
class Naming:
    """setMyCommands, getMyCommands, deleteMyCommands; set and get of MyDescription, MyShortDescription, MyName."""

    commands: dict[tuple[Scope, str], list[Json]] = field(default_factory=dict)
    """By scope like ``("default",)`` or ``("chat", -100…)``, and language ("" is for all)."""
    words: dict[tuple[str, str], str] = field(default_factory=dict)
    """By "description", "short_description" or "name", and language."""

    def set_commands(self, call: Call) -> bool:
        """setMyCommands."""
        given = call.array("commands") or []
        for one in given:
            _check(str(one.get("command", "")).strip().removeprefix("/"), str(one.get("description", "")).strip())
        if len(given) > MAX_COMMANDS:
            raise bad_request("BOT_COMMANDS_TOO_MUCH")
        self.commands[_key(call)] = given
        return True

    def get_commands(self, call: Call) -> list[Json]:
        """getMyCommands."""
        return self.commands.get(_key(call), [])

    def delete_commands(self, call: Call) -> bool:
        """deleteMyCommands."""
        self.commands.pop(_key(call), None)
        return True

    def set_words(self, name: str, call: Call) -> bool:
        text = call.words(name)
        if len(text) > _LIMITS[name]:
            raise bad_request(f"{name.replace('_', ' ')} is too long")
        self.words[name, call.words("language_code")] = text
        return True

    def get_words(self, name: str, call: Call) -> Json:
        everywhere = self.words.get((name, ""), "")
        return {name: self.words.get((name, call.words("language_code"))) or everywhere}


def _check(command: str, description: str) -> None:
    """Lengths are looked at before they go out to Telegram (td/telegram/BotCommand.cpp), letters only there."""
    if not command:
        raise bad_request("command must be non-empty")
    if len(command) > MAX_COMMAND:
        raise bad_request(f"command length must not exceed {MAX_COMMAND}")
    if not description:
        raise bad_request("command description must be non-empty")
    if len(description) > MAX_DESCRIPTION:
        raise bad_request(f"command description length must not exceed {MAX_DESCRIPTION}")
    if not _COMMAND.fullmatch(command):
        raise bad_request("BOT_COMMAND_INVALID")


def _key(call: Call) -> tuple[Scope, str]:
    scope = call.object("scope") or {"type": "default"}
    parts = (scope.get(name) for name in ("type", "chat_id", "user_id"))
    return tuple(part for part in parts if part is not None), call.words("language_code")
