"""How much of a sound is handed on at once."""

from __future__ import annotations

_SPAN = 0.06
"""Seconds for which what comes is put together: every portion goes through a dozen hands on its way to a listener."""

_RESERVE = 0.06
"""Seconds of sound that a listener keeps in hand meanwhile."""


class Portions:
    """When the next portion is due, of a sound that began with the first one.

    Never later than a listener who began to play at the first portion would need it: only who has sound in hand waits.
    The service sends 120 ms of sound a message and many times faster than it is played, so that a voice channel is
    ever further ahead; from a slow one every message is handed on as it comes.
    """

    def __init__(self) -> None:
        self._began: float | None = None
        self._last = 0.0
        self._seconds = 0.0

    def passed_on(self, seconds: float, now: float) -> None:
        """So much sound was handed on now."""
        self._began = now if self._began is None else self._began
        self._last = now
        self._seconds += seconds

    @property
    def due(self) -> float:
        """The time at which whatever has come by then is handed on; the first sound is due at once."""
        if self._began is None:
            return 0.0
        return min(self._last + _SPAN, self._began + self._seconds - _RESERVE)
