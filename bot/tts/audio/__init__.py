"""Sound, from the samples of an engine to the one Opus encoding that every delivery sends, and what is read back.

An engine's own MP3 is let through to who asks for just that.

No program and no library of the system is needed: FFmpeg's codecs, libopus among them, lie in PyAV's wheel.
"""

from bot.tts.audio.encoder import SpeechEncoder
from bot.tts.audio.formats import FORMATS, FormatStream, convert, decode
from bot.tts.audio.loudness import Loudness
from bot.tts.audio.mp3 import Mp3Decoder, Mp3Frames, frames
from bot.tts.audio.ogg import OggWriter, packets
from bot.tts.audio.passage import Mp3Passage
from bot.tts.audio.reference import Reference, prepare
from bot.tts.audio.tempo import Tempo
from bot.tts.audio.waveform import waveform

__all__ = [
    "FORMATS",
    "FormatStream",
    "Loudness",
    "Mp3Decoder",
    "Mp3Frames",
    "Mp3Passage",
    "OggWriter",
    "Reference",
    "SpeechEncoder",
    "Tempo",
    "convert",
    "decode",
    "frames",
    "packets",
    "prepare",
    "waveform",
]
