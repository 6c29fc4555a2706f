"""What becomes of a press: whoever may has it done, everybody is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from bot.adapters.telegram.commands.keyboard import Press
from bot.adapters.telegram.incoming import Incoming
from bot.adapters.words import word

Acts = Mapping[str, Callable[[Incoming, Press], Awaitable[None]]]
"""What is done by what a button says."""

Barred = Callable[[Incoming, int], Awaitable[str]]
"""Why who presses may not press what was opened for an asker, in words; empty if they may."""


async def count_languages(incoming: Incoming, tags: Collection[str]) -> None:
    """Tell who presses between ◀ and ▶ how many languages there are to turn over."""
    await incoming.answer(word("telegram_voice.language.count", incoming.locale, count=len(tags)))


async def obey(incoming: Incoming, acts: Acts, barred: Barred) -> None:
    """Do what the button says; or tell who pressed it why not."""
    at = Press.read(incoming.data)
    act = acts.get(at.act) if at is not None else None
    if at is None or act is None:
        await incoming.answer(word("telegram_voice.outdated", incoming.locale))
    elif no := await barred(incoming, at.owner):
        await incoming.answer(no)
    else:
        await act(incoming, at)
