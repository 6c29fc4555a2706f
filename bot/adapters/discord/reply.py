"""Answers to interactions that arrive in time, once, and to the right people (skeleton; signatures are contracts)."""

from __future__ import annotations

import discord


async def defer(interaction: discord.Interaction, *, ephemeral: bool) -> bool:
    """Say within the 3 seconds that an answer will come. False if Discord no longer knows the interaction."""
    raise NotImplementedError


async def tell(
    interaction: discord.Interaction,
    text: str,
    *,
    ephemeral: bool = True,
    view: discord.ui.View | None = None,
    file: discord.File | None = None,
) -> discord.Message | None:
    """Answer, whatever state the interaction is in; None if there was no way.

    After a public defer, an ephemeral answer takes the place of the public one. When the token has expired a public
    answer is sent to the channel instead, and an ephemeral one is given up. Never pings anybody.
    """
    raise NotImplementedError
