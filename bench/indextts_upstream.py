"""Upstream's own program, driven line by line; run by the Python of its venv, with ``-P``: its package has
the name of a bench of ours, beside which this file lies.

It gets the token ids and the mel of the reference, so that neither text rules nor torchaudio have a part in it, both
of which cost it time besides; all else is as it comes. A request is ``{"beams": 3, "codes": 60}``, an answer what
``infer`` took; the first line tells of loading.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import time
from importlib.machinery import ModuleSpec
from math import nan
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


class Handed:
    """In the tokenizer's place: the text is token ids already."""

    def tokenize(self, text: str) -> list[int]:
        return [int(number) for number in text.split()]

    def split_sentences(self, ids: list[int], most: int) -> list[list[int]]:
        return [ids]

    def convert_tokens_to_ids(self, ids: list[int]) -> list[int]:
        return ids


def main() -> None:
    folder, mel, ids = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    torchaudio = ModuleType("torchaudio")
    torchaudio.__spec__ = ModuleSpec("torchaudio", None)
    sys.modules["torchaudio"] = torchaudio
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        speaker = _loaded(folder)
        imported = time.perf_counter() - began
        speaker.tokenizer, speaker.cache_audio_prompt = Handed(), "reference"
        import torch

        speaker.cache_cond_mel = torch.from_numpy(np.load(mel))[None]
    _tell({"load": imported})
    for line in sys.stdin:
        asked = json.loads(line)
        _tell(_spoken(speaker, ids, asked["beams"], asked["codes"]))


def _loaded(folder: Path) -> Any:
    from indextts import infer  # type: ignore[import-not-found]

    infer.TextNormalizer.load = lambda self: None
    return infer.IndexTTS(str(folder / "config.yaml"), str(folder), is_fp16=False, device="cpu")


def _spoken(speaker: Any, ids: str, beams: int, codes: int) -> dict[str, float]:
    told = io.StringIO()
    began = time.perf_counter()
    with contextlib.redirect_stdout(told):
        rate, samples = speaker.infer("reference", ids, None, num_beams=beams, max_mel_tokens=codes)
    whole = time.perf_counter() - began
    said = {name: float(value) for name, value in re.findall(r">> (\w+_time): ([\d.]+) seconds", told.getvalue())}
    return {
        "decoding": said["gpt_gen_time"],
        "latents": said["gpt_forward_time"],
        "vocoder": said["bigvgan_time"],
        "first": whole,
        "whole": whole,
        "sound": len(samples) / rate,
    }


def _tell(figures: dict[str, float]) -> None:
    print(json.dumps({**figures, "peak": _peak()}), flush=True)


def _peak() -> float:
    """MiB; nothing of ours is imported here, for this is not our Python."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), nan)


if __name__ == "__main__":
    main()
