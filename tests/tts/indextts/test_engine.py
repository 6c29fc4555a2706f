"""IndexTTS: the engine as a whole, on a checkpoint so tiny that what it says is noise, of the right length."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
import torch

from bot.errors import (
    ConfigError,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Pcm, Samples, Utterance
from bot.tts.indextts import IndexTTS
from bot.tts.indextts import studio as rooms
from bot.tts.indextts.faults import CheckpointError
from bot.tts.indextts.model import Model
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.voices import Recording, Recordings
from tests.doubles.found_codes import Finder, Given, varied

HOP = 1024
HELLO = Utterance("Hello there.", "indextts", "me.wav", "en")
BUSY = [
    "One two three. And four!",
    "你好，世界。",
    "Five, six. Seven.",
    "Nine? Ten.",
    "再见。",
    "One two three. And four, and five!",
    "Twelve.",
    "明天见，我的朋友。",
]


class Enter(Protocol):
    """Make an engine with the loaded model and these settings, and enter it until the test is over."""

    async def __call__(self, **settings: Any) -> IndexTTS: ...


@pytest.fixture
async def enter(folder: Path, recordings: Recordings, model: Model) -> AsyncIterator[Enter]:
    async with AsyncExitStack() as stack:

        async def entered(**settings: Any) -> IndexTTS:
            return await stack.enter_async_context(make(folder, recordings, model, **settings))

        yield entered


@pytest.fixture(autouse=True)
def _no_strays() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "indextts"]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sentence has more than eight tokens, or sixteen codes."""
    monkeypatch.setattr(rooms, "SENTENCE_TOKENS", 8)
    monkeypatch.setattr("bot.tts.indextts.studio.MOST_CODES", 16)


def make(folder: Path, recordings: Recordings, model: Model, **settings: Any) -> IndexTTS:
    return IndexTTS(folder, recordings, **{"load": lambda *_, **__: model} | settings)


def spoken(text: str, language: str = "en", rate: float = 1.0) -> Utterance:
    return Utterance(text, "indextts", "me.wav", language, rate)


async def say(engine: IndexTTS, utterance: Utterance) -> list[Pcm]:
    async with asyncio.timeout(60):
        return [pcm async for pcm in engine.synthesize(utterance)]


def samples(sound: list[Pcm]) -> Samples:
    return np.concatenate([pcm.samples for pcm in sound])


def scripted(monkeypatch: pytest.MonkeyPatch, *scripts: Given) -> Finder:
    finder = Finder(scripts)
    monkeypatch.setattr(rooms, "search", finder)
    return finder


# ---- what it is


def test_it_says_what_it_can_do(folder: Path, recordings: Recordings) -> None:
    """Before anything is loaded."""
    able = IndexTTS(folder, recordings, slots=6).capabilities
    assert able.languages == {"zh", "en"}
    assert (able.sample_rate, able.max_chars, able.slots) == (24_000, 200, 6)
    assert (able.streaming, able.cloning, able.local) == (True, True, True)


@pytest.mark.parametrize(("device", "rtf"), [("auto", 1.2), ("cpu", 1.2), ("cuda:1", 0.1), ("mps", 0.8)])
def test_how_fast_it_is_depends_on_where_it_runs(folder: Path, recordings: Recordings, device: str, rtf: float) -> None:
    """For the first estimate of a wait."""
    assert IndexTTS(folder, recordings, device=device).capabilities.rtf == rtf


def test_who_only_knows_of_it_has_no_torch(folder: Path) -> None:
    """The parent of a child with the engine makes one, asks what it can do and which voices it has; and where torch is
    not installed, entering says what to install."""
    program = f"""
import asyncio, sys
from pathlib import Path
sys.modules["torch"] = None
from bot.errors import EngineBroken
from bot.tts.indextts import IndexTTS
from bot.tts.voices.recordings import Recording, Recordings
folder = Path({str(folder)!r})
engine = IndexTTS(folder, Recordings([Recording("me.wav", folder / "prompt.wav")]))
assert engine.capabilities.slots == 4
voices = asyncio.run(engine.voices())
async def enter():
    try:
        async with engine:
            print("entered")
    except EngineBroken as error:
        print(error)
asyncio.run(enter())
print(voices[0].revision)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, env=dict(os.environ), check=False
    )
    assert run.returncode == 0, run.stderr
    words, revision = run.stdout.splitlines()
    assert words == "IndexTTS needs torch: pip install 'sayso[indextts]'"
    assert len(revision) == 33


async def test_where_a_part_is_not_installed_what_to_install_is_said(folder: Path, recordings: Recordings) -> None:
    """Whichever of them it is that the loader misses."""

    def load(*_: object, **__: object) -> Model:
        raise ModuleNotFoundError("No module named 'sentencepiece'")

    async with IndexTTS(folder, recordings, load=load, at_once=False) as engine:
        with pytest.raises(EngineBroken, match=r"pip install 'sayso\[indextts\]'"):
            await say(engine, HELLO)


async def test_a_torch_that_does_not_load_is_told(
    folder: Path, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is here, but one of its libraries is not; nobody waits for ever."""

    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == "bot.tts.indextts.model":
                raise OSError("libcublas.so.12: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "bot.tts.indextts.model")
    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    async with asyncio.timeout(20):
        with pytest.raises(EngineBroken, match="torch is here, but does not load"):
            await IndexTTS(folder, recordings).__aenter__()


async def test_a_silence_between_sentences_is_of_some_length(folder: Path, recordings: Recordings) -> None:
    """Told when it is made, by the setting's name."""
    with pytest.raises(ConfigError, match=r"indextts\.pause"):
        IndexTTS(folder, recordings, pause=0.5)


# ---- its voices


async def test_its_voices_are_the_recordings(folder: Path, recordings: Recordings) -> None:
    """Each speaks both languages."""
    (voice,) = await IndexTTS(folder, recordings).voices()
    assert (voice.engine, voice.name, voice.language) == ("indextts", "me.wav", "zh en")
    recording, model = voice.revision.split("/")
    assert len(recording) == len(model) == 16


async def test_what_is_cached_is_of_this_model_in_this_manner(folder: Path, recordings: Recordings) -> None:
    """Whatever changes the sound changes the revision; whatever does not, does not."""
    manners: list[dict[str, Any]] = [
        {},
        {"precision": "bf16"},
        {"device": "cuda"},
        {"options": Sampling(beams=3)},
        {"positions": Positions.UPSTREAM},
        {"pause": 0.2},
    ]
    revisions = [(await IndexTTS(folder, recordings, **one).voices())[0].revision for one in manners]
    assert len(set(revisions)) == len(manners)
    same = await IndexTTS(folder, recordings, slots=9, threads=2, streaming=True, at_once=False).voices()
    assert same[0].revision == revisions[0]


async def test_other_weights_are_another_revision(folder: Path, recordings: Recordings, tmp_path: Path) -> None:
    """Also under the same name."""
    before = await IndexTTS(folder, recordings).voices()
    other = Path(shutil.copytree(folder, tmp_path / "model", ignore=shutil.ignore_patterns("golden*")))
    assert await IndexTTS(other, recordings).voices() == before
    weights = torch.load(other / "gpt.pth", weights_only=True)
    weights["model"]["mel_head.bias"][0] += 1
    torch.save(weights, other / "gpt.pth")
    assert await IndexTTS(other, recordings).voices() != before


async def test_a_folder_that_is_none_still_has_voices(recordings: Recordings, tmp_path: Path) -> None:
    """Who asks for voices asks for those of all engines; what is wrong is said by who has to speak."""
    (voice,) = await IndexTTS(tmp_path, recordings).voices()
    assert "/" not in voice.revision


# ---- speaking


@pytest.mark.usefixtures("short")
async def test_it_speaks(enter: Enter) -> None:
    """With the model's own codes: samples at 24 kHz, within full scale, that say what they speak."""
    engine = await enter(attempts=1)
    sound = await say(engine, HELLO)
    assert {(pcm.sample_rate, pcm.spoken) for pcm in sound} == {(24_000, HELLO)}
    found = samples(sound)
    assert found.dtype == np.float32
    assert 0 < found.size <= 16 * HOP
    assert found.size % HOP == 0
    assert 0 < float(np.abs(found).max()) <= 1


@pytest.mark.usefixtures("short")
async def test_eight_at_once_over_three_places_sound_as_alone(enter: Enter) -> None:
    """Each in its language, with its own chance, and again the same when it is said again."""
    engine = await enter(slots=3, attempts=1)
    asked = [spoken(text, "zh" if text[0] > "z" else "en") for text in BUSY]
    together = await asyncio.gather(*(say(engine, one) for one in asked))
    for one, sound in zip(asked, together, strict=True):
        np.testing.assert_allclose(samples(await say(engine, one)), samples(sound), atol=1e-4)
    assert len({samples(sound).tobytes() for sound in together}) == len(BUSY)


async def test_sentences_come_in_their_order_with_a_pause(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """So long as the pause is set, and all of it silent."""
    monkeypatch.setattr(rooms, "SENTENCE_TOKENS", 8)
    scripted(monkeypatch, Given(varied(30)), Given(varied(10)))
    engine = await enter(pause=0.25)
    found = samples(await say(engine, spoken("Hello there. How are you today?")))
    assert found.size == 40 * HOP + 6000
    assert not found[30 * HOP : 30 * HOP + 6000].any()
    assert found[30 * HOP - 100 : 30 * HOP].any()
    assert found[30 * HOP + 6000 : 30 * HOP + 6100].any()


async def test_it_speaks_faster(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the pitch of the voice."""
    scripted(monkeypatch, Given(varied(40)))
    engine = await enter()
    found = samples(await say(engine, spoken("Hello there.", rate=1.25)))
    assert found.size == pytest.approx(40 * HOP / 1.25, rel=0.03)


async def test_who_is_cut_short_leaves_room_for_the_next(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One place, and an utterance that is given up at its first sound: what waits is spoken."""
    monkeypatch.setattr(rooms, "SENTENCE_TOKENS", 8)
    scripted(monkeypatch, Given(varied(10)))
    engine = await enter(slots=1)
    async with aclosing(engine.synthesize(spoken("Hello there. " * 20))) as sound:
        assert (await anext(sound)).samples.size == 10 * HOP
        waiting = asyncio.create_task(say(engine, HELLO))
    assert samples(await waiting).size == 10 * HOP


async def test_who_is_cancelled_leaves_room_too(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before there is any sound."""
    finder = scripted(monkeypatch, Given(varied(80)), Given(varied(10)))
    engine = await enter(slots=1)
    task = asyncio.create_task(say(engine, HELLO))
    async with asyncio.timeout(60):
        while not finder.seeds:  # noqa: ASYNC110 (what is waited for is in another thread)
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert samples(await say(engine, HELLO)).size == 10 * HOP


async def test_sound_comes_before_the_end_where_it_streams(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """And together it is as long as the whole."""
    scripted(monkeypatch, Given(varied(60)))
    engine = await enter(streaming=True)
    sizes = [pcm.samples.size for pcm in await say(engine, HELLO)]
    assert sizes[0] == 12_000
    assert sum(sizes[:2]) == 16 * HOP
    assert sum(sizes) == 60 * HOP


async def test_what_was_learnt_of_a_recording_is_kept(
    enter: Enter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In the folder for it."""
    scripted(monkeypatch, Given(varied(10)))
    engine = await enter(prints=tmp_path / "prints")
    await say(engine, HELLO)
    assert len(list((tmp_path / "prints").iterdir())) == 1


# ---- what is refused


@pytest.mark.parametrize(
    ("utterance", "kind", "words"),
    [
        (spoken("…!"), NothingToSay, "nothing in the text"),
        (spoken(""), NothingToSay, "nothing in the text"),
        (spoken("Bonjour.", "fr"), LanguageNotSpoken, r"speaks Chinese \(zh\), English \(en\)"),
        (Utterance("Hello.", "indextts", "you.wav", "en"), UnknownVoice, "no recording 'you.wav'"),
    ],
    ids=["marks", "nothing", "french", "voice"],
)
async def test_what_is_not_for_it_is_refused_before_anything_is_loaded(
    folder: Path, recordings: Recordings, utterance: Utterance, kind: type[EngineError], words: str
) -> None:
    """The model is not even asked for."""

    def load(*_: object, **__: object) -> Model:
        raise AssertionError("it was loaded")

    async with IndexTTS(folder, recordings, load=load, at_once=False) as engine:
        with pytest.raises(kind, match=words):
            await say(engine, utterance)


@pytest.mark.parametrize("language", ["en-US", "zh-TW", "yue"])
@pytest.mark.usefixtures("short")
async def test_kin_of_its_languages_are_spoken(enter: Enter, language: str) -> None:
    """Cantonese is read as Chinese, as everywhere here."""
    engine = await enter(attempts=1)
    assert await say(engine, spoken("Hello there.", language))


async def test_a_recording_that_is_too_short_is_refused(folder: Path, model: Model, tmp_path: Path) -> None:
    """With what is wrong with it; the others speak on."""
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes((np.sin(np.arange(24_000) / 10) * 9000).astype("<i2").tobytes())
    async with make(folder, Recordings([Recording("me.wav", tmp_path / "short.wav")]), model) as engine:
        with pytest.raises(EngineRejected, match=r"The recording me\.wav cannot be used\. This recording holds"):
            await say(engine, HELLO)


async def test_what_it_has_no_sound_for_is_for_others(enter: Enter) -> None:
    """Kana in an English sentence's place are letters, but not to this model."""
    engine = await enter()
    with pytest.raises(EngineRejected):
        await say(engine, spoken("ひらがな"))


# ---- entering and leaving


async def test_entering_loads_the_real_thing(folder: Path, recordings: Recordings) -> None:
    """By the loader that everybody uses, on the device and in the precision that were asked for; and says so."""
    async with IndexTTS(folder, recordings, device="cpu", precision="fp32", threads=1) as engine:
        assert await engine.check() == "IndexTTS-1.5, 1 voice, cpu fp32"
        assert engine.capabilities.rtf == 1.2


async def test_the_model_may_be_loaded_by_the_first_utterance(
    folder: Path, recordings: Recordings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, in the thread that owns it, with what it was told."""
    scripted(monkeypatch, Given(varied(10)))
    calls = []

    def load(*given: object, **named: object) -> Model:
        calls.append((threading.current_thread().name, given, named))
        return model

    async with IndexTTS(folder, recordings, load=load, at_once=False, device="cpu", precision="fp32") as engine:
        assert calls == []
        await asyncio.gather(say(engine, HELLO), say(engine, HELLO))
    assert calls == [("indextts", (folder,), {"device": "cpu", "precision": "fp32"})]


async def test_a_folder_that_is_none_fails_the_start(recordings: Recordings, tmp_path: Path) -> None:
    """With the words of who looked at it."""
    with pytest.raises(CheckpointError, match=r"config\.yaml"):
        async with IndexTTS(tmp_path, recordings):
            raise AssertionError("it was entered")


async def test_a_folder_that_is_none_is_told_to_who_wants_to_be_spoken_for(
    recordings: Recordings, tmp_path: Path
) -> None:
    """Where it is not loaded at once."""
    async with IndexTTS(tmp_path, recordings, at_once=False) as engine:
        for _ in range(2):
            with pytest.raises(EngineBroken, match=r"config\.yaml"):
                await say(engine, HELLO)
        with pytest.raises(EngineBroken, match=r"config\.yaml"):
            await engine.check()


async def test_a_device_that_is_none_fails_the_start(folder: Path, recordings: Recordings) -> None:
    """It is a setting."""
    with pytest.raises(ConfigError, match=r"indextts\.device"):
        async with IndexTTS(folder, recordings, device="abacus"):
            raise AssertionError("it was entered")


async def test_a_start_that_is_cancelled_leaves_no_thread(folder: Path, recordings: Recordings, model: Model) -> None:
    """It ends when what it was loading is there."""
    begun, go = threading.Event(), threading.Event()

    def load(*_: object, **__: object) -> Model:
        begun.set()
        go.wait(30)
        return model

    task = asyncio.create_task(IndexTTS(folder, recordings, load=load).__aenter__())
    await asyncio.to_thread(begun.wait, 30)
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_without_recordings_there_is_nobody_to_speak(folder: Path) -> None:
    """And where to name one is said."""
    with pytest.raises(EngineBroken, match=r"name one in voices\.yaml"):
        await IndexTTS(folder, Recordings([])).check()


async def test_the_loop_is_free_while_it_loads_and_speaks(
    folder: Path, recordings: Recordings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever takes long does so elsewhere: each step is made while this loop lets it, and not in this thread."""
    scripted(monkeypatch, Given(varied(10)))
    threads: set[str] = set()
    step, vocode = model.gpt.step, model.vocoder.forward

    def noted(work: Any) -> Any:
        def call(*given: Any) -> Any:
            threads.add(threading.current_thread().name)
            return work(*given)

        return call

    monkeypatch.setattr(model.gpt, "step", noted(step))
    monkeypatch.setattr(model.vocoder, "forward", noted(vocode))
    async with make(folder, recordings, model) as engine:
        await say(engine, HELLO)
    assert threads == {"indextts"}


async def test_leaving_ends_what_is_being_spoken(
    folder: Path, recordings: Recordings, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who listens is told, and entering again is a new beginning."""
    monkeypatch.setattr(rooms, "SENTENCE_TOKENS", 8)
    scripted(monkeypatch, Given(varied(10)))
    engine = make(folder, recordings, model)
    async with engine:
        sound = engine.synthesize(spoken("Hello there. " * 20))
        await anext(sound)
    with pytest.raises(EngineUnavailable, match="indextts is closed"):
        async for _ in sound:
            pass
    with pytest.raises(EngineUnavailable, match="indextts is closed"):
        await say(engine, HELLO)
    async with engine:
        assert samples(await say(engine, HELLO)).size == 10 * HOP


# ---- failures


async def test_after_a_failure_the_next_is_spoken(enter: Enter, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that were spoken at that time are told."""
    scripted(monkeypatch, Given(varied(10)))
    engine = await enter(slots=2)
    step, left = model.gpt.step, [5]

    def failing(*given: Any) -> Any:
        left[0] -= 1
        if not left[0]:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return step(*given)

    monkeypatch.setattr(model.gpt, "step", failing)
    results = await asyncio.gather(*(say(engine, HELLO) for _ in range(3)), return_exceptions=True)
    assert EngineUnavailable in {type(result) for result in results}
    assert {type(result) for result in results} <= {EngineUnavailable, list}
    assert samples(await say(engine, HELLO)).size == 10 * HOP
    assert await engine.check() == "IndexTTS-1.5, 1 voice, cpu fp32"


async def test_a_device_that_failed_for_good_is_told_from_then_on(
    enter: Enter, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To who speaks, to who only asks how it is, and to who can start another process."""
    scripted(monkeypatch, Given(varied(10)))
    lost = asyncio.Event()
    engine = await enter(lost=lost.set)

    def failing(*_: Any) -> Any:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(model.gpt, "step", failing)
    for _ in range(2):
        with pytest.raises(EngineBroken, match="start Sayso again") as raised:
            await say(engine, HELLO)
        assert raised.value.retry_after == 30.0
    with pytest.raises(EngineBroken, match="start Sayso again"):
        await engine.check()
    async with asyncio.timeout(20):
        await lost.wait()
