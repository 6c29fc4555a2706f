"""The studio: many utterances by one model, a step at a time, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import pytest
import torch
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from bot.errors import EngineBroken, EngineError, EngineRejected, EngineUnavailable
from bot.speech import Samples, Utterance
from bot.tts.audio import Reference
from bot.tts.indextts import studio as rooms
from bot.tts.indextts.breakdown import Breakdown
from bot.tts.indextts.devices import Place, Precision
from bot.tts.indextts.manner import Manner
from bot.tts.indextts.model import Model
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.order import Order
from bot.tts.indextts.reading import RATE
from bot.tts.indextts.studio import Studio
from bot.tts.indextts.voices import Voiceprint, Voiceprints
from bot.tts.voices import Recordings
from tests.doubles.found_codes import Finder, Given, varied

HOP = 1024
"""Samples of one code."""
ONE = "Hello there."
THREE = "Hello there. How are you today? I am well!"
"""Three sentences where each is to be no longer than eight tokens."""


class Make(Protocol):
    """A studio with this manner, whose searches find what the scripts say."""

    def __call__(self, *scripts: Given, **manner: Any) -> tuple[Studio, Finder]: ...


@pytest.fixture
def make(model: Model, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setattr(rooms, "SENTENCE_TOKENS", 8)
    prints = Voiceprints(model, None)

    def made(*scripts: Given, **manner: Any) -> tuple[Studio, Finder]:
        finder = Finder(scripts)
        if scripts:
            monkeypatch.setattr(rooms, "search", finder)
        return Studio("indextts", model, Manner(**manner), prints), finder

    return made


@pytest.fixture
def order(recordings: Recordings) -> Callable[..., Order]:
    def made(text: str = ONE, rate: float = 1.0) -> Order:
        return Order(Utterance(text, "indextts", "me.wav", "en", rate), recordings.reference("me.wav"))

    return made


@pytest.fixture(scope="module")
def print_(model: Model, recordings: Recordings) -> Voiceprint:
    return Voiceprints(model, None).of(recordings.reference("me.wav"))


def finish(studio: Studio) -> None:
    for _ in range(2000):
        if studio.idle:
            return
        studio.step()
    raise AssertionError("it does not come to an end")


async def heard(order: Order) -> list[Samples]:
    return [samples async for samples in order.sound()]


async def sound(order: Order) -> Samples:
    return np.concatenate(await heard(order))


def expected(model: Model, voice: Voiceprint, text: Sequence[int], codes: Sequence[int]) -> Samples:
    """By the model's own parts, one after another."""
    latents = model.latents(voice.conditioning, text, codes)
    wave: Samples = model.waveform(latents, voice.speaker).numpy()
    return wave


def retries() -> float:
    return REGISTRY.get_sample_value("tts_retries_total", {"engine": "indextts"}) or 0.0


# ---- what is heard


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
@pytest.mark.parametrize("positions", Positions)
async def test_sentences_are_heard_in_their_order_with_silence_between(
    make: Make, order: Callable[..., Order], model: Model, print_: Voiceprint, streaming: bool, positions: Positions
) -> None:
    """Also where the second is done long before the first. What is heard is the sound of the codes, and nothing else
    but 0.2 seconds of silence, twice."""
    texts = model.tokenizer.sentences(THREE, 8, repeat_quotes=False)
    assert len(texts) == 3
    codes = [varied(40), varied(9, 110), varied(12, 105)]
    studio, _ = make(*map(Given, codes), pause=0.2, streaming=streaming, positions=positions)
    studio.begin(one := order(THREE))
    finish(studio)
    found = await sound(one)
    silence = np.zeros(4800, np.float32)
    first, second, third = (expected(model, print_, *each) for each in zip(texts, codes, strict=True))
    np.testing.assert_allclose(found, np.concatenate([first, silence, second, silence, third]), atol=1e-3)
    for at in (len(first), len(first) + 4800 + len(second)):
        assert not found[at : at + 4800].any(), "that is no silence"


async def test_sound_comes_before_a_sentence_is_whole_if_it_is_to(make: Make, order: Callable[..., Order]) -> None:
    """Of fifty codes the first sixteen are heard when 36 are known; else nothing before the last."""
    for streaming, expected_at in ((True, 36), (False, 50)):
        studio, _ = make(Given(varied(50)), streaming=streaming)
        studio.begin(one := order())
        steps = 0
        while not _waiting(one):
            studio.step()
            steps += 1
            await _settled()
        assert steps in (expected_at, expected_at + 1)
        studio.drop(one)


@pytest.mark.parametrize(("rate", "share"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0), (9.0, 0.5), (0.1, 2.0)])
async def test_the_rate_is_kept_within_half_and_double(
    make: Make, order: Callable[..., Order], rate: float, share: float
) -> None:
    """The model has no speed of its own: what it says is stretched."""
    studio, finder = make(Given(varied(30)))
    studio.begin(one := order(ONE, rate))
    studio.begin(same := order(ONE))
    finish(studio)
    assert (await sound(one)).size == pytest.approx((await sound(same)).size * share, rel=0.03)
    assert finder.seeds[0] == finder.seeds[1], "the rate is no part of the chance"


async def test_it_comes_in_pieces_of_half_a_second(make: Make, order: Callable[..., Order]) -> None:
    """Nobody downstream has to swallow half a minute at once."""
    studio, _ = make(Given(varied(60)))
    studio.begin(one := order())
    finish(studio)
    sizes = [samples.size for samples in await heard(one)]
    assert sum(sizes) == 60 * HOP
    assert max(sizes) == RATE // 2


async def test_long_silence_is_cut_short(
    make: Make, order: Callable[..., Order], model: Model, print_: Voiceprint
) -> None:
    """Of fifty silent codes in a row thirty are heard, and what comes after them is as it was."""
    codes = [*varied(12), *[52] * 50, *varied(20, 115)]
    studio, _ = make(Given(codes))
    studio.begin(one := order(ONE))
    finish(studio)
    (text,) = model.tokenizer.sentences(ONE, 8, repeat_quotes=False)
    latents = model.latents(print_.conditioning, text, codes)
    kept = torch.cat((latents[:42], latents[62:]))
    np.testing.assert_allclose(await sound(one), model.waveform(kept, print_.speaker).numpy(), atol=1e-3)


async def test_nobody_notices_who_else_is_spoken_for(
    make: Make, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight utterances over three places sound as each does alone, and again the same."""
    monkeypatch.setattr("bot.tts.indextts.studio.MOST_CODES", 12)
    texts = ["One two.", THREE, "Two three.", "Three four!", "Four five?", THREE[13:], "Five six.", "Six seven."]
    manner: dict[str, Any] = {"slots": 3, "attempts": 1}
    together, alone = [order(text) for text in texts], [order(text) for text in texts]
    studio, _ = make(**manner)
    for one in together:
        studio.begin(one)
    finish(studio)
    for one in alone:
        studio.begin(one)
        finish(studio)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(await sound(one), await sound(other), atol=1e-4)


async def test_beams_speak_too(
    make: Make, order: Callable[..., Order], model: Model, print_: Voiceprint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two places for sentences of three beams each; what is heard is what the model finds by itself."""
    monkeypatch.setattr("bot.tts.indextts.studio.MOST_CODES", 15)
    studio, _ = make(options=Sampling(sample=False, beams=3), slots=2)
    assert studio._decoder.free == 6
    orders = [order(text) for text in ("One, two.", "Three, four.", "Five!")]
    for one in orders:
        studio.begin(one)
    finish(studio)
    for one in orders:
        (text,) = model.tokenizer.sentences(one.utterance.text, 8, repeat_quotes=False)
        found = model.generate(print_.conditioning, text, Sampling(sample=False, beams=3), limit=15)
        np.testing.assert_allclose(await sound(one), expected(model, print_, text, found.codes), atol=1e-3)


async def test_nobody_waits_for_the_sound_of_a_whole_sentence(
    make: Make, order: Callable[..., Order], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long one is made into sound a window at a time, and between two of them all others are decoded."""
    studio, _ = make(Given(varied(120)), Given(varied(400)), streaming=False)
    events: list[str] = []
    monkeypatch.setattr(model.gpt, "step", noted("step", model.gpt.step, events))
    monkeypatch.setattr(model.vocoder, "forward", noted("window", model.vocoder.forward, events))
    monkeypatch.setattr(rooms, "Watchdog", lambda _tokens: Unwatched())
    studio.begin(order("One, two."))
    studio.begin(order("Three, four."))
    for _ in range(125):
        studio.step()
    first = events.index("window")
    assert events[first : first + 5] == ["window", "step", "window", "step", "window"]


def noted(name: str, work: Callable[..., Any], events: list[str]) -> Callable[..., Any]:
    def call(*given: Any) -> Any:
        events.append(name)
        return work(*given)

    return call


class Unwatched:
    """Finds no fault with anything."""

    limit = 600

    def look(self, _code: int) -> None:
        return None

    def end(self) -> None:
        return None


# ---- who comes when


async def test_who_came_first_is_heard_first(make: Make, order: Callable[..., Order]) -> None:
    """Four askers, one place."""
    studio, _ = make(Given(varied(12)), slots=1)
    orders = [order() for _ in range(4)]
    for one in orders:
        studio.begin(one)
    done: list[Order] = []
    while not studio.idle:
        studio.step()
        await _settled()
        done += [one for one in orders if one not in done and _waiting(one)]
    assert done == orders


async def test_a_second_sentence_takes_nobody_s_first_place(make: Make, order: Callable[..., Order]) -> None:
    """Of two places each asker gets one, though the first could use both; what is left over is used."""
    studio, finder = make(Given(varied(30)), slots=2)
    studio.begin(order(THREE))
    studio.begin(order(THREE))
    studio.step()
    studio.step()
    assert studio._decoder.free == 0
    assert _speaking(studio) == [1, 1]
    finish(studio)
    studio.begin(order(THREE))
    studio.step()
    assert _speaking(studio) == [2], "the next sentence is decoded while the first is"
    assert len(finder.seeds) == 8


async def test_who_goes_away_makes_room(make: Make, order: Callable[..., Order]) -> None:
    """Whether it was being spoken, or waited; the others are not touched, and nothing more comes of it."""
    studio, _ = make(Given(varied(12)), slots=1)
    speaking, waiting, other = order(), order(), order()
    for one in (speaking, waiting, other):
        studio.begin(one)
        studio.step()
    studio.drop(speaking)
    studio.drop(waiting)
    studio.drop(waiting)
    assert studio._decoder.free == 1
    finish(studio)
    assert (await sound(other)).size == 12 * HOP
    await _settled()
    assert not _waiting(speaking)
    assert not _waiting(waiting)


async def test_who_goes_away_before_anything_was_done_is_not_read(make: Make, order: Callable[..., Order]) -> None:
    """Nothing is decoded for it."""
    studio, finder = make(Given(varied(12)))
    studio.begin(one := order())
    studio.drop(one)
    assert studio.idle
    assert finder.seeds == []


# ---- what goes astray


async def test_a_sentence_that_goes_astray_is_tried_again(make: Make, order: Callable[..., Order]) -> None:
    """With another seed, unheard; it is counted."""
    before = retries()
    studio, finder = make(Given([100, 101] * 40), Given([]), Given(varied(30)))
    studio.begin(one := order())
    with capture_logs() as logs:
        finish(studio)
    assert (await sound(one)).size == 30 * HOP
    assert len(set(finder.seeds)) == 3
    assert retries() - before == 2
    told = [(log["event"], log["fault"]) for log in logs]
    again = "indextts_sentence_tried_again"
    assert told == [(again, "repeats"), (again, "too_short")]
    assert not any(ONE in str(log) for log in logs)


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])
async def test_where_all_go_astray_the_least_bad_is_heard(
    make: Make, order: Callable[..., Order], model: Model, print_: Voiceprint, streaming: bool
) -> None:
    """One that did not run away, and of these the longest."""
    repeats = [100, 101] * 40
    studio, finder = make(Given(varied(120)), Given(repeats), Given([]), attempts=3, streaming=streaming)
    studio.begin(one := order(ONE))
    with capture_logs() as logs:
        finish(studio)
    found = await sound(one)
    (text,) = model.tokenizer.sentences(ONE, 8, repeat_quotes=False)
    if streaming:  # the first was already heard when it turned out to run away: it ends there
        assert len(finder.seeds) == 1
        assert found.size == finder.limits[0] * HOP
        assert logs[-1]["fault"] == "runaway"
    else:
        assert len(finder.seeds) == 3
        assert logs[-1]["fault"] == "repeats"
        cut = repeats[: found.size // HOP]
        assert 20 < len(cut) < 80
        np.testing.assert_allclose(found, expected(model, print_, text, cut), atol=1e-3)
    assert logs[-1]["event"] == "indextts_sentence_faulty"


async def test_a_loop_that_is_noticed_before_it_is_heard_is_tried_again(
    make: Make, order: Callable[..., Order]
) -> None:
    """Streaming holds back some twenty codes; a loop right at the beginning is noticed in that time, and what had been
    made of it until then is not in the sound that comes."""
    studio, finder = make(Given([100, 101] * 40), Given(varied(50)), streaming=True)
    studio.begin(one := order())
    finish(studio)
    assert len(finder.seeds) == 2
    studio.begin(same := order())
    finish(studio)
    np.testing.assert_array_equal(await sound(one), await sound(same))


async def test_without_chance_there_is_no_second_try(make: Make, order: Callable[..., Order]) -> None:
    """Another seed would find the same codes."""
    studio, finder = make(Given([100, 101] * 40), options=Sampling(sample=False))
    studio.begin(order())
    finish(studio)
    assert len(finder.seeds) == 1


async def test_codes_are_limited_by_what_there_is_to_say(make: Make, order: Callable[..., Order]) -> None:
    """The watchdog's limit for so many tokens."""
    studio, finder = make(Given(varied(12)))
    studio.begin(order("Hello there."))
    finish(studio)
    assert finder.limits == [72 + 12 * 3]


# ---- what is refused


@pytest.mark.parametrize("text", ["あいうえお", "…?", "ん。"])
async def test_what_it_has_no_sound_for_is_refused(make: Make, order: Callable[..., Order], text: str) -> None:
    """Kana are nothing to the model, and marks alone are no speech."""
    studio, finder = make(Given(varied(12)))
    studio.begin(one := order(text))
    finish(studio)
    with pytest.raises(EngineRejected, match="nothing in the text"):
        await heard(one)
    assert finder.seeds == []


async def test_a_recording_that_cannot_be_heard_is_refused(make: Make) -> None:
    """That one utterance; it says nothing of the model."""
    studio, _ = make(Given(varied(12)))
    studio.begin(one := Order(Utterance(ONE, "indextts", "me.wav", "en"), Reference(b"no sound", 3.0, "0" * 64)))
    finish(studio)
    with pytest.raises(EngineRejected, match="recording cannot be used"):
        await heard(one)


async def test_what_comes_to_no_sound_is_said_so(make: Make, order: Callable[..., Order]) -> None:
    """It stopped at once, however often it was tried: whoever stands in may speak."""
    studio, _ = make(Given([]))
    studio.begin(one := order())
    finish(studio)
    with pytest.raises(EngineRejected, match="made no sound of this text"):
        await heard(one)


@pytest.mark.parametrize("silent", [0, 1, 2])
async def test_a_sentence_without_sound_leaves_no_hole(make: Make, order: Callable[..., Order], silent: int) -> None:
    """Of three sentences nothing came of one: there is one silence, between the others."""
    scripts = [Given([] if number == silent else varied(12)) for number in range(3)]
    studio, _ = make(*scripts, attempts=1, slots=1, pause=0.1)
    studio.begin(one := order(THREE))
    finish(studio)
    assert (await sound(one)).size == 24 * HOP + 2400


async def test_noise_is_not_given_out(
    make: Make, order: Callable[..., Order], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is not a number is no sound: 16 bits were too few for these weights."""
    studio, _ = make(Given(varied(12)))
    monkeypatch.setattr(model.vocoder, "forward", lambda *_: torch.full((HOP,), torch.nan))
    studio.begin(one := order())
    finish(studio)
    with pytest.raises(EngineBroken, match=r"set indextts\.precision to fp32"):
        await heard(one)
    assert studio.broken is None


# ---- failures of the model


class Failing:
    """A step of the language model that fails once, at the fifth."""

    def __init__(self, model: Model, error: Exception) -> None:
        self._step = model.gpt.step
        self._error = error
        self._left = 5

    def __call__(self, *given: Any) -> Any:
        self._left -= 1
        if not self._left:
            raise self._error
        return self._step(*given)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (RuntimeError("shape '[3]' is invalid"), EngineUnavailable, r"failed \(RuntimeError\); look into the log"),
        (IndexError("index 9 is out of range"), EngineUnavailable, r"failed \(IndexError\)"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), EngineUnavailable, r"set indextts\.slots lower"),
        (MemoryError(), EngineUnavailable, r"indextts\.precision"),
    ],
    ids=["wrong", "bug", "device memory", "memory"],
)
async def test_a_failure_ends_all_that_is_spoken_and_nothing_more(
    make: Make,
    order: Callable[..., Order],
    model: Model,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    kind: type[EngineError],
    words: str,
) -> None:
    """Each is told in an error of its own, and the next is spoken as if nothing had been."""
    studio, _ = make(Given(varied(12)), slots=2)
    orders = [order() for _ in range(3)]
    for one in orders:
        studio.begin(one)
    monkeypatch.setattr(model.gpt, "step", Failing(model, error))
    with capture_logs() as logs:
        finish(studio)
    errors = []
    for one in orders:
        with pytest.raises(kind, match=words) as raised:
            await heard(one)
        errors.append(raised.value)
    assert len(set(map(id, errors))) == 3
    assert all(one.__cause__ is None for one in errors), "it would hold on to what the model had in hand"
    assert [(log["event"], log["error"]) for log in logs] == [("indextts_failed", type(error).__name__)]
    assert (studio.broken, studio.idle, studio._decoder.free) == (None, True, 2)
    studio.begin(again := order())
    finish(studio)
    assert (await sound(again)).size == 12 * HOP


async def test_what_an_accelerator_has_spoilt_stays_so(
    make: Make, order: Callable[..., Order], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is being spoken for is told that this process is at its end."""
    studio, _ = make(Given(varied(12)))
    studio.begin(one := order())
    fault = torch.AcceleratorError("CUDA error: device-side assert triggered")
    monkeypatch.setattr(model.gpt, "step", Failing(model, fault))
    finish(studio)
    with pytest.raises(EngineBroken, match="start Sayso again") as raised:
        await heard(one)
    assert raised.value.retry_after == 30.0
    assert studio.broken is not None


@pytest.mark.parametrize(("device", "emptied"), [("cuda", 1), ("cpu", 0)])
def test_what_an_accelerator_kept_back_is_given_back(
    model: Model, monkeypatch: pytest.MonkeyPatch, device: str, emptied: int
) -> None:
    """torch keeps what it has freed, for itself; the next who needs memory there may be somebody else."""
    calls: list[None] = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: calls.append(None))
    elsewhere = replace(model, place=Place(torch.device(device), Precision.FP32))
    Studio("indextts", elsewhere, Manner(), Voiceprints(model, None)).end(Breakdown(EngineUnavailable, "It is closed."))
    assert len(calls) == emptied


async def test_a_failure_while_a_voice_is_learnt_is_told_to_who_wanted_it(
    make: Make, order: Callable[..., Order], model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not in the batch yet, and not forgotten either."""
    studio, _ = make(Given(varied(12)))
    monkeypatch.setattr(model.conditioning, "forward", _out_of_memory)
    studio._prints = Voiceprints(model, None)
    studio.begin(one := order())
    finish(studio)
    with pytest.raises(EngineUnavailable, match="not enough memory"):
        await heard(one)


async def test_ended_from_outside_everybody_is_told(make: Make, order: Callable[..., Order]) -> None:
    """Those that are spoken, and those that wait."""
    studio, _ = make(Given(varied(12)), slots=1)
    orders = [order(), order()]
    studio.begin(orders[0])
    studio.step()
    studio.begin(orders[1])
    studio.end(Breakdown(EngineUnavailable, "It is closed."))
    assert studio.idle
    for one in orders:
        with pytest.raises(EngineUnavailable, match="It is closed"):
            await heard(one)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), EngineUnavailable),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), EngineUnavailable),
        (torch.AcceleratorError("CUDA error: unknown error"), EngineBroken),
        (KeyError("mel"), EngineUnavailable),
    ],
    ids=["device memory", "memory", "device", "bug"],
)
def test_what_cannot_be_loaded_is_told_in_words(tmp_path: Any, error: Exception, kind: type[EngineError]) -> None:
    """A model folder that is well may still be too large for where it is to run."""

    def load(*_: object, **__: object) -> Model:
        raise error

    with capture_logs() as logs, pytest.raises(kind):
        Studio.open("indextts", tmp_path, Manner(), None, device="cuda", load=load)
    assert logs[0]["event"] == "indextts_not_loaded"


@pytest.mark.parametrize(("threads", "after"), [(3, 3), (0, 1)])
def test_it_is_told_how_many_threads_to_use(tmp_path: Any, model: Model, threads: int, after: int) -> None:
    """None leaves them as they are."""
    try:
        Studio.open("indextts", tmp_path, Manner(), None, threads=threads, load=lambda *_, **__: model)
        assert torch.get_num_threads() == after
    finally:
        torch.set_num_threads(1)


def _out_of_memory(*_: object) -> torch.Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory")


def _speaking(studio: Studio) -> list[int]:
    """How many sentences of each utterance are being decoded."""
    return [sum(one.track is not None for one in reading.near) for reading in studio._readings]


def _waiting(order: Order) -> int:
    """News that nobody has listened to yet."""
    return order._news.qsize()


async def _settled() -> None:
    """What the loop was told has arrived."""
    await asyncio.sleep(0)


async def test_a_device_that_fails_at_the_tidying_up_is_lost(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults of a device come late, in whatever touches it next; the thread that meets them lives on."""

    def failing() -> None:
        raise torch.AcceleratorError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(torch.cuda, "empty_cache", failing)
    elsewhere = replace(model, place=Place(torch.device("cuda"), Precision.FP32))
    studio = Studio("indextts", elsewhere, Manner(), Voiceprints(model, None))
    with capture_logs() as logs:
        studio.end(Breakdown(EngineUnavailable, "It failed."))
    assert studio.broken is not None
    assert [log["event"] for log in logs] == ["indextts_device_lost"]


async def test_a_fault_that_comes_while_somebody_is_dropped_is_told_to_the_others(
    make: Make, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to those who come later, by what is broken."""
    studio, _ = make(Given(varied(12)), slots=2)
    studio.begin(one := order())
    studio.begin(two := order())
    studio.step()

    def failing(_: object) -> None:
        raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    monkeypatch.setattr(studio._decoder, "drop", failing)
    with capture_logs():
        studio.drop(one)
    with pytest.raises(EngineBroken, match="start Sayso again"):
        await heard(two)
    assert studio.broken is not None
