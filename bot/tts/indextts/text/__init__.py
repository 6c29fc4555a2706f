"""From a text to token ids, as upstream does it: normalised, set apart, cut into pieces and sentences."""

from bot.tts.indextts.text.tokenizer import SENTENCE_TOKENS, Tokenizer

__all__ = ["SENTENCE_TOKENS", "Tokenizer"]
