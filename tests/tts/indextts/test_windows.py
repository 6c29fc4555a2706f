"""Sound from a stream of latents: as the whole's, however they come, as soon as it can be, and no sooner."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from bot.tts.indextts.config import VocoderConfig, read
from bot.tts.indextts.vocoder import Vocoder
from bot.tts.indextts.windows import LOOK, Windows

Golden = Mapping[str, npt.NDArray[Any]]

PER_LATENT = 6
FAR = 3


class Echo(Vocoder):
    """Stands in: each latent's sound is the sum of it and of three to either side, as far as they are given; it
    remembers what it was given."""

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)
        self.config = VocoderConfig(2, 80, 4, (3, 2), (3, 2), (3,), ((1,),), 3, True, True)
        self.field = FAR
        self.given: list[tuple[int, range]] = []

    def forward(self, latents: Tensor, speaker: Tensor, keep: range | None = None) -> Tensor:
        keep = range(len(latents)) if keep is None else keep
        self.given.append((len(latents), keep))
        sums = [latents[max(0, at - FAR) : at + FAR + 1].sum() for at in keep]
        return torch.stack(sums).repeat_interleave(PER_LATENT)


@pytest.fixture(scope="module")
def vocoder(folder: Path) -> Vocoder:
    weights = torch.load(folder / "bigvgan_generator.pth", weights_only=True, mmap=True)["generator"]
    return Vocoder.of(read(folder).vocoder, weights)


@pytest.fixture(scope="module")
def speaker(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["speaker_embedding"])


@pytest.fixture(scope="module")
def latents(golden: Golden) -> Tensor:
    """104, of three sentences."""
    return torch.cat([torch.from_numpy(golden[name]) for name in ("t1_latents", "given_latents", "t2_latents")])


@pytest.fixture(scope="module")
def whole(vocoder: Vocoder, latents: Tensor, speaker: Tensor) -> Tensor:
    sound: Tensor = vocoder(latents, speaker)
    return sound


def streamed(windows: Windows, latents: Tensor, sizes: list[int]) -> list[Tensor]:
    """What comes of each feeding, and of the end."""
    chunks = torch.split(latents, [*sizes, len(latents) - sum(sizes)])
    return [*(windows.feed(chunk) for chunk in chunks), windows.finish()]


def numbered(count: int) -> Tensor:
    """Latents (count, 2) that are whole numbers, so that sums of them are exact."""
    return torch.arange(2.0 * count).view(count, 2)


@pytest.mark.parametrize(("look", "most"), [(34, 2e-6), (LOOK, 1e-3), (LOOK, 1e-5)])
def test_the_sound_is_that_of_the_whole(
    look: int, most: float, vocoder: Vocoder, latents: Tensor, speaker: Tensor, whole: Tensor
) -> None:
    """With the whole field of view the windows' sound is the whole's, but for the rounding of sums of another order;
    with less, nearly so."""
    windows = Windows(vocoder, speaker, look=look)
    sound = torch.cat(streamed(windows, latents, [1] * 100))
    assert sound.dtype == torch.float32
    assert sound.shape == whole.shape
    assert (sound - whole).abs().max() < most


def test_too_little_overlap_is_heard(vocoder: Vocoder, latents: Tensor, speaker: Tensor, whole: Tensor) -> None:
    """Without overlap it would not be the whole's sound: the tests above can fail."""
    sound = torch.cat(streamed(Windows(vocoder, speaker, look=0), latents, []))
    assert sound.shape == whole.shape
    assert (sound - whole).abs().max() > 0.1


def test_a_16_bit_models_latents_are_taken(vocoder: Vocoder, latents: Tensor, speaker: Tensor) -> None:
    """Latents in half precision are heard as float32."""
    half = latents[:20].half()
    sound = torch.cat(streamed(Windows(vocoder, speaker), half, [7]))
    assert sound.dtype == torch.float32
    assert torch.equal(sound, torch.cat(streamed(Windows(vocoder, speaker), half.float(), [20])))


@st.composite
def chunkings(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A number of latents, and how they come: none at a time, few, or many."""
    sizes = draw(st.lists(st.integers(0, 30), max_size=12))
    return sum(sizes) + draw(st.integers(0, 40)), sizes


@given(chunkings(), st.integers(1, 9), st.integers(1, 20), st.integers(FAR, 12))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_however_latents_come_it_is_the_wholes(
    chunking: tuple[int, list[int]], first: int, later: int, look: int
) -> None:
    """In whatever chunks: every sample once, in order, each with all that it depends on; every window as long as it is
    to be, but the last; none given more than it looks at; and what is remembered is bounded."""
    count, sizes = chunking
    echo, latents = Echo(), numbered(count)
    windows = Windows(echo, torch.zeros(3), first=first, later=later, look=look)
    sound = torch.cat(streamed(windows, latents, sizes))
    made = [len(keep) for _, keep in echo.given]
    assert sound.shape == (count * PER_LATENT,)
    assert made == [*[first, *[later] * count][: len(made) - 1], *made[-1:]]
    assert all(given <= len(keep) + 2 * look for given, keep in echo.given[:-1])
    assert not made or made[-1] <= max(first, later) + look
    assert len(windows._known) <= 2 * look + max(first, later)
    if count:
        assert torch.equal(sound, Echo()(latents, torch.zeros(3)))


@given(chunkings())
@settings(max_examples=50, deadline=None)
def test_how_they_come_does_not_matter_to_the_windows(chunking: tuple[int, list[int]]) -> None:
    """The same latents give the same windows, so the same sound to the bit, in whatever chunks they come."""
    count, sizes = chunking
    one, other = Echo(), Echo()
    streamed(Windows(one, torch.zeros(3)), numbered(count), sizes)
    streamed(Windows(other, torch.zeros(3)), numbered(count), [1] * count)
    assert one.given == other.given


def test_sound_is_ready_as_soon_as_it_can_be() -> None:
    """The first window comes with the latent that is ``look`` after its last, each later one so, and not before."""
    windows = Windows(Echo(), torch.zeros(3), first=4, later=10, look=5)
    ready = [len(windows.feed(latent)) // PER_LATENT for latent in torch.split(numbered(40), 1)]
    assert [(at + 1, made) for at, made in enumerate(ready) if made] == [(9, 4), (19, 10), (29, 10), (39, 10)]
    assert len(windows.finish()) == 6 * PER_LATENT


def test_many_at_once_are_many_windows() -> None:
    """What is ready is given at once, however much it is."""
    windows = Windows(Echo(), torch.zeros(3), first=4, later=10, look=5)
    assert len(windows.feed(numbered(40))) == 34 * PER_LATENT


def test_what_is_remembered_is_bounded() -> None:
    """A long sentence needs no more memory than a short one."""
    windows = Windows(Echo(), torch.zeros(3), first=4, later=10, look=5)
    held = [len(windows._known) for latent in torch.split(numbered(500), 1) if windows.feed(latent) is not None]
    assert max(held) == 2 * 5 + 10 - 1
    assert all(after - before <= 1 for before, after in pairwise(held))


@pytest.mark.parametrize("count", [0, 1, 3, 15, 16, 35])
def test_a_short_sentence_comes_at_its_end(count: int) -> None:
    """With fewer latents than the first window waits for, all sound comes at the end; with none, none."""
    windows = Windows(Echo(), torch.zeros(3))
    assert not len(windows.feed(numbered(0)))
    assert not len(windows.feed(numbered(count)))
    assert len(windows.finish()) == count * PER_LATENT


def test_the_end_comes_once() -> None:
    """Asked for the rest again, there is none."""
    windows = Windows(Echo(), torch.zeros(3))
    windows.feed(numbered(20))
    assert len(windows.finish()) == 20 * PER_LATENT
    assert not len(windows.finish())


@pytest.mark.parametrize("wrong", [{"first": 0}, {"later": 0}, {"look": -1}], ids=str)
def test_windows_of_nothing_are_refused(wrong: dict[str, int]) -> None:
    """A window has at least one latent, and looks ahead, if anywhere."""
    with pytest.raises(ValueError, match="windows of"):
        Windows(Echo(), torch.zeros(3), **wrong)
