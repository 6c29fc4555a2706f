"""Permissions: the bits, and how roles and overwrites add up ("Permissions", permissions.mdx)."""

from __future__ import annotations

from enum import IntFlag


class Permission(IntFlag):
    """The bits of permissions.mdx that a speaking bot may meet."""

    KICK_MEMBERS = 1 << 1
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_VOICE_MESSAGES = 1 << 46
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50


P = Permission
ALL = Permission((1 << 53) - 1)
NONE = Permission(0)
EVERYONE = (
    P.ADD_REACTIONS
    | P.VIEW_CHANNEL
    | P.SEND_MESSAGES
    | P.EMBED_LINKS
    | P.ATTACH_FILES
    | P.READ_MESSAGE_HISTORY
    | P.MENTION_EVERYONE
    | P.USE_EXTERNAL_EMOJIS
    | P.CONNECT
    | P.SPEAK
    | P.USE_VAD
    | P.CHANGE_NICKNAME
    | P.USE_APPLICATION_COMMANDS
    | P.REQUEST_TO_SPEAK
    | P.CREATE_PUBLIC_THREADS
    | P.CREATE_PRIVATE_THREADS
    | P.USE_EXTERNAL_STICKERS
    | P.SEND_MESSAGES_IN_THREADS
    | P.SEND_VOICE_MESSAGES
    | P.SEND_POLLS
    | P.USE_EXTERNAL_APPS
)
"""What an ordinary member of a new guild may do."""
INVITED = P.MANAGE_MESSAGES | P.MUTE_MEMBERS | P.MOVE_MEMBERS
"""What the role that came with the bot allows it beside."""
_SPEECHLESS = P.MENTION_EVERYONE | P.ATTACH_FILES | P.EMBED_LINKS | P.SEND_VOICE_MESSAGES | P.SEND_POLLS


def named(name: str | int | Permission) -> Permission:
    """A permission by its bit or by its name in either case: ``send_messages``."""
    return Permission[name.upper()] if isinstance(name, str) else Permission(name)


def implied(permissions: Permission, *, thread: bool) -> Permission:
    """What is left when what rests on a denied permission goes with it ("Implicit Permissions")."""
    if permissions & P.ADMINISTRATOR:
        return ALL
    if not permissions & P.VIEW_CHANNEL:
        return NONE
    if not permissions & (P.SEND_MESSAGES_IN_THREADS if thread else P.SEND_MESSAGES):
        return permissions & ~_SPEECHLESS
    return permissions
