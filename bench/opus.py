"""Sound to Opus: the whole chain and each codec, in seconds of sound per second of one core, beside two plain ways."""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import av
import numpy as np

from bench.report import main
from bot.speech import Pcm, Samples, Utterance
from bot.tts.audio import FORMATS, Loudness, Mp3Decoder, SpeechEncoder, convert, decode, packets
from bot.tts.audio.opus import PacketEncoder

SENTENCE = Path(__file__).parents[1] / "tests" / "data" / "sea-shells.flac"
SENTENCES = 6
EDGE_PIECE = 2_880
EDGE_BYTES = 720
RUNS = 7


def measure() -> dict[str, float]:
    """Medians of seven runs; times real time, but where the name says otherwise."""
    sentence, rate = decode(SENTENCE)
    seconds = sentence.size / rate * SENTENCES
    clip = _speech(sentence, rate, sentence.size)
    sound, _ = decode(clip)
    mp3 = _mp3(np.tile(sentence, SENTENCES), rate)
    ways: dict[str, Callable[[], object]] = {
        "chain, whole sentences": lambda: _speech(sentence, rate, sentence.size),
        "chain, 120 ms pieces": lambda: _speech(sentence, rate, EDGE_PIECE),
        "codec alone": lambda: PacketEncoder(32_000).encode(sound),
        "MP3 decode, 720 byte pieces": lambda: _decode(mp3),
        "packets from Ogg": lambda: packets(clip),
        **{f"convert to {format}": partial(convert, clip, format) for format in _converted()},
        "plain: PyAV's container, no levelling": lambda: _plain(np.tile(sentence, SENTENCES), rate),
        "plain: pydub's levelling, PyAV's container": lambda: _pydub(np.tile(sentence, SENTENCES), rate),
    }
    figures = {f"{name}, x real time": seconds / _median(work) for name, work in ways.items()}
    figures["chain / plain"] = (
        figures["chain, whole sentences, x real time"] / figures["plain: PyAV's container, no levelling, x real time"]
    )
    figures["bit rate, kbit/s"] = len(clip) * 8 / (sound.size / 48_000) / 1000
    figures["first packet of a known voice, ms"] = _first(sentence, rate)
    return figures


def _speech(sentence: Samples, rate: int, piece: int) -> bytes:
    encoder = SpeechEncoder()
    for number in range(SENTENCES):
        utterance = Utterance(f"{number}", "hibari", "heart", "en")
        for at in range(0, sentence.size, piece):
            encoder.feed(Pcm(sentence[at : at + piece], rate, utterance))
    return encoder.finish()[1].ogg


def _first(sentence: Samples, rate: int) -> float:
    """Milliseconds of work between the first 120 ms of sound and the first packet."""
    memory = Loudness()
    memory.learn("hibari", "heart", -25.0, 10.0)
    begin = int(np.flatnonzero(np.abs(sentence) > 0.01)[0])
    pcm = Pcm(sentence[begin : begin + EDGE_PIECE], rate, Utterance("a", "hibari", "heart", "en"))

    def first() -> None:
        if not SpeechEncoder(loudness=memory).feed(pcm):
            raise AssertionError("no packet from 120 ms of sound")

    return _median(first) * 1000


def _converted() -> list[str]:
    return [format for format in FORMATS if FORMATS[format] != "audio/ogg"]


def _mp3(sound: Samples, rate: int) -> bytes:
    codec = av.AudioCodecContext.create("libmp3lame", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = rate, "mono", "fltp", 48_000
    return b"".join(bytes(packet) for packet in [*codec.encode(_frame(sound, rate, "fltp")), *codec.encode(None)])


def _decode(mp3: bytes) -> None:
    decoder = Mp3Decoder()
    for at in range(0, len(mp3), EDGE_BYTES):
        decoder.feed(mp3[at : at + EDGE_BYTES])
    decoder.flush()


def _plain(sound: Samples, rate: int) -> bytes:
    """What most would write: a container, a stream, encode, mux; FFmpeg's own defaults at 32 kbit/s."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        if not isinstance(stream, av.AudioStream):
            raise TypeError("libopus makes no sound")
        stream.bit_rate = 32_000
        container.mux(stream.encode(_frame(sound, rate, "flt")))
        container.mux(stream.encode(None))
    return file.getvalue()


def _pydub(sound: Samples, rate: int) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
        from pydub.effects import normalize
    integers = np.round(np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes()
    segment = normalize(AudioSegment(data=integers, sample_width=2, frame_rate=rate, channels=1).set_frame_rate(48_000))
    return _plain(np.frombuffer(segment.raw_data, "<i2").astype(np.float32) / np.float32(32_768), 48_000)


def _frame(sound: Samples, rate: int, format: str) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format=format, layout="mono")
    frame.sample_rate = rate
    return frame


def _median(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(RUNS):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return median(seconds)


if __name__ == "__main__":
    main(measure)
