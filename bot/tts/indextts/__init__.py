"""IndexTTS-1.5 in a voice cloned from a few seconds of speech: our own inference, equal to upstream number by number.

:class:`IndexTTS` is the engine. :func:`load` gives the model itself, for who wants its parts one by one; see
``docs/indextts.md``. torch is imported by whoever loads a model, and not by who only knows of the engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.tts.indextts.engine import IndexTTS
    from bot.tts.indextts.faults import CheckpointError
    from bot.tts.indextts.model import Model, load
    from bot.tts.indextts.options import Positions, Sampling
    from bot.tts.indextts.silence import remove_long_silence

_ROOMS = {
    "CheckpointError": "faults",
    "IndexTTS": "engine",
    "Model": "model",
    "Positions": "options",
    "Sampling": "options",
    "load": "model",
    "remove_long_silence": "silence",
}

__all__ = ["CheckpointError", "IndexTTS", "Model", "Positions", "Sampling", "load", "remove_long_silence"]


def __getattr__(name: str) -> Any:
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
