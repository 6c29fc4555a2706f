"""What a failure of the model means to those who wait for it. Without torch: its errors are known by their names."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import EngineBroken, EngineError, EngineUnavailable

_AWAY = 30.0
"""Seconds to leave alone what does not come back by itself: by that a breaker opens at once, and all can see it."""

_EXHAUSTED = ("out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory")
_LOST = ("cuda error", "device-side assert", "mps backend error")


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Why nobody is spoken for any more: told to each in an error of their own, for each is one failure."""

    kind: type[EngineError]
    words: str
    retry_after: float | None = None

    @property
    def lasting(self) -> bool:
        """Whether nothing will be spoken in this process any more."""
        return self.kind is EngineBroken

    def error(self, engine: str) -> EngineError:
        """The error for one of them. It is not chained: a traceback would hold on to what is to be freed."""
        return self.kind(engine, self.words, retry_after=self.retry_after)


def told(error: Exception, place: str) -> Breakdown:
    """The failure in words for people. After most the next utterance may be spoken; what an accelerator's own fault has
    spoilt stays so in this process."""
    if isinstance(error, MemoryError) or _is(error, "OutOfMemoryError") or _says(error, _EXHAUSTED):
        return Breakdown(
            EngineUnavailable,
            f"There is not enough memory for IndexTTS ({place}): set indextts.slots lower, or indextts.precision to "
            "one that takes less, or leave it more.",
        )
    if _is(error, "AcceleratorError") or _says(error, _LOST):
        return Breakdown(
            EngineBroken,
            f"The device failed under IndexTTS ({place}), and this process cannot use it any more; start Sayso again.",
            _AWAY,
        )
    return Breakdown(EngineUnavailable, f"IndexTTS failed ({type(error).__name__}); look into the log.")


def lost(error: Exception) -> Breakdown:
    """The failure of what was to survive all others."""
    words = f"IndexTTS failed ({type(error).__name__}), and will not speak in this process any more; start Sayso again."
    return Breakdown(EngineBroken, words, _AWAY)


def _is(error: Exception, name: str) -> bool:
    return any(kind.__name__ == name for kind in type(error).__mro__)


def _says(error: Exception, words: tuple[str, ...]) -> bool:
    said = str(error).casefold()
    return any(word in said for word in words)
