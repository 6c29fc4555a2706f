"""`sayso say` while it speaks."""

from __future__ import annotations

import asyncio
import gc
import importlib
import io

import pytest
from rich.console import Console

from bot.cli.say import LONG, _progress
from bot.errors import Cancelled
from bot.speech import Speech


async def _failing() -> None:
    speech = Speech()
    async with _progress(speech, LONG):
        await asyncio.sleep(0)
        speech.fail(Cancelled("stopped"))
        await asyncio.sleep(0)
        await speech.clip()


async def test_a_speech_that_fails_under_the_progress_bar_leaves_no_unheard_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else Python prints a traceback after the one line that said why."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    monkeypatch.setattr(
        importlib.import_module("bot.cli.say"), "notes", Console(file=io.StringIO(), force_terminal=True)
    )
    with pytest.raises(Cancelled):
        await _failing()
    gc.collect()
    assert complaints == []
