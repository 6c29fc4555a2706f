"""A speech server elsewhere that speaks OpenAI's API: another Sayso, or any other."""

from bot.tts.remote.address import Address
from bot.tts.remote.engine import Remote

__all__ = ["Address", "Remote"]
