"""Databases as each release left them: ``python -m tests.store.released > tests/data/store/v0003.sql`` writes the next.

Run it once, with the code that is about to be released. What :func:`fill` puts in, :func:`check` must find after every
upgrade from a release that could hold it; both only ever grow.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

from bot.queue.journal import Entry, State
from bot.speech import Clip, Codec, Spoken
from bot.store import ChannelSettings, GuildSettings, Preference, Recent, Store, schema
from tests.doubles.store import Clock, clip, utterance

FOLDER = Path(__file__).parents[1] / "data" / "store"

ANN, GUILD, CHANNEL = "discord:1", "discord:42", "discord:420"
FRAMES = Clip(bytes(288), 0.048, b"", (Spoken(utterance(codec=Codec.MP3), 0.0),), Codec.MP3)
_ENTRY = Entry("job", {"guild": GUILD, "user": ANN, "text": "said 好"}, at=5.0, expires=None)


def old_databases() -> list[Path]:
    """A dump for each revision that was ever released."""
    return sorted(FOLDER.glob("v*.sql"))


def load(dump: Path, file: Path) -> None:
    """Make the database ``file`` from a dump."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file)
    connection.executescript(dump.read_text())
    connection.close()


async def fill(store: Store) -> None:
    """Put something into every table."""
    await store.preferences.set(ANN, voice="aria", engine="edge", rate=1.5, language="en", opted_out=True)
    await store.preferences.remember(ANN, "aria", guild=GUILD)
    await store.settings.set_guild(GUILD, by=ANN, locked=True, banned_voices=["b"], max_chars=9, extra={"a": [1]})
    await store.settings.set_channel(GUILD, CHANNEL, by=ANN, voice="guy")
    await store.journal.accept(_ENTRY)
    await store.journal.mark("job", State.SENDING, mark="nonce")
    await store.cache.put("key", clip("said 好"), user=ANN, guild=GUILD)
    await store.cache.attach("key", "telegram:bot", "file id")
    await store.cache.put("frames", FRAMES)
    await store.keep.put("discord:voice:42", {"channel": 420, "said 好": [None, 1.5]})


async def check(store: Store, written_by: str = schema.HEAD) -> None:
    """Find all of it again that a release could hold."""
    assert await store.preferences.get(ANN) == Preference("aria", "edge", 1.5, "en", True)
    assert await store.preferences.favourites("nobody", GUILD, 5) == ["aria"]
    guild = await store.settings.guild(GUILD)
    assert guild == GuildSettings(locked=True, banned_voices=frozenset({"b"}), max_chars=9, extra={"a": [1]})
    assert await store.settings.channel(GUILD, CHANNEL) == ChannelSettings(voice="guy")
    assert (await store.settings.audit(GUILD))[0].name == "voice"
    (entry,) = await store.journal.pending(6.0)
    assert (entry.id, entry.state, entry.mark, entry.request) == ("job", State.SENDING, "nonce", _ENTRY.request)
    assert await store.cache.recent(ANN) == [Recent("key", Clock().now, 1.5)]
    assert await store.cache.attachment("key", "telegram:bot") == "file id"
    assert await store.cache.get("key") == clip("said 好")
    if written_by >= "0002":
        assert await store.keep.all("") == {"discord:voice:42": {"channel": 420, "said 好": [None, 1.5]}}
    if written_by >= "0003":
        assert await store.cache.get("frames") == FRAMES


async def _dump(file: Path) -> str:
    async with Store.open(file, clock=Clock()) as store:
        await fill(store)
    with sqlite3.connect(file) as connection:
        return "\n".join(connection.iterdump()) + "\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(asyncio.run(_dump(Path(folder) / "sayso.db")))
