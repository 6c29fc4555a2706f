"""Chat read aloud: which messages, in which words, and answers of LLMs as they grow."""

from bot.adapters.discord.reading.reader import Reader
from bot.adapters.discord.reading.words import Words, words_of

__all__ = ["Reader", "Words", "words_of"]
