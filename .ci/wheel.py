"""Look into the wheel, and speak from it: what travels must be there, and must be enough."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED = (
    "bot/data/voices/voices.yaml",
    "bot/data/migrations/env.py",
    "bot/adapters/words/en/common.yaml",
    "bot/py.typed",
    "licenses/LICENSE",
)
SPEAK = "import sys; sys.argv[1:] = ['say', 'Hello from the wheel.', '-o', 'hello.ogg']; import bot.cli; bot.cli.main()"


def main(folder: Path) -> None:
    wheel = max(folder.glob("sayso-*.whl"), key=lambda path: path.stat().st_mtime)
    names = zipfile.ZipFile(wheel).namelist()
    missing = [need for need in NEEDED if not any(name.endswith(need) for name in names)]
    stray = [name for name in names if name.startswith(("tests/", "bench/")) or name.endswith((".db", ".env", ".pyc"))]
    if missing or stray:
        sys.exit(f"{wheel.name}: missing {missing}, stray {stray}")
    with tempfile.TemporaryDirectory() as place:
        speak(wheel, Path(place))
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB, and it speaks")


def speak(wheel: Path, place: Path) -> None:
    """Unpacked, with the installed dependencies but none of the checkout's files."""
    zipfile.ZipFile(wheel).extractall(place)
    environ = {**os.environ, "PYTHONPATH": str(place), "SAYSO__DATA_DIR": str(place / "data")}
    where = subprocess.run(
        [sys.executable, "-c", "import bot; print(bot.__file__)"],
        env=environ,
        cwd=place,
        text=True,
        capture_output=True,
    )
    if not where.stdout.startswith(str(place)):
        sys.exit(f"the trial ran {where.stdout.strip()} and not the wheel")
    subprocess.run([sys.executable, "-c", SPEAK], env=environ, cwd=place, check=True, capture_output=True, timeout=120)
    if not (place / "hello.ogg").read_bytes().startswith(b"OggS"):
        sys.exit("the wheel does not speak")


main(Path(sys.argv[1]))
