"""The tokenizer: SentencePiece behind the normaliser."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from sentencepiece import SentencePieceProcessor

from bot.tts.indextts.faults import refused
from bot.tts.indextts.text import normalizer
from bot.tts.indextts.text.splitter import split

SENTENCE_TOKENS = 120
"""Upstream's limit for the tokens of one sentence."""

_CJK = re.compile(
    r"([\u1100-\u11ff\u2e80-\ua4cf\ua840-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff65-\uffdc\U00020000-\U0002ffff])"
)
"""Characters that stand alone, kana and hangul among them: NLTK's ranges."""


class Tokenizer:
    """Texts into ids of ``bpe.model``. Safe for several threads, without torch, and raises for no text.

    Raises :class:`~bot.tts.indextts.faults.CheckpointError` for a file that is missing or no SentencePiece model.
    """

    def __init__(self, model: Path) -> None:
        self._model = _loaded(model)

    @property
    def size(self) -> int:
        """How many pieces there are; ids are below it."""
        return int(self._model.get_piece_size())

    def normalize(self, text: str) -> str:
        """Numbers, dates and signs as words, punctuation as the model knows it, pinyin with tones kept."""
        return normalizer.normalize(text)

    def prepare(self, text: str) -> str:
        """The string that SentencePiece is given: normalised, each CJK character apart, upper case. A character alone
        stays as it is, as upstream leaves it."""
        if len(text.strip()) == 1:
            return normalizer.legible(text)
        parts = (part.strip() for part in _CJK.split(self.normalize(text).strip()))
        return " ".join(part.upper() for part in parts if part)

    def pieces(self, text: str) -> list[str]:
        return [str(piece) for piece in self._model.encode(self.prepare(text), out_type=str)]

    def ids(self, text: str) -> list[int]:
        """Ids without start and stop."""
        return self._ids(self.pieces(text))

    def sentences(self, text: str, limit: int = SENTENCE_TOKENS, *, repeat_quotes: bool = True) -> list[list[int]]:
        """The ids in sentences of at most ``limit``: see :func:`~bot.tts.indextts.text.splitter.split`."""
        return [self._ids(sentence) for sentence in split(self.pieces(text), limit, repeat_quotes=repeat_quotes)]

    def unknown(self, ids: Sequence[int]) -> int:
        """How many of them are ``<unk>``."""
        return list(ids).count(self._model.unk_id())

    def speakable(self, text: str) -> bool:
        """Whether the model knows a letter, character or number of it: kana alone would be noise."""
        pieces = self.pieces(text)
        known = zip(pieces, self._ids(pieces), strict=True)
        return any(id_ != self._model.unk_id() and any(map(str.isalnum, piece)) for piece, id_ in known)

    def _ids(self, pieces: Sequence[str]) -> list[int]:
        return [int(self._model.piece_to_id(piece)) for piece in pieces]


def _loaded(model: Path) -> SentencePieceProcessor:
    try:
        content = model.read_bytes()
    except OSError as error:
        raise refused(model, f"it cannot be read: {error.strerror}.") from error
    if not content:  # SentencePiece would take it for no model yet, and complain at the first text
        raise refused(model, "it is empty.")
    try:
        return SentencePieceProcessor(model_proto=content)
    except RuntimeError as error:
        raise refused(model, "it is no SentencePiece model.") from error
