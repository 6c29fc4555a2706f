"""``sayso say``: a text to a sound file or a pipe, and what it took."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from bot.app import opened
from bot.cli.destination import check, write
from bot.config import Loaded
from bot.errors import ConfigError, SaysoError
from bot.log import configure
from bot.said import Said
from bot.script import Explanation
from bot.speech import PACKET_SECONDS, Clip, Priority, Refusal, Request, Speech
from bot.tts.audio import FORMATS, FormatStream, convert
from bot.tts.text import estimate_seconds

T = TypeVar("T")

LONG = 20.0
"""Seconds of expected sound from which a progress bar is worth its line."""

notes = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line of ``sayso say``."""

    text: str | None
    file: Path | None
    output: str
    voice: str | None
    engine: str | None
    rate: float | None
    language: str | None
    format: str | None
    explain: bool
    as_json: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What it took. ``first_audio`` is in seconds from the request; ``rtf`` is engine time per second of sound."""

    engine: str
    voice: str
    seconds: float
    first_audio: float
    rtf: float
    cached: bool
    caption: str
    output: str
    bytes: int


def run(loaded: Loaded, wanted: Wanted) -> None:
    """Speak, or explain; exits with status 1 and a line of why when that cannot be."""
    configure(loaded.settings.log, least="warning")
    if not wanted.explain and wanted.output != "-":
        check(wanted.output)
    text, name = _text(wanted), _format(wanted)
    request = Request(
        guild="cli",
        user="cli",
        text=text,
        voice=wanted.voice,
        engine=wanted.engine,
        rate=wanted.rate,
        language=wanted.language,
        priority=Priority.HIGH,
    )
    asyncio.run(_run(_long(loaded), request, wanted, name))


def _long(loaded: Loaded) -> Loaded:
    """On one's own machine a text may be as long as one likes."""
    speak = replace(loaded.settings.speak, max_chars=10_000_000)
    return replace(loaded, settings=replace(loaded.settings, speak=speak))


async def _run(loaded: Loaded, request: Request, wanted: Wanted, name: str) -> None:
    async with opened(loaded) as app:
        if wanted.explain:
            explanation = await app.speaker.explain(request)
            _show(_accepted(explanation), wanted.as_json)
            return
        said = _accepted(await app.speaker.say(request))
        async with _progress(said.speech, estimate_seconds(str(request.text))):
            clip, size = await _deliver(said, wanted, name)
        _tell(_report(said, clip, wanted, size), wanted.as_json)


def _accepted(answer: T | Refusal) -> T:
    if isinstance(answer, Refusal):
        raise SaysoError(answer.message)
    return answer


def _text(wanted: Wanted) -> str:
    if wanted.text not in (None, "-") and wanted.file:
        raise ConfigError("give the text or --file, not both")
    if wanted.file:
        try:
            return wanted.file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{wanted.file} cannot be read as text ({type(error).__name__})") from error
    if wanted.text is not None and wanted.text != "-":
        return wanted.text
    if sys.stdin.isatty():
        notes.print("[dim]Type the text, then end it with Ctrl-D.[/dim]")
    return sys.stdin.buffer.read().decode("utf-8", "replace")


def _format(wanted: Wanted) -> str:
    name = wanted.format or Path(wanted.output).suffix.lstrip(".").lower() or "ogg"
    if name not in FORMATS:
        raise ConfigError(f"{name!r} is no format Sayso writes; choose one of {', '.join(FORMATS)}")
    return name


async def _deliver(said: Said, wanted: Wanted, name: str) -> tuple[Clip, int]:
    """A pipe hears the first sentence while the second is made; a file appears when it is whole, or not at all."""
    if wanted.output == "-":
        size = await _pipe(said, FormatStream(name))
        return await said.speech.clip(), size
    clip = await said.speech.clip()
    data = await asyncio.to_thread(convert, clip.ogg, name)
    await asyncio.to_thread(write, Path(wanted.output), data)
    return clip, len(data)


async def _pipe(said: Said, stream: FormatStream) -> int:
    size = 0
    async for packet in said.speech:
        size += _put(stream.write([packet]))
    return size + _put(stream.close())


def _put(data: bytes) -> int:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # whoever listened has heard enough
        raise
    except OSError as error:
        raise SaysoError(f"The sound cannot be written ({error.strerror}).") from error
    return len(data)


@asynccontextmanager
async def _progress(speech: Speech, expected: float) -> AsyncIterator[None]:
    """A bar on the terminal while a long text is spoken."""
    if expected < LONG or speech.done or not notes.is_terminal:
        yield
        return
    with Progress(TextColumn("speaking"), BarColumn(), TextColumn("{task.fields[said]}"), console=notes) as bar:
        task = bar.add_task("speaking", total=expected, said="")
        watching = asyncio.create_task(_watch(speech, bar, task))
        try:
            yield
        finally:
            watching.cancel()
            # What the speech failed with is told by who delivers it; here it only has to be over.
            await asyncio.gather(watching, return_exceptions=True)


async def _watch(speech: Speech, bar: Progress, task: TaskID) -> None:
    seconds = 0.0
    async for _ in speech:
        seconds += PACKET_SECONDS
        bar.update(task, completed=seconds, said=f"{seconds:.0f} s of about {bar.tasks[0].total:.0f} s")


def _report(said: Said, clip: Clip, wanted: Wanted, size: int) -> Report:
    figures = said.figures
    return Report(
        engine=clip.spoken[0].utterance.engine,
        voice=", ".join(dict.fromkeys(s.utterance.voice for s in clip.spoken)),
        seconds=round(clip.seconds, 3),
        first_audio=round(figures.first_audio or 0.0, 4),
        rtf=round(figures.engine_seconds / clip.seconds, 4),
        cached=said.cached,
        caption=said.caption,
        output=wanted.output,
        bytes=size,
    )


def _tell(report: Report, as_json: bool) -> None:
    if as_json:
        text = json.dumps(asdict(report), ensure_ascii=False)
        print(text, file=sys.stderr if report.output == "-" else sys.stdout)
        return
    rows = {
        "engine": report.engine,
        "voice": report.voice,
        "audio": f"{report.seconds:.2f} s",
        "first audio": f"{report.first_audio * 1000:.0f} ms",
        "RTF": "0 (nothing was synthesised)" if report.cached else f"{report.rtf:.3f}",
        "cache": "hit" if report.cached else "miss",
        "note": report.caption,
        "written": f"{report.output}, {report.bytes / 1024:.1f} KiB" if report.output != "-" else "",
    }
    _table(rows)


def _show(explanation: Explanation, as_json: bool) -> None:
    """How it would be said."""
    script, lines = explanation.script, explanation.lines
    wishes = script.wishes
    if as_json:
        print(json.dumps(_plain(explanation), ensure_ascii=False))  # noqa: T201
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("#", "lang", "voice", "sentence"):
        table.add_column(heading, overflow="fold")
    for number, line in enumerate(lines, 1):
        voice = line.utterance.voice if line.utterance else "-"
        table.add_row(str(number), line.sentence.language, escape(voice), escape(line.sentence.text))
    Console(highlight=False).print(table)
    rules = dict.fromkeys(rule for line in lines for rule in line.sentence.rules)
    rows = {
        "rules": ", ".join(rules) or "none fired",
        "engine": f"{script.engine} ({wishes.engine.why})",
        "voice": f"{script.who.name} ({wishes.voice.why})",
        "rate": f"{wishes.rate.value:g} ({wishes.rate.why})",
        "cache": "hit" if explanation.cached else "miss",
        "cost": f"about {explanation.seconds:.1f} s of sound",
    }
    _table(rows, Console(highlight=False))


def _plain(explanation: Explanation) -> dict[str, object]:
    script, wishes = explanation.script, explanation.script.wishes
    return {
        "engine": {"name": script.engine, "why": wishes.engine.why},
        "voice": {"name": script.who.name, "why": wishes.voice.why},
        "rate": {"value": wishes.rate.value, "why": wishes.rate.why},
        "cached": explanation.cached,
        "seconds": round(explanation.seconds, 2),
        "sentences": [
            {
                "text": line.sentence.text,
                "language": line.sentence.language,
                "rules": list(line.sentence.rules),
                "voice": line.utterance.voice if line.utterance else None,
            }
            for line in explanation.lines
        ],
    }


def _table(rows: Mapping[str, str], console: Console = notes) -> None:
    for name, value in rows.items():
        if value:
            console.print(f"[dim]{name:>12}[/dim]  {escape(value)}")
