"""What the model has made of each recording: computed once, kept under what the recording holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from bot.tts.audio import Reference

if TYPE_CHECKING:
    from bot.tts.indextts.model import Model


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """A voice, as the language model (conditioning, (32, dim)) and the vocoder (speaker, (speaker,)) know it."""

    conditioning: Tensor
    speaker: Tensor


class Voiceprints:
    """The voiceprints of one model; ``folder`` keeps them, named by the content of recording and model. Blocking, and
    safe for several threads and processes."""

    def __init__(self, model: Model, folder: Path | None) -> None:
        raise NotImplementedError

    def of(self, reference: Reference) -> Voiceprint:
        """Of this recording; what is on disk and cannot be read is made anew."""
        raise NotImplementedError
