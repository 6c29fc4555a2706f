"""The language model that writes mel codes: GPT-2's blocks over a prompt of voice, text and codes.

A sequence is ``[32 latents of the voice] [start, text, stop] [start code, codes …]``. It has no table of positions of
its own: text and codes have one each. Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), and
the two heads of Betker, "Better speech synthesis through scaling" (2023), of which only that over codes speaks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from bot.tts.indextts.blocks import Attention, Blocks, causal
from bot.tts.indextts.cache import Cache
from bot.tts.indextts.config import GptConfig, Shapes

__all__ = ["Cache", "Gpt", "shapes"]


def shapes(config: GptConfig) -> Shapes:
    """Every tensor of it in ``gpt.pth``, the unused ``text_head`` among them; without the conditioning encoder."""
    text_head = {"text_head.weight": (config.text_tokens + 1, config.dim), "text_head.bias": (config.text_tokens + 1,)}
    with torch.device("meta"):
        own = Gpt(config).state_dict().items()
    return {name: tuple(_turned(name, tensor).shape) for name, tensor in own} | text_head


class Gpt(nn.Module):
    """GPT-2 blocks, ``ln_f``, a second norm (``final_norm``), and the head over codes. Its parts are named as in the
    file.

    With 16-bit weights, what the layers add up stays float32, and so do the norms and the head: a sum over 24 layers
    outgrows the 8 bits that bf16 has for its digits and may outgrow fp16's range (65504), and among scores of so few
    bits the best ones tie. Embeddings and states are float32 therefore, whatever the weights are.
    """

    config: GptConfig
    dtype: torch.dtype
    """What its matrices and its attention compute in."""

    def __init__(self, config: GptConfig, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.config = config
        self.dtype = dtype
        self.text_embedding = _embedding(config.text_tokens + 1, config.dim)
        self.mel_embedding = _embedding(config.codes, config.dim)
        self.text_pos_embedding = _Table(config.text_positions, config.dim)
        self.mel_pos_embedding = _Table(config.mel_positions, config.dim)
        self.gpt = Blocks(config, dtype)
        self.final_norm = nn.LayerNorm(config.dim)
        self.mel_head = nn.Linear(config.dim, config.codes)

    @classmethod
    def of(cls, config: GptConfig, weights: Mapping[str, Tensor], dtype: torch.dtype) -> Self:
        """With weights from ``gpt.pth`` (others in there are passed over). Its matrices are :class:`torch.nn.Linear`
        (the file has them the other way round), so that they can be replaced by faster ones.

        Nothing is shared with ``weights``, and no more memory taken than it needs in the end.
        """
        with torch.device("meta"):
            gpt = cls(config, dtype)
        own = {name: _own(_turned(name, weights[name]), _kept_in(name, dtype)) for name in gpt.state_dict()}
        gpt.load_state_dict(own, assign=True)
        return gpt.requires_grad_(False).eval()

    @property
    def device(self) -> torch.device:
        return self.final_norm.weight.device

    def cache(self, rows: int, positions: int) -> Cache:
        """A cache for it: of its numbers, where it is."""
        return Cache(self.config, rows, positions, dtype=self.dtype, device=self.device)

    def prompt(self, conditioning: Tensor, ids: Sequence[int]) -> Tensor:
        """Conditioning (32, dim) and text ids without start and stop → embeddings (32 + len(ids) + 2 + 1, dim):
        latents, start, text, stop, start code. Raises ValueError for a text longer than the table of positions, and
        for an id that is none."""
        if len(ids) + 2 > self.config.text_positions:
            raise ValueError(f"a text of {len(ids)} tokens; the model takes {self.config.text_positions - 2} at most")
        _check(ids, self.config.text_tokens + 1, "a text token")
        text = torch.tensor([self.config.start_text, *ids, self.config.stop_text], device=self.device)
        embedded = self.text_embedding(text).float() + self.text_pos_embedding.first(len(text))
        voice = conditioning.to(self.device, torch.float32)
        return torch.cat((voice, embedded, self._codes([self.config.start_code])))

    def prefill(self, prompt: Tensor, cache: Cache, row: int) -> Tensor:
        """Put a prompt (n, dim) into a row of the cache, from position 0 on → the state (dim,) that predicts the first
        code. Raises ValueError if it does not fit."""

        def attend(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            cache.fill(layer, row, keys, values)
            return causal(layer, queries, keys, values)

        cache.clear(row, len(prompt))
        return self._states(prompt, attend, last=1)[0]

    def step(self, codes: Tensor, places: Tensor, cache: Cache) -> Tensor:
        """One code of each of the first rows: codes (r,) and their rows (r,) in the table of mel positions, both int64,
        → the states (r, dim) that predict the next ones. Sequences of different lengths go together.

        Raises ValueError if the cache has no such rows or one is full, and for codes and places beyond their tables if
        they lie in the processor's memory: a look into another device's would wait for it.
        """
        _check_given(codes, self.config.codes, "a code")
        _check_given(places, self.config.mel_positions, "the position of a code")
        if codes.shape != places.shape:
            raise ValueError(f"{len(codes)} codes with {len(places)} positions")
        slots = cache.grow(len(codes))

        def attend(layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            kept, held = cache.put(layer, slots, keys, values)
            mixed = functional.scaled_dot_product_attention(queries[:, :, None], kept, held, attn_mask=slots.mask)
            return mixed[:, :, 0]

        embedded = self.mel_embedding(codes.to(self.device)).float()
        return self._states(embedded + self.mel_pos_embedding.emb(places.to(self.device)).float(), attend)

    def logits(self, states: Tensor) -> Tensor:
        """States (..., dim) → scores of the codes (..., codes), float32."""
        scores: Tensor = self.mel_head(states.float())
        return scores.float()

    def latents(self, conditioning: Tensor, ids: Sequence[int], codes: Sequence[int]) -> Tensor:
        """All codes at once, with positions 0, 1, 2, …: → (len(codes), dim); the n-th is the state that predicts the
        n-th code. Upstream's second pass. Raises ValueError as :meth:`prompt` and for more codes than the model has
        positions for."""
        if len(codes) > self.config.mel_positions:
            raise ValueError(f"{len(codes)} codes; the model has {self.config.mel_positions} positions for them")
        # What predicts the last code is the state before it; of no codes there is none.
        prompt = self.prompt(conditioning, ids)[:-1]
        sequence = torch.cat((prompt, self._codes([self.config.start_code, *codes][: len(codes)])))
        return self._states(sequence, causal, last=len(codes))

    def _codes(self, codes: Sequence[int]) -> Tensor:
        """Codes from the start code on, embedded (n, dim)."""
        _check(codes, self.config.codes, "a code")
        embedded: Tensor = self.mel_embedding(torch.tensor(codes, dtype=torch.int64, device=self.device)).float()
        return embedded + self.mel_pos_embedding.first(len(codes))

    def _states(self, embedded: Tensor, attend: Attention, *, last: int | None = None) -> Tensor:
        """Embeddings (n, dim) → the states of all, or of the ``last`` ones only."""
        states: Tensor = self.gpt(embedded, attend)
        normed: Tensor = self.final_norm(states if last is None else states[len(states) - last :])
        return normed


class _Table(nn.Module):
    """Learned positions."""

    def __init__(self, rows: int, dim: int) -> None:
        super().__init__()
        self.emb = _embedding(rows, dim)

    def first(self, count: int) -> Tensor:
        return self.emb.weight[:count].float()


def _embedding(rows: int, dim: int) -> nn.Embedding:
    # One that draws its own first numbers takes two seconds for it on the meta device: torch brings in all its
    # symbolic mathematics for that.
    return nn.Embedding(rows, dim, _weight=torch.empty(rows, dim))


def _turned(name: str, tensor: Tensor) -> Tensor:
    """The file has the blocks' matrices as (in, out), Linear as (out, in): one into the other."""
    return tensor.t() if name.startswith("gpt.h.") and tensor.ndim == 2 else tensor


def _kept_in(name: str, dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if ".ln_" in name or name.startswith(("final_norm", "mel_head")) else dtype


def _own(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """A copy in one step, contiguous: the file may be mapped, and its tensors may share numbers."""
    return torch.empty(tensor.shape, dtype=dtype).copy_(tensor)


def _check(numbers: Sequence[int], size: int, what: str) -> None:
    beyond = next((number for number in numbers if not 0 <= number < size), None)
    if beyond is not None:
        raise ValueError(f"{what} is {beyond}; the model has 0 to {size - 1}")


def _check_given(numbers: Tensor, size: int, what: str) -> None:
    if numbers.device.type == "cpu":
        _check(numbers.tolist(), size, what)
