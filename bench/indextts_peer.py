"""IndexTTS v1.5.0 by its authors, beside ours: each a process of its own, with the same folder, ids and codes.

Theirs is not a part of this repository: it is used where it lies, unmodified, with what it needs in a venv beside it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import venv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch

from bench.indextts_model import PRECISIONS, Voice, ids

NAME, TAG = "index-tts", "v1.5.0"
SOURCE = "https://github.com/index-tts/index-tts"
REQUIREMENTS = (
    f"torch=={torch.__version__.partition('+')[0]}",
    f"numpy=={np.__version__}",
    "transformers==4.36.2",
    "tokenizers==0.15.0",
    "omegaconf",
    "einops",
    "sentencepiece",
    "matplotlib",
    "scipy",
    "tqdm",
)
"""What it imports, of the versions that it pins where that matters, and torch and numpy as ours."""
HERE = Path(__file__).parent
CODES = 60
BLOCK = f"beside {TAG}"
_MEL = "mel.npy"
Answer = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A process that speaks what it is asked for, one line in and one line out; ``load`` is what it said first."""

    process: subprocess.Popen[str]
    load: Answer

    def ask(self, **asked: object) -> Answer:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{json.dumps(asked)}\n")
        self.process.stdin.flush()
        return _answer(self.process)


def there(peers: Path) -> bool:
    """Whether upstream's source is on this machine."""
    return (peers / NAME / ".git").exists()


def told(peers: Path) -> str:
    """How to get it."""
    return f"git clone {SOURCE} {peers / NAME}"


def measure(peers: Path, folder: Path, voice: Voice, forms: Sequence[str], rounds: int) -> dict[str, float]:
    """Medians of the rounds, in which all take turns; ratios to upstream as it comes are taken within each."""
    found: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        np.save(folder / _MEL, voice.mel.numpy())
        own = {form: stack.enter_context(_ours(folder, PRECISIONS[form])) for form in forms}
        theirs = stack.enter_context(_theirs(peers, folder))
        for _ in range(rounds):
            beams = theirs.ask(beams=3, codes=CODES)
            _note(found, "upstream, 3 beams", beams, theirs.load, beams)
            _note(found, "upstream, 1 beam", theirs.ask(beams=1, codes=CODES), theirs.load, beams)
            for form, speaker in own.items():
                streamed = speaker.ask(codes=CODES, streaming=True)
                whole = speaker.ask(codes=CODES)
                _note(found, f"ours, {form}", whole, speaker.load, beams)
                found[f"{BLOCK}; ours, {form}: streamed, first, s"].append(streamed["first"])
    return {name: median(values) for name, values in found.items()}


def _note(found: dict[str, list[float]], name: str, answer: Answer, load: Answer, theirs: Answer) -> None:
    thought = answer["decoding"] + answer["latents"]
    columns = {
        "ms per code": 1000 * thought / CODES,
        "vocoder RTF": answer["vocoder"] / answer["sound"],
        "RTF": answer["whole"] / answer["sound"],
        "x upstream": theirs["whole"] / answer["whole"],
        "first sound, s": answer["first"],
        "load, s": load["load"],
        "peak, MiB": answer["peak"],
    }
    for column, value in columns.items():
        found[f"{BLOCK}; {name}: {column}"].append(value)


@contextmanager
def _ours(folder: Path, precision: str) -> Iterator[Speaker]:
    with _speaking(folder, (sys.executable, "-m", "bench.indextts_whole"), (precision,), HERE.parent) as speaker:
        yield speaker


@contextmanager
def _theirs(peers: Path, folder: Path) -> Iterator[Speaker]:
    source = _source(peers)
    with _speaking(folder, (_python(peers), "-P", HERE / "indextts_upstream.py"), (), source) as speaker:
        yield speaker


@contextmanager
def _speaking(folder: Path, program: Sequence[str | Path], more: Sequence[str], path: Path) -> Iterator[Speaker]:
    command = (*program, folder, folder / _MEL, " ".join(map(str, ids())), *more)
    environ = {**os.environ, "PYTHONPATH": str(path), "OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    process = subprocess.Popen(
        command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield Speaker(process, _answer(process))
    finally:
        process.kill()
        process.communicate()


def _answer(process: subprocess.Popen[str]) -> Answer:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args!r} has ended")
    answer: Answer = json.loads(line)
    return answer


def _source(peers: Path) -> Path:
    """Upstream's package as it was at the tag."""
    folder = peers / f"{NAME}-{TAG}"
    if not folder.exists():
        archive = subprocess.run(
            ("git", "-C", peers / NAME, "archive", TAG, "indextts"), check=True, capture_output=True
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as file:
            file.extractall(folder, filter="data")
    return folder


def _python(peers: Path) -> Path:
    """The Python of its venv, which is made if it is not there or not of today's requirements."""
    asked = hashlib.sha256(repr((sys.version, REQUIREMENTS)).encode()).hexdigest()[:12]
    folder = peers / f"venv-{NAME}-{asked}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        venv.create(folder, with_pip=True, clear=True)
        install = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", *REQUIREMENTS)
        subprocess.run(install, check=True, stdout=sys.stderr)
        (folder / "done").touch()
    return python
