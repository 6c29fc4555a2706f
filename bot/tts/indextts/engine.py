"""The engine: IndexTTS-1.5 behind the protocol that all engines have."""

from __future__ import annotations


class IndexTTS:
    """IndexTTS-1.5 from a model folder."""
