"""The audio cache in SQL: every function is one transaction's work on a connection."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Row, bindparam, case, delete, exists, func, literal, select, update
from sqlalchemy.sql.elements import ColumnElement

from bot.speech import Clip, Codec, EngineVoice, Spoken, Utterance
from bot.store.tables import ATTACHMENTS, AUDIO_LOCK, CLIPS, PLAYS, SOUNDS, insert, spelt, take_turn

PLAYS_KEPT = 100
"""How many of a user's recent clips are remembered, and of a guild's where nobody is known to have asked."""

_ROW_BYTES = 256
"""About what the rows of a clip take beside what they carry."""

KEYS_AT_ONCE = 2000
"""How many keys are read in one go."""

Play = tuple[str, str, str]
"""Who heard which clip: user, guild and key, the first two empty where unknown."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a transaction left behind: the keys that are gone, and how many clips there are, of how many bytes."""

    gone: Sequence[str]
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes the clips may take, and how many of them there may be."""

    bytes: int
    entries: int


FIND = (
    select(CLIPS.c.key, SOUNDS.c.data, CLIPS.c.seconds, SOUNDS.c.waveform, SOUNDS.c.spoken, SOUNDS.c.codec)
    .join_from(CLIPS, SOUNDS)
    .where((CLIPS.c.key == bindparam("key")) | (CLIPS.c.key == bindparam("other")), CLIPS.c.used >= bindparam("since"))
)
"""One or two clips in one look."""

KEYS = select(CLIPS.c.key).where(CLIPS.c.key > bindparam("after")).order_by(CLIPS.c.key).limit(KEYS_AT_ONCE)
LATE_KEYS = select(CLIPS.c.key).where(CLIPS.c.used >= bindparam("since"))
"""What was used of late."""

RECENT = (
    select(PLAYS.c.key, func.max(PLAYS.c.at).label("at"), func.max(CLIPS.c.seconds).label("seconds"))
    .join_from(PLAYS, CLIPS)
    .where(CLIPS.c.used >= bindparam("since"))
    .group_by(PLAYS.c.key)
    .order_by(func.max(PLAYS.c.at).desc())
    .limit(bindparam("limit"))
)

_HEARD = (PLAYS.c.user == bindparam("user")) | PLAYS.c.guild.in_(bindparam("homes", expanding=True))
_HEARD_AT = func.coalesce(PLAYS.c.at, CLIPS.c.at).label("at")

TEXTS = (
    select(CLIPS.c.key, func.coalesce(PLAYS.c.guild, "").label("guild"), _HEARD_AT, CLIPS.c.seconds, SOUNDS.c.spoken)
    .join_from(CLIPS, SOUNDS)
    .join(PLAYS, (PLAYS.c.key == CLIPS.c.key) & _HEARD, isouter=True)
    .where(PLAYS.c.key.is_not(None) | (CLIPS.c.owner == bindparam("user")))
    .order_by(_HEARD_AT.desc(), CLIPS.c.key)
)
"""What somebody heard, or was heard in homes of theirs, and what holds their words though another had it spoken."""

ATTACHMENT = select(ATTACHMENTS.c.value).where(
    ATTACHMENTS.c.key == bindparam("key"), ATTACHMENTS.c.name == bindparam("name")
)

_TOTALS = select(func.count(), func.coalesce(func.sum(CLIPS.c.bytes), 0)).select_from(CLIPS)


def decoded(row: Row[Any]) -> Clip:
    """The clip that a row of :data:`FIND` holds."""
    spoken = tuple(map(_spoken, json.loads(row.spoken)))
    return Clip(bytes(row.data), row.seconds, bytes(row.waveform), spoken, Codec(row.codec))


def texts(spoken: str) -> list[str]:
    """What is said in a clip, sentence by sentence."""
    return [each["utterance"]["text"] for each in json.loads(spoken)]


def encoded(key: str, clip: Clip, *, owner: str, at: float) -> dict[str, Any]:
    """A clip as values of :data:`CLIPS` and :data:`SOUNDS`."""
    spoken = json.dumps([_plain(each) for each in clip.spoken])
    size = len(clip.data) + len(clip.waveform) + len(spoken) + _ROW_BYTES
    return {
        "key": key,
        "bytes": size,
        "seconds": clip.seconds,
        "spoken": spoken,
        "waveform": clip.waveform,
        "data": clip.data,
        "codec": clip.codec.value,
        "owner": owner,
        "at": at,
        "used": at,
    }


_UTTERANCE_FIELDS = tuple(item.name for item in fields(Utterance))


def _plain(spoken: Spoken) -> dict[str, object]:
    """As :func:`dataclasses.asdict` would have it, which copies every text on its way."""
    utterance = spoken.utterance
    values: dict[str, object] = {name: getattr(utterance, name) for name in _UTTERANCE_FIELDS}
    values["alternatives"] = [asdict(voice) for voice in utterance.alternatives]
    return {"utterance": values, "start": spoken.start}


def _spoken(data: Mapping[str, Any]) -> Spoken:
    # A field that this version does not know was written by another; the sound is the same.
    known = {name: value for name, value in data["utterance"].items() if name in _UTTERANCE_FIELDS}
    known["alternatives"] = tuple(EngineVoice(**voice) for voice in known.get("alternatives", ()))
    known["codec"] = Codec(known.get("codec", Codec.OPUS))
    return Spoken(Utterance(**known), data["start"])


OWNER = select(CLIPS.c.owner).where(CLIPS.c.key == bindparam("key"))


def keep(connection: Connection, rows: Sequence[Mapping[str, Any]], room: Room | None) -> Kept:
    """Keep clips, but for those whose key is known; and within that ``room``, if it may be too little."""
    take_turn(connection, AUDIO_LOCK)
    known = set(connection.execute(_KNOWN, {"keys": [row["key"] for row in rows]}).scalars())
    new: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if row["key"] not in known:
            new.setdefault(row["key"], row)
    for statement, names in _ADD:
        if new:
            connection.execute(statement, [{name: row[name] for name in names} for row in new.values()])
    if room is not None:
        return make_room(connection, room, spared=rows[-1]["key"])
    return Kept((), len(new), sum(row["bytes"] for row in new.values()))


_KNOWN = select(CLIPS.c.key).where(CLIPS.c.key.in_(bindparam("keys", expanding=True)))
_ADD = tuple((table.insert(), [column.name for column in table.c]) for table in (CLIPS, SOUNDS))


def touch(connection: Connection, used: Mapping[str, float], plays: Mapping[Play, float]) -> Sequence[str]:
    """Note when clips were last used and who heard them; returns the keys that are no longer there."""
    take_turn(connection, AUDIO_LOCK)
    if used:
        connection.execute(_USED, [{"b_key": key, "b_at": at} for key, at in sorted(used.items())])
    if plays:
        _note(connection, plays)
    if not used:
        return ()
    found = connection.execute(select(CLIPS.c.key).where(CLIPS.c.key.in_(used)))
    return sorted(used.keys() - set(found.scalars()))


_USED = (
    update(CLIPS)
    .where(CLIPS.c.key == bindparam("b_key"), CLIPS.c.used < bindparam("b_at"))
    .values(used=bindparam("b_at"))
)


def _note(connection: Connection, plays: Mapping[Play, float]) -> None:
    rows = [{"b_user": user, "b_guild": guild, "b_key": key, "b_at": at} for (user, guild, key), at in plays.items()]
    connection.execute(_noted(connection), sorted(rows, key=lambda row: (row["b_user"], row["b_guild"], row["b_key"])))
    users = sorted({user for user, _, _ in plays if user})
    guilds = sorted({guild for user, guild, _ in plays if not user})
    for statement, whose in ((_USERS_OLDEST, users), (_GUILDS_OLDEST, guilds)):
        if whose:
            connection.execute(statement, [{"b_whose": each} for each in whose])


@spelt
def _noted(connection: Connection) -> Insert:
    # From CLIPS, so that a clip that was dropped in the meantime is passed over.
    source = select(
        bindparam("b_user", type_=PLAYS.c.user.type),
        bindparam("b_guild", type_=PLAYS.c.guild.type),
        CLIPS.c.key,
        bindparam("b_at", type_=PLAYS.c.at.type),
    ).where(CLIPS.c.key == bindparam("b_key"))
    add = insert(connection, PLAYS).from_select(["user", "guild", "key", "at"], source)
    latest = case((PLAYS.c.at < add.excluded.at, add.excluded.at), else_=PLAYS.c.at)
    return add.on_conflict_do_update(index_elements=["user", "guild", "key"], set_={"at": latest})


def _oldest(whose: ColumnElement[bool]) -> Delete:
    """What to drop of plays beyond those that are kept."""
    last = select(PLAYS.c.at).where(whose).order_by(PLAYS.c.at.desc()).offset(PLAYS_KEPT - 1).limit(1)
    return delete(PLAYS).where(whose, PLAYS.c.at < last.scalar_subquery())


_USERS_OLDEST = _oldest(PLAYS.c.user == bindparam("b_whose"))
_GUILDS_OLDEST = _oldest((PLAYS.c.user == "") & (PLAYS.c.guild == bindparam("b_whose")))


def make_room(connection: Connection, room: Room, *, spared: str = "", before: float = 0.0) -> Kept:
    """Drop what was last used before ``before``, and where the rest exceeds ``room``, the least recently used of it.

    A little more than needed is dropped, so that a full cache does not look for room at every clip. ``spared`` stays.
    """
    take_turn(connection, AUDIO_LOCK)
    gone = list(connection.execute(delete(CLIPS).where(CLIPS.c.used < before).returning(CLIPS.c.key)).scalars())
    entries, size = connection.execute(_TOTALS).one()
    if size > room.bytes or entries > room.entries:
        less = Room(room.bytes - room.bytes // 32, room.entries - room.entries // 32)
        gone += connection.execute(_beyond(less, spared)).scalars()
        entries, size = connection.execute(_TOTALS).one()
    return Kept(gone, entries, int(size))


def _beyond(room: Room, spared: str) -> Any:
    order = (CLIPS.c.key != spared, CLIPS.c.used.desc(), CLIPS.c.key)
    running = func.sum(CLIPS.c.bytes).over(order_by=order, rows=(None, 0))
    lines = select(
        CLIPS.c.key, running.label("running"), func.row_number().over(order_by=order).label("place")
    ).subquery()
    beyond = (lines.c.running > room.bytes) | (lines.c.place > room.entries)
    return (
        delete(CLIPS)
        .where(CLIPS.c.key.in_(select(lines.c.key).where(beyond, lines.c.key != spared)))
        .returning(CLIPS.c.key)
    )


def drop(connection: Connection, key: str) -> Kept:
    """Drop one clip."""
    take_turn(connection, AUDIO_LOCK)
    connection.execute(delete(CLIPS).where(CLIPS.c.key == key))
    entries, size = connection.execute(_TOTALS).one()
    return Kept((key,), entries, int(size))


def clear(connection: Connection) -> Kept:
    """Drop all."""
    take_turn(connection, AUDIO_LOCK)
    return Kept(list(connection.execute(delete(CLIPS).returning(CLIPS.c.key)).scalars()), 0, 0)


def attach(connection: Connection, key: str, name: str, value: str) -> None:
    """Keep ``value`` with the clip, if it is there."""
    source = select(CLIPS.c.key, literal(name), literal(value)).where(CLIPS.c.key == key)
    add = insert(connection, ATTACHMENTS).from_select(["key", "name", "value"], source)
    connection.execute(add.on_conflict_do_update(index_elements=["key", "name"], set_={"value": add.excluded.value}))


def detach(connection: Connection, key: str, name: str, value: str | None) -> None:
    """Drop what is kept with the clip under that name, unless it is another than a ``value`` that is given."""
    this = delete(ATTACHMENTS).where(ATTACHMENTS.c.key == key, ATTACHMENTS.c.name == name)
    connection.execute(this if value is None else this.where(ATTACHMENTS.c.value == value))


def move(connection: Connection, old: str, new: str) -> None:
    """Note what was heard in one guild as heard in another."""
    take_turn(connection, AUDIO_LOCK)
    theirs = delete(PLAYS).where(PLAYS.c.guild == old).returning(PLAYS.c.user, PLAYS.c.key, PLAYS.c.at)
    if heard := connection.execute(theirs).all():
        _note(connection, {(row.user, new, row.key): row.at for row in heard})


def forget(connection: Connection, user: str, homes: Collection[str]) -> Kept:
    """Drop what holds the user's words, and what they or their homes heard, but for what somebody else heard too.

    Whose words that holds is not known from then on: who heard them has not written them.
    """
    take_turn(connection, AUDIO_LOCK)
    heard = (PLAYS.c.user == user) | PLAYS.c.guild.in_(homes)
    heard_by_others = exists().where(PLAYS.c.key == CLIPS.c.key, ~heard)
    theirs = (CLIPS.c.owner == user) | CLIPS.c.key.in_(select(PLAYS.c.key).where(heard))
    gone = list(connection.execute(delete(CLIPS).where(theirs, ~heard_by_others).returning(CLIPS.c.key)).scalars())
    connection.execute(delete(PLAYS).where(heard))
    connection.execute(update(CLIPS).where(CLIPS.c.owner == user).values(owner=""))
    entries, size = connection.execute(_TOTALS).one()
    return Kept(gone, entries, int(size))
