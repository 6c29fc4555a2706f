"""The language model that writes mel codes: GPT-2's blocks over a prompt of voice, text and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Self

import torch
from torch import Tensor, nn

from bot.tts.indextts.config import GptConfig, Shapes


class Positions(StrEnum):
    """Which row of the table of mel positions the n-th code gets; the start code always has row 0."""

    CONTIGUOUS = "contiguous"
    """n: 0, 1, 2, 3, … The weights were trained with these, and with them the states of decoding are the latents."""
    UPSTREAM = "upstream"
    """n + 1: 0, 2, 3, 4, … What upstream's own decoding does with its key/value cache; row 1 is never used."""

    def of(self, n: int) -> int:
        """The row for the n-th code, counted from 1."""
        return n if self is Positions.CONTIGUOUS else n + 1


def shapes(config: GptConfig) -> Shapes:
    """Every tensor of it in ``gpt.pth``, the unused ``text_head`` among them; without the conditioning encoder."""
    raise NotImplementedError


class Cache:
    """Keys and values of up to ``rows`` sequences in one block that never moves, each as long as it is (ragged).

    The rows in use are always the first ones, so that a step works on a view: who takes out a row moves the last one
    into its place.
    """

    lengths: list[int]
    """How many positions of each row are filled."""

    def __init__(
        self, config: GptConfig, rows: int, positions: int, *, dtype: torch.dtype, device: torch.device
    ) -> None:
        raise NotImplementedError

    def move(self, source: int, target: int) -> None:
        """Make the target row what the source row is."""
        raise NotImplementedError

    def reorder(self, first: int, sources: Sequence[int]) -> None:
        """Make row ``first + i`` what row ``first + sources[i]`` was (beams); equal rows are not copied."""
        raise NotImplementedError


class Gpt(nn.Module):
    """GPT-2 blocks, ``ln_f``, a second norm (``final_norm``), and the head over codes."""

    config: GptConfig

    @classmethod
    def of(cls, config: GptConfig, weights: Mapping[str, Tensor], dtype: torch.dtype) -> Self:
        """With weights from ``gpt.pth`` (others in there are passed over). Its matrices are :class:`torch.nn.Linear`
        (the file has them the other way round), so that they can be replaced by faster ones."""
        raise NotImplementedError

    def prompt(self, conditioning: Tensor, ids: Sequence[int]) -> Tensor:
        """Conditioning (32, dim) and text ids without start and stop → embeddings (32 + len(ids) + 2 + 1, dim):
        latents, start, text, stop, start code. Raises ValueError for a text longer than the table of positions."""
        raise NotImplementedError

    def prefill(self, prompt: Tensor, cache: Cache, row: int) -> Tensor:
        """Put a prompt (n, dim) into a row of the cache, from position 0 on → the state (dim,) that predicts the first
        code."""
        raise NotImplementedError

    def step(self, codes: Tensor, places: Tensor, cache: Cache) -> Tensor:
        """One code of each of the first rows: codes (r,) and their rows (r,) in the table of mel positions, both int64,
        → the states (r, dim) that predict the next ones. Sequences of different lengths go together."""
        raise NotImplementedError

    def logits(self, states: Tensor) -> Tensor:
        """States (..., dim) → scores of the codes (..., codes), float32."""
        raise NotImplementedError

    def latents(self, conditioning: Tensor, ids: Sequence[int], codes: Sequence[int]) -> Tensor:
        """All codes at once, with positions 0, 1, 2, …: → (len(codes), dim); the n-th is the state that predicts the
        n-th code. Upstream's second pass."""
        raise NotImplementedError
