"""The decoder: sentences that come and go, and none that notices another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from bot.tts.indextts.cache import Cache
from bot.tts.indextts.config import read
from bot.tts.indextts.decoder import Decoder, Task, Track
from bot.tts.indextts.gpt import Gpt
from bot.tts.indextts.options import Positions, Sampling
from bot.tts.indextts.sampling import Search, search
from bot.tts.indextts.watchdog import Fault, Watchdog

Golden = Mapping[str, npt.NDArray[Any]]

SIZES = read(Path(__file__).parents[2] / "data" / "indextts" / "tiny-a").gpt
CAP = 40
BOTH = pytest.mark.parametrize(
    ("positions", "convention"), [(Positions.UPSTREAM, "kv"), (Positions.CONTIGUOUS, "nokv")], ids=["upstream", "own"]
)


class Script:
    """A watchdog that barks when it is told to: at a code, counted from 1, or at the end."""

    limit = 600

    def __init__(self, at: int = 0, end: Fault | None = None) -> None:
        self.seen: list[int] = []
        self._at, self._end = at, end

    def look(self, code: int) -> Fault | None:
        self.seen.append(code)
        return Fault.REPEATS if len(self.seen) == self._at else None

    def end(self) -> Fault | None:
        return self._end


@pytest.fixture(scope="module")
def gpt(folder: Path) -> Gpt:
    weights = torch.load(folder / "gpt.pth", weights_only=True)["model"]
    return Gpt.of(SIZES, weights, torch.float32)


@pytest.fixture(scope="module")
def voice(golden: Golden) -> Tensor:
    return torch.from_numpy(golden["cond_latents"])


def text(golden: Golden, k: int) -> list[int]:
    return [int(one) for one in golden[f"t{k}_ids"]]


def found(options: Sampling, limit: int = CAP, seed: int = 0) -> Search:
    return search(options, start=SIZES.start_code, stop=SIZES.stop_code, limit=limit, seed=seed)


def greedy(limit: int = CAP) -> Search:
    return found(Sampling(sample=False), limit)


def beams(limit: int = CAP) -> Search:
    return found(Sampling(sample=False, beams=3), limit)


def drawn(seed: int, limit: int = CAP) -> Search:
    return found(Sampling(), limit, seed)


def run(decoder: Decoder, *tracks: Track) -> None:
    """Step by step until these are done."""
    for _ in range(1000):
        if all(track.done for track in tracks):
            return
        decoder.step()
    raise AssertionError("it does not come to an end")


def codes_of(track: Track) -> list[int]:
    """As the golden file has them: the stop code last, if it came."""
    stop = [SIZES.stop_code] if track.task.search.stopped else []
    return [*track.task.search.codes, *stop]


def alone(gpt: Gpt, task: Task, positions: Positions = Positions.CONTIGUOUS) -> list[int]:
    decoder = Decoder(gpt, task.search.rows, positions=positions)
    track = decoder.admit(task)
    run(decoder, track)
    return codes_of(track)


# ---- what is found


@BOTH
@pytest.mark.parametrize(("kind", "rows"), [("greedy", 3), ("beam3", 9)])
def test_together_they_find_what_upstream_finds_for_each(
    gpt: Gpt, voice: Tensor, golden: Golden, positions: Positions, convention: str, kind: str, rows: int
) -> None:
    """Three texts of different lengths, one of which stops early, decoded in one batch: the golden codes of each."""
    decoder = Decoder(gpt, rows, positions=positions)
    make = beams if kind == "beam3" else greedy
    tracks = [decoder.admit(Task(voice, text(golden, k), make())) for k in range(3)]
    assert decoder.free == 0
    run(decoder, *tracks)
    assert decoder.free == rows
    for k, track in enumerate(tracks):
        assert codes_of(track) == golden[f"t{k}_{kind}_{convention}_codes"].tolist()
        assert track.fault is None
        if kind == "beam3":
            assert track.task.search.score == pytest.approx(golden[f"t{k}_beam3_{convention}_score"][0], abs=1e-3)


@BOTH
def test_greedy_and_beams_go_together(
    gpt: Gpt, voice: Tensor, golden: Golden, positions: Positions, convention: str
) -> None:
    """Searches of different sizes, where a small one leaves from between large ones."""
    decoder = Decoder(gpt, 8, positions=positions)
    kinds = [("t0_beam3", beams()), ("t0_greedy", greedy()), ("t1_beam3", beams()), ("t2_greedy", greedy())]
    tracks = [decoder.admit(Task(voice, text(golden, int(name[1])), way)) for name, way in kinds]
    run(decoder, *tracks)
    for (name, _), track in zip(kinds, tracks, strict=True):
        assert codes_of(track) == golden[f"{name}_{convention}_codes"].tolist()


@pytest.mark.parametrize("kind", ["greedy", "beam3"])
def test_who_comes_and_goes_is_not_noticed(gpt: Gpt, voice: Tensor, golden: Golden, kind: str) -> None:
    """Others begin in the middle, are given up in the middle, and take the rows of those: the golden codes stay."""
    make = beams if kind == "beam3" else greedy
    decoder = Decoder(gpt, 3 * make().rows)
    given_up = decoder.admit(Task(voice, text(golden, 1), make()))
    kept = [decoder.admit(Task(voice, text(golden, 2), make()))]
    for _ in range(7):
        decoder.step()
    kept.append(decoder.admit(Task(voice, text(golden, 0), make())))
    decoder.step()
    decoder.drop(given_up)
    assert decoder.free == make().rows
    kept.append(decoder.admit(Task(voice, text(golden, 1), make())))
    run(decoder, *kept)
    assert [codes_of(track) for track in kept] == [golden[f"t{k}_{kind}_nokv_codes"].tolist() for k in (2, 0, 1)]


def test_what_is_drawn_depends_on_the_seed_and_on_nobody_else(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """Eight sentences with eight seeds, together and each alone."""
    tasks = [(text(golden, n % 3), n) for n in range(8)]
    decoder = Decoder(gpt, 8)
    tracks = [decoder.admit(Task(voice, ids, drawn(seed))) for ids, seed in tasks]
    run(decoder, *tracks)
    together = [codes_of(track) for track in tracks]
    assert together == [alone(gpt, Task(voice, ids, drawn(seed))) for ids, seed in tasks]
    assert len({tuple(codes) for codes in together}) == 8


def test_steps_tell_who_is_done_by_them(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """Each is told of once, by the step that ended it; after that there is nothing to do."""
    decoder = Decoder(gpt, 3)
    short, long = (decoder.admit(Task(voice, text(golden, 1), greedy(limit))) for limit in (3, 5))
    told = [list(decoder.step()) for _ in range(6)]
    assert told == [[], [], [short], [], [long], []]
    assert decoder.free == 3


def test_the_last_moves_into_the_hole(gpt: Gpt, voice: Tensor, golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of six sentences the first goes: one row of the cache is copied, and not five."""
    decoder = Decoder(gpt, 6)
    tracks = [decoder.admit(Task(voice, text(golden, 0), greedy())) for _ in range(6)]
    moves: list[tuple[int, int]] = []
    monkeypatch.setattr(Cache, "move", lambda _, source, target: moves.append((source, target)))
    decoder.drop(tracks[0])
    decoder.drop(tracks[4])
    assert moves == [(5, 0)]


# ---- latents


def test_latents_come_by_the_way(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """The states that predicted the codes are those of upstream's second pass, as soon as the codes are there."""
    decoder = Decoder(gpt, 3)
    tracks = [decoder.admit(Task(voice, text(golden, k), greedy())) for k in range(3)]
    taken: list[list[tuple[Sequence[int], Tensor]]] = [[], [], []]
    while not all(track.done for track in tracks):
        decoder.step()
        for track, pieces in zip(tracks, taken, strict=True):
            pieces.append(track.take())
    for k, pieces in enumerate(taken):
        assert pieces[0][0], "nothing came by the first step"
        latents = torch.cat([latents for _, latents in pieces])
        np.testing.assert_allclose(latents.numpy(), golden[f"t{k}_latents"], atol=3e-5, rtol=0)
        codes = [code for codes, _ in pieces for code in codes]
        assert codes == tracks[k].task.search.codes


def test_what_was_taken_does_not_come_again(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """Between two takes lie so many codes as steps; without one there is nothing."""
    decoder = Decoder(gpt, 1)
    track = decoder.admit(Task(voice, text(golden, 1), greedy()))
    assert [len(part) for part in track.take()] == [0, 0]
    for _ in range(5):
        decoder.step()
    codes, latents = track.take()
    assert (len(codes), latents.shape) == (5, (5, SIZES.dim))
    codes, latents = track.take()
    assert (len(codes), latents.shape) == (0, (0, SIZES.dim))


@pytest.mark.parametrize(
    ("make", "positions"),
    [(beams, Positions.CONTIGUOUS), (greedy, Positions.UPSTREAM), (beams, Positions.UPSTREAM)],
    ids=["beams", "upstream", "beams upstream"],
)
def test_where_states_are_no_latents_there_is_a_second_pass(
    gpt: Gpt, voice: Tensor, golden: Golden, make: Any, positions: Positions
) -> None:
    """Nothing comes before the end; then everything at once, once."""
    decoder = Decoder(gpt, 3, positions=positions)
    track = decoder.admit(Task(voice, text(golden, 0), make()))
    while not track.done:
        assert track.take()[0] == []
        decoder.step()
    codes, latents = track.take()
    assert codes == track.task.search.codes
    torch.testing.assert_close(latents, gpt.latents(voice, text(golden, 0), codes))
    assert [len(part) for part in track.take()] == [0, 0]


# ---- limits and faults


def test_a_text_that_the_model_has_no_places_for_is_refused(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """With an error that says so, and the others go on."""
    decoder = Decoder(gpt, 2)
    track = decoder.admit(Task(voice, text(golden, 0), greedy()))
    with pytest.raises(ValueError, match="161 tokens"):
        decoder.admit(Task(voice, [5] * 161, greedy()))
    assert decoder.free == 1
    run(decoder, track)
    assert codes_of(track) == golden["t0_greedy_nokv_codes"].tolist()


def test_who_finds_no_rows_is_refused(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """Three beams do not fit beside one in three rows."""
    decoder = Decoder(gpt, 3)
    decoder.admit(Task(voice, text(golden, 0), greedy()))
    with pytest.raises(ValueError, match="takes 3 rows; 2 are free"):
        decoder.admit(Task(voice, text(golden, 0), beams()))


@pytest.mark.parametrize(
    ("positions", "most"), [(Positions.CONTIGUOUS, 203), (Positions.UPSTREAM, 202)], ids=["own", "upstream"]
)
def test_it_ends_where_the_table_of_positions_ends(
    gpt: Gpt, voice: Tensor, golden: Golden, positions: Positions, most: int
) -> None:
    """The last code that is found needs no place of its own: it is not read any more. It is no end but a runaway."""
    decoder = Decoder(gpt, 1, positions=positions)
    # Without a penalty it does not happen upon the stop code.
    endless = found(Sampling(sample=False, repetition_penalty=1.0), limit=1000)
    watched = Task(voice, text(golden, 1), endless, _watched(Script()))
    track = decoder.admit(watched)
    run(decoder, track)
    codes, latents = track.take()
    assert len(codes) == len(latents) == most
    assert track.fault is Fault.RUNAWAY


def test_it_ends_where_its_room_ends(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """A row that was made short holds the prompt and all codes but the last."""
    prompt = 32 + len(text(golden, 1)) + 3
    decoder = Decoder(gpt, 1, room=prompt + 9)
    track = decoder.admit(Task(voice, text(golden, 1), greedy()))
    run(decoder, track)
    assert len(track.take()[0]) == 10
    assert track.fault is None
    with pytest.raises(ValueError, match="fit"):
        Decoder(gpt, 1, room=prompt - 1).admit(Task(voice, text(golden, 1), greedy()))


def test_a_fault_ends_it_at_once(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """What was found until then can still be taken, and the row is free for another."""
    decoder = Decoder(gpt, 1)
    track = decoder.admit(Task(voice, text(golden, 1), greedy(), _watched(Script(at=6))))
    run(decoder, track)
    assert (track.done, track.fault) == (True, Fault.REPEATS)
    assert list(track.take()[0]) == golden["t1_greedy_nokv_codes"][:6].tolist()
    other = decoder.admit(Task(voice, text(golden, 0), greedy()))
    run(decoder, other)
    assert codes_of(other) == golden["t0_greedy_nokv_codes"].tolist()


def test_what_stops_too_soon_is_at_fault(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """The watchdog has the last word on what stopped by itself; on what did not the limit has."""
    decoder = Decoder(gpt, 2)
    stops = decoder.admit(Task(voice, text(golden, 0), greedy(), _watched(Script(end=Fault.TOO_SHORT))))
    never = decoder.admit(Task(voice, text(golden, 1), greedy(), _watched(Script(end=Fault.TOO_SHORT))))
    run(decoder, stops, never)
    assert (stops.fault, never.fault) == (Fault.TOO_SHORT, Fault.RUNAWAY)


@pytest.mark.parametrize(("at", "fault"), [(0, None), (9, Fault.REPEATS)], ids=["well", "faulty"])
def test_beams_are_looked_at_when_they_are_over(
    gpt: Gpt, voice: Tensor, golden: Golden, at: int, fault: Fault | None
) -> None:
    """Before that nobody knows which of them it will be."""
    decoder = Decoder(gpt, 3)
    watchdog = Script(at=at)
    track = decoder.admit(Task(voice, text(golden, 1), beams(), _watched(watchdog)))
    decoder.step()
    assert watchdog.seen == []
    run(decoder, track)
    codes = golden["t1_beam3_nokv_codes"].tolist()[:-1]
    assert watchdog.seen == codes[: at or None]
    assert track.fault is fault


def test_what_is_given_up_twice_is_given_up(gpt: Gpt, voice: Tensor, golden: Golden) -> None:
    """Also when it was done before."""
    decoder = Decoder(gpt, 2)
    one, two = (decoder.admit(Task(voice, text(golden, k), greedy(3))) for k in (0, 1))
    decoder.drop(one)
    decoder.drop(one)
    assert (one.done, two.done, decoder.free) == (True, False, 1)
    run(decoder, two)
    decoder.drop(two)
    assert decoder.free == 2
    assert list(decoder.step()) == []


def _watched(script: Script) -> Watchdog:
    watchdog: Any = script
    return watchdog  # type: ignore[no-any-return]
