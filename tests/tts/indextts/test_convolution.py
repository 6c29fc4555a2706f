"""Convolutions over (positions, channels) against torch's own over (channels, positions)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from bot.tts.indextts.convolution import Convolution, Upsampling, folded, shapes


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("dilation", [1, 3])
@pytest.mark.parametrize("kernel", [1, 3, 7])
@pytest.mark.parametrize("out", [1, 5, 300])
@pytest.mark.parametrize("length", [1, 9, 40])
def test_a_convolution_is_torchs(length: int, out: int, kernel: int, dilation: int) -> None:
    """Wide or narrow, long or short, it is torch's with zeros beyond the ends."""
    x, weight, bias = drawn(length, 4), drawn(out, 4, kernel) / 4, drawn(out)
    reach = dilation * (kernel - 1) // 2
    expected = functional.conv1d(x.t()[None], weight, bias, padding=reach, dilation=dilation)[0].t()
    found = Convolution(weight, bias, dilation=dilation)(x)
    assert found.is_contiguous()
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("out", [8, 300])
def test_in_16_bits_it_gives_32(out: int) -> None:
    """In bfloat16 it is the same within that precision, and what comes out is float32."""
    x, weight, bias = drawn(20, 6), drawn(out, 6, 3) / 4, drawn(out)
    exact = Convolution(weight, bias)(x)
    found = Convolution(weight, bias, dtype=torch.bfloat16)(x)
    assert found.dtype == torch.float32
    assert 0 < (found - exact).abs().max() < 0.1


@pytest.mark.parametrize(("kernel", "rate"), [(8, 4), (4, 4), (4, 2), (3, 3), (7, 3), (10, 4), (12, 2), (1, 1)])
@pytest.mark.parametrize("length", [1, 2, 11])
def test_upsampling_is_torchs_transposed_convolution(length: int, kernel: int, rate: int) -> None:
    """Whatever kernel and rate, it is torch's transposed convolution, cropped to so many times the length."""
    x, weight, bias = drawn(length, 6), drawn(6, 5, kernel), drawn(5)
    expected = functional.conv_transpose1d(x.t()[None], weight, bias, stride=rate, padding=(kernel - rate) // 2)[0].t()
    found = Upsampling(weight, bias, rate)(x)
    assert found.shape == (length * rate, 5)
    assert torch.allclose(found, expected, atol=1e-5)


def test_upsampling_in_16_bits_gives_32() -> None:
    """In bfloat16 it is the same within that precision, and what comes out is float32."""
    x, weight, bias = drawn(9, 6), drawn(6, 5, 8) / 4, drawn(5)
    found = Upsampling(weight, bias, 4, dtype=torch.bfloat16)(x)
    assert found.dtype == torch.float32
    assert 0 < (found - Upsampling(weight, bias, 4)(x)).abs().max() < 0.1


def test_a_folded_weight_is_as_long_as_the_file_says() -> None:
    """Along the first axis each part has the direction of ``weight_v`` and the length of ``weight_g``."""
    length, direction = drawn(4, 1, 1), drawn(4, 3, 7)
    weight = folded({"up.weight_g": length, "up.weight_v": direction}, "up")
    assert torch.allclose(weight, torch._weight_norm(direction, length, 0), atol=1e-6)
    assert torch.allclose(weight.flatten(1).norm(dim=1), length.flatten().abs())


def test_a_transposed_ones_bias_is_for_what_comes_out() -> None:
    """A convolution is stored as (out, in), a transposed one as (in, out); a bias is always for the channels out."""
    assert shapes("c", 6, 5, 3) == {"c.bias": (6,), "c.weight_g": (6, 1, 1), "c.weight_v": (6, 5, 3)}
    assert shapes("c", 6, 5, 3, transposed=True)["c.bias"] == (5,)
