"""What the cache had of a speech, ready to be heard again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

import structlog

from bot.errors import AudioError, StoreError
from bot.speech import Clip, Codec, Request, Speech, Utterance
from bot.store import AudioCache
from bot.tts.audio import frames, packets

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Found:
    """Under which key, the clip, and its packets."""

    key: str
    clip: Clip
    packets: Sequence[bytes]

    @classmethod
    def of(cls, key: str, clip: Clip) -> Self:
        """A clip as it was kept. Raises AudioError where it is damaged."""
        return cls(key, clip, packets(clip.data) if clip.codec is Codec.OPUS else frames(clip.data))

    @property
    def speech(self) -> Speech:
        """It, from its beginning."""
        return Speech.finished(self.clip, self.packets)

    def serves(self, codec: Codec) -> bool:
        """Whether it is what somebody can hear who would like that codec best: Opus is for everybody."""
        return self.clip.codec in (Codec.OPUS, codec)

    def as_planned(self, planned: Sequence[Utterance]) -> Found:
        """With the utterances of a request, which know in whose stead they are spoken."""
        clip = self.clip
        if len(clip.spoken) != len(planned) or not any(utterance.instead_of for utterance in planned):
            return self
        spoken = (replace(s, utterance=utterance) for s, utterance in zip(clip.spoken, planned, strict=True))
        return replace(self, clip=replace(clip, spoken=tuple(spoken)))


async def look(cache: AudioCache, key: str, other: str | None = None, request: Request | None = None) -> Found | None:
    """The clip of a key, or else of the other. A broken cache costs time, not the answer."""
    user, guild = (request.user, request.guild) if request else (None, None)
    kept: tuple[str, Clip] | None = None
    try:
        kept = await cache.find(key, other, user=user, guild=guild)
        return None if kept is None else Found.of(*kept)
    except (StoreError, AudioError, ValueError, TypeError, KeyError) as error:
        log.warning("cache_read_failed", error=type(error).__name__)
        with suppress(StoreError):
            for broken in {kept[0]} if kept else {key, other or key}:
                await cache.drop(broken)
        return None
