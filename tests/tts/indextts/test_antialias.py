"""The anti-aliased activation against its definition, sample by sample, in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bot.tts.indextts.antialias import REACH, TAPS, SnakeBeta, shapes

Numbers = npt.NDArray[np.float64]
CHANNELS = 3


def drawn(seed: int = 0, channels: int = CHANNELS) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=random) * 0.4 for name, shape in shapes("a", channels).items()}


def sound(length: int, channels: int = CHANNELS) -> Tensor:
    return torch.randn(length, channels, generator=torch.Generator().manual_seed(length))


def by_definition(x: Numbers, alpha: float, beta: float, up: Numbers, down: Numbers) -> Numbers:
    """One channel: the ends repeated, zeros between the samples, filtered, cropped; x + sin²(αx)/β; and back."""
    spread = np.zeros(2 * (len(x) + 10) - 1)
    spread[::2] = np.pad(x, 5, mode="edge")
    fine = 2 * np.convolve(spread, up)[15:-15]
    assert len(fine) == 2 * len(x)
    fine = fine + np.sin(alpha * fine) ** 2 / beta
    return np.correlate(np.pad(fine, (5, 6), mode="edge"), down, mode="valid")[::2]


def expected(weights: dict[str, Tensor], x: Tensor, *, log_scale: bool) -> Numbers:
    exact = {name.removeprefix("a."): tensor.double().numpy() for name, tensor in weights.items()}
    alpha, beta = exact["act.alpha"], exact["act.beta"]
    if log_scale:
        alpha, beta = np.exp(alpha), np.exp(beta)
    up, down = exact["upsample.filter"].ravel(), exact["downsample.lowpass.filter"].ravel()
    columns = (by_definition(x[:, c].double().numpy(), alpha[c], beta[c], up, down) for c in range(x.shape[1]))
    return np.stack(list(columns), 1)


@pytest.mark.parametrize("log_scale", [True, False])
@pytest.mark.parametrize("length", [1, 2, 5, 15, 16, 17, 31, 33, 100])
def test_it_is_the_definition(length: int, log_scale: bool) -> None:
    """Of whatever length, it is what the definition says, to the ends."""
    weights, x = drawn(), sound(length)
    if not log_scale:
        weights["a.act.beta"] = weights["a.act.beta"].abs() + 0.5
    found = SnakeBeta.of(weights, "a", log_scale=log_scale)(x)
    assert found.shape == x.shape
    assert np.abs(found.numpy() - expected(weights, x, log_scale=log_scale)).max() < 1e-5


@given(length=st.integers(1, 70), seed=st.integers(0, 1000), channels=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_it_is_the_definition_for_whatever_filters(length: int, seed: int, channels: int) -> None:
    """The filters are those it is given, the one upwards and the one downwards each its own, and not symmetric."""
    weights, x = drawn(seed, channels), sound(length, channels)
    found = SnakeBeta.of(weights, "a", log_scale=True)(x)
    assert np.abs(found.numpy() - expected(weights, x, log_scale=True)).max() < 3e-5


def test_what_it_is_given_stays_as_it_is() -> None:
    """It writes into nothing that is not its own."""
    weights, x = drawn(), sound(20)
    kept, before = {name: tensor.clone() for name, tensor in weights.items()}, x.clone()
    snake = SnakeBeta.of(weights, "a", log_scale=False)
    first = snake(x)
    assert torch.equal(x, before)
    assert all(torch.equal(weights[name], kept[name]) for name in kept)
    for tensor in weights.values():
        tensor.zero_()
    assert torch.equal(snake(x), first)


@pytest.mark.parametrize("at", [0, 7, 20, 39])
def test_it_reaches_no_further_than_it_says(at: int) -> None:
    """One sample changes only what is five positions or less away from it, and it changes all of that."""
    snake, x = SnakeBeta.of(drawn(), "a", log_scale=True), sound(40)
    other = x.clone()
    other[at] += 1
    changed = (snake(other) != snake(x)).all(1).nonzero().flatten().tolist()
    assert changed == list(range(max(0, at - REACH), min(40, at + REACH + 1)))


def test_its_names_are_the_files() -> None:
    """Names and shapes are those of the published file."""
    assert shapes("activation_post", 24) == {
        "activation_post.act.alpha": (24,),
        "activation_post.act.beta": (24,),
        "activation_post.upsample.filter": (1, 1, TAPS),
        "activation_post.downsample.lowpass.filter": (1, 1, TAPS),
    }
