"""The language model's matrices in the form in which this machine multiplies fastest."""

from __future__ import annotations

from torch import nn

from bot.tts.indextts.devices import Place


def quicken(module: nn.Module, place: Place) -> None:
    """Replace every :class:`torch.nn.Linear` inside by what computes the same faster at this place, or in int8 if that
    was asked for."""
