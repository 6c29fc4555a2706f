"""Microsoft Edge's read-aloud voices, through edge-tts: no key, 75 languages, best effort."""

from bot.tts.edge.engine import Edge

__all__ = ["Edge"]
