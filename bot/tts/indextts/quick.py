"""The language model's matrices in the form in which a processor multiplies fastest.

A step of decoding multiplies each matrix by a few rows only: it takes as long as it takes to read the matrix. oneDNN
reads one that it has laid out itself faster where there are several rows, and one of 8-bit integers, which is a quarter
of the size, faster still. Its operators are torch's own, but not yet in torch's documentation: where they are missing,
the matrices stay as they are.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from bot.tts.indextts.devices import Place, Precision


def quicken(module: nn.Module, place: Place) -> None:
    """Replace every :class:`torch.nn.Linear` inside by what computes the same faster at this place, or, if that was
    asked for, in int8; on other devices than the processor nothing is to be gained."""
    if place.device.type != "cpu":
        return
    kind: Kind = Int8 if place.precision is Precision.INT8 else Packed
    if all(works(kind, part.weight.dtype) for part in module.modules() if isinstance(part, nn.Linear)):
        _replace(module, kind)


def works(kind: Kind, dtype: torch.dtype) -> bool:
    """Whether this torch on this processor can, for matrices of that type: tried on a small one. Without AVX-512 bf16
    may be missing; without VNNI 8-bit products are added up in 16 bits, and these overflow."""
    backend: Any = torch.backends.mkldnn
    small = nn.Linear(_TRIED, _TRIED, dtype=dtype).requires_grad_(False)
    small.weight.fill_(1)
    rows = torch.ones(1, _TRIED, dtype=dtype)
    try:
        return bool(backend.is_available()) and torch.allclose(kind(small)(rows), small(rows), rtol=0.02)
    except (AttributeError, RuntimeError):
        return False


def _replace(module: nn.Module, kind: Kind) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, kind(child))
        else:
            _replace(child, kind)


class Packed(nn.Module):
    """The same matrix in oneDNN's own layout, in float32 or bfloat16."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self._matrix = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach())
        self._bias = linear.bias.detach()

    def forward(self, rows: Tensor) -> Tensor:
        # A lone row would be added up in another order than one among several: who is alone goes twice, for nobody is
        # to hear who else is there.
        lone = rows.numel() == self.in_features
        several = rows.reshape(1, -1).expand(2, -1) if lone else rows
        product: Tensor = torch.ops.mkldnn._linear_pointwise(several, self._matrix, self._bias, "none", [], "")
        return product[0].view(*rows.shape[:-1], -1) if lone else product


class Int8(nn.Module):
    """The same matrix in 8-bit integers, each of its rows with a scale of its own; what it is multiplied by is rounded
    to 8 bits too, each row by itself, so that nobody hears who else is in the batch."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        weight = linear.weight.detach().float()
        scales = _scales(weight)
        integers = torch.round(weight / scales).to(torch.int8)
        self._matrix = torch.ops.onednn.qlinear_prepack(integers, None)
        self._scales = scales[:, 0].contiguous()
        self._zeros = torch.zeros(self.out_features, dtype=torch.int64)
        self._bias = linear.bias.detach().float()

    def forward(self, rows: Tensor) -> Tensor:
        scales = _scales(rows)
        # Of unsigned integers around 128: oneDNN has no quick way for signed ones here.
        integers = torch.round(rows / scales).add_(_MIDDLE).to(torch.uint8)
        product: Tensor = torch.ops.onednn.qlinear_pointwise(
            integers, 1.0, _MIDDLE, self._matrix, self._scales, self._zeros, None, 1.0, 0, torch.float32, "none", [], ""
        )
        return product.mul_(scales).add_(self._bias)


_MIDDLE = 128
_TRIED = 64

Kind = type[Packed] | type[Int8]


def _scales(rows: Tensor) -> Tensor:
    """What one step of an integer stands for in each row (n, 1): its largest number is 127 of them."""
    return rows.abs().amax(-1, keepdim=True).clamp_(min=1e-12) / 127
