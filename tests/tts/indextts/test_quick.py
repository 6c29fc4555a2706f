"""The language model's matrices in the form in which a processor multiplies fastest."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from bot.tts.indextts.devices import Place, Precision
from bot.tts.indextts.quick import Int8, Packed, quicken, works

CPU = torch.device("cpu")


with_bf16 = pytest.mark.skipif(not works(Packed, torch.bfloat16), reason="oneDNN has no bf16 for this processor")
with_int8 = pytest.mark.skipif(
    not works(Int8, torch.float32), reason="this processor adds up 8-bit products in 16 bits (no VNNI)"
)
ROWS = [1, 3, 17, 64]


def linear(dim: int, out: int, dtype: torch.dtype = torch.float32) -> nn.Linear:
    torch.manual_seed(dim + out)
    return nn.Linear(dim, out).to(dtype).requires_grad_(False)


def rows(count: int, dim: int) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize("count", ROWS)
def test_packed_is_the_same_product(count: int) -> None:
    """But for the last bits, as sums are in another order."""
    plain = linear(96, 160)
    assert torch.allclose(Packed(plain)(rows(count, 96)), plain(rows(count, 96)), atol=1e-5)


@with_bf16
@pytest.mark.parametrize("count", ROWS)
def test_packed_works_in_bfloat16(count: int) -> None:
    """And gives it."""
    plain, given = linear(96, 160, torch.bfloat16), rows(count, 96).bfloat16()
    product = Packed(plain)(given)
    assert product.dtype is torch.bfloat16
    assert torch.allclose(product.float(), plain.float()(given.float()), atol=0.02)


@with_int8
@pytest.mark.parametrize("count", ROWS)
def test_int8_is_near_it(count: int) -> None:
    """Within the rounding of both sides: some hundredths of what products are like."""
    plain, given = linear(256, 160), rows(count, 256)
    exact, near = plain(given), Int8(plain)(given)
    assert near.dtype is torch.float32
    assert 0 < (near - exact).abs().mean() < 0.01 * exact.std()


@with_int8
def test_in_int8_nobody_hears_who_else_is_there() -> None:
    """A row is rounded by itself: a loud neighbour takes no digits from it."""
    product = Int8(linear(64, 64))
    quiet, loud = rows(1, 64) * 0.01, rows(1, 64) * 1000
    assert torch.equal(product(torch.cat((quiet, loud)))[:1], product(quiet))


def test_a_row_of_zeros_is_its_bias() -> None:
    """And no division by zero."""
    plain = linear(64, 48)
    assert torch.equal(Int8(plain)(torch.zeros(1, 64))[0], plain.bias)


@pytest.mark.parametrize("kind", [Packed, pytest.param(Int8, marks=with_int8)])
def test_one_vector_is_multiplied_too(kind: Callable[[nn.Linear], nn.Module]) -> None:
    """States come one by one as well."""
    plain, vector = linear(64, 48), rows(1, 64)[0]
    product = kind(plain)(vector)
    assert product.shape == (48,)
    assert torch.allclose(product, plain(vector), atol=0.05)


@pytest.mark.parametrize("dtype", [torch.float32, pytest.param(torch.bfloat16, marks=with_bf16)], ids=["fp32", "bf16"])
def test_packed_a_row_is_the_same_alone_and_among_others(dtype: torch.dtype) -> None:
    """To the bit, at the model's own width: a code may hang on the last one. (How many others is left to oneDNN.)"""
    packed, given = Packed(linear(1280, 3840, dtype)), rows(16, 1280).to(dtype)
    alone = packed(given[:1])
    assert alone.shape == (1, 3840)
    assert torch.equal(packed(given[:2])[:1], alone)
    assert torch.allclose(packed(given)[:1], alone, atol=1e-5 if dtype is torch.float32 else 0.02)


@pytest.mark.parametrize(
    ("precision", "kind"),
    [(Precision.FP32, Packed), (Precision.BF16, Packed), pytest.param(Precision.INT8, Int8, marks=with_int8)],
)
def test_every_matrix_inside_is_replaced(precision: Precision, kind: type[nn.Module]) -> None:
    """However deep; what is no matrix stays."""
    whole = nn.Sequential(linear(8, 8), nn.Sequential(nn.LayerNorm(8), linear(8, 8)))
    quicken(whole, Place(CPU, precision))
    assert [type(part) for part in whole.modules()][1:] == [kind, nn.Sequential, nn.LayerNorm, kind]


def test_elsewhere_than_on_a_processor_nothing_is_replaced() -> None:
    """Its kernels are quick as they are."""
    whole = nn.Sequential(linear(8, 8))
    quicken(whole, Place(torch.device("meta"), Precision.FP16))
    assert isinstance(whole[0], nn.Linear)


def test_where_the_processor_cannot_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without AVX-512 oneDNN refuses matrices of bfloat16: they stay as they are, and work."""

    def refusing(*_: object) -> None:
        raise RuntimeError("mkldnn_reorder_linear_weight: bf16 path needs the cpu support avx_ne_convert or avx512bw")

    monkeypatch.setattr(torch.ops.mkldnn, "_reorder_linear_weight", refusing)
    whole = nn.Sequential(linear(16, 16, torch.bfloat16))
    quicken(whole, Place(CPU, Precision.BF16))
    assert isinstance(whole[0], nn.Linear)


def test_where_torch_has_no_such_operators_nothing_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another build of torch speaks all the same, if slower."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    whole = nn.Sequential(linear(8, 8))
    quicken(whole, Place(CPU, Precision.FP32))
    assert isinstance(whole[0], nn.Linear)
