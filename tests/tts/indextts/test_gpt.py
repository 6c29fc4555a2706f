"""The language model: upstream's figures, and that nobody notices who else is being decoded."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from bot.tts.indextts.config import GptConfig
from bot.tts.indextts.gpt import Cache, Gpt, shapes
from bot.tts.indextts.options import Positions

Golden = Mapping[str, npt.NDArray[Any]]

TINY = GptConfig(
    dim=64,
    layers=3,
    heads=4,
    text_tokens=900,
    codes=514,
    most_text=160,
    most_codes=200,
    start_text=0,
    stop_text=1,
    start_code=512,
    stop_code=513,
)
FULL = replace(
    TINY,
    dim=1280,
    layers=24,
    heads=20,
    text_tokens=12_000,
    codes=8194,
    most_text=600,
    most_codes=800,
    start_code=8192,
    stop_code=8193,
)
KEYS = Path(__file__).parents[2] / "data" / "indextts" / "gpt-keys.txt"
CONVENTIONS = [
    pytest.param(Positions.UPSTREAM, "kv", id="upstream"),
    pytest.param(Positions.CONTIGUOUS, "nokv", id="contiguous"),
]
MOST = 40


@pytest.fixture(scope="module")
def weights(folder: Path) -> Mapping[str, Tensor]:
    found: Mapping[str, Tensor] = torch.load(folder / "gpt.pth", weights_only=True, mmap=True)["model"]
    return found


@pytest.fixture(scope="module")
def gpt(weights: Mapping[str, Tensor]) -> Gpt:
    return Gpt.of(TINY, weights, torch.float32)


@pytest.fixture(scope="module")
def conditioning(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["cond_latents"])


@dataclass(eq=False)
class Greedy:
    """One sequence that takes the likeliest code, by upstream's repetition penalty."""

    state: Tensor
    positions: Positions = Positions.CONTIGUOUS
    codes: list[int] = field(default_factory=list)
    scores: list[Tensor] = field(default_factory=list)
    states: list[Tensor] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return len(self.codes) == MOST or TINY.stop_code in self.codes

    @property
    def place(self) -> int:
        return self.positions.of(len(self.codes))

    def choose(self, gpt: Gpt) -> None:
        scores = gpt.logits(self.state)
        seen = sorted({1, TINY.start_code, *self.codes})
        penalised = scores.clone()
        penalised[seen] = torch.where(scores[seen] > 0, scores[seen] / 10, scores[seen] * 10)
        self.scores.append(scores)
        self.states.append(self.state)
        self.codes.append(int(penalised.argmax()))


def begin(gpt: Gpt, voice: Tensor, ids: Sequence[int], cache: Cache, row: int, positions: Positions) -> Greedy:
    track = Greedy(gpt.prefill(gpt.prompt(voice, ids), cache, row), positions)
    track.choose(gpt)
    return track


def advance(gpt: Gpt, tracks: Sequence[Greedy], cache: Cache) -> None:
    """One step of all, the first of them in row 0."""
    last = torch.tensor([track.codes[-1] for track in tracks])
    states = gpt.step(last, torch.tensor([track.place for track in tracks]), cache)
    for track, state in zip(tracks, states, strict=True):
        track.state = state
        track.choose(gpt)


def alone(
    gpt: Gpt, voice: Tensor, ids: Sequence[int], positions: Positions = Positions.CONTIGUOUS, cache: Cache | None = None
) -> Greedy:
    cache = cache or gpt.cache(1, 128)
    track = begin(gpt, voice, ids, cache, 0, positions)
    while not track.over:
        advance(gpt, [track], cache)
    return track


def together(
    gpt: Gpt, voice: Tensor, texts: Sequence[Sequence[int]], positions: Positions, cache: Cache
) -> list[Greedy]:
    """All begun at once; who is done leaves, and the last one takes the row."""
    tracks = [begin(gpt, voice, ids, cache, row, positions) for row, ids in enumerate(texts)]
    running = list(tracks)
    while True:
        leave(cache, running)
        if not running:
            return tracks
        advance(gpt, running, cache)


def leave(cache: Cache, running: list[Greedy]) -> None:
    while over := next((track for track in running if track.over), None):
        drop(cache, running, over)


def drop(cache: Cache, running: list[Greedy], track: Greedy) -> None:
    row = running.index(track)
    cache.move(len(running) - 1, row)
    running[row] = running[-1]
    running.pop()


def texts_of(golden: Golden) -> list[list[int]]:
    return [golden[f"t{k}_ids"].tolist() for k in range(3)]


def spoken(codes: Sequence[int]) -> list[int]:
    return [code for code in codes if code != TINY.stop_code]


def farthest(ours: Tensor, theirs: npt.NDArray[Any] | Tensor) -> float:
    return float((ours - torch.as_tensor(theirs)).abs().max())


@pytest.mark.parametrize(("positions", "rows"), [(Positions.CONTIGUOUS, [1, 2, 3]), (Positions.UPSTREAM, [2, 3, 4])])
def test_positions_of_codes(positions: Positions, rows: list[int]) -> None:
    """Counted from 1, as the start code has row 0; upstream passes over row 1."""
    assert [positions.of(n) for n in (1, 2, 3)] == rows


def test_shapes_of_the_official_model() -> None:
    """Names and shapes are those of the official file, but for the conditioning encoder's."""
    lines = [line.split("\t") for line in KEYS.read_text("utf-8").splitlines()]
    mine = [(name, shape) for name, shape, _ in lines if not name.startswith(("conditioning_", "perceiver_"))]
    assert {name: str(shape) for name, shape in shapes(FULL).items()} == dict(mine)


def test_shapes_of_the_tiny_model(weights: Mapping[str, Tensor]) -> None:
    """Sizes come from the configuration and nowhere else."""
    mine = {name for name in weights if not name.startswith(("conditioning_", "perceiver_"))}
    assert shapes(TINY) == {name: tuple(weights[name].shape) for name in mine}


@pytest.mark.parametrize(("positions", "name"), CONVENTIONS)
@pytest.mark.parametrize("text", range(3))
def test_scores_and_codes_are_upstreams(
    gpt: Gpt, conditioning: Tensor, golden: Golden, text: int, positions: Positions, name: str
) -> None:
    """The likeliest codes are upstream's in both conventions, and so are the scores that they were chosen by."""
    track = alone(gpt, conditioning, texts_of(golden)[text], positions)
    assert track.codes == golden[f"t{text}_greedy_{name}_codes"].tolist()
    assert farthest(torch.stack(track.scores[:8]), golden[f"t{text}_greedy_{name}_logits"]) <= 1e-4


@pytest.mark.parametrize("text", range(3))
def test_latents_of_a_second_pass(gpt: Gpt, conditioning: Tensor, golden: Golden, text: int) -> None:
    """All codes at once give upstream's latents, one for each."""
    codes = spoken(golden[f"t{text}_greedy_nokv_codes"].tolist())
    latents = gpt.latents(conditioning, texts_of(golden)[text], codes)
    assert latents.shape == (len(codes), TINY.dim)
    assert farthest(latents, golden[f"t{text}_latents"]) <= 3e-5


def test_latents_of_given_codes(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """Codes that no model would choose have latents as well."""
    latents = gpt.latents(conditioning, texts_of(golden)[0], golden["given_codes"].tolist())
    assert farthest(latents, golden["given_latents"]) <= 3e-5


def test_no_codes_have_no_latents(gpt: Gpt, conditioning: Tensor) -> None:
    """Nothing was said, nothing is to be heard."""
    assert gpt.latents(conditioning, [5, 6], []).shape == (0, TINY.dim)


@pytest.mark.parametrize("text", range(3))
def test_latents_are_there_while_decoding(gpt: Gpt, conditioning: Tensor, golden: Golden, text: int) -> None:
    """With contiguous positions, the states of decoding are the latents: the second pass says nothing new."""
    track = alone(gpt, conditioning, texts_of(golden)[text])
    count = len(spoken(track.codes))
    again = gpt.latents(conditioning, texts_of(golden)[text], track.codes[:count])
    assert farthest(torch.stack(track.states[:count]), again) <= 3e-5


def test_upstreams_positions_give_other_states(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """With upstream's positions the states of decoding are not the latents."""
    track = alone(gpt, conditioning, texts_of(golden)[1], Positions.UPSTREAM)
    again = gpt.latents(conditioning, texts_of(golden)[1], track.codes)
    assert farthest(torch.stack(track.states), again) > 1e-2


@pytest.mark.parametrize(("positions", "name"), CONVENTIONS)
def test_sequences_decoded_together(
    gpt: Gpt, conditioning: Tensor, golden: Golden, positions: Positions, name: str
) -> None:
    """Texts of different lengths, decoded together, get the codes that each gets alone; who is done leaves."""
    tracks = together(gpt, conditioning, texts_of(golden), positions, gpt.cache(3, 128))
    assert [track.codes for track in tracks] == [golden[f"t{k}_greedy_{name}_codes"].tolist() for k in range(3)]


def test_two_of_a_cache_of_five(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """A step of fewer rows than the cache has works on the first ones and leaves the rest as it is."""
    cache = gpt.cache(5, 128)
    cache.keys[:, 2:] = 7
    tracks = together(gpt, conditioning, texts_of(golden)[1:], Positions.CONTIGUOUS, cache)
    assert [track.codes for track in tracks] == [golden[f"t{k}_greedy_nokv_codes"].tolist() for k in (1, 2)]
    assert bool((cache.keys[:, 2:] == 7).all())
    assert cache.lengths[2:] == [0, 0, 0]


def test_five_sequences_of_five_lengths(gpt: Gpt, conditioning: Tensor) -> None:
    """Neither a text of one token nor one of a hundred minds the others."""
    texts = [[100 + (7 * n + length) % 700 for n in range(length)] for length in (1, 9, 31, 64, 100)]
    tracks = together(gpt, conditioning, texts, Positions.CONTIGUOUS, gpt.cache(5, 180))
    single = [alone(gpt, conditioning, ids, cache=gpt.cache(1, 180)).codes for ids in texts]
    assert [track.codes for track in tracks] == single


def test_coming_and_going_in_the_middle(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """Who joins late, or is given up early, changes nothing for the others."""
    first, second, third = texts_of(golden)
    cache = gpt.cache(3, 128)
    running = [
        begin(gpt, conditioning, ids, cache, row, Positions.CONTIGUOUS) for row, ids in enumerate((first, third))
    ]
    given_up, stays = running
    for _ in range(5):
        advance(gpt, running, cache)
    late = begin(gpt, conditioning, second, cache, 2, Positions.CONTIGUOUS)
    running.append(late)
    for _ in range(3):
        advance(gpt, running, cache)
    drop(cache, running, given_up)
    assert running == [late, stays]
    while running:
        leave(cache, running)
        if running:
            advance(gpt, running, cache)
    assert stays.codes == golden["t2_greedy_nokv_codes"].tolist()
    assert late.codes == golden["t1_greedy_nokv_codes"].tolist()


def test_a_row_is_used_again(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """What a longer sequence left in a row is not heard by the shorter one that comes after it."""
    cache = gpt.cache(1, 128)
    alone(gpt, conditioning, texts_of(golden)[2], cache=cache)
    assert alone(gpt, conditioning, texts_of(golden)[0], cache=cache).codes == golden["t0_greedy_nokv_codes"].tolist()


def test_a_row_that_went_wrong_is_used_again(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """A sequence whose numbers overflowed takes nobody along: not its neighbours, not who gets its row."""
    cache = gpt.cache(2, 128)
    prompt = gpt.prompt(conditioning * torch.nan, texts_of(golden)[2])
    gpt.prefill(prompt, cache, 0)
    neighbour = begin(gpt, conditioning, texts_of(golden)[0], cache, 1, Positions.CONTIGUOUS)
    states = gpt.step(torch.tensor([3, neighbour.codes[-1]]), torch.tensor([1, 1]), cache)
    assert bool(states[0].isnan().all())
    neighbour.state = states[1]
    neighbour.choose(gpt)
    cache.move(1, 0)
    while not neighbour.over:
        advance(gpt, [neighbour], cache)
    assert neighbour.codes == golden["t0_greedy_nokv_codes"].tolist()
    gpt.prefill(prompt, cache, 0)
    assert alone(gpt, conditioning, texts_of(golden)[0], cache=cache).codes == neighbour.codes


def test_beams_that_fork_and_die(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """However beams continue each other (one twice, all crossed), each row is the sequence of its own codes; a
    neighbour's row is not touched."""
    chance = random.Random(5)
    ids, cache = texts_of(golden)[0], gpt.cache(4, 96)
    beside = begin(gpt, conditioning, texts_of(golden)[1], cache, 0, Positions.CONTIGUOUS)
    gpt.prefill(gpt.prompt(conditioning, ids), cache, 1)
    cache.reorder(1, [0, 0, 0])
    beams: list[list[int]] = [[], [], []]
    for n in range(1, 13):
        new = [chance.randrange(512) for _ in beams]
        beams = [[*codes, code] for codes, code in zip(beams, new, strict=True)]
        states = gpt.step(torch.tensor([beside.codes[-1], *new]), torch.tensor([n] * 4), cache)
        beside.state = states[0]
        beside.choose(gpt)
        # The state after a code is the latent of whichever code follows.
        expected = torch.stack([gpt.latents(conditioning, ids, [*codes, 0])[-1] for codes in beams])
        assert farthest(states[1:], expected) <= 3e-5
        sources = [[1, 2, 0], [1, 0, 2], [2, 2, 1], [0, 0, 0], [0, 1, 2], chance.choices(range(3), k=3)][n % 6]
        cache.reorder(1, sources)
        beams = [beams[source] for source in sources]
    assert beside.codes == golden["t1_greedy_nokv_codes"].tolist()[:13]


@pytest.mark.parametrize("width", [torch.float16, torch.float32], ids=["fp16", "fp32"])
def test_the_weights_are_its_own(weights: Mapping[str, Tensor], width: torch.dtype) -> None:
    """Nothing is kept of the mapped file, which may be replaced, though it be of the same width; nothing is shared
    among its tensors, and no row more is held than used."""
    given = {name: tensor.to(width) for name, tensor in weights.items()}
    gpt = Gpt.of(TINY, given, torch.float32)
    ours = [parameter.untyped_storage() for parameter in gpt.parameters()]
    addresses = {storage.data_ptr() for storage in ours}
    assert len(addresses) == len(ours)
    assert not addresses & {tensor.untyped_storage().data_ptr() for tensor in given.values()}
    assert sum(storage.nbytes() for storage in ours) == sum(4 * parameter.numel() for parameter in gpt.parameters())
    assert all(parameter.is_contiguous() and not parameter.requires_grad for parameter in gpt.parameters())


def test_its_matrices_can_be_replaced(gpt: Gpt) -> None:
    """Every matrix is a Linear, and none is hidden from who looks for these; the head over text is not kept."""
    matrices = [name for name, module in gpt.named_modules() if type(module) is nn.Linear]
    assert len(matrices) == 4 * TINY.layers + 1
    assert not any(name.startswith("text_head") for name in gpt.state_dict())


def test_weights_of_either_width(gpt: Gpt, weights: Mapping[str, Tensor]) -> None:
    """A file with 32-bit numbers gives the same model as one with 16-bit numbers."""
    wide = Gpt.of(TINY, {name: tensor.float() for name, tensor in weights.items()}, torch.float32)
    assert all(torch.equal(one, other) for one, other in zip(wide.parameters(), gpt.parameters(), strict=True))


@pytest.mark.parametrize(
    ("dtype", "mean", "most"),
    [
        pytest.param(torch.bfloat16, 0.01, 0.06, id="bf16"),
        pytest.param(torch.float16, 0.001, 0.006, id="fp16"),
    ],
)
def test_sixteen_bits(
    weights: Mapping[str, Tensor], conditioning: Tensor, golden: Golden, dtype: torch.dtype, mean: float, most: float
) -> None:
    """With 16-bit weights the latents stay near (their deviation is 1), in decoding as in the second pass."""
    gpt = Gpt.of(TINY, weights, dtype)
    ids, codes = texts_of(golden)[0], golden["given_codes"].tolist()
    cache = gpt.cache(1, 96)
    decoded = [gpt.prefill(gpt.prompt(conditioning, ids), cache, 0)]
    decoded += [gpt.step(torch.tensor([code]), torch.tensor([n + 1]), cache)[0] for n, code in enumerate(codes[:-1])]
    for latents in (torch.stack(decoded), gpt.latents(conditioning, ids, codes)):
        off = (latents - torch.from_numpy(golden["given_latents"])).abs()
        assert latents.dtype == torch.float32
        assert 0 < off.mean() <= mean
        assert off.max() <= most


def test_what_stays_wide_in_sixteen_bits(weights: Mapping[str, Tensor], golden: Golden) -> None:
    """Matrices, embeddings and the cache are 16-bit; norms and the head are not, so that no scores tie."""
    gpt = Gpt.of(TINY, weights, torch.bfloat16)
    wide = {name for name, parameter in gpt.named_parameters() if parameter.dtype == torch.float32}
    assert wide == {name for name in gpt.state_dict() if ".ln_" in name or "final_norm" in name or "mel_head" in name}
    assert gpt.cache(1, 8).keys.dtype == gpt.dtype == torch.bfloat16
    scores = gpt.logits(torch.from_numpy(golden["given_latents"]))
    assert scores.dtype == torch.float32
    assert not torch.equal(scores, scores.bfloat16().float())


def test_where_it_is_made_does_not_matter(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """A cache from within inference mode serves outside of it, and the other way round."""
    with torch.inference_mode():
        cache = gpt.cache(1, 128)
        track = begin(gpt, conditioning, texts_of(golden)[0], cache, 0, Positions.CONTIGUOUS)
    advance(gpt, [track], cache)
    with torch.inference_mode():
        while not track.over:
            advance(gpt, [track], cache)
    assert track.codes == golden["t0_greedy_nokv_codes"].tolist()


def test_a_device_is_not_waited_for() -> None:
    """Nothing in prompt, step and copying asks a device for a number: all of it runs where there are none."""
    with torch.device("meta"):
        gpt = Gpt(TINY)
        voice, codes = torch.empty(32, TINY.dim), torch.empty(2, dtype=torch.int64)
    cache = gpt.cache(3, 64)
    state = gpt.prefill(gpt.prompt(voice, [5, 6, 7]), cache, 0)
    cache.reorder(0, [0, 0])
    states = gpt.step(codes, codes, cache)
    cache.reorder(0, [1, 0])
    assert (state.shape, states.shape) == ((TINY.dim,), (2, TINY.dim))
    assert gpt.logits(states).shape == (2, TINY.codes)


def test_the_longest_text(gpt: Gpt, conditioning: Tensor) -> None:
    """Text fills its table of positions, start and stop among it; a token more is refused with the limit."""
    assert gpt.prompt(conditioning, [5] * 160).shape == (32 + 162 + 1, TINY.dim)
    with pytest.raises(ValueError, match="a text of 161 tokens; the model takes 160 at most"):
        gpt.prompt(conditioning, [5] * 161)


@pytest.mark.parametrize("token", [-1, 901])
def test_a_token_that_is_none(gpt: Gpt, conditioning: Tensor, token: int) -> None:
    """A token beyond the embeddings is refused with the limits."""
    with pytest.raises(ValueError, match=f"a text token is {token}; the model has 0 to 900"):
        gpt.prompt(conditioning, [5, token])


def test_the_most_codes_with_latents(gpt: Gpt, conditioning: Tensor) -> None:
    """Codes fill their table of positions; one more is refused with the limit."""
    assert gpt.latents(conditioning, [5], [7] * 203).shape == (203, TINY.dim)
    with pytest.raises(ValueError, match="204 codes; the model has 203 positions"):
        gpt.latents(conditioning, [5], [7] * 204)


def test_a_code_that_is_none_has_no_latent(gpt: Gpt, conditioning: Tensor) -> None:
    """A code beyond the embeddings is refused with the limits."""
    with pytest.raises(ValueError, match="a code is 514; the model has 0 to 513"):
        gpt.latents(conditioning, [5], [7, 514, 7])


@pytest.mark.parametrize(
    ("codes", "places", "message"),
    [
        pytest.param([7, 514], [1, 1], "a code is 514; the model has 0 to 513", id="code"),
        pytest.param([7, -1], [1, 1], "a code is -1; the model has 0 to 513", id="negative"),
        pytest.param([7, 7], [1, 203], "the position of a code is 203; the model has 0 to 202", id="position"),
        pytest.param([7, 7], [1], "2 codes with 1 positions", id="mismatch"),
        pytest.param([7, 7, 7], [1, 1, 1], "a step of 3 rows, in a cache of 2", id="rows"),
        pytest.param([], [], "a step of 0 rows, in a cache of 2", id="none"),
        pytest.param([7, 7], [1, 1], "row 1 of the cache has all its 38 positions", id="full"),
    ],
)
def test_a_step_that_is_refused(
    gpt: Gpt, conditioning: Tensor, codes: list[int], places: list[int], message: str
) -> None:
    """A step beyond a table or the end of the cache is refused, and takes nobody a position further."""
    cache = gpt.cache(2, 38)
    gpt.prefill(gpt.prompt(conditioning, [5, 6]), cache, 0)
    gpt.prefill(gpt.prompt(conditioning, [5, 6, 7]), cache, 1)
    with pytest.raises(ValueError, match=message):
        gpt.step(torch.tensor(codes, dtype=torch.int64), torch.tensor(places, dtype=torch.int64), cache)
    assert cache.lengths == [37, 38]
    gpt.step(torch.tensor([7]), torch.tensor([1]), cache)
    assert cache.lengths == [38, 38]


def test_a_prompt_that_does_not_fit(gpt: Gpt, conditioning: Tensor) -> None:
    """A prompt longer than the cache is refused, and what is in the row stays."""
    cache = gpt.cache(1, 40)
    gpt.prefill(gpt.prompt(conditioning, [5]), cache, 0)
    with pytest.raises(ValueError, match="a prompt of 41 positions does not fit into a cache of 40"):
        gpt.prefill(gpt.prompt(conditioning, [5] * 6), cache, 0)
    assert cache.lengths == [36]


def test_the_last_position_of_the_cache(gpt: Gpt, conditioning: Tensor, golden: Golden) -> None:
    """A cache of just the length that is needed gives the same codes, whatever its length is a multiple of."""
    ids, codes = texts_of(golden)[1], golden["t1_greedy_nokv_codes"].tolist()
    cache = gpt.cache(1, 32 + len(ids) + 3 + len(codes) - 1)
    assert alone(gpt, conditioning, ids, cache=cache).codes == codes
    assert cache.lengths == [cache.positions]


@pytest.mark.parametrize("kind", ["float16", "float64"])
def test_a_voice_of_another_width(gpt: Gpt, golden: Golden, kind: str) -> None:
    """A voice may be kept in 16 bits, or come from who computes in 64; the prompt is float32."""
    prompt = gpt.prompt(torch.from_numpy(golden["cond_latents"].astype(kind)), [5])
    assert prompt.dtype == torch.float32
    assert farthest(prompt[:32], golden["cond_latents"]) <= 2e-3
