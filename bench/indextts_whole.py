"""A whole sentence of IndexTTS, from ids to sound: as we work, and as upstream works, with the same arithmetic.

As a script it is one process that speaks what it is asked for line by line, as ``bench.indextts_upstream`` does.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from statistics import median

import numpy as np
import torch

from bench.indextts_model import BF16, FP32, INT8, Voice, ids, peak
from bot.tts.indextts.decoder import Decoder, Task
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.model import Model, load
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.sampling import search
from bot.tts.indextts.windows import Windows

CODES = 60
BEAMS = 3
OURS, THEIRS = "1 beam, latents kept", "3 beams, second pass"


@dataclass(frozen=True, slots=True)
class Spoken:
    """Seconds: of decoding, of making latents by a pass of their own, of the vocoder, until the first sound, until all
    is done; and of sound."""

    decoding: float
    latents: float
    vocoder: float
    first: float
    whole: float
    sound: float


def measure(model: Model, forms: Mapping[str, Gpt], voice: Voice, rounds: int) -> dict[str, float]:
    """Medians of the rounds; ratios are taken within each."""
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(rounds):
        theirs = spoken_their_way(replace(model, gpt=forms[FP32]), voice, ids(), CODES)
        _note(found, f"{THEIRS}, {FP32}", theirs, theirs)
        for form in (FP32, BF16, INT8):
            if form in forms:
                spoken = spoken_our_way(replace(model, gpt=forms[form]), voice, ids(), CODES)
                _note(found, f"{OURS}, {form}", spoken, theirs)
    return {name: median(values) for name, values in found.items()}


def _note(found: dict[str, list[float]], name: str, spoken: Spoken, theirs: Spoken) -> None:
    place = f"{CODES} codes; {name}"
    found[f"{place}: RTF"].append(spoken.whole / spoken.sound)
    found[f"{place}: vocoder, %"].append(100 * spoken.vocoder / spoken.whole)
    found[f"{place}: ms per code"].append(1000 * (spoken.decoding + spoken.latents) / CODES)
    found[f"{place}: x second pass"].append(theirs.whole / spoken.whole)


@torch.inference_mode()
def spoken_our_way(model: Model, voice: Voice, ids: Sequence[int], codes: int, *, streaming: bool = False) -> Spoken:
    """One row, positions one after another, and of each code the state that predicted it is its latent; the voice is
    known from before. ``streaming`` makes the sound in windows while the codes come."""
    began = time.perf_counter()
    decoder, task = _begun(model, voice, ids, codes, Sampling())
    windows, track = Windows(model.vocoder, voice.speaker), decoder.admit(task)
    first, voiced, length, latents = 0.0, 0.0, 0, []
    while not track.done:
        decoder.step()
        latents.append(track.take()[1])
        if streaming:
            before = time.perf_counter()
            length += len(windows.feed(latents[-1]))
            voiced += time.perf_counter() - before
            first = first or (time.perf_counter() - began if length else 0.0)
    before = time.perf_counter()
    length += len(windows.finish() if streaming else model.vocoder(torch.cat(latents), voice.speaker))
    over = time.perf_counter()
    voiced += over - before
    whole = over - began
    return Spoken(whole - voiced, 0.0, voiced, first or whole, whole, length / model.config.mel.rate)


@torch.inference_mode()
def spoken_their_way(model: Model, voice: Voice, ids: Sequence[int], codes: int) -> Spoken:
    """Three beams by upstream's positions; then all codes once more for their latents. The mel of the reference is all
    that is known of it: it is heard before either pass, and once more by the vocoder."""
    times = [time.perf_counter()]
    fresh = replace(voice, conditioning=model.condition(voice.mel))
    decoder, task = _begun(model, fresh, ids, codes, Sampling(beams=BEAMS), Positions.UPSTREAM)
    track = decoder.admit(task)
    while not track.done:
        decoder.step()
    times.append(time.perf_counter())
    model.condition(voice.mel)
    _, latents = track.take()
    times.append(time.perf_counter())
    sound = model.vocoder(latents, model.speaker(voice.mel))
    times.append(time.perf_counter())
    decoding, second, voiced = (after - before for before, after in pairwise(times))
    whole = times[-1] - times[0]
    return Spoken(decoding, second, voiced, whole, whole, len(sound) / model.config.mel.rate)


def _begun(
    model: Model,
    voice: Voice,
    ids: Sequence[int],
    codes: int,
    options: Sampling,
    positions: Positions = Positions.CONTIGUOUS,
) -> tuple[Decoder, Task]:
    sizes = model.config.gpt
    found = search(options, start=sizes.start_code, stop=sizes.stop_code, limit=codes, seed=0)
    room = len(voice.conditioning) + len(ids) + 3 + codes
    return Decoder(model.gpt, found.rows, positions=positions, room=room), Task(voice.conditioning, ids, found)


def main() -> None:
    """``python -m bench.indextts_whole FOLDER MEL IDS PRECISION``."""
    folder, mel, ids, precision = sys.argv[1:]
    torch.set_num_threads(os.cpu_count() or 1)
    began = time.perf_counter()
    model = load(Path(folder), device="cpu", precision=precision)
    _tell({"load": time.perf_counter() - began})
    heard = torch.from_numpy(np.load(mel))
    voice = Voice(heard, model.condition(heard), model.speaker(heard))
    for line in sys.stdin:
        asked = json.loads(line)
        streaming = asked.get("streaming", False)
        text = [int(number) for number in ids.split()]
        _tell(asdict(spoken_our_way(model, voice, text, asked["codes"], streaming=streaming)))


def _tell(figures: dict[str, float]) -> None:
    print(json.dumps({**figures, "peak": peak()}), flush=True)


if __name__ == "__main__":
    main()
