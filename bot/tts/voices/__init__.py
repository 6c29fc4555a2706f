"""Personas: one name, one character, on every engine and in every language that it can be had in."""

from bot.tts.voices.cast import UnknownName, Voices
from bot.tts.voices.languages import speaks
from bot.tts.voices.names import fold
from bot.tts.voices.persona import Persona

__all__ = ["Persona", "UnknownName", "Voices", "fold", "speaks"]
