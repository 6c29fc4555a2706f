"""What leaves for Telegram leaves in its turn, and never faster than Telegram takes it."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from random import Random

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.adapters.telegram.post import CROWD, PAUSES, SLACK, Post, Superseded, Urgency
from bot.adapters.telegram.trouble import Late, Lost
from tests.doubles.clock import now, run

GROUP = -1001


@dataclass
class Server:
    """Telegram, as it counts: when each call of a chat reached it, somewhere between its beginning and its end."""

    seen: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    order: list[str] = field(default_factory=list)

    def call(
        self, chat: int, name: str = "", *, before: float = 0.0, after: float = 0.0
    ) -> Callable[[], Awaitable[str]]:
        """A call that is ``before`` seconds on its way to the server, and its answer ``after`` on its way back."""

        async def call() -> str:
            await asyncio.sleep(before)
            self.seen[chat].append(now())
            self.order.append(name)
            await asyncio.sleep(after)
            return name

        return call

    def all(self) -> list[float]:
        return sorted(at for times in self.seen.values() for at in times)


def handed_in(
    post: Post,
    server: Server,
    chat: int,
    name: str = "",
    *,
    before: float = 0.0,
    after: float = 0.0,
    urgency: Urgency = Urgency.NOTE,
    key: str | None = None,
) -> asyncio.Task[str]:
    """A call that somebody waits for in the background."""
    call = server.call(chat, name, before=before, after=after)
    return asyncio.create_task(post.send(chat, call, urgency, within=1e6, key=key))


def most_within(times: Sequence[float], seconds: float) -> int:
    """How many there are at most in any stretch of so many seconds."""
    times = sorted(times)
    return max((sum(1 for other in times if at <= other < at + seconds) for at in times), default=0)


def failing(*errors: Exception | None) -> tuple[Callable[[], Awaitable[str]], list[float]]:
    """A call that raises these one after the other, then succeeds; and when it was made."""
    left, made = list(errors), list[float]()

    async def call() -> str:
        made.append(now())
        if left and (error := left.pop(0)) is not None:
            raise error
        return "sent"

    return call, made


def unsent() -> NetworkError:
    """What the library raises where no connection came about."""
    error = NetworkError("httpx.ConnectError: ")
    error.__cause__ = httpx.ConnectError("refused")
    return error


def unknown() -> TimedOut:
    """What it raises where no answer came."""
    error = TimedOut()
    error.__cause__ = httpx.ReadTimeout("")
    return error


def too_fast(seconds: float) -> RetryAfter:
    return RetryAfter(timedelta(seconds=seconds))


@pytest.fixture(autouse=True)
def _modern(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library warns of each 429 unless it may give its times as they will be."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


# -- what is never exceeded

CALLS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3, -1, -2]),
        st.floats(0, 90),
        st.floats(0, 2),
        st.floats(0, 2),
        st.sampled_from(Urgency),
    ),
    max_size=80,
)


@given(CALLS)
def test_no_chat_is_written_to_faster_than_telegram_takes_it(
    calls: list[tuple[int, float, float, float, Urgency]],
) -> None:
    """However calls come and however long they take, the server sees one a second in a chat, 20 a minute in a group."""
    server = Server()

    async def main() -> None:
        post = Post(clock=now)

        async def one(chat: int, at: float, before: float, after: float, urgency: Urgency) -> None:
            await asyncio.sleep(at)
            await post.send(chat, server.call(chat, before=before, after=after), urgency, within=1e6)

        await asyncio.gather(*(one(*call) for call in calls))
        await post.close()

    run(main())
    assert sum(map(len, server.seen.values())) == len(calls), "all of them arrive"
    for chat, times in server.seen.items():
        assert most_within(times, 1.0) <= 1, chat
        assert chat > 0 or most_within(times, 60.0) <= 20, chat


@given(st.integers(31, 70), st.floats(0, 3), st.integers(0, 999))
def test_all_chats_together_are_not_faster_than_telegram_takes_it(chats: int, span: float, seed: int) -> None:
    """However many chats there are and however long their calls take, the server sees 30 a second."""
    server, random = Server(), Random(seed)

    async def main() -> None:
        post = Post(clock=now)

        async def one(chat: int) -> None:
            await asyncio.sleep(random.uniform(0, span))
            call = server.call(chat, before=random.expovariate(4), after=random.expovariate(4))
            await post.send(chat, call, within=1e6)

        await asyncio.gather(*(one(chat) for chat in range(1, chats + 1)))
        await post.close()

    run(main())
    assert len(server.all()) == chats
    assert most_within(server.all(), 1.0) <= 30


def test_thirty_that_are_under_way_hold_up_the_next() -> None:
    """Nobody knows when Telegram will count them, so the next one leaves a second after the first of them ended."""
    server = Server()

    async def main() -> None:
        post = Post(clock=now)
        slow = [handed_in(post, server, chat, before=5 + chat / 100) for chat in range(1, 31)]
        await asyncio.sleep(0)
        await post.send(31, server.call(31), within=1e6)
        assert now() == pytest.approx(5 + 0.01 + 1.03)
        await asyncio.gather(*slow)
        await post.close()

    run(main())


def test_a_full_group_goes_on_as_soon_as_a_minute_has_room() -> None:
    """Of 60 notes for a group the last leaves in the third minute: the limit is kept, and nothing is given away."""
    server = Server()

    async def main() -> float:
        post = Post(clock=now)
        await asyncio.gather(*(post.send(GROUP, server.call(GROUP), within=1e6) for _ in range(60)))
        await post.close()
        return now()

    assert 120 + 19 <= run(main()) < 120 + 22
    assert most_within(server.seen[GROUP], 60.0) == 20


def test_the_whole_comes_near_what_telegram_takes() -> None:
    """200 chats with 3 notes each, answered in 50 ms, are served at nearly 30 a second."""
    server = Server()

    async def main() -> float:
        post = Post(clock=now)
        chats = [chat for chat in range(1, 201) for _ in range(3)]
        await asyncio.gather(*(post.send(chat, server.call(chat, before=0.05), within=1e6) for chat in chats))
        await post.close()
        return now()

    assert 27 < 600 / run(main()) < 30
    assert most_within(server.all(), 1.0) == 30


# -- who goes first


def test_a_quiet_chat_does_not_wait_at_all() -> None:
    """The first call in a chat is made before anything else has its turn."""

    async def main() -> None:
        post = Post(clock=now)
        made: list[str] = []

        async def call() -> None:
            made.append("call")

        asyncio.get_running_loop().call_soon(made.append, "the next in the loop")
        await post.send(1, call)
        await asyncio.sleep(0)
        assert made == ["call", "the next in the loop"]

    run(main())


@given(st.lists(st.sampled_from(Urgency), min_size=1, max_size=25))
def test_what_is_urgent_goes_first_and_what_is_alike_in_order(urgencies: list[Urgency]) -> None:
    """Within a chat an answer goes before a note and a note before news of how it goes; each kind keeps its order."""
    server = Server()

    async def main() -> None:
        post = Post(clock=now)
        first = handed_in(post, server, 1, "first", before=0.5)
        await asyncio.sleep(0.1)
        names = [f"{urgency:d} {number:02}" for number, urgency in enumerate(urgencies)]
        sending = zip(names, urgencies, strict=True)
        await asyncio.gather(first, *(post.send(1, server.call(1, name), u, within=1e6) for name, u in sending))
        await post.close()
        assert server.order == ["first", *sorted(names)]

    run(main())


def test_a_chat_with_much_to_say_does_not_delay_another() -> None:
    """Where 40 chats with 50 notes each use up all there is, a new one has its first note within two seconds."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        noisy = [handed_in(post, server, chat) for chat in range(1, 41) for _ in range(50)]
        await asyncio.sleep(10.5)
        began = now()
        await post.send(99, server.call(99))
        assert now() - began < 2.0
        for task in noisy:
            task.cancel()
        await post.close()

    run(main())


def test_nobody_starves_where_all_have_much_to_say() -> None:
    """60 chats that all want more than there is get turns alike."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        tasks = [handed_in(post, server, chat) for chat in range(1, 61) for _ in range(30)]
        await asyncio.sleep(20)
        turns = [len(server.seen[chat]) for chat in range(1, 61)]
        assert max(turns) - min(turns) <= 1
        assert min(turns) >= 9
        for task in tasks:
            task.cancel()
        await post.close()

    run(main())


def test_new_chats_do_not_push_back_old_ones() -> None:
    """While more new chats come than there are turns, one that was there before still has its own, in its order."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        notes = [handed_in(post, server, 1, str(number)) for number in range(3)]
        new = []
        for chat in range(2, 402):
            new.append(handed_in(post, server, chat))
            await asyncio.sleep(0.025)
        assert notes[2].done()
        for task in new:
            task.cancel()
        await post.close()

    run(main())


def test_who_asks_for_more_does_not_lose_the_place() -> None:
    """A chat that waits for its turn among many has it when it is due, whatever is handed in there meanwhile."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        others = [handed_in(post, server, chat) for chat in range(1, 121) for _ in range(3)]
        first, more = handed_in(post, server, 999), []
        for _ in range(60):
            await asyncio.sleep(0.1)
            more.append(handed_in(post, server, 999))
        assert first.done()
        for task in (*others, *more):
            task.cancel()
        await post.close()

    run(main())


def test_how_it_goes_does_not_use_up_what_a_group_may_be_sent() -> None:
    """After a minute of nothing but news in a group, a note leaves at once."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        news = [handed_in(post, server, GROUP, urgency=Urgency.STATUS) for _ in range(40)]
        await asyncio.sleep(50)
        assert len(server.seen[GROUP]) == 15
        began = now()
        await post.send(GROUP, server.call(GROUP))
        assert now() == began
        for task in news:
            task.cancel()
        await post.close()

    run(main())


@given(st.integers(31, 300), st.floats(0.0, 5.0), st.sampled_from([Urgency.NOTE, Urgency.STATUS]))
def test_an_answer_does_not_wait_for_what_waits_elsewhere(chats: int, at: float, urgency: Urgency) -> None:
    """However many other chats have a note or news waiting, a chat's answer leaves as soon as anything may."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        others = [handed_in(post, server, chat, before=0.05, urgency=urgency) for chat in range(1, chats + 1)]
        await asyncio.sleep(at)
        await post.send(999, server.call(999), Urgency.ANSWER)
        assert now() - at < 1.1, "a second, where thirty have just left"
        await asyncio.gather(*others)
        await post.close()

    run(main())


@pytest.mark.parametrize(("pressers", "notes", "news"), [(60, 40, 1), (60, 1, 12), (200, 40, 12)])
def test_however_many_answers_there_are_the_others_have_their_share(pressers: int, notes: int, news: int) -> None:
    """Of what all together may be sent, notes get a third and news a tenth while they wait; answers get the rest."""
    server, begin, rate = Server(), 3.0, 29

    async def main() -> None:
        post = Post(clock=now)

        async def presses(chat: int) -> None:
            while True:
                await post.send(chat, server.call(chat, before=0.02), Urgency.ANSWER, within=1e6)

        floods = [asyncio.create_task(presses(chat)) for chat in range(1, pressers + 1)]
        await asyncio.sleep(begin)
        some = [handed_in(post, server, 1000 + number) for number in range(notes)]
        more = [handed_in(post, server, 2000 + number, urgency=Urgency.STATUS) for number in range(news)]
        await asyncio.wait_for(asyncio.gather(*some, *more), 60)
        for task in floods:
            task.cancel()
        await post.close()

    run(main())
    ends = {kind: max(times[0] for chat, times in server.seen.items() if chat // 1000 == kind) for kind in (1, 2)}
    assert ends[1] - begin < 1.1 + notes * 3.5 / rate
    assert ends[2] - begin < 1.1 + news * 10.5 / rate
    answers = sum(len(times) for chat, times in server.seen.items() if chat < 1000)
    assert answers > len(server.all()) / 2
    assert most_within(server.all(), 1.0) <= 30


@pytest.mark.parametrize(("chat", "seconds"), [(1, 27 * 1.03), (GROUP, 121.0)])
def test_who_presses_buttons_without_end_does_not_hold_up_a_note_for_ever(chat: int, seconds: float) -> None:
    """Answers go first, but after 25 of them in a row it is a note's turn; the next one waits as long."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        presses = [handed_in(post, server, chat, "answer", urgency=Urgency.ANSWER) for _ in range(200)]
        notes = [handed_in(post, server, chat, f"note {number}") for number in range(2)]
        await notes[0]
        assert now() < seconds
        await notes[1]
        assert [number for number, name in enumerate(server.order) if name != "answer"] == [26, 52], (
            "the first was alone"
        )
        assert server.order[52] == "note 1"
        for task in presses:
            task.cancel()
        await post.close()

    run(main())


def test_a_slow_call_holds_up_its_own_chat_only() -> None:
    """While one chat's upload takes ten seconds, others are written to, and the next of its own waits."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        slow = handed_in(post, server, 1, "slow", before=10)
        await asyncio.sleep(1)
        next_one = handed_in(post, server, 1, "next")
        await post.send(2, server.call(2, "other"))
        assert now() == 1
        await asyncio.gather(slow, next_one)
        assert server.order == ["other", "slow", "next"]
        assert now() >= 11
        await post.close()

    run(main())


# -- what goes wrong


def test_a_chat_that_was_too_fast_waits_and_no_other() -> None:
    """After a 429 the call is made again when Telegram allows it, and the other chats go on."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(too_fast(7))
        sending = asyncio.create_task(post.send(1, call))
        await asyncio.sleep(0.5)
        other, others = failing()
        await post.send(2, other)
        assert others == [0.5]
        assert await sending == "sent"
        assert made == [0, pytest.approx(7 + SLACK)]
        await post.close()

    run(main())


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")
def test_a_429_is_read_as_the_library_gave_it_until_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time may be a number as well."""
    monkeypatch.setenv("PTB_TIMEDELTA", "0")

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(RetryAfter(3))
        await post.send(1, call)
        assert made == [0, pytest.approx(3 + SLACK)]
        await post.close()

    run(main())


def test_two_chats_that_were_too_fast_mean_all_together_were() -> None:
    """After 429s in two chats within a moment, a third waits as well: for the shorter of their times."""

    async def main() -> None:
        post = Post(clock=now)
        first, _ = failing(too_fast(9))
        second, _ = failing(too_fast(5))
        sending = [asyncio.create_task(post.send(1, first)), asyncio.create_task(post.send(2, second))]
        await asyncio.sleep(0.5)
        third, made = failing()
        await post.send(3, third)
        assert made == [pytest.approx(5 + SLACK)]
        await asyncio.gather(*sending)
        await post.close()

    run(main())


def test_two_chats_that_were_too_fast_at_different_times_are_two_chats() -> None:
    """After 429s that are far apart a third chat does not wait."""

    async def main() -> None:
        post = Post(clock=now)
        first, _ = failing(too_fast(20))
        second, _ = failing(too_fast(20))
        sending = [asyncio.create_task(post.send(1, first))]
        await asyncio.sleep(10)
        sending.append(asyncio.create_task(post.send(2, second)))
        await asyncio.sleep(1)
        third, made = failing()
        await post.send(3, third)
        assert made == [11]
        await asyncio.gather(*sending)
        await post.close()

    run(main())


def test_a_chat_that_is_too_fast_twice_is_one_chat() -> None:
    """However often one chat is too fast, the others go on."""

    async def main() -> None:
        post = Post(clock=now)
        first, made = failing(too_fast(0.5), too_fast(30))
        sending = asyncio.create_task(post.send(1, first))
        await asyncio.sleep(2)
        assert len(made) == 2
        other, others = failing()
        await post.send(2, other)
        assert others == [2]
        await sending
        await post.close()

    run(main())


def test_a_429_for_longer_than_there_is_time_is_told_at_once() -> None:
    """Whoever could not be sent in time anyway is not kept waiting."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(too_fast(120))
        with pytest.raises(RetryAfter):
            await post.send(1, call, within=60)
        assert now() == 0
        assert made == [0]
        await post.close()

    run(main())


def test_what_found_no_connection_is_tried_again_until_its_time_is_over() -> None:
    """After one, three, ten, thirty and again thirty seconds; then the last error is raised."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(*(unsent() for _ in range(20)))
        with pytest.raises(NetworkError, match="ConnectError"):
            await post.send(1, call, within=100)
        pauses = [later - earlier for earlier, later in pairwise(made)]
        wanted = [max(pause, 1.03) for pause in (*PAUSES, 30.0)]
        assert pauses == pytest.approx(wanted, abs=0.01)
        await post.close()

    run(main())


@pytest.mark.parametrize("answer", [None, BadRequest("Chat not found")])
def test_who_waits_for_a_connection_goes_on_as_soon_as_there_is_one(answer: Exception | None) -> None:
    """When another chat's call reaches Telegram, whatever that answers, the pause is over."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(*(unsent() for _ in range(4)))
        sending = asyncio.create_task(post.send(1, call, within=600))
        await asyncio.sleep(20)
        assert len(made) == 4
        other, _ = failing(answer)
        await asyncio.gather(post.send(2, other), return_exceptions=True)
        await asyncio.sleep(0)
        assert len(made) == 5
        await sending
        assert now() == 20
        await post.close()

    run(main())


def test_order_is_kept_over_repetitions() -> None:
    """What came later in a chat does not overtake what is tried again."""

    async def main() -> None:
        post, made = Post(clock=now), list[str]()
        errors = [unsent(), too_fast(2)]

        async def first() -> None:
            if errors:
                raise errors.pop(0)
            made.append("first")

        async def second() -> None:
            made.append("second")

        await asyncio.gather(post.send(1, first), post.send(1, second))
        assert made == ["first", "second"]
        await post.close()

    run(main())


def test_what_may_have_arrived_is_not_sent_again() -> None:
    """Where no answer came, nobody knows; Telegram would show it twice."""

    async def main() -> None:
        post = Post(clock=now)
        for error in (unknown(), NetworkError("Bad Gateway (502). Parsing the server response failed"), Lost("?")):
            call, made = failing(error)
            with pytest.raises(Lost):
                await post.send(1, call)
            assert len(made) == 1
        await post.close()

    run(main())


def test_what_adds_nothing_is_made_again_although_it_may_have_arrived() -> None:
    """An edit that is made twice is made."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing(unknown(), unknown())
        assert await post.send(1, call, again=True) == "sent"
        assert len(made) == 3
        await post.close()

    run(main())


def test_a_refusal_is_told_and_holds_up_nobody() -> None:
    """Telegram's no is raised as it is; the chat's next call has its turn."""

    async def main() -> None:
        post = Post(clock=now)
        call, _ = failing(BadRequest("Chat not found"))
        with pytest.raises(BadRequest):
            await post.send(1, call)
        other, made = failing()
        await post.send(1, other)
        assert made == [pytest.approx(1.03)]
        await post.close()

    run(main())


def test_what_is_refused_may_be_sent_in_another_way() -> None:
    """The call is made again in its place, before what came later, if it says that it knows another way."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        call, made = failing(BadRequest("Wrong file identifier"))
        refused: list[TelegramError] = []

        def otherwise(error: TelegramError) -> bool:
            refused.append(error)
            return True

        sending = asyncio.create_task(post.send(1, call, otherwise=otherwise))
        later = handed_in(post, server, 1)
        await asyncio.gather(sending, later)
        assert len(refused) == 1
        assert made == [0, pytest.approx(1.03)]
        assert server.seen[1] == [pytest.approx(2.06)]
        await post.close()

    run(main())


def test_a_surprise_passes_and_frees_the_chat() -> None:
    """What is no error of Telegram's is raised, and the chat goes on."""

    async def main() -> None:
        post = Post(clock=now)
        call, _ = failing(ValueError("?"))
        with pytest.raises(ValueError, match="\\?"):
            await post.send(1, call)
        other, _ = failing()
        assert await post.send(1, other) == "sent"
        await post.close()

    run(main())


# -- who does not want to wait any longer


def test_who_never_had_a_turn_is_told_when_time_is_over() -> None:
    """A call whose time is over before its turn is not made: TimedOut, then and not later."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        slow = handed_in(post, server, 1, before=100)
        await asyncio.sleep(0)
        call, made = failing()
        with pytest.raises(TimedOut):
            await post.send(1, call, within=5)
        assert now() == pytest.approx(5, abs=0.01)
        await slow
        await asyncio.sleep(5)
        assert made == []
        await post.close()

    run(main())


def test_who_waits_for_another_try_in_vain_is_told_what_went_wrong() -> None:
    """A call that could not be sent, and then had no other turn in time, raises why it could not be."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        call, _ = failing(unsent())
        sending = asyncio.create_task(post.send(1, call, within=10))
        await asyncio.sleep(0.5)
        answer = handed_in(post, server, 1, before=30, urgency=Urgency.ANSWER)
        with pytest.raises(NetworkError, match="ConnectError"):
            await sending
        assert now() == pytest.approx(10, abs=0.01)
        await answer
        await post.close()

    run(main())


def test_those_who_gave_up_take_nothing_from_the_others() -> None:
    """After 50 calls were cancelled while they waited, 30 chats can still be written to at once."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        await asyncio.gather(*(post.send(chat, server.call(chat)) for chat in range(1, 31)))
        dropped = [handed_in(post, server, chat) for chat in range(1, 51)]
        await asyncio.sleep(0)
        for task in dropped:
            task.cancel()
        await asyncio.sleep(5)
        await asyncio.gather(*(post.send(chat, server.call(chat)) for chat in range(101, 131)))
        assert now() == 5
        await post.close()

    run(main())


def test_what_comes_too_late_is_not_made() -> None:
    """A call whose time is over when it is handed in is not made, though it could be."""

    async def main() -> None:
        post = Post(clock=now)
        call, made = failing()
        with pytest.raises(Late):
            await post.send(1, call, within=-0.1)
        await post.send(1, call, within=0)
        assert made == [0]
        await post.close()

    run(main())


def test_who_gives_up_waiting_frees_the_place() -> None:
    """A cancelled caller's call is not made, and the next one's is, as if the other had never come."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        await post.send(1, server.call(1, "first"))
        dropped = handed_in(post, server, 1, "dropped")
        await asyncio.sleep(0.5)
        dropped.cancel()
        await post.send(1, server.call(1, "last"))
        assert server.order == ["first", "last"]
        assert now() == pytest.approx(1.03)
        assert dropped.cancelled()
        await post.close()

    run(main())


def test_who_gives_up_in_the_moment_of_the_turn_frees_it() -> None:
    """A caller that is cancelled when it was given the turn but does not know it yet does not keep it."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        call, made = failing(unsent(), unsent())
        dropped = asyncio.create_task(post.send(1, call))
        await asyncio.sleep(3)
        await post.send(2, server.call(2, "the connection is back"))  # so the other has its turn in this moment
        dropped.cancel()
        await post.send(1, server.call(1, "next"))
        assert (made, dropped.cancelled()) == ([0, pytest.approx(1.03)], True)
        assert server.seen[1] == [3]
        await post.close()

    run(main())


def test_a_call_that_is_broken_off_counts_as_made() -> None:
    """Cancelling the caller cancels its call; the server may have seen it, so the next one keeps its distance."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        sending = handed_in(post, server, 1, "broken", after=10)
        await asyncio.sleep(3)
        sending.cancel()
        await post.send(1, server.call(1, "next"))
        assert server.seen[1] == [0, pytest.approx(4.03)]
        await post.close()

    run(main())


def test_news_is_replaced_by_newer_news() -> None:
    """What waits under a key gives way to a newer call under it, which takes its place; other keys are left alone."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        await post.send(1, server.call(1, "first"))
        old = handed_in(post, server, 1, "old", urgency=Urgency.STATUS, key="a")
        other = handed_in(post, server, 1, "other", urgency=Urgency.STATUS, key="b")
        await asyncio.sleep(0.1)
        new = handed_in(post, server, 1, "new", urgency=Urgency.STATUS, key="a")
        with pytest.raises(Superseded):
            await old
        await asyncio.gather(new, other)
        assert server.order == ["first", "new", "other"]
        await post.close()

    run(main())


def test_a_chat_that_is_gone_is_cleared() -> None:
    """Whoever waits there is told so; other chats go on."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        for chat in (1, 2):
            await post.send(chat, server.call(chat))
        waiting = [handed_in(post, server, chat) for chat in (1, 1, 2)]
        await asyncio.sleep(0)
        post.drop(1)
        post.drop(77)
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(end) for end in ends] == [Forbidden, Forbidden, str]
        assert len(server.seen[1]) == 1
        await post.close()

    run(main())


def test_when_it_closes_nothing_leaves_any_more() -> None:
    """Who waits is cancelled, what is under way ends by itself, and what comes afterwards is cancelled too."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        running = handed_in(post, server, 1, "running", before=1)
        waiting = handed_in(post, server, 1, "waiting")
        call, made = failing(unsent())
        repeating = asyncio.create_task(post.send(2, call))
        await asyncio.sleep(0.1)
        await post.close()
        assert await running == "running"
        for task in (waiting, repeating):
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(asyncio.CancelledError):
            await post.send(3, server.call(3, "late"))
        assert server.order == ["running"]
        assert len(made) == 1
        assert len(asyncio.all_tasks()) == 1, "nothing is left running"

    run(main())


# -- what is told and kept


def test_it_tells_how_long_a_note_would_wait() -> None:
    """Nothing in a quiet chat; a second for each that is ahead; a group's minute once that is used up."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        assert post.wait(1) == 0
        await post.send(1, server.call(1))
        waiting = [handed_in(post, server, 1) for _ in range(3)]
        news = handed_in(post, server, 1, urgency=Urgency.STATUS)
        await asyncio.sleep(0)
        assert post.wait(1) == pytest.approx(4 * 1.03)
        assert post.wait(2) == 0
        await asyncio.gather(*waiting, news)
        for _ in range(20):
            await post.send(GROUP, server.call(GROUP), within=1e6)
        assert post.wait(GROUP) == pytest.approx(60.03 - 19 * 1.03)
        await post.close()

    run(main())


def test_it_tells_when_there_is_a_crowd() -> None:
    """When half of what Telegram takes is in use there is no room for what nobody needs; a second later there is."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        for chat in range(1, 16):
            assert not post.crowded()
            await post.send(chat, server.call(chat))
        assert post.crowded()
        await asyncio.sleep(1.1)
        assert not post.crowded()
        slow = [handed_in(post, server, chat, before=60) for chat in range(1, 16)]
        await asyncio.sleep(30)
        assert post.crowded(), "it is not known when these count"
        await asyncio.gather(*slow)
        await post.close()

    run(main())


def test_one_chat_with_much_to_say_is_no_crowd() -> None:
    """What waits for its own chat's second takes nothing from the others."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        notes = [handed_in(post, server, 1) for _ in range(100)]
        await asyncio.sleep(5)
        assert not post.crowded()
        for task in notes:
            task.cancel()
        await post.close()

    run(main())


@given(st.integers(0, 40))
def test_what_it_tells_is_how_long_it_takes(ahead: int) -> None:
    """A note in a group leaves when it was said to leave, where nobody else comes and answers take no time."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        waiting = [handed_in(post, server, GROUP) for _ in range(ahead)]
        await asyncio.sleep(0)
        told = post.wait(GROUP)
        await post.send(GROUP, server.call(GROUP), within=1e6)
        assert now() == pytest.approx(told, abs=0.01)
        await asyncio.gather(*waiting)
        await post.close()

    run(main())


def test_one_that_waits_can_be_asked_for() -> None:
    """How many are ahead of it, the one that is under way among them, and how long it takes."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        assert (post.ahead(1), post.ahead(1, "b")) == (0, 0)
        slow = handed_in(post, server, 1, before=10)
        waiting = [handed_in(post, server, 1, key=key) for key in "abc"]
        pressed = handed_in(post, server, 1, urgency=Urgency.ANSWER)
        await asyncio.sleep(9)
        assert [post.ahead(1, key) for key in (*"abc", "another", None)] == [2, 3, 4, 5, 5]
        assert [post.wait(1, key) for key in "abc"] == [pytest.approx(n * 1.03) for n in (2, 3, 4)]
        assert post.wait(1, "another") == post.wait(1) == pytest.approx(5 * 1.03)
        assert post.ahead(2) == 0
        await asyncio.gather(slow, *waiting, pressed)
        await post.close()

    run(main())


def test_what_has_left_is_let_go() -> None:
    """Also where a chat that Telegram holds up has others waited for, for a long time."""

    class Note:
        async def call(self) -> None:
            await asyncio.sleep(0)

        def otherwise(self, _: TelegramError) -> bool:
            return False

    async def main() -> None:
        post, notes = Post(clock=now), weakref.WeakSet[Note]()
        held = asyncio.create_task(post.send(2, failing(too_fast(1e5))[0], within=2e5))
        await asyncio.sleep(1)

        async def sent() -> None:
            note = Note()
            notes.add(note)
            await post.send(1, note.call, within=1e5, otherwise=note.otherwise)

        waiting = asyncio.create_task(post.send(2, failing()[0], within=5e4))
        for _ in range(2 * CROWD):
            await asyncio.gather(sent(), sent())
        gc.collect()
        assert not notes
        assert len(post._deadlines) <= CROWD
        for task in (held, waiting):
            task.cancel()
        await asyncio.wait([held, waiting])
        await post.close()

    run(main())


def test_chats_that_are_quiet_are_forgotten() -> None:
    """After many chats over many days only the last ones are remembered."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        for chat in range(1, 5_001):
            await post.send(-chat, server.call(-chat))
            await asyncio.sleep(5)
        assert len(post._lanes) < 2_500
        assert len(post._turns._calendar) + len(post._deadlines) < 50
        await post.close()

    run(main())


def test_it_tells_how_long_the_others_keep_a_note_waiting() -> None:
    """Where 90 chats wait for their first note, a new one learns that it takes some seconds, and so it does."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        others = [handed_in(post, server, chat) for chat in range(1, 91)]
        await asyncio.sleep(0)
        told = post.wait(999)
        await post.send(999, server.call(999))
        assert now() == pytest.approx(told, abs=1.1)
        assert told > 2
        await asyncio.gather(*others)
        await post.close()

    run(main())


def test_what_is_not_quiet_yet_is_not_forgotten() -> None:
    """However many others come in between, a group's minute is kept, and whoever waits in it is not lost."""

    async def main() -> None:
        post, server = Post(clock=now), Server()
        full, crowded = GROUP, GROUP - 1
        notes = [handed_in(post, server, group) for group in (full, crowded) for _ in range(20)]
        one_more = handed_in(post, server, crowded)
        await asyncio.sleep(23)
        await asyncio.gather(*(post.send(chat, server.call(chat), within=1e6) for chat in range(1, 1_051)))
        assert now() < 60
        await asyncio.gather(*notes, one_more, handed_in(post, server, full))
        for group in (full, crowded):
            assert len(server.seen[group]) == 21
            assert most_within(server.seen[group], 60.0) == 20
        await post.close()

    run(main())
