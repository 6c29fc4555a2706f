"""``sayso models``: what IndexTTS-1.5 is, what is here of it, under what licence, and how to get it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

from bot.config import Loaded
from bot.errors import SaysoError
from bot.log import configure
from bot.tts.indextts import licence
from bot.tts.indextts.config import read
from bot.tts.indextts.download import BYTES, FILES, fetch
from bot.tts.indextts.faults import WHERE, CheckpointError

PACKAGES = ("torch", "sentencepiece", "wetext", "huggingface_hub")
"""What the extra brings."""
EXTRA = "pip install 'sayso[indextts]'"
WHAT = "IndexTTS-1.5 clones a voice from 3 to 15 seconds of speech, and speaks Chinese and English with it."

notes = Console(stderr=True, highlight=False, soft_wrap=True)


def run(loaded: Loaded, as_json: bool) -> None:
    """Print what there is to know before one has it, and what there is of it here."""
    configure(loaded.settings.log, least="warning")
    if as_json:
        print(json.dumps(_plain(loaded), ensure_ascii=False))  # noqa: T201
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{WHAT}[/bold]\n")
    rows = {
        "model": f"{WHERE} (about {BYTES / 1e9:.1f} GB): {', '.join(FILES)}",
        "get it": "`sayso models get` fetches these four files, after asking",
        "folder": _folder(loaded),
        "test it": "`sayso models check` loads the folder, has it speak, and measures it",
        "packages": _packages(),
    }
    for name, value in rows.items():
        console.print(f"[dim]{name:>9}[/dim]  {escape(value)}")
    console.print()
    _print_licence(console)


def get(loaded: Loaded, folder: Path | None, accepted: bool) -> None:
    """Fetch the model folder, after showing the licence and asking; check it, and say how to use it."""
    configure(loaded.settings.log, least="warning")
    place = folder or usual(loaded)
    _print_licence(notes)
    if not accepted and not _accepted(place):
        notes.print("Nothing was fetched.")
        raise SystemExit(1)
    try:
        with _progress() as told:
            fetch(place, told=told)
    except KeyboardInterrupt:
        notes.print("Broken off. What has come is kept: the same command goes on where this one ended.")
        raise SystemExit(130) from None
    notes.print(f"The folder is whole: {escape(_checked(place))}.")
    _print_setting(place.absolute())


def usual(loaded: Loaded) -> Path:
    """Where the model is put if nobody says where."""
    return loaded.settings.data / "models" / "IndexTTS-1.5"


def require() -> None:
    """Raise SaysoError that says what to install, where the extra is not here."""
    if missing := [name for name in PACKAGES if not find_spec(name)]:
        raise SaysoError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed: {EXTRA}")


def _plain(loaded: Loaded) -> dict[str, object]:
    return {
        "model": WHERE,
        "files": FILES,
        "folder": loaded.settings.indextts.folder,
        "found": _folder(loaded),
        "packages": _versions(),
        "licence": {
            "name": licence.NAME,
            "text": licence.TEXT,
            "code": licence.CODE,
            "contact": licence.CONTACT,
            "terms": [asdict(term) for term in (*licence.TERMS, licence.VOICES)],
        },
    }


def _folder(loaded: Loaded) -> str:
    """What is configured, and whether it is there."""
    if configured := loaded.settings.indextts.folder:
        return f"{configured}: {_looked_at(Path(configured).expanduser())}"
    return "indextts.folder is not set"


def _looked_at(folder: Path) -> str:
    """At a glance, without torch."""
    try:
        config = read(folder)
    except CheckpointError as error:
        return str(error)
    files = (config.bpe_file, config.gpt_file, config.vocoder_file)
    return f"version {config.version}, {sum((folder / name).stat().st_size for name in files) / 1e9:.2f} GB"


def _checked(folder: Path) -> str:
    """What is known of it once it is read with torch: that every tensor is there, in its shape."""
    config = read(folder)
    if not find_spec("torch"):
        return f"version {config.version}; its tensors were not looked at, for torch is missing: {EXTRA}"
    from bot.tts.indextts.checkpoint import weights

    count = sum(len(tensors) for tensors in weights(folder, config))
    return f"version {config.version}, {count} tensors in the right shapes"


def _versions() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _packages() -> str:
    versions = _versions()
    here = ", ".join(f"{name} {found}" for name, found in versions.items() if found)
    missing = ", ".join(name for name, found in versions.items() if not found)
    return "; ".join(part for part in (here, f"missing: {missing} ({EXTRA})" if missing else "") if part)


def _print_licence(console: Console) -> None:
    """In plain words, each beside the licence's own."""
    console.print("[bold]The licence[/bold]")
    console.print(f"  Upstream's code (v1.5.0) is under {licence.CODE}; Sayso's own is, too, and contains none of it.")
    console.print(f"  The weights are under the {licence.NAME}: {licence.TEXT}")
    for term in (*licence.TERMS, licence.VOICES):
        console.print(f"  - {escape(term.plain)} [dim]({term.part}: {escape(term.quoted)})[/dim]")
    console.print(f"  [dim]{licence.DOUBT}[/dim]")


def _accepted(place: Path) -> bool:
    if not sys.stdin.isatty():
        raise SaysoError("nobody is here to be asked: run it in a terminal, or with --yes, which accepts the licence")
    question = f"Fetch about {BYTES / 1e9:.1f} GB into {place}, and accept this licence?"
    return typer.confirm(question, err=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each file, on a terminal."""
    columns = (TextColumn("{task.description:<22}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=notes, disable=not notes.is_terminal) as bar:
        tasks: dict[str, TaskID] = {}

        def told(name: str, here: int, size: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=size)
            bar.update(tasks[name], completed=here)

        yield told


def _print_setting(folder: Path) -> None:
    """To standard output, so that it can be taken from there."""
    lines: Mapping[str, str] = {
        "Set it in the environment (or in .env):": f"SAYSO__INDEXTTS__FOLDER={folder}",
        "or in config.yaml:": f"indextts:\n  folder: {json.dumps(str(folder), ensure_ascii=False)}",
    }
    for note, line in lines.items():
        notes.print(note)
        print(line)  # noqa: T201
    notes.print(
        f"Then `sayso models check {escape(str(folder))}` has it speak. Speak only with voices that agreed to it."
    )
