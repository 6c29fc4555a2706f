"""The composition root over the real rooms and the real offline voices."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app import App, opened
from bot.config import Loaded, load
from bot.errors import ConfigError, EngineUnavailable, StoreError
from bot.queue import Entry, State
from bot.resources import folder
from bot.said import Said
from bot.speech import Request
from bot.tts.audio import decode

UNREACHABLE = "http://127.0.0.1:9"
"""A proxy that refuses: what leaves for the Internet fails here, on any machine."""


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edge cannot be reached."""
    for name in ("HTTPS_PROXY", "WSS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, UNREACHABLE)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)


def settings(tmp_path: Path, *overrides: str) -> Loaded:
    return load(environ={}, overrides=[f"data_dir={tmp_path / 'data'}", *overrides], folder=tmp_path)


async def spoken(app: App, text: str, **how: str) -> Said:
    answer = await app.speaker.say(Request("g", "u", text, **how))  # type: ignore[arg-type]
    assert isinstance(answer, Said), answer
    await answer.speech.clip()
    return answer


async def test_when_edge_cannot_be_reached_the_offline_voices_speak_and_the_caption_says_so(tmp_path: Path) -> None:
    """In the language of each sentence, and at once the second time: the breaker and the cache remember."""
    async with opened(settings(tmp_path)) as app:
        english = await spoken(app, "Hello there, my friend.", engine="edge")
        assert english.caption == "edge could not be reached, offline spoke instead"
        clip = await english.speech.clip()
        assert clip.spoken[0].utterance.voice == "heart"
        assert len(decode(clip.ogg)[0]) / 48_000 > 0.8
        chinese = await spoken(app, "你好，我的朋友。", engine="edge")
        assert (await chinese.speech.clip()).spoken[0].utterance.voice == "zf_xiaoxiao"


async def test_without_a_fallback_edge_fails_in_words(tmp_path: Path) -> None:
    """Who switched the fallback off gets the reason."""
    async with opened(settings(tmp_path, "edge.fallback=false")) as app:
        answer = await app.speaker.say(Request("g", "u", "Hello there.", engine="edge"))
        assert isinstance(answer, Said)
        with pytest.raises(EngineUnavailable):
            await answer.speech.clip()


async def test_two_guilds_are_spoken_at_once_each_by_its_own_lane(tmp_path: Path) -> None:
    """Nobody's sentence gets into another's speech."""
    async with opened(settings(tmp_path)) as app:
        texts = {f"discord:{n}": f"This is guild number {n}. It has two sentences." for n in range(1, 4)}
        asked = [await app.speaker.say(Request(guild, "u", text)) for guild, text in texts.items()]
        clips = await asyncio.gather(*(answer.speech.clip() for answer in asked if isinstance(answer, Said)))
        assert len(clips) == 3
        assert ["three" in clip.spoken[0].utterance.text for clip in clips] == [False, False, True]
        assert all(len(clip.spoken) == 2 for clip in clips)


async def test_the_data_folder_and_database_are_for_the_owner_alone(tmp_path: Path) -> None:
    """What people said lies in there."""
    async with opened(settings(tmp_path)) as app:
        await spoken(app, "Hello there, my friend.")
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    for file in (tmp_path / "data").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file.name


async def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the setting to change."""
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(StoreError, match="data_dir"):
        async with opened(settings(tmp_path)):
            pass


async def test_personas_of_ones_own(tmp_path: Path) -> None:
    """A file named in the settings adds to the shipped ones; one that is not there is named."""
    (tmp_path / "mine.yaml").write_text("personas: {butler: {gender: male, voices: {offline: {en: am_michael}}}}\n")
    async with opened(settings(tmp_path, f"voices.extra={tmp_path / 'mine.yaml'}")) as app:
        explained = await app.speaker.explain(Request("g", "u", "Dinner is served.", voice="butler"))
        assert [line.utterance.voice for line in explained.lines] == ["am_michael"]  # type: ignore[union-attr]
    with pytest.raises(ConfigError, match=r"voices\.extra"):
        async with opened(settings(tmp_path, "voices.extra=/nowhere/at/all.yaml")):
            pass


def test_what_travels_with_sayso_is_found() -> None:
    """In a checkout and in a wheel alike; what is not there is said to be a broken installation."""
    assert (folder("migrations") / "env.py").is_file()
    assert len(json.loads((folder("voices") / "edge-voices.json").read_text(encoding="utf-8"))) > 200
    with pytest.raises(FileNotFoundError, match="install it again"):
        folder("nothing")


@pytest.mark.parametrize(("override", "words"), [("speak.voice=hearth", "heart"), ("speak.language=klingon", "en, ")])
async def test_a_voice_or_language_that_is_not_there_is_named_at_the_start(
    tmp_path: Path, override: str, words: str
) -> None:
    """Not at the first request."""
    with pytest.raises(ConfigError, match=override.partition("=")[0]) as error:
        async with opened(settings(tmp_path, override)):
            pass
    assert words in str(error.value)


async def test_the_breaker_before_edge_is_seen(tmp_path: Path) -> None:
    """Closed at first, and open once edge could not be reached often enough; the fallback behind it speaks on."""
    async with opened(settings(tmp_path)) as app:
        offline, edge = await app.speaker.engines()
        assert (offline.name, offline.breaker, offline.speaks) == ("offline", "", True)
        assert (edge.name, edge.breaker, edge.opens_in, edge.speaks) == ("edge", "closed", None, True)
        for number in range(5):
            await spoken(app, f"This is sentence number {number}.", engine="edge")
        _, edge = await app.speaker.engines()
        assert edge.breaker == "open"
        assert edge.opens_in is not None
        assert 0 < edge.opens_in <= 70


async def test_a_bot_that_runs_on_forgets_what_is_long_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every day, and not only at its next start; a disk that is full one day is no reason to give that up."""
    monkeypatch.setattr("bot.app.DAY", 0.0)
    async with opened(settings(tmp_path, "edge.refresh=false"), resident=True) as app:
        journal, days = app.store.journal, 0
        forget = journal.forget

        async def sometimes(*, before: float) -> int:
            nonlocal days
            days += 1
            if days == 1:
                raise StoreError("The disk is full.")
            return await forget(before=before)

        monkeypatch.setattr(journal, "forget", sometimes)
        await journal.accept(Entry("old", {"user": "u"}, at=1.0))
        await journal.mark("old", State.DONE)
        async with asyncio.timeout(10):
            while await journal.export("u"):  # noqa: ASYNC110 (what comes about is no event of its own)
                await asyncio.sleep(0)
        assert days > 1


async def test_who_is_told_a_second_time_does_not_drain_any_longer(tmp_path: Path) -> None:
    """What still is being said is given up in order, and nobody is left waiting."""
    went_in = asyncio.Event()
    held: list[Said] = []

    async def life() -> None:
        async with opened(
            settings(tmp_path, "queue.drain_seconds=600", "self_test.enabled=false"), resident=True
        ) as app:
            answer = await app.speaker.say(Request("g", "u", never(), engine="offline"))
            assert isinstance(answer, Said)
            held.append(answer)
        raise AssertionError("it was told to end")

    async def never() -> AsyncIterator[str]:
        went_in.set()
        await asyncio.Event().wait()
        yield ""

    living = asyncio.create_task(life())
    await went_in.wait()
    for _ in range(10):  # until it drains
        await asyncio.sleep(0)
    living.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(20):
            await living
    assert held[0].speech.failed
