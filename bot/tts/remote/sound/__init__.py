"""Sound as it comes over a network, in whichever format: bytes in, samples out as soon as there are any."""

from bot.tts.remote.sound.piece import Cut, Piece
from bot.tts.remote.sound.stream import SoundStream

__all__ = ["Cut", "Piece", "SoundStream"]
