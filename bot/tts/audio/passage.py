"""One speech that is MP3 from the engine to the listener: the frames as they came, and breath between the sentences."""

from __future__ import annotations

from collections.abc import Sequence

from bot.errors import AudioError
from bot.speech import FRAME_SECONDS, Clip, Codec, Pcm, Spoken, Utterance
from bot.tts.audio.encoder import SpeechEncoder
from bot.tts.audio.loudness import Loudness
from bot.tts.audio.mp3 import FrameEncoder, is_silent, silent


class Mp3Passage:
    """One speech: begin an utterance, feed its sound, begin the next, ..., finish.

    Frames are given out as they came, neither decoded nor levelled. What comes as samples, from an engine that stands
    in for another, is brought to ``target_lufs`` and encoded to frames of the same kind. Between two utterances lie
    ``pause`` seconds of silence: of what the engine left there itself no more than that, and made up where it is less.
    Calls are made one after the other, but each may run in any thread.
    """

    def __init__(self, *, target_lufs: float = -16.0, pause: float = 0.25, loudness: Loudness | None = None) -> None:
        self._target = target_lufs
        self._pause = round(pause / FRAME_SECONDS)
        self._loudness = Loudness() if loudness is None else loudness
        self._frames: list[bytes] = []
        self._spoken: list[Spoken] = []
        self._held: list[bytes] = []
        self._utterance: Utterance | None = None
        self._begun = self._entered = False
        self._encoder: SpeechEncoder | None = None

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """The utterances so far, each from its first frame on."""
        return tuple(self._spoken)

    def begin(self) -> None:
        """The next feed starts a new utterance, even if it says the same as the last."""
        self._begun = True

    def feed(self, pcm: Pcm) -> list[bytes]:
        """The frames that are ready. A ``pcm.spoken`` unlike the last starts a new utterance."""
        ended: list[bytes] = []
        if self._begun or self._utterance != pcm.spoken:
            ended = self._end_line()
            self._utterance, self._begun, self._entered = pcm.spoken, False, False
        return ended + (self._pass(pcm.frames) if pcm.frames else self._encode(pcm))

    def finish(self) -> tuple[list[bytes], Clip]:
        """The last frames, and the whole; AudioError if no sound was ever fed."""
        rest = self._end_line() + self._give(self._held)
        if not self._spoken:
            raise AudioError("There is no sound in this speech.")
        seconds = len(self._frames) * FRAME_SECONDS
        return rest, Clip(b"".join(self._frames), seconds, b"", self.spoken, Codec.MP3)

    def _pass(self, frames: Sequence[bytes]) -> list[bytes]:
        """The frames, but for the quiet ones at the end: who knows whether there is more to come."""
        breath = [] if self._entered else self._enter()
        ready: list[bytes] = []
        for frame in frames:
            if self._entered and is_silent(frame):
                self._held.append(frame)
                continue
            if self._held:
                ready += self._held
                self._held.clear()
            ready.append(frame)
            self._entered = True
        return breath + self._give(ready)

    def _encode(self, pcm: Pcm) -> list[bytes]:
        if self._encoder is None:
            self._encoder = SpeechEncoder(target_lufs=self._target, loudness=self._loudness, codec=FrameEncoder())
        return self._encoded(self._encoder.feed(pcm))

    def _encoded(self, frames: list[bytes]) -> list[bytes]:
        breath = self._enter() if frames and not self._entered else []
        self._entered = self._entered or bool(frames)
        return breath + self._give(frames)

    def _enter(self) -> list[bytes]:
        """An utterance begins to sound: the breath before it, if it is not the first."""
        assert self._utterance is not None
        breath: list[bytes] = []
        if self._frames:
            made_up = [silent(self._frames[-1][:4])] * (self._pause - len(self._held))
            breath = self._give((self._held + made_up)[: self._pause])
            self._held.clear()
        self._spoken.append(Spoken(self._utterance, len(self._frames) * FRAME_SECONDS))
        return breath

    def _end_line(self) -> list[bytes]:
        encoder, self._encoder = self._encoder, None
        return [] if encoder is None else self._encoded(encoder.rest()[0])

    def _give(self, frames: list[bytes]) -> list[bytes]:
        self._frames += frames
        return frames
