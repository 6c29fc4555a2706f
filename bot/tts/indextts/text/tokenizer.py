"""The tokenizer: SentencePiece behind the normaliser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SENTENCE_TOKENS = 120
"""Upstream's limit for the tokens of one sentence."""


class Tokenizer:
    """Texts into ids of ``bpe.model``. Safe for several threads. Without torch.

    Raises :class:`~bot.tts.indextts.checkpoint.CheckpointError` (by way of ValueError in here) for a file that is no
    SentencePiece model.
    """

    def __init__(self, model: Path) -> None:
        raise NotImplementedError

    def normalize(self, text: str) -> str:
        """Numbers, dates and signs as words, punctuation as the model knows it, pinyin with tones kept."""
        raise NotImplementedError

    def prepare(self, text: str) -> str:
        """The string that SentencePiece is given: normalised, each CJK character apart, upper case."""
        raise NotImplementedError

    def pieces(self, text: str) -> list[str]:
        raise NotImplementedError

    def ids(self, text: str) -> list[int]:
        """Ids without start and stop."""
        raise NotImplementedError

    def sentences(self, text: str, limit: int = SENTENCE_TOKENS) -> list[list[int]]:
        """The ids in sentences of at most ``limit``, as upstream's ``split_sentences``."""
        raise NotImplementedError

    def unknown(self, ids: Sequence[int]) -> int:
        """How many of them are ``<unk>``."""
        raise NotImplementedError
