"""Look into the wheel: the migrations, voices and licence travel in it, and nothing that should not."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

NEEDED = ("bot/data/voices/voices.yaml", "bot/data/migrations/env.py", "bot/py.typed", "licenses/LICENSE")


def main(folder: Path) -> None:
    wheel = max(folder.glob("sayso-*.whl"), key=lambda path: path.stat().st_mtime)
    names = zipfile.ZipFile(wheel).namelist()
    missing = [need for need in NEEDED if not any(name.endswith(need) for name in names)]
    stray = [name for name in names if name.startswith(("tests/", "bench/")) or name.endswith((".db", ".env"))]
    if missing or stray:
        sys.exit(f"{wheel.name}: missing {missing}, stray {stray}")
    print(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size / 1e6:.1f} MB")


main(Path(sys.argv[1]))
