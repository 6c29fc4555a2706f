"""`sayso say` while it speaks."""

from __future__ import annotations

import asyncio
import importlib
import io

import pytest
from rich.console import Console

from bot.cli.say import LONG, _progress
from bot.errors import Cancelled
from bot.speech import Speech


async def _under_the_bar(speech: Speech, *, fails: bool) -> None:
    async with _progress(speech, LONG):
        await asyncio.sleep(0)
        if fails:
            speech.fail(Cancelled("stopped"))
        raise Cancelled("stopped")


@pytest.mark.parametrize("fails", [False, True])
async def test_nothing_watches_on_when_the_bar_is_gone(monkeypatch: pytest.MonkeyPatch, fails: bool) -> None:
    """Whether the speech broke off or only its delivery: what went wrong is heard once, and nobody else waits."""
    module = importlib.import_module("bot.cli.say")  # bot.cli.say is also the name of the command
    monkeypatch.setattr(module, "notes", Console(file=io.StringIO(), force_terminal=True))
    with pytest.raises(Cancelled):
        await _under_the_bar(Speech(), fails=fails)
    assert asyncio.all_tasks() == {asyncio.current_task()}
