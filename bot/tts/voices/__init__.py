"""Personas: one name, one character, on every engine and in every language that it can be had in."""

from bot.tts.voices.cast import UnknownName, Voices
from bot.tts.voices.languages import speaks
from bot.tts.voices.names import fold
from bot.tts.voices.persona import Persona
from bot.tts.voices.recordings import Recording, Recordings

__all__ = ["Persona", "Recording", "Recordings", "UnknownName", "Voices", "fold", "speaks"]
