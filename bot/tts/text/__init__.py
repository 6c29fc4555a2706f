"""From what people type and LLMs write to clean sentences with a language each."""

from bot.tts.text.duration import estimate_seconds
from bot.tts.text.markup import STEPS, Step
from bot.tts.text.sentence import Options, Sentence
from bot.tts.text.stream import SentenceStream, clean, sentences

__all__ = ["STEPS", "Options", "Sentence", "SentenceStream", "Step", "clean", "estimate_seconds", "sentences"]
