"""The buttons below an answer. All that is needed is in their ids, so they outlive the process that sent them."""

from __future__ import annotations

import discord

from bot.adapters.discord.identity import OURS
from bot.adapters.words import word

CANCEL, SKIP, STOP, REPLAY, FORGET = (f"{OURS}:{name}" for name in ("cancel", "skip", "stop", "replay", "forget"))
"""What a button's id begins with."""


def while_waiting(request: str, locale: str) -> discord.ui.View:
    """For who no longer wants to wait."""
    return _view(_button(f"{CANCEL}:{request}", "cancel", locale))


def while_speaking(request: str, locale: str) -> discord.ui.View:
    """For who listens."""
    return _view(
        _button(f"{SKIP}:{request}", "skip", locale), _button(STOP, "stop", locale, discord.ButtonStyle.danger)
    )


def when_over(key: str | None, locale: str) -> discord.ui.View | None:
    """For who missed it; ``key`` is that of the audio cache."""
    return None if key is None else _view(_button(f"{REPLAY}:{key}", "replay", locale))


def to_be_sure(user: int, label: str) -> discord.ui.View:
    """For who is about to delete what is kept about them."""
    return _view(discord.ui.Button(custom_id=f"{FORGET}:{user}", label=label, style=discord.ButtonStyle.danger))


def _button(
    id: str, name: str, locale: str, style: discord.ButtonStyle = discord.ButtonStyle.secondary
) -> discord.ui.Button[discord.ui.View]:
    return discord.ui.Button(custom_id=id, label=word(f"say.button.{name}", locale), style=style)


def _view(*buttons: discord.ui.Button[discord.ui.View]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        view.add_item(button)
    # discord.py remembers every view that has not ended; ours are answered by their ids alone (see presses.py).
    view.stop()
    return view
