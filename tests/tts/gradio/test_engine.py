"""Gradio: the engine as a whole, against real gradio apps with the surface of IndexTTS's web UI."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import gradio_client.client
import httpx
import numpy as np
import pytest
from prometheus_client import REGISTRY

from bot.errors import (
    ConfigError,
    EngineBroken,
    EngineError,
    EngineRejected,
    EngineTimeout,
    EngineUnavailable,
    LanguageNotSpoken,
    NothingToSay,
    UnknownVoice,
)
from bot.speech import Utterance
from bot.tts.gradio import Gradio
from bot.tts.voices import Recording, Recordings
from tests.doubles.engine import at_once
from tests.doubles.webui import RATE, WebUI, Wire, answer, wav
from tests.tts.gradio.conftest import Enter, samples, say, spoken, until

HELLO = spoken("Hello there, my friend.")


# ---- speaking


async def test_it_speaks(ui: WebUI, enter: Enter, recordings: Recordings) -> None:
    """The samples are those of the file that the web UI made, mono at 24 kHz, and say who spoke."""
    engine, _ = await enter()
    sound = await say(engine, HELLO)
    assert {(pcm.sample_rate, pcm.spoken) for pcm in sound} == {(RATE, HELLO)}
    assert samples(sound).dtype == np.float32
    np.testing.assert_array_equal(samples(sound), answer(HELLO.text))
    (asked,) = ui.asked()
    assert asked.text == HELLO.text
    assert asked.prompt == recordings.reference("sayso.wav").digest


async def test_the_sound_comes_in_pieces_of_half_a_second(ui: WebUI, enter: Enter) -> None:
    """Nobody downstream has to swallow a minute at once."""
    engine, _ = await enter()
    sound = await say(engine, spoken("A sentence that is long enough for it. " * 2))
    assert len(sound) > 2
    assert {pcm.samples.size for pcm in sound[:-1]} == {RATE // 2}


@pytest.mark.parametrize("layout", ["2.0", "2.5", "2.0 by 2.5", "bare"])
async def test_it_speaks_through_every_version_of_the_web_ui(ui: WebUI, enter: Enter, layout: str) -> None:
    """Which order of arguments is the right one is told by the web UI itself."""
    engine, _ = await enter(layout)
    np.testing.assert_array_equal(samples(await say(engine, HELLO)), answer(HELLO.text))
    (asked,) = ui.asked(layout)
    assert asked.text == HELLO.text
    assert asked.values["top_k"] == 30


async def test_what_is_not_asked_for_is_as_the_web_ui_has_it(ui: WebUI, enter: Enter) -> None:
    """The operator's own settings of the UI hold."""
    engine, _ = await enter()
    await say(engine, HELLO)
    values = ui.asked()[0].values
    assert {name: value for name, value in values.items() if name not in {"prompt", "text"}} == {
        "infer_mode": "普通推理",
        "max_text_tokens_per_sentence": 120,
        "sentences_bucket_max_size": 4,
        "do_sample": True,
        "top_p": 0.8,
        "top_k": 30,
        "temperature": 1.0,
        "length_penalty": 0.0,
        "num_beams": 3,
        "repetition_penalty": 10.0,
        "max_mel_tokens": 600,
    }


async def test_the_mood_is_that_of_the_reference(ui: WebUI, enter: Enter) -> None:
    """2.0 and later could have others; the first of its choices is the speaker's own."""
    engine, _ = await enter("2.0")
    await say(engine, HELLO)
    values = ui.asked("2.0")[0].values
    assert (values["emo_control_method"], values["emo_ref_path"], values["emo_weight"]) == (0, None, 0.65)
    assert (values["temperature"], values["max_mel_tokens"]) == (0.8, 1500)


@pytest.mark.parametrize(("language", "choice"), [("zh", "ZH"), ("yue", "ZH"), ("en", "EN"), ("ja", "JA")])
async def test_it_is_told_the_language_if_it_asks(ui: WebUI, enter: Enter, language: str, choice: str) -> None:
    """2.5 speaks five, and does not find out by itself which."""
    engine, _ = await enter("2.5")
    await say(engine, spoken("Hello.", language))
    assert ui.asked("2.5")[0].values["lang_choice"] == choice


@pytest.mark.parametrize(("rate", "factor"), [(1.0, 1.0), (1.25, 0.8), (0.8, 1.25), (9.0, 0.5), (0.1, 2.0)])
async def test_who_can_speak_faster_is_told_to(ui: WebUI, enter: Enter, rate: float, factor: float) -> None:
    """2.5 has a factor of duration, and what comes back is not hurried again."""
    engine, _ = await enter("2.5")
    sound = await say(engine, spoken("Hello.", "en", rate))
    assert ui.asked("2.5")[0].values["duration_factor"] == factor
    assert samples(sound).size == answer("Hello.").size


async def test_who_cannot_speak_faster_is_hurried(ui: WebUI, enter: Enter) -> None:
    """1.5 has no rate: the sound is made shorter, at its pitch."""
    engine, _ = await enter()
    sound = samples(await say(engine, spoken("Hello there, my friend.", "en", 1.5)))
    assert sound.size == pytest.approx(answer(HELLO.text).size / 1.5, rel=0.02)


async def test_what_is_no_character_does_not_stop_it(ui: WebUI, enter: Enter) -> None:
    """Half an emoji is left out: it cannot be sent."""
    engine, _ = await enter()
    await say(engine, spoken("Hi\ud83d there"))
    assert ui.asked()[0].text == "Hi there"


async def test_one_after_the_other(ui: WebUI, enter: Enter) -> None:
    """The web UI is serial, and each gets its own answer."""
    engine, _ = await enter()
    texts = ["One.", "Two, two.", "Three, three, three."]
    sounds = await asyncio.gather(*(say(engine, spoken(text)) for text in texts))
    for text, sound in zip(texts, sounds, strict=True):
        np.testing.assert_array_equal(samples(sound), answer(text))
    assert ui.peak() == 1
    assert engine.capabilities.slots == 1


async def test_who_comes_second_waits_here_and_not_there(ui: WebUI, enter: Enter) -> None:
    """In the web UI's queue it would stand before somebody else, and in a connection it would meet the first."""
    engine, wire = await enter()
    ui.fail("held")
    calls = [asyncio.create_task(say(engine, spoken(text))) for text in ("One.", "Two.")]
    await until(lambda: ui.busy() == 1 and joined(wire) == 1)
    await asyncio.sleep(0.3)  # long enough for the second to get there, if it could
    assert sum("/queue/join" in one for one in wire.requests) == 1
    ui.release()
    for text, sound in zip(("One.", "Two."), await asyncio.gather(*calls), strict=True):
        np.testing.assert_array_equal(samples(sound), answer(text))


async def test_a_reference_is_uploaded_once(ui: WebUI, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each connection and recording, however many sentences are said."""
    asked = requests(monkeypatch)
    engine, _ = await enter()
    for text in ("One.", "Two.", "Three."):
        await say(engine, spoken(text))
    assert sum("/upload" in str(request.url) for request, _ in asked) == 1
    assert len({one.values["prompt"] for one in ui.asked()}) == 1


# ---- who speaks what


async def test_it_says_what_it_can(ui: WebUI, enter: Enter) -> None:
    """Before it is connected what every version can, afterwards what this one does."""
    engine, _ = await enter("2.5", connect_attempts=0)
    assert engine.capabilities.languages == {"zh", "en"}
    assert {voice.language for voice in await engine.voices()} == {"zh en"}
    await engine.check()
    assert engine.capabilities.languages == {"zh", "en", "ja", "ar", "es"}
    (voice,) = await engine.voices()
    assert (voice.engine, voice.name, voice.language, voice.gender) == (
        "indextts",
        "sayso.wav",
        "zh en ja ar es",
        "female",
    )
    assert voice.revision.endswith("/2.5")
    assert (engine.capabilities.cloning, engine.capabilities.streaming, engine.capabilities.local) == (
        True,
        False,
        True,
    )


async def test_it_may_go_by_another_name(ui: WebUI, enter: Enter) -> None:
    """Two web UIs are two engines."""
    engine, _ = await enter(name="studio")
    assert engine.name == "studio"
    assert {voice.engine for voice in await engine.voices()} == {"studio"}
    with pytest.raises(UnknownVoice) as caught:
        await say(engine, Utterance("Hi.", "studio", "nobody.wav", "en"))
    assert caught.value.engine == "studio"


@pytest.mark.parametrize(("layout", "model"), [("1.5", "1.5"), ("2.0", "2.0"), ("2.5", "2.5"), ("2.0 by 2.5", "2.0")])
async def test_the_check_says_which_web_ui_it_is(ui: WebUI, enter: Enter, layout: str, model: str) -> None:
    """So that whoever set it up sees that it is the one that was meant."""
    engine, _ = await enter(layout)
    gradio = ".".join(version("gradio").split(".")[:2])
    assert await engine.check() == f"IndexTTS {model} web UI, gradio {gradio}, 1 voice"


# ---- what is refused before anything is asked


@pytest.mark.parametrize(
    ("utterance", "error", "words"),
    [
        (spoken(" … !"), NothingToSay, "nothing in the text"),
        (Utterance("Hi.", "indextts", "nobody.wav", "en"), UnknownVoice, "no recording 'nobody.wav'"),
        (spoken("こんにちは。", "ja"), LanguageNotSpoken, r"IndexTTS 1\.5 speaks Chinese \(zh\), English \(en\)"),
    ],
)
async def test_what_cannot_be_said_is_not_asked_for(
    ui: WebUI, enter: Enter, utterance: Utterance, error: type[EngineRejected], words: str
) -> None:
    """The fault is the input's: it is not tried again, and trips nothing."""
    engine, _ = await enter()
    before = retries()
    with pytest.raises(error, match=words) as caught:
        await say(engine, utterance)
    assert not caught.value.trips
    assert not ui.asked()
    assert retries() == before


async def test_a_recording_that_went_bad_silences_nobody_else(ui: WebUI, enter: Enter, tmp_path: Path) -> None:
    """It is refused with its reason, and the engine is well."""
    (tmp_path / "bad.wav").write_bytes(wav(np.zeros(RATE, np.float32)))
    bad = Recordings([Recording("bad.wav", tmp_path / "bad.wav", ("eve",))])
    engine = Gradio(f"http://127.0.0.1:{ui.port()}", bad, sleep=at_once)
    with pytest.raises(EngineRejected, match=r"bad\.wav cannot be used\. There is only silence") as caught:
        await say(engine, Utterance("Hi.", "indextts", "bad.wav", "en"))
    assert not caught.value.trips
    with pytest.raises(ConfigError, match=r"eve: the recording .*bad\.wav"):
        bad.check()


async def test_without_recordings_there_is_nobody_to_speak(ui: WebUI) -> None:
    """The check says what to write where."""
    with pytest.raises(EngineBroken, match=r"No persona has a recording for indextts: name one in voices\.yaml"):
        await Gradio(f"http://127.0.0.1:{ui.port()}", Recordings([])).check()


async def test_another_app_is_none_of_indextts(ui: WebUI, enter: Enter) -> None:
    """What it lacks is named, it is not asked again, and nothing is said through it."""
    engine, _ = await enter("stranger")
    with pytest.raises(EngineBroken, match=r"lacks infer_mode, prompt, text \(1\.5\), or emo_control_method"):
        await say(engine, HELLO)
    with pytest.raises(EngineBroken):
        await engine.check()


# ---- what passes


def retries() -> float:
    return REGISTRY.get_sample_value("tts_retries_total", {"engine": "indextts"}) or 0.0


@pytest.mark.parametrize("fault", ["error", "said", "none", "silent", "short", "garbage"])
async def test_what_passes_is_tried_again(ui: WebUI, enter: Enter, fault: str) -> None:
    """An error without a cause, no file, silence, a click, and what is no sound at all."""
    engine, _ = await enter()
    before = retries()
    ui.fail(fault, fault)
    np.testing.assert_array_equal(samples(await say(engine, HELLO)), answer(HELLO.text))
    assert len(ui.asked()) == 3
    assert retries() == before + 2


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("error", "does not say why"),
        ("said", r"The web UI failed: The GPU is out of memory\."),
        ("none", "made no sound of this"),
        ("silent", "sent silence"),
        ("short", "sent silence"),
        ("garbage", "no sound"),
    ],
)
async def test_what_does_not_pass_is_told(ui: WebUI, enter: Enter, fault: str, words: str) -> None:
    """After three tries, with pauses between them that grow, and as much as the web UI says."""
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    engine, _ = await enter(sleep=sleep)
    ui.fail(*[fault] * 5)
    with pytest.raises(EngineUnavailable, match=words):
        await say(engine, HELLO)
    assert len(ui.asked()) == 3
    assert paused == [0.25, 0.5]


async def test_a_web_ui_that_tells_its_errors_is_quoted(ui: WebUI, enter: Enter) -> None:
    """``show_error=True`` is worth something."""
    engine, _ = await enter("open", attempts=1)
    ui.fail("error", layout="open")
    with pytest.raises(EngineUnavailable, match="The web UI failed: CUDA error: something of the inside"):
        await say(engine, HELLO)


async def test_anothers_answer_is_not_taken(ui: WebUI, enter: Enter) -> None:
    """Files are named by the second: what is there under our name may be what we were given for another text."""
    engine, _ = await enter()
    await say(engine, spoken("Before."))
    ui.fail("overtaken")
    np.testing.assert_array_equal(samples(await say(engine, HELLO)), answer(HELLO.text))
    assert [one.text for one in ui.asked()] == ["Before.", HELLO.text, HELLO.text]


async def test_an_answer_that_is_always_anothers_is_an_error(ui: WebUI, enter: Enter) -> None:
    """Better nothing than the words of somebody else."""
    engine, _ = await enter()
    await say(engine, spoken("Before."))
    ui.fail(*["overtaken"] * 3)
    with pytest.raises(EngineUnavailable, match="the sound of another text"):
        await say(engine, HELLO)


async def test_the_same_text_may_sound_the_same(ui: WebUI, enter: Enter) -> None:
    """A model that does not roll dice gives the same bytes, and for another comma too."""
    engine, _ = await enter()
    await say(engine, HELLO)
    ui.fail("overtaken")
    await say(engine, spoken("hello there; my friend"))
    assert len(ui.asked()) == 2


# ---- connections


async def test_it_connects_in_the_background(ui: WebUI, enter: Enter) -> None:
    """As soon as it is entered, before anybody wants to hear anything."""
    engine, _ = await enter("2.5")
    async with asyncio.timeout(20):
        while "ja" not in engine.capabilities.languages:  # noqa: ASYNC110 (what it learns when it is connected)
            await asyncio.sleep(0.01)


async def test_it_tries_to_connect_so_many_times_so_far_apart(ui: WebUI, recordings: Recordings) -> None:
    """And then no more, until it is needed."""
    paused: list[float] = []
    tried = asyncio.Event()

    async def sleep(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 4:
            tried.set()

    async with Gradio("http://127.0.0.1:9", recordings, sleep=sleep) as engine:
        async with asyncio.timeout(20):
            await tried.wait()
        with pytest.raises(
            EngineUnavailable, match=r"127\.0\.0\.1:9 cannot be reached .*: start it, or set gradio\.url"
        ):
            await engine.check()
        assert paused == [2.0] * 4


async def test_it_is_connected_once_it_is_needed(ui: WebUI, enter: Enter) -> None:
    """A web UI that was started late, after we had given up, is found by the first sentence."""
    engine, wire = await enter(connect_attempts=1)
    wire.down = True
    with pytest.raises(EngineUnavailable):
        await say(engine, HELLO)
    wire.down = False
    np.testing.assert_array_equal(samples(await say(engine, HELLO)), answer(HELLO.text))


async def test_there_is_one_attempt_to_connect_at_a_time(ui: WebUI, enter: Enter) -> None:
    """Who needs a connection while one is being made waits for that."""
    engine, wire = await enter(timeout=0.5)
    wire.deaf = True
    answers = await asyncio.gather(*(engine.check() for _ in range(5)), return_exceptions=True)
    assert [type(one) for one in answers] == [EngineTimeout] * 5
    assert len(wire.requests) == 1


async def test_a_web_ui_that_was_restarted_is_connected_to_anew(
    ui: WebUI, enter: Enter, recordings: Recordings
) -> None:
    """What was uploaded is gone with the old one: it is uploaded again, and no try is lost."""
    engine, _ = await enter(attempts=1)
    await say(engine, HELLO)
    ui.restart()
    assert not ui.uploads()
    np.testing.assert_array_equal(samples(await say(engine, spoken("After."))), answer("After."))
    assert {one.prompt for one in ui.asked()} == {recordings.reference("sayso.wav").digest}


async def test_a_web_ui_of_another_version_is_recognised(ui: WebUI, enter: Enter) -> None:
    """Somebody upgraded IndexTTS while we were running."""
    engine, _ = await enter(attempts=1)
    await say(engine, HELLO)
    assert (await engine.voices())[0].revision.endswith("/1.5")
    ui.restart("1.5", like="2.0")
    try:
        np.testing.assert_array_equal(samples(await say(engine, spoken("After."))), answer("After."))
        assert "emo_weight" in ui.asked()[-1].values
        assert (await engine.voices())[0].revision.endswith("/2.0")
    finally:
        ui.restart("1.5")


async def test_a_line_that_breaks_in_the_middle_is_taken_up_again(ui: WebUI, enter: Enter) -> None:
    """Over a new connection; what the old one was for is nobody's."""
    engine, wire = await enter()
    ui.fail("held")
    call = asyncio.create_task(say(engine, HELLO))
    await until(lambda: ui.busy() == 1 and joined(wire) == 1)
    wire.cut()
    await until(lambda: sum("/config" in one for one in wire.requests) == 2)
    ui.release()
    np.testing.assert_array_equal(samples(await call), answer(HELLO.text))
    assert ui.peak() == 1


async def test_a_web_ui_that_dies_in_the_middle_is_told(ui: WebUI, enter: Enter) -> None:
    """It is not waited for until the end of time."""
    engine, wire = await enter()
    ui.fail("held")
    call = asyncio.create_task(say(engine, HELLO))
    await until(lambda: ui.busy() == 1 and joined(wire) == 1)
    wire.down = True
    wire.cut()
    with pytest.raises(EngineUnavailable, match=r"cannot be reached|broke off"):
        await call


async def test_a_web_ui_that_never_answers_is_given_up(ui: WebUI, enter: Enter) -> None:
    """After the time for a call, in words that say what to do."""
    engine, _ = await enter(timeout=0.7)
    ui.fail("held")
    with pytest.raises(EngineTimeout, match=r"did not answer within 0\.7 s; .* gradio\.seconds"):
        await say(engine, HELLO)


async def test_a_web_ui_behind_a_login(ui: WebUI, recordings: Recordings) -> None:
    """The name and password stand in the address, and in no message."""
    right = f"http://ann:se%20cret@127.0.0.1:{ui.port('locked')}"
    async with Gradio(right, recordings, sleep=at_once) as engine:
        np.testing.assert_array_equal(samples(await say(engine, HELLO)), answer(HELLO.text))
    for wrong in (right.replace("se%20cret", "guessed"), right.replace("ann:se%20cret@", "")):
        with pytest.raises(EngineBroken, match=r"wants another name and password: .* http://name:password@") as caught:
            await Gradio(wrong, recordings, sleep=at_once).check()
        assert "guessed" not in str(caught.value)
        assert "ann" not in str(caught.value)


async def test_what_answers_and_is_no_web_ui_is_told(recordings: Recordings) -> None:
    """Any other server on that port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(EngineUnavailable, match=r"is no web UI that gradio_client [\d.]+ understands"):
            await Gradio(f"http://127.0.0.1:{port}", recordings, sleep=at_once).check()


async def test_without_the_library_it_says_what_to_install(
    recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only when it is used: a bot without a web UI does not need it."""
    for name in ("connection", "client", "faults"):
        monkeypatch.delitem(sys.modules, f"bot.tts.gradio.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "gradio_client", None)
    async with Gradio("http://127.0.0.1:9", recordings, sleep=at_once) as engine:
        assert await engine.voices()
        for wanted in (engine.check, lambda: say(engine, HELLO)):
            with pytest.raises(EngineBroken, match=r"pip install 'sayso\[gradio\]'"):
                await wanted()


# ---- giving up


async def test_who_gives_up_waits_for_nothing(ui: WebUI, enter: Enter) -> None:
    """And what the web UI has begun is not joined by the next: IndexTTS cannot do two at once."""
    engine, wire = await enter()
    ui.fail("held")
    call = asyncio.create_task(say(engine, HELLO))
    await until(lambda: ui.busy() == 1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(call, 5)
    following = asyncio.create_task(say(engine, spoken("The next.")))
    await until(lambda: joined(wire) == 2)
    await asyncio.sleep(0.3)  # long enough for it to be begun, if it could be
    assert (following.done(), ui.busy()) == (False, 1)
    ui.release()
    np.testing.assert_array_equal(samples(await following), answer("The next."))
    assert ui.peak() == 1


async def test_who_gives_up_in_the_queue_is_never_spoken(ui: WebUI, enter: Enter) -> None:
    """Somebody else uses the web UI; ours waits there, and leaves."""
    engine, wire = await enter()
    other, _ = await enter()
    await other.check()
    ui.fail("held")
    theirs = asyncio.create_task(say(other, spoken("Theirs.")))
    await until(lambda: ui.busy() == 1)
    ours = asyncio.create_task(say(engine, HELLO))
    await until(lambda: joined(wire) == 1)
    before = retries()
    ours.cancel()
    await asyncio.gather(ours, return_exceptions=True)
    await until(lambda: wire.open == 0)
    ui.release()
    await theirs
    await say(other, spoken("And again."))
    assert [one.text for one in ui.asked()] == ["Theirs.", "And again."]
    assert retries() == before


def joined(wire: Wire) -> int:
    """How often it was listened for how a call gets on: by then it waits in the web UI's queue."""
    return sum("/queue/data" in one for one in wire.requests)


async def test_who_closes_early_frees_the_next(ui: WebUI, enter: Enter) -> None:
    """A listener who leaves after the first piece holds nobody up."""
    engine, _ = await enter()
    sound = engine.synthesize(spoken("A sentence that is long enough. " * 2))
    await anext(sound)
    await sound.aclose()
    assert await say(engine, HELLO)


async def test_leaving_ends_what_is_being_said(ui: WebUI, recordings: Recordings) -> None:
    """And does not wait for the web UI."""
    async with asyncio.timeout(10):
        async with Gradio(f"http://127.0.0.1:{ui.port()}", recordings, sleep=at_once) as engine:
            ui.fail("held")
            call = asyncio.create_task(say(engine, HELLO))
            await until(lambda: ui.busy() == 1)
        with contextlib.suppress(EngineError):
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)


async def test_leaving_while_it_connects(enter: Enter, ui: WebUI, recordings: Recordings) -> None:
    """A web UI that does not answer keeps nobody from closing."""
    _, wire = await enter(connect_attempts=0)
    wire.deaf = True
    async with asyncio.timeout(10), Gradio(wire.url, recordings, sleep=at_once):
        await until(lambda: bool(wire.requests))


# ---- what it must not do


def requests(monkeypatch: pytest.MonkeyPatch) -> list[tuple[httpx.Request, str]]:
    """Every request that gradio_client and we make from now on, and the thread that it is made in."""
    made: list[tuple[httpx.Request, str]] = []
    handle: Callable[..., httpx.Response] = httpx.HTTPTransport.handle_request

    def record(self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        made.append((request, threading.current_thread().name))
        return handle(self, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", record)
    return made


async def test_nothing_blocks_the_event_loop(ui: WebUI, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """No request is made in its thread, and it goes on while the web UI works; nor does a thread block the end."""
    made = requests(monkeypatch)
    before = set(threading.enumerate())
    engine, _ = await enter()
    ui.fail("held")
    call = asyncio.create_task(say(engine, HELLO))
    await until(lambda: ui.busy() == 1)  # the loop comes here only if nothing holds it
    begun = set(threading.enumerate()) - before
    assert {one.daemon for one in begun} == {True}
    # Those of the standard library's pools are waited for at the end, daemons or not.
    assert not [one for one in begun if "ThreadPool" in one.name]
    ui.release()
    await call
    paths = {request.url.path for request, _ in made}
    assert {"/config", "/gradio_api/info", "/gradio_api/upload", "/gradio_api/queue/join"} <= paths
    assert threading.main_thread().name not in {thread for _, thread in made}


async def test_the_disk_is_not_asked_in_the_event_loop(
    ui: WebUI, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants to know the voices asks each second, and a folder may be on the other end of a slow line."""
    asked: list[str] = []

    def told(*_: object) -> str:
        asked.append(threading.current_thread().name)
        return "revision"

    monkeypatch.setattr("bot.tts.voices.recordings.digest", told)
    engine, _ = await enter()
    assert [voice.revision.partition("/")[0] for voice in await engine.voices()] == ["revision"]
    assert asked
    assert threading.main_thread().name not in asked


async def test_nothing_is_left_on_disk(
    ui: WebUI, enter: Enter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it went well, failed or was given up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(gradio_client.client, "DEFAULT_TEMP_DIR", str(tmp_path / "gradio"))
    engine, _ = await enter()
    await say(engine, HELLO)
    ui.fail("error", "garbage", "none")
    with pytest.raises(EngineUnavailable):
        await say(engine, HELLO)
    ui.fail("held")
    call = asyncio.create_task(say(engine, HELLO))
    await until(lambda: ui.busy() == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    ui.release()
    await say(engine, HELLO)
    assert not os.listdir(tmp_path)  # noqa: PTH208 (a folder of a test blocks nobody)


async def test_nobody_else_is_told(ui: WebUI, enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    """gradio_client tells Hugging Face where the web UI is, and the web UI whatever token of theirs lies about."""
    told: list[object] = []
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "True")
    monkeypatch.setenv("HF_TOKEN", "hf_ThisIsNobodysBusiness")
    monkeypatch.setattr(gradio_client.client, "send_telemetry", lambda **given: told.append(given))
    made = requests(monkeypatch)
    engine, _ = await enter()
    await say(engine, HELLO)
    assert not told
    assert {request.url.host for request, _ in made} == {"127.0.0.1"}
    assert not [request for request, _ in made if "hf_ThisIsNobodysBusiness" in str(request.headers.raw)]


async def test_no_thread_stays(ui: WebUI, recordings: Recordings) -> None:
    """When it is left, what it had begun ends."""
    before = set(threading.enumerate())
    async with Gradio(f"http://127.0.0.1:{ui.port('2.0 by 2.5')}", recordings, sleep=at_once) as engine:
        await say(engine, HELLO)
    await until(lambda: not [one for one in set(threading.enumerate()) - before if one.is_alive()])
