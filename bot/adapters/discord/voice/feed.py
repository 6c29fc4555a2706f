"""The packets of a speech on their way to the player."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.speech import PACKET_SECONDS, Speech


class Feed:
    """Gathers a speech on the event loop for a player's thread to read.

    ``packets`` and ``marks`` (at which packet each utterance begins) only ever grow, so that another thread may read
    them at any time. ``whole`` is set after the last packet, ``error`` before it if the speech broke off. ``changed``
    is called with the first packet and at the end.
    """

    def __init__(self, speech: Speech, changed: Callable[[], None]) -> None:
        self.packets: list[bytes] = []
        self.marks: list[int] = []
        self.whole = False
        self.error: Exception | None = None
        self._speech = speech
        self._changed = changed
        self._task = asyncio.create_task(self._gather(), name="voice feed")

    @property
    def ready(self) -> bool:
        """Whether there is anything to play, or never will be."""
        return bool(self.packets) or self.whole

    def close(self) -> None:
        """Gather no more."""
        self._task.cancel()

    async def _gather(self) -> None:
        try:
            async for packet in self._speech:
                self._mark()
                self.packets.append(packet)
                if len(self.packets) == 1:
                    self._changed()
        except Exception as error:  # noqa: BLE001 (whatever broke the speech off is its outcome, not this task's)
            self.error = error
        self.whole = True
        self._changed()

    def _mark(self) -> None:
        spoken = self._speech.spoken
        if len(spoken) > len(self.marks):
            self.marks.extend(round(one.start / PACKET_SECONDS) for one in spoken[len(self.marks) :])
