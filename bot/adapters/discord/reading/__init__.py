"""Chat read aloud: which messages, in which words, and answers of LLMs as they grow."""

from bot.adapters.discord.reading.reader import Reader

__all__ = ["Reader"]
