"""The weights in a model folder: found, checked against what the configuration says, and read without running code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from bot.tts.indextts.config import Config


def weights(folder: Path, config: Config) -> tuple[Mapping[str, Tensor], Mapping[str, Tensor]]:
    """The tensors of the GPT file (with the conditioning encoder) and of the vocoder file (with the speaker encoder).

    Read with ``weights_only=True`` and mapped, not copied; names and shapes are those that the parts ask for. Raises
    CheckpointError.
    """
    raise NotImplementedError


def fingerprint(folder: Path) -> str:
    """What the folder's content is, in 16 hexadecimal digits: other weights have another. Milliseconds, without torch:
    by the checksums that the files hold of every tensor. Raises CheckpointError."""
    raise NotImplementedError
