"""What Discord checks of a message before it exists (message.mdx "Create Message", "Voice Messages")."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.permissions import P, Permission
from tests.doubles.discord.refusal import Json, Refusal, invalid_form, missing_access, missing_permissions, too_large
from tests.doubles.discord.upload import Upload
from tests.doubles.discord.world import World

CROSSPOSTED, SUPPRESS_EMBEDS, EPHEMERAL, LOADING, SILENT, VOICE, SNAPSHOT, COMPONENTS_V2 = (
    1 << 0,
    1 << 2,
    1 << 6,
    1 << 7,
    1 << 12,
    1 << 13,
    1 << 14,
    1 << 15,
)
MAX_CONTENT, MAX_EMBEDS, MAX_EMBEDDED, MAX_FILES, MAX_NONCE, MAX_POINTS = 2000, 10, 6000, 10, 25, 256


def check_body(body: Json, files: Sequence[Upload], limit: int, channel: Channel) -> None:
    """Everything that makes a new message impossible for anybody."""
    if any(len(file.data) > limit for file in files):
        raise too_large()
    if len(files) > MAX_FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    check_text(body)
    if body.get("flags", 0) & VOICE:
        check_voice_message(body, files, channel)
    elif not files and not any(body.get(part) for part in ("content", "embeds", "components", "sticker_ids", "poll")):
        raise Refusal(400, 50006, "Cannot send an empty message")


def check_text(body: Json) -> None:
    """Lengths, of new messages and of edits."""
    if len(body.get("content") or "") > MAX_CONTENT:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    embeds = body.get("embeds") or []
    if body.get("flags", 0) & COMPONENTS_V2 and any(body.get(part) for part in ("content", "embeds", "poll")):
        raise invalid_form("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "Only components")
    if len(embeds) > MAX_EMBEDS:
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_EMBEDS} or fewer in length.")
    for at, embed in enumerate(embeds):
        if len(embed.get("description") or "") > 4096:
            raise invalid_form(f"embeds.{at}.description", "BASE_TYPE_MAX_LENGTH", "Must be 4096 or fewer in length.")
    if sum(_words(embed) for embed in embeds) > MAX_EMBEDDED:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBEDDED}")
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > MAX_NONCE:
        raise invalid_form("nonce", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")
    check_components(body.get("components") or [])


def _words(embed: Json) -> int:
    """Characters of an embed, as its limit counts them ("Embed Limits")."""
    texts = [embed.get("title"), embed.get("description"), (embed.get("footer") or {}).get("text")]
    texts += [(embed.get("author") or {}).get("name")]
    texts += [field[part] for field in embed.get("fields") or [] for part in ("name", "value")]
    return sum(len(text or "") for text in texts)


def check_components(rows: list[Json]) -> None:
    """At most 5 rows of 5 buttons, each id once (component reference)."""
    if len(rows) > 5 and all(row.get("type") == 1 for row in rows):
        raise invalid_form("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    seen: set[str] = set()
    for at, row in enumerate(rows):
        inner = row.get("components") or []
        if row.get("type") == 1 and not 1 <= len(inner) <= 5:
            raise invalid_form(
                f"components.{at}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
            )
        for part in inner:
            custom = part.get("custom_id")
            if custom is not None and (custom in seen or not 1 <= len(custom) <= 100):
                raise invalid_form(f"components.{at}", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id is bad.")
            seen.add(custom)


def check_voice_message(body: Json, files: Sequence[Upload], channel: Channel) -> None:
    """50159, 50160, 50161, 50173."""
    if not channel.voice_notes:
        raise Refusal(400, 50173, "Cannot send voice messages in this channel.")
    if any(body.get(part) for part in ("content", "embeds", "components", "sticker_ids", "poll")):
        raise Refusal(400, 50159, "Voice messages do not support additional content.")
    attachments = body.get("attachments") or []
    audio = [file for file in files if (file.guessed() or "").startswith("audio/")]
    if len(files) != 1 or len(attachments) != 1 or len(audio) != 1:
        raise Refusal(400, 50160, "Voice messages must have a single audio attachment.")
    if not _described(attachments[0]):
        raise Refusal(400, 50161, "Voice messages must have supporting metadata.")


def _described(attachment: Json) -> bool:
    try:
        points = base64.b64decode(attachment["waveform"], validate=True)
        return float(attachment["duration_secs"]) > 0 and 1 <= len(points) <= MAX_POINTS
    except (KeyError, ValueError, TypeError, binascii.Error):
        return False


def check_may_send(world: World, user_id: str, channel: Channel, body: Json, files: Sequence[Upload]) -> None:
    """The permissions: 50001 without a view of the channel, 50013 without what the message takes.

    A voice message needs SEND_VOICE_MESSAGES and not ATTACH_FILES.
    """
    if not world.may(user_id, channel, P.VIEW_CHANNEL):
        raise missing_access()
    if channel.closed:
        raise Refusal(403, 50007, "Cannot send messages to this user")
    if channel.kind in (Kind.CATEGORY, Kind.FORUM):
        raise Refusal(400, 50008, "Cannot send messages in a non-text channel")
    needed: Permission = P.SEND_MESSAGES_IN_THREADS if channel.thread else P.SEND_MESSAGES
    if body.get("flags", 0) & VOICE:
        needed |= P.SEND_VOICE_MESSAGES
    elif files:
        needed |= P.ATTACH_FILES
    if body.get("message_reference"):
        needed |= P.READ_MESSAGE_HISTORY
    if not world.may(user_id, channel, needed):
        raise missing_permissions()
