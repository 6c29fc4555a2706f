"""docs/indextts.md: its programme runs as it stands, and its table of settings is that of the code."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from bot.config import IndexTtsSettings

PAGE = (Path(__file__).parents[3] / "docs" / "indextts.md").read_text("utf-8")
SETTINGS = PAGE.partition("## Settings")[2].partition("\n## ")[0]


def test_the_programme_speaks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From samples to sound, by every function that it names."""
    programme = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(programme) == 1
    monkeypatch.setattr("sys.argv", ["programme", str(folder)])
    left: dict[str, Any] = {}
    exec(compile(programme[0], "docs/indextts.md", "exec"), left)
    assert left["mel"].shape == (100, 72_000 // 256 + 1)
    assert left["wave"].shape == (1024 * len(left["codes"]),)
    assert left["wave"].abs().max() > 0.001


def test_every_setting_is_told_with_its_default() -> None:
    """In one row, alone or with others."""
    rows = [row.split("|")[1:3] for row in SETTINGS.splitlines() if row.startswith("| `")]
    told = {name: default for names, default in rows for name in re.findall(r"`(\w+)`", names)}
    assert set(told) == {setting.name for setting in fields(IndexTtsSettings)}
    for setting in fields(IndexTtsSettings):
        assert str(setting.default) in told[setting.name], setting.name
