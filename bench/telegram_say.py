"""``/say`` on Telegram: from the update to ``sendVoice``, and 200 chats at once beside naive handlers.

The loopback Telegram is in this process and stamps what it hands over and what arrives, with Telegram's limits on; each
bot is in another, with the unpatched library. So the figures hold what HTTP and JSON take on both sides, but no
network; what this side takes of a processor for each command is among them.

All bots have the same engine, which takes its time for each text in a few slots. The naive ones await it in their
handler, as most bots do: in an application as it comes, one update after the other, and with ``concurrent_updates``.
Telegram's 30 messages a second bound when the last note can be there. What people feel is how soon they are taken
notice of, and how long somebody else waits for a quick answer meanwhile.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from math import nan
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import telegram
from telegram.constants import ChatAction
from telegram.ext import Application, ApplicationBuilder, CommandHandler

from bench.report import main
from bot.adapters.telegram.plugin import install, uninstall
from bot.config import AudioSettings, LogSettings, SpeakSettings
from bot.log import configure
from bot.queue import Dispatcher
from bot.script import Stage
from bot.speaker import Speaker
from bot.speech import Pcm, Refusal, Request, Utterance
from bot.store import Store
from bot.tts.audio import SpeechEncoder
from bot.tts.engine import Capabilities, Voice
from bot.tts.voices import Voices
from tests.doubles.engine import RATE, FakeEngine, tone
from tests.doubles.telegram import Call, FakeTelegram, Person

TEXT = "Good morning everybody, train {} to the sea leaves from platform nine in a quarter of an hour."
SOUND = tone(3.0)
TAKES, SLOTS = 0.08, 8
"""Seconds that the engine takes for a text, and how many texts it makes at once."""

PEOPLE, ROUNDS, PAUSE = 20, 50, 0.06
"""Those who ask one after the other, how often in all, and the seconds between: nobody is held up by a limit."""

CHATS, ASIDES, APART = 200, 5, 0.4
"""Those who ask at once; those who only want to be helped meanwhile, and how many seconds after each other."""

QUIET, PATIENCE = 1.5, 120.0
"""Seconds without a call after which what was refused is not tried again, and those that anything may take."""

Figures = Mapping[str, float]
Builder = ApplicationBuilder[Any, Any, Any, Any, Any, Any]
Host = Application[Any, Any, Any, Any, Any, Any]
Bot = Callable[[Builder, Path], AbstractAsyncContextManager[Host]]
Task = Callable[[FakeTelegram], Coroutine[Any, Any, Figures]]


def measure() -> dict[str, float]:
    """Medians, and what 95 of 100 stay below."""
    one = _with(_sayso, _one_after_the_other)
    ours, naive = _with(_sayso, partial(_at_once, 2)), _with(_naive, partial(_at_once, 1))
    fairer = _with(_concurrent, partial(_at_once, 1))
    bots = {"Sayso": ours, "naive": naive, "naive, concurrent_updates": fairer}
    crowd = {f"{CHATS} at once, {name}: {what}": value for name, found in bots.items() for what, value in found.items()}
    taken = "taken notice of a second"
    return {**one, **crowd, f"{CHATS} at once, {taken}, Sayso / naive": ours[taken] / naive[taken]}


def _with(bot: Bot, task: Task) -> Figures:
    """What is measured of a bot in a process of its own."""
    ours, theirs = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as data:
        process = multiprocessing.get_context("fork").Process(target=_child, args=(bot, theirs, Path(data)))
        process.start()
        try:
            figures = asyncio.run(_measure(ours, task))
            process.join(PATIENCE)
            return figures
        finally:
            process.kill()


# The other process


def _child(bot: Bot, pipe: Connection, data: Path) -> None:
    configure(LogSettings(level="error"))
    asyncio.run(_serve(bot, pipe, data))


async def _serve(bot: Bot, pipe: Connection, data: Path) -> None:
    """A bot on the loopback whose addresses come through the pipe, until something else does."""
    token, url, files = await asyncio.to_thread(pipe.recv)
    async with bot(ApplicationBuilder().token(token).base_url(url).base_file_url(files), data) as host:
        assert host.updater is not None
        await host.start()
        await host.updater.start_polling()
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        await host.updater.stop()
        await host.stop()
    pipe.send("gone")


class _Engine(FakeEngine):
    """Takes its time, and then has all of the sound at once."""

    async def synthesize(self, utterance: Utterance) -> AsyncGenerator[Pcm, None]:
        await asyncio.sleep(TAKES)
        yield Pcm(SOUND, RATE, utterance)


@asynccontextmanager
async def _sayso(builder: Builder, data: Path) -> AsyncIterator[Host]:
    """The plug-in in an application as it comes, with the texts of one round in the cache, and nowhere else."""
    async with _speaker(data) as speaker, builder.build() as host:
        await asyncio.gather(*(_make(speaker, _text(number)) for number in range(ROUNDS)))
        await install(host, speaker)
        try:
            yield host
        finally:
            await uninstall(host)


@asynccontextmanager
async def _speaker(data: Path) -> AsyncIterator[Speaker]:
    capable = Capabilities(languages=frozenset({"en"}), sample_rate=RATE, max_chars=500, slots=SLOTS, streaming=True)
    engine = _Engine("offline", capabilities=capable, installed=(Voice("offline", "heart", "en-US", "female"),))
    async with Store.open(data / "sayso.db") as store:
        stage = Stage({"offline": engine}, Voices.load(), SpeakSettings(), {})
        speaker = Speaker(stage, Dispatcher({"offline": SLOTS}), store, AudioSettings())
        try:
            yield speaker
        finally:
            await speaker.close()


async def _make(speaker: Speaker, text: str) -> None:
    said = await speaker.say(Request("bench", text, text))
    if isinstance(said, Refusal):
        raise SystemExit(said.message)
    await said.speech.clip()


@asynccontextmanager
async def _naive(builder: Builder, data: Path) -> AsyncIterator[Host]:
    """A handler that awaits its synthesis, whose sound is ready to be sent."""
    slots, ogg = asyncio.Semaphore(SLOTS), _ogg()

    async def say(update: telegram.Update, context: object) -> None:
        assert update.message is not None
        await update.message.chat.send_action(ChatAction.RECORD_VOICE)
        async with slots:
            await asyncio.sleep(TAKES)
        await update.message.reply_voice(ogg, filename="voice.ogg")

    async def help(update: telegram.Update, context: object) -> None:
        assert update.message is not None
        await update.message.reply_text("Write /say and what is to be said.")

    async def ignore(update: object, context: object) -> None:
        """A flood loses what was to be sent, and nobody is told."""

    async with builder.build() as host:
        host.add_handlers([CommandHandler("say", say), CommandHandler("help", help)])
        host.add_error_handler(ignore)
        yield host


def _concurrent(builder: Builder, data: Path) -> AbstractAsyncContextManager[Host]:
    return _naive(builder.concurrent_updates(True), data)


def _ogg() -> bytes:
    encoder = SpeechEncoder()
    encoder.feed(Pcm(SOUND, RATE, Utterance("", "", "", "en")))
    return encoder.finish()[1].ogg


# This process


async def _measure(pipe: Connection, task: Task) -> Figures:
    async with FakeTelegram() as fake:
        fake.limits.on = True
        pipe.send((fake.token, fake.base_url, fake.base_file_url))
        await asyncio.to_thread(pipe.recv)
        figures = await task(fake)
        pipe.send("enough")
        await asyncio.to_thread(pipe.recv)
        if fake.unknown:
            raise SystemExit(f"the loopback does not know {fake.unknown[0]}")
    return figures


async def _one_after_the_other(fake: FakeTelegram) -> Figures:
    """Each in a chat of their own: what Telegram has already is only named, then what it does not have is uploaded."""
    people, known = [fake.person() for _ in range(PEOPLE)], _text(ROUNDS)
    for person in people[:3]:
        await _asked(fake, person, known)
    uploads = fake.uploaded_bytes
    began = time.process_time()
    named = [await _asked(fake, people[number % PEOPLE], known) for number in range(ROUNDS)]
    spent = (time.process_time() - began) / ROUNDS
    if fake.uploaded_bytes != uploads:
        raise SystemExit("what Telegram has was uploaded again")
    uploaded = [await _asked(fake, people[number % PEOPLE], _text(number)) for number in range(ROUNDS)]
    return {
        **_summed("update to sendVoice, cache hit", named),
        **_summed("update to sendVoice, cache hit with upload", uploaded),
        "floods, one after the other": float(fake.floods),
        "the loopback's processor time for each /say, ms": spent * 1000,
    }


def _text(number: int) -> str:
    return TEXT.format(number)


async def _asked(fake: FakeTelegram, person: Person, text: str) -> float:
    """Seconds from the update to the call that sends the note."""
    await asyncio.sleep(PAUSE)
    before = len(fake.calls)
    await person.say(f"/say {text}")
    began = time.perf_counter()
    call = await fake.until(lambda: _sent(fake.calls[before:], "sendVoice").get(person.id), PATIENCE)
    return call.at - began


def _sent(calls: Iterable[Call], method: str, *, refused: bool = False) -> Mapping[object, Call]:
    """The calls of a method that were done, by their chats; with ``refused`` also those that were not."""
    ended = (call for call in calls if call.method == method and call.answered and (refused or not call.error))
    return {call.params["chat_id"]: call for call in ended}


async def _at_once(rounds: int, fake: FakeTelegram) -> Figures:
    found = [await _crowd(fake) for _ in range(rounds)]
    return {name: median(one[name] for one in found) for name in found[0]}


async def _crowd(fake: FakeTelegram) -> Figures:
    """One round: all ask at once for words of their own, and some want to be helped meanwhile."""
    before, floods = len(fake.calls), fake.floods
    people = [fake.person() for _ in range(CHATS)]
    began = time.perf_counter()
    for person in people:
        await person.say(f"/say {_text(person.id)}")
    aside = [await _aside(fake) for _ in range(ASIDES)]
    asked, helped = {person.id for person in people}, {person for person, _ in aside}
    await fake.until(lambda: _over(fake.calls[before:], asked, helped), PATIENCE)
    calls = fake.calls[before:]
    notes, answers = _sent(calls, "sendVoice"), _sent(calls, "sendMessage")
    noticed = {call.params["chat_id"]: call.at for call in reversed(calls)}
    waited = [_answered(answers[person]) - at for person, at in aside if person in answers]
    heard = [_answered(note) - began for note in notes.values()]
    return {
        "taken notice of a second": CHATS / (max(noticed[person] for person in asked) - began),
        "/help meanwhile, p50, ms": median(waited) * 1000 if waited else nan,
        "/help meanwhile, worst, ms": max(waited) * 1000 if waited else nan,
        "/help meanwhile, not answered": float(len(aside) - len(waited)),
        "floods": float(fake.floods - floods),
        "notes that never came": float(CHATS - len(notes)),
        "a note, p50, s": median(heard),
        "the last note, s": max(heard),
    }


async def _aside(fake: FakeTelegram) -> tuple[int, float]:
    """Somebody else wants to be helped: who, and when."""
    await asyncio.sleep(APART)
    person = fake.person()
    await person.say("/help")
    return person.id, time.perf_counter()


def _over(calls: Sequence[Call], asked: Set[int], helped: Set[int]) -> bool:
    """Whether all is there, or what is not was refused and given up."""
    tried, told = _sent(calls, "sendVoice", refused=True), _sent(calls, "sendMessage", refused=True)
    if not (asked <= tried.keys() and helped <= told.keys()):
        return False
    return asked <= _sent(calls, "sendVoice").keys() or time.perf_counter() - calls[-1].at > QUIET


def _answered(call: Call) -> float:
    assert call.answered is not None
    return call.answered


def _summed(name: str, seconds: Sequence[float]) -> Figures:
    return {f"{name}, p50, ms": median(seconds) * 1000, f"{name}, p95, ms": quantiles(seconds, n=20)[-1] * 1000}


if __name__ == "__main__":
    main(measure)
