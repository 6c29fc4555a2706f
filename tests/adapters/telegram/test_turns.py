"""The next turn goes to the urgent, and now and then to the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.telegram.lane import SPARE, Lane, Letter, Urgency
from bot.adapters.telegram.turns import SHARES, Turns

GROUP = -1001
ANSWER, NOTE, STATUS = Urgency


@dataclass
class Room:
    """Chats that wait for their turns, at a time that a test sets."""

    turns: Turns = field(default_factory=Turns)
    numbers: Iterator[int] = field(default_factory=count)

    def letter(self, urgency: Urgency, now: float = 0.0) -> Letter:
        return Letter(urgency, next(self.numbers), now + 60)

    def waits(self, urgency: Urgency, now: float = 0.0, lane: Lane | None = None) -> Lane:
        """A lane, a new one unless it is given, in which one more waits."""
        lane = lane or Lane(next(self.numbers) + 1)
        lane.enter(self.letter(urgency, now), now)
        self.turns.appoint(lane, now)
        return lane

    def taken(self, now: float = 0.0) -> Lane | None:
        """Who has had the next turn, which is over already."""
        lane = self.turns.take(now)
        if lane is not None:
            lane.begin()
            lane.end(now, made=True)
            self.turns.appoint(lane, now)
        return lane


def longest_gap(taken: Sequence[Urgency], urgency: Urgency) -> int:
    """How many turns others had at most between two of this one, as long as there were any."""
    last = len(taken) - 1 - taken[::-1].index(urgency)
    longest = gap = 0
    for one in taken[:last]:
        gap = 0 if one is urgency else gap + 1
        longest = max(longest, gap)
    return longest


async def test_the_urgent_have_their_turn_first() -> None:
    """Whoever was due before."""
    room = Room()
    news, note, answer = room.waits(STATUS), room.waits(NOTE), room.waits(ANSWER)
    assert [room.taken() for _ in range(4)] == [answer, note, news, None]


async def test_those_alike_go_in_the_order_in_which_they_were_due() -> None:
    """Also those that were due only later than they came."""
    room = Room()
    early = room.waits(NOTE)
    assert room.taken() is early
    room.waits(NOTE, 0.1, early)  # due a second after its first turn
    others = [room.waits(NOTE, 1.0), room.waits(NOTE, 1.02), room.waits(NOTE, 1.05)]
    assert [room.taken(2.0) for _ in range(4)] == [*others[:2], early, others[2]]


async def test_nobody_is_due_before_the_time() -> None:
    """And it is known when that is."""
    room = Room()
    lane = room.waits(NOTE)
    room.taken()
    room.waits(NOTE, 0.0, lane)
    assert room.turns.next() == lane.due() == 1.03
    assert room.taken(1.02) is None
    assert room.taken(1.03) is lane


@given(st.lists(st.sampled_from(Urgency), min_size=1, max_size=200))
async def test_no_kind_is_passed_over_more_often_than_its_share_allows(urgencies: list[Urgency]) -> None:
    """Of three turns one is a note's and of ten one is the news', at most one later where both are owed."""
    room = Room()
    kinds = {room.waits(urgency): urgency for urgency in urgencies}
    taken = [kinds[lane] for _ in urgencies if (lane := room.taken())]
    assert Counter(taken) == Counter(urgencies), "all have their turn"
    for urgency, share in SHARES.items():
        assert urgency not in taken or longest_gap(taken, urgency) <= share


@given(st.lists(st.sampled_from(Urgency), min_size=1, max_size=100))
async def test_within_a_kind_nobody_overtakes(urgencies: list[Urgency]) -> None:
    """However their turns are mixed with those of others."""
    room = Room()
    kinds = {room.waits(urgency): urgency for urgency in urgencies}
    taken = [lane for _ in urgencies if (lane := room.taken())]
    for urgency in Urgency:
        assert [lane for lane in taken if kinds[lane] is urgency] == [
            lane for lane, kind in kinds.items() if kind is urgency
        ]


async def test_a_chat_whose_first_turns_urgent_goes_with_the_urgent() -> None:
    """Behind those that were there; and it has one turn for it, not two."""
    room = Room()
    lane, other = room.waits(NOTE), room.waits(ANSWER)
    room.waits(ANSWER, 0.0, lane)
    assert [room.taken() for _ in range(3)] == [other, lane, None]
    assert room.taken(1.03) is lane


async def test_more_of_the_same_does_not_cost_the_place() -> None:
    """Nor does it gain one."""
    room = Room()
    first, second = room.waits(NOTE), room.waits(NOTE)
    room.waits(NOTE, 0.0, first)
    assert [room.taken() for _ in range(2)] == [first, second]


async def test_who_does_not_wait_any_more_has_no_turn() -> None:
    """Those behind have it; and who waits there besides is asked anew how urgent it is."""
    room = Room()
    gone, left, note = Lane(1), Lane(2), Lane(3)
    letters = [room.letter(ANSWER) for _ in range(2)]
    for lane, letter in zip((gone, left), letters, strict=True):
        lane.enter(letter, 0.0)
        room.turns.appoint(lane, 0.0)
    room.waits(NOTE, 0.0, note)
    room.waits(NOTE, 0.0, left)
    for letter in letters:
        letter.expire()
    assert [room.taken() for _ in range(3)] == [note, left, None]


async def test_what_a_group_keeps_for_the_urgent_is_not_taken_because_one_of_them_gave_up() -> None:
    """News that stood behind an answer waits for the group's minute when that answer is gone."""
    room, lane = Room(), Lane(GROUP)
    for number in range(20 - SPARE):
        room.waits(NOTE, number * 2.0, lane)
        assert room.taken(number * 2.0) is lane
    at = 40.0
    answer = room.letter(ANSWER, at)
    lane.enter(answer, at)
    room.waits(STATUS, at, lane)
    answer.expire()
    assert room.taken(at) is None
    assert room.turns.next() == 60.03
    assert room.taken(room.turns.next()) is lane


async def test_how_many_are_ahead_is_known() -> None:
    """A note waits for answers and notes that are due, not for news."""
    room = Room()
    for urgency in (ANSWER, NOTE, NOTE, STATUS):
        room.waits(urgency)
    assert [room.turns.ahead(urgency, 0.0) for urgency in Urgency] == [1, 3, 4]
