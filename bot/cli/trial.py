"""``sayso models check``: load a model folder, have it speak, measure it, and say whether it speaks as it should."""

from __future__ import annotations

import asyncio
import io
import json
import math
import wave
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.markup import escape

from bot.cli.models import require
from bot.config import Loaded
from bot.errors import AudioError, ConfigError, SaysoError
from bot.log import configure
from bot.speech import Samples, Utterance
from bot.tts.audio import Reference, prepare
from bot.tts.indextts.config import read
from bot.tts.offline import Offline

if TYPE_CHECKING:
    from bot.tts.indextts.trial.inventory import Inventory, Memory
    from bot.tts.indextts.trial.trial import Turn

BORROWED = (
    "This voice was made by a machine, and so nobody has to be asked for it. It reads a few calm sentences, as "
    "a person would who has all the time in the world."
)
"""What our own offline voice says to be cloned, where no recording is given."""
VOICE = "heart"

UNTRAINED = (
    "Every sentence fails like this with weights that were never trained (such as a folder made for tests), or that "
    "are damaged: compare the fingerprint with somebody else's, or get the folder again (`sayso models get`)."
)
UNHEARD = "Nobody listened: with pip install 'sayso[hear]' a recogniser says how much of it is understood."

notes = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command line of ``sayso models check``; what is None is as the settings have it."""

    folder: Path | None
    voice: Path | None
    device: str | None
    precision: str | None
    keep: Path | None
    as_json: bool


def run(loaded: Loaded, wanted: Wanted) -> None:
    """Load, speak, measure, judge; exits with status 1 if something is wrong."""
    configure(loaded.settings.log, least="warning")
    require()
    folder, keep = _folder(loaded, wanted), _place(wanted.keep)
    reference = _reference(wanted.voice)
    tried = _tried(loaded, wanted, folder, reference)
    if keep:
        _keep(keep, tried)
    if wanted.as_json:
        print(json.dumps(_finite(_plain(tried)), ensure_ascii=False))  # noqa: T201
    else:
        _print(Console(highlight=False, soft_wrap=True), tried)
    if tried.wrong:
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class _Tried:
    """What came of it; ``memory`` is what was taken in the end."""

    reference: Reference
    inventory: Inventory
    turns: Sequence[Turn]
    memory: Memory

    @property
    def wrong(self) -> list[str]:
        return [f"{turn.language}: {odd}" for turn in self.turns for odd in turn.odd]

    @property
    def verdict(self) -> str:
        if not self.wrong:
            unheard = "" if self.heard else f" {UNHEARD}"
            return f"It speaks as it should.{unheard}"
        return "Something is odd." + (f" {UNTRAINED}" if all(turn.odd for turn in self.turns) else "")

    @property
    def heard(self) -> bool:
        return any(turn.heard is not None for turn in self.turns)


def _folder(loaded: Loaded, wanted: Wanted) -> Path:
    configured = loaded.settings.indextts.folder
    if wanted.folder is None and not configured:
        raise ConfigError("name the model folder, or set indextts.folder; `sayso models` tells where it comes from")
    folder = (wanted.folder or Path(configured)).expanduser()
    read(folder)  # what is missing there is told before anything slow is done
    return folder


def _place(keep: Path | None) -> Path | None:
    """Where the sound is kept; that it cannot be is told before minutes of work."""
    try:
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(keep, error) from error
    return keep


def _unwritable(keep: Path | None, error: OSError) -> SaysoError:
    return SaysoError(f"--keep {keep}: {error.strerror}; name another folder")


def _reference(recording: Path | None) -> Reference:
    """The recording made fit, or one of our own offline voice."""
    if recording is None:
        with _busy("borrowing our offline voice"):
            return prepare(_wav(*asyncio.run(_borrowed())))
    try:
        return prepare(recording)
    except AudioError as error:
        raise AudioError(f"--voice {recording}: {error}") from error


async def _borrowed() -> tuple[Samples, int]:
    async with Offline() as engine:
        pieces = [pcm async for pcm in engine.synthesize(Utterance(BORROWED, engine.name, VOICE, "en"))]
    return np.concatenate([pcm.samples for pcm in pieces]), pieces[0].sample_rate


def _tried(loaded: Loaded, wanted: Wanted, folder: Path, reference: Reference) -> _Tried:
    import torch

    from bot.tts.indextts.trial.hearing import recogniser
    from bot.tts.indextts.trial.inventory import Memory, opened
    from bot.tts.indextts.trial.trial import listened, trial

    own = loaded.settings.indextts
    if own.threads:
        torch.set_num_threads(own.threads)
    with _busy("loading the model"):
        model, inventory = opened(
            folder, device=wanted.device or own.device, precision=wanted.precision or own.precision
        )
    with _busy("speaking"):
        turns = list(trial(model, reference))
    memory = Memory.taken()  # before the recogniser takes its own
    with _busy("listening"), recogniser() as ear:
        heard = [listened(turn, ear) for turn in turns] if ear else turns
    return _Tried(reference, inventory, heard, memory)


@contextmanager
def _busy(with_what: str) -> Iterator[None]:
    """A sign of life on a terminal."""
    if not notes.is_terminal:
        yield
        return
    with notes.status(with_what):
        yield


def _keep(folder: Path, tried: _Tried) -> None:
    """The recording as the model heard it, and what it said."""
    spoken = {f"{turn.language}.wav": _wav(turn.samples, turn.rate) for turn in tried.turns if len(turn.samples)}
    try:
        for name, data in {"reference.wav": tried.reference.wav, **spoken}.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _wav(samples: Samples, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes((np.clip(np.nan_to_num(samples), -1, 1) * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def _plain(tried: _Tried) -> dict[str, object]:
    return {
        "model": asdict(tried.inventory),
        "memory": asdict(tried.memory),
        "reference": {"seconds": tried.reference.seconds, "digest": tried.reference.digest},
        "sentences": [_plain_turn(turn) for turn in tried.turns],
        "verdict": tried.verdict,
        "wrong": tried.wrong,
    }


def _plain_turn(turn: Turn) -> dict[str, object]:
    facts = {key: value for key, value in asdict(turn).items() if key != "samples"}
    return {**facts, "codes_per_second": turn.codes_per_second, "rtf": turn.rtf}


def _finite(value: object) -> object:
    """With null where a number is none: JSON has no word for it."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _print(console: Console, tried: _Tried) -> None:
    for name, value in _model(tried).items():
        _row(console, name, value)
    for turn in tried.turns:
        console.print(f"\n[bold]{turn.language}[/bold]  {escape(turn.text)}")
        for name, value in _spoken(turn).items():
            _row(console, name, value)
        for odd in turn.odd:
            console.print(f"[red]✗[/red] {escape(odd)}")
    sign = "[red]✗[/red]" if tried.wrong else "[green]✓[/green]"
    console.print(f"\n{sign} {escape(tried.verdict)}")


def _row(console: Console, name: str, value: str) -> None:
    console.print(f"[dim]{name:>15}[/dim]  {escape(value)}")


def _model(tried: _Tried) -> dict[str, str]:
    about, memory = tried.inventory, tried.memory
    gpu = f", GPU {_gigabytes(memory.gpu)} at most" if memory.gpu else ""
    return {
        "model": f"IndexTTS-{about.version}, fingerprint {about.fingerprint}",
        "files": ", ".join(f"{name} {_bytes(size)}" for name, size in about.files.items()),
        "parameters": ", ".join(f"{part} {count / 1e6:,.1f} M" for part, count in about.parameters.items()),
        "runs on": f"{about.device}, {about.precision} (computes in {about.dtype}), {about.threads} threads",
        "loaded in": f"{about.seconds:.1f} s",
        "memory": f"{_gigabytes(about.memory.resident)} loaded, {_gigabytes(memory.resident)} after speaking, "
        f"{_gigabytes(memory.peak)} at most{gpu}",
        "reference": f"{tried.reference.seconds:.1f} s",
    }


def _bytes(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.2f} GB"


def _spoken(turn: Turn) -> dict[str, str]:
    if not turn.attempts:
        return {}
    rows = {
        "codes": f"{turn.codes} for {turn.tokens} tokens, {turn.codes_per_second:.1f} a second, the first after "
        f"{turn.first * 1000:.0f} ms{f', {turn.cut} of them silence that was cut' if turn.cut else ''}",
        "watchdog": f"{turn.fault or 'content'}, at attempt {turn.attempts}",
    }
    thought, voiced = turn.rtf
    if turn.sanity:
        sanity = turn.sanity
        rows["sound"] = (
            f"{turn.seconds:.2f} s, RTF {thought + voiced:.2f} (language model {thought:.2f}, vocoder {voiced:.2f})"
        )
        rows["pace"] = f"{sanity.pace:.1f} {sanity.unit} a second"
        rows["level"] = (
            f"{sanity.level:.1f} dBFS, peak {sanity.peak:.3f}, {sanity.clipped:.2%} clipped, "
            f"{sanity.range:.0f} dB between loud and quiet"
        )
    for seam in turn.seams:
        rows[f"windows of {seam.look}"] = f"{seam.off:.1e} off the whole (up to {seam.most:g} is well)"
    if turn.errors is not None:
        rows["heard"] = f"{turn.heard} ({'CER' if turn.language == 'zh' else 'WER'} {turn.errors:.0%})"
    return rows
