"""Application commands: what the bot synced, and how a person's words become an interaction's data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.discord.guild import Guild
from tests.doubles.discord.people import User
from tests.doubles.discord.refusal import Json, invalid_form, unknown
from tests.doubles.discord.world import World, id_of

CHAT, USER, MESSAGE = 1, 2, 3
SUB, GROUP, STRING, INTEGER, BOOLEAN, USER_, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
_NAME = re.compile(r"[-_'\w]{1,32}")
_PYTHON: dict[int, type | tuple[type, ...]] = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


@dataclass(slots=True, eq=False)
class Commands:
    """The registry. ``synced`` holds lists of command objects, by ``"global"`` or a guild's id."""

    world: World
    synced: dict[str, list[Json]] = field(default_factory=dict)
    writes: int = 0
    """How many requests changed it."""

    def overwrite(self, scope: str, bodies: list[Json]) -> list[Json]:
        """Bulk overwrite; what Discord would not take is refused (50035)."""
        self.writes += 1
        made = [self._made(scope, body) for body in bodies]
        names = [(command["type"], command["name"]) for command in made]
        if len(set(names)) != len(names):
            raise invalid_form(
                "name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique"
            )
        self.synced[scope] = made
        return made

    def upsert(self, scope: str, body: Json) -> Json:
        self.writes += 1
        made = self._made(scope, body)
        others = [c for c in self.of(scope) if (c["type"], c["name"]) != (made["type"], made["name"])]
        self.synced[scope] = [*others, made]
        return made

    def remove(self, scope: str, command_id: str) -> None:
        self.writes += 1
        kept = [command for command in self.of(scope) if command["id"] != command_id]
        if len(kept) == len(self.of(scope)):
            raise unknown("Application Command")
        self.synced[scope] = kept

    def of(self, scope: str) -> list[Json]:
        return self.synced.get(scope, [])

    def find(self, name: str, kind: int, guild: Guild | None) -> Json:
        """A command as a person would see it there: the guild's own first. AssertionError if there is none."""
        scopes = ([guild.id] if guild is not None else []) + ["global"]
        for scope in scopes:
            for command in self.of(scope):
                if command["name"] == name and command["type"] == kind:
                    _check_place(command, guild)
                    return command
        raise AssertionError(f"nobody synced a command {name!r}; there are {sorted(self._names(scopes))}")

    def _names(self, scopes: list[str]) -> list[str]:
        return [command["name"] for scope in scopes for command in self.of(scope)]

    def _made(self, scope: str, body: Json) -> Json:
        kind = body.get("type", CHAT)
        if kind == CHAT:
            _check_command(body, "")
        if _size(body) > 8000:
            raise invalid_form("", "APPLICATION_COMMAND_TOO_LARGE", "Command exceeds maximum size (8000)")
        known = next((c for c in self.of(scope) if (c["type"], c["name"]) == (kind, body["name"])), None)
        return {
            **body,
            "id": known["id"] if known else self.world.clock.snowflake(),
            "application_id": self.world.bot.id,
            "version": self.world.clock.snowflake(),
            "type": kind,
            "description": body.get("description", ""),
            **({"guild_id": scope} if scope != "global" else {}),
        }


def invocation(
    world: World,
    command: Json,
    path: list[str],
    options: Mapping[str, Any],
    guild: Guild | None,
    *,
    focused: str | None = None,
) -> Json:
    """The data of a slash command: options with the declared types and the resolved objects they name.

    While somebody still types in one (``focused``), nothing is required and that one is taken as it is.
    """
    resolved: Json = {}
    leaf, wrap = _descend(command, path)
    declared = {option["name"]: option for option in leaf.get("options", [])}
    missing = [name for name, option in declared.items() if option.get("required") and name not in options]
    assert focused is not None or not missing, f"/{command['name']} needs {missing}"
    assert set(options) <= set(declared), f"/{command['name']} has only {sorted(declared)}, not {sorted(options)}"
    typed = {name: value for name, value in options.items() if name != focused}
    given = [_option(world, declared[name], value, guild, resolved) for name, value in typed.items()]
    if focused is not None:
        assert declared[focused].get("autocomplete"), f"{focused} is not completed"
        entry = {"name": focused, "type": declared[focused]["type"], "value": options[focused], "focused": True}
        given.append(entry)
    data = {"id": command["id"], "name": command["name"], "type": CHAT, "options": wrap(given)}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    return {**data, "resolved": resolved} if resolved else data


def _descend(command: Json, path: list[str]) -> tuple[Json, Callable[[list[Json]], list[Json]]]:
    """The subcommand at the end of a path, and what wraps its options."""
    leaf, steps = command, []
    for name in path:
        below = [o for o in leaf.get("options", []) if o["type"] in (SUB, GROUP) and o["name"] == name]
        assert below, f"/{command['name']} has no subcommand {name!r}"
        leaf = below[0]
        steps.append((leaf["type"], name))
    assert not any(o["type"] in (SUB, GROUP) for o in leaf.get("options", [])), f"/{command['name']} wants a subcommand"

    def wrap(given: list[Json]) -> list[Json]:
        for kind, name in reversed(steps):
            given = [{"type": kind, "name": name, "options": given}]
        return given

    return leaf, wrap


def _option(world: World, declared: Json, value: Any, guild: Guild | None, resolved: Json) -> Json:
    kind = declared["type"]
    if kind in _PYTHON:
        _check_value(declared, value)
    else:
        value = id_of(value)
        _resolve(world, kind, value, guild, resolved)
    return {"name": declared["name"], "type": kind, "value": value}


def _check_value(declared: Json, value: Any) -> None:
    """What Discord's client would not let a person send."""
    name, kind = declared["name"], declared["type"]
    fits = isinstance(value, _PYTHON[kind])
    assert fits, f"{name} takes no {type(value).__name__}"
    assert kind == BOOLEAN or not isinstance(value, bool), f"{name} is no boolean"
    if declared.get("choices"):
        assert value in [choice["value"] for choice in declared["choices"]], f"{name} has no choice {value!r}"
    if kind == STRING:
        assert declared.get("min_length", 0) <= len(value) <= declared.get("max_length", 6000), f"length of {name}"
    elif kind in (INTEGER, NUMBER):
        low, high = declared.get("min_value", value), declared.get("max_value", value)
        assert low <= value <= high, f"{name} must be in {low}..{high}"


def _resolve(world: World, kind: int, key: str, guild: Guild | None, resolved: Json) -> None:
    if kind in (USER_, MENTIONABLE) and key in world.users:
        resolved.setdefault("users", {})[key] = world.users[key].payload()
        if guild is not None and key in guild.members:
            member = {**guild.members[key].partial(), "permissions": str(int(guild.permissions(key)))}
            resolved.setdefault("members", {})[key] = member
    elif kind in (ROLE, MENTIONABLE):
        assert guild is not None
        resolved.setdefault("roles", {})[key] = guild.roles[key].payload()
    elif kind == CHANNEL:
        channel = world.channel(key)
        resolved.setdefault("channels", {})[key] = {**channel.payload(), "permissions": "0"}


def resolved_user(world: World, user: User, guild: Guild | None) -> Json:
    """The resolved data of a user menu."""
    resolved: Json = {}
    _resolve(world, USER_, user.id, guild, resolved)
    return resolved


def _check_place(command: Json, guild: Guild | None) -> None:
    contexts = command.get("contexts")
    place = 1 if guild is None else 0
    assert contexts is None or place in contexts, f"/{command['name']} is not to be used here (context {place})"
    assert guild is not None or command.get("dm_permission", True), f"/{command['name']} is for guilds only"


def _check_command(body: Json, place: str) -> None:
    """Names, descriptions, numbers of options and choices ("Application Command Object")."""
    for name in (body["name"], *(body.get("name_localizations") or {}).values()):
        if not _NAME.fullmatch(name) or name != name.lower():
            raise invalid_form(f"{place}name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    for text in (body.get("description", ""), *(body.get("description_localizations") or {}).values()):
        if not 1 <= len(text) <= 100:
            raise invalid_form(f"{place}description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    options, choices = body.get("options") or [], body.get("choices") or []
    if len(options) > 25 or len(choices) > 25:
        raise invalid_form(f"{place}options", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for choice in choices:
        check_choice(choice, place)
    _check_options(options, place)
    for at, option in enumerate(options):
        _check_command(option, f"{place}options.{at}.")


def _check_options(options: list[Json], place: str) -> None:
    """Each name once, and what is required before what is not."""
    names = [option["name"] for option in options]
    if len(set(names)) != len(names):
        raise invalid_form(f"{place}options", "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
    required = [bool(option.get("required")) for option in options]
    if required != sorted(required, reverse=True):
        code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
        raise invalid_form(f"{place}options", code, "Required options must be placed before non-required options")


def _size(body: Json) -> int:
    """Characters of a command: of each text in its longest language."""
    size = 0
    for key in ("name", "description"):
        texts = [body.get(key) or "", *(body.get(f"{key}_localizations") or {}).values()]
        size += max(len(text) for text in texts)
    inner = [*(body.get("options") or []), *(body.get("choices") or [])]
    return size + len(str(body.get("value", ""))) + sum(_size(part) for part in inner)


def check_choice(choice: Json, place: str) -> None:
    """A choice's name, in every language, and value: 1 to 100 characters."""
    texts: list[str] = [choice["name"], str(choice["value"]), *(choice.get("name_localizations") or {}).values()]
    if not all(1 <= len(text) <= 100 for text in texts):
        raise invalid_form(f"{place}choices", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
