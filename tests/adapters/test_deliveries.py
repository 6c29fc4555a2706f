"""What is on its way has a place until it is delivered, whatever becomes of it, and is put down in order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.adapters import deliveries
from bot.adapters.deliveries import Deliveries
from bot.errors import StoreError
from bot.queue import Limits
from bot.said import Said
from bot.speaker import Speaker
from bot.speech import Reason, Refusal, Request
from bot.wishes import EVERY_GUILD
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine


@dataclass(eq=False)
class Letter:
    """A parcel that only counts what is done with it."""

    request: Request
    said: Said
    leaving: bool = False
    remaining: float = 7.0
    cancelled: int = 0
    receipts: list[str] = field(default_factory=list)

    def cancel(self) -> None:
        self.cancelled += 1

    def settle(self, receipt: str) -> None:
        self.receipts.append(receipt)


@dataclass(slots=True)
class Post:
    """Takes letters; each is there when ``deliver`` says so: at first, when the ``gate`` is opened."""

    speaker: Speaker
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    deliver: Callable[[Letter], Awaitable[str]] | None = None
    deliveries: Deliveries[Letter, str] = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries(self.speaker, lambda letter: f"{letter.request.text} comes later")

    async def answer(self, text: Any = "Hello.", **how: Any) -> Letter | Refusal:
        """What comes of a request."""
        request = asked(text, **how)
        return await self.deliveries.admit(request, lambda: self.deliveries.accept(request, self.begun(request)))

    async def send(self, text: Any = "Hello.", **how: Any) -> Letter:
        """A letter that is on its way."""
        answer = await self.answer(text, **how)
        assert isinstance(answer, Letter), answer
        return answer

    async def refused(self, text: Any = "Hello.", **how: Any) -> Refusal:
        """A request that is refused."""
        answer = await self.answer(text, **how)
        assert isinstance(answer, Refusal)
        return answer

    async def emptied(self) -> None:
        """All are delivered that were on their way."""
        self.gate.set()
        await asyncio.wait(self.deliveries._tasks)

    async def journalled(self, letter: Letter) -> bool:
        """Whether the next process will find it."""
        return letter.request.id in [entry.id for entry in await self.speaker.store.journal.pending(time.time())]

    def begun(self, request: Request) -> Callable[[Said], Letter]:
        """What the speaker's promise becomes."""

        def begin(said: Said) -> Letter:
            letter = Letter(request, said)
            return self.deliveries.begin(letter, lambda: self._carried(letter))

        return begin

    async def _carried(self, letter: Letter) -> str:
        if self.deliver is not None:
            return await self.deliver(letter)
        await self.gate.wait()
        return f"{letter.request.text} is there"


def asked(text: Any = "Hello.", **how: Any) -> Request:
    """Somebody wants something said."""
    return replace(Request("chat:1", "person:1", text, target={"via": "post"}), **how)


@asynccontextmanager
async def at_work(opened: Opened, **how: Any) -> AsyncIterator[Post]:
    async with opened(**how) as speaker:
        post = Post(speaker)
        try:
            yield post
        finally:
            await post.deliveries.close()


@pytest.fixture
async def post(opened: Opened) -> AsyncIterator[Post]:
    async with at_work(opened) as post:
        yield post


# Places


async def test_a_letter_has_its_place_until_it_is_there(post: Post) -> None:
    """It is found by its request, and then nothing is left of it: no task, no place, no parcel."""
    letters = [await post.send(f"Letter {number}") for number in range(3)]
    assert list(post.deliveries) == letters
    assert len(post.deliveries) == 3
    assert post.deliveries.find(letters[1].request.id) is letters[1]
    await post.emptied()
    assert [letter.receipts for letter in letters] == [[f"Letter {number} is there"] for number in range(3)]
    assert post.deliveries.find(letters[1].request.id) is None
    assert list(post.deliveries) == []
    assert post.deliveries._crowd._bounds.total == 0


async def test_a_person_and_a_guild_have_so_many_places(opened: Opened) -> None:
    """Until it was heard, not only until it was made; who is refused is told when there is room again."""
    async with at_work(opened, limits=Limits(per_user=2, per_guild=3)) as post:
        first = await post.send("First.")
        await post.send("Second.")
        await first.said.speech.clip()
        refused = await post.refused()
        assert (refused.reason, refused.details["limit"], refused.retry_after) == (Reason.USER_QUEUE_FULL, 2, 7.0)
        await post.send(user="person:2")
        assert (await post.refused(user="person:3")).reason is Reason.GUILD_QUEUE_FULL
        await post.send(guild="chat:2")
        await post.emptied()
        await post.send("Fourth.")


async def test_ten_at_once_find_no_more_places_than_there_are(opened: Opened) -> None:
    """A place is taken before anything is waited for."""
    async with at_work(opened, limits=Limits(per_user=3)) as post:
        answers = await asyncio.gather(*(post.answer(f"Letter {number}.") for number in range(10)))
    assert sum(isinstance(answer, Letter) for answer in answers) == 3


async def test_the_same_request_is_taken_once(post: Post) -> None:
    """An event that a platform repeats is no second wish, as long as the first is on its way."""
    answers = await asyncio.gather(*(post.answer(id="one") for _ in range(3)))
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert [answer.details["cause"] for answer in refused] == ["repeated"] * 2
    await post.emptied()
    assert len(post.deliveries) == 0


async def test_bounds_of_a_guild_and_of_the_owner_hold(post: Post) -> None:
    """For a person and for a guild; the narrower of the two counts."""
    settings = post.speaker.store.settings
    await settings.set_guild("chat:1", per_user=1)
    await settings.set_guild(EVERY_GUILD, per_user=3, per_guild=2)
    # What is made already is not bounded before the engines.
    await (await post.send()).said.speech.clip()
    assert (await post.refused()).details["limit"] == 1
    await post.send(user="person:2")
    refused = await post.refused(user="person:3")
    assert (refused.reason, refused.details["limit"]) == (Reason.GUILD_QUEUE_FULL, 2)
    await post.send(guild="chat:2")
    await post.send(guild="chat:2")


async def test_bounds_that_are_changed_hold_at_once(post: Post) -> None:
    """Those of all guilds together, too."""
    await post.send()
    post.speaker.dispatcher.limits = Limits(total=1)
    assert (await post.refused(guild="chat:2")).reason is Reason.QUEUE_FULL


async def test_what_a_restart_brought_back_has_a_place_whatever_the_bounds(opened: Opened) -> None:
    """It was accepted already, and counts among what is on its way."""
    async with at_work(opened, limits=Limits(per_user=1)) as post:
        await (await post.send()).said.speech.clip()
        request = asked()  # which is made already, and so finds room before the engines, too
        assert isinstance(await post.deliveries.accept(request, post.begun(request)), Letter)
        assert len(post.deliveries) == 2


async def test_what_is_refused_takes_no_place(opened: Opened) -> None:
    """However often somebody tries; the speaker's word is handed on as it is."""
    async with at_work(opened, limits=Limits(per_user=1)) as post:
        for _ in range(3):
            assert (await post.refused("...")).reason is Reason.NOTHING_TO_SAY
        await post.send()


async def test_a_surprise_before_it_begins_keeps_no_place(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked may ask again, for ever."""

    def breaks(*_: object) -> Letter:
        raise RuntimeError("secret")

    async with at_work(opened, limits=Limits(per_user=1)) as post:
        with monkeypatch.context() as broken:
            broken.setattr(post.deliveries, "begin", breaks)
            with pytest.raises(RuntimeError):
                await post.send()
        await post.send()


@pytest.mark.parametrize(("room", "door"), [("journal", "accept"), ("settings", "guild")])
async def test_a_store_that_is_away_is_told_in_words(
    post: Post, monkeypatch: pytest.MonkeyPatch, room: str, door: str
) -> None:
    """Nothing is said that could not be written down, or of which nobody knows whether it may; later it can."""

    async def away(*_: object) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(getattr(post.speaker.store, room), door, away)
        refused = await post.refused()
    assert (refused.reason, refused.details["cause"]) == (Reason.INVALID, "store")
    assert list(post.deliveries) == []
    await post.send()


async def test_what_is_new_is_known_until_the_journal_was_read(post: Post) -> None:
    """What was asked for since the start is not what an earlier process left; what is refused is not in the journal."""
    first, second = await post.send(), await post.send("Another.")
    assert post.deliveries.new == {first.request.id, second.request.id}
    post.deliveries.new = None
    await post.send("One more.")
    assert post.deliveries.new is None


# On its way


async def test_a_crash_of_one_delivery_stays_in_it(post: Post) -> None:
    """It comes after the next start; it keeps no place, and the others arrive."""

    async def breaks(letter: Letter) -> str:
        if letter.request.text == "Broken":
            raise RuntimeError("secret")
        return "there"

    post.deliver = breaks
    broken, other = await post.send("Broken"), await post.send("Whole")
    await post.emptied()
    assert (broken.receipts, other.receipts) == (["Broken comes later"], ["there"])
    assert post.deliveries._crowd._bounds.total == 0


async def test_a_person_is_recalled_wherever_they_are_heard(post: Post) -> None:
    """In every guild, for themselves and in others' requests, and nobody else."""
    mine = [await post.send("One."), await post.send("Two.", guild="chat:2")]
    quoted = await post.send("Three.", user="person:2", author="person:1")
    other = await post.send("Four.", user="person:3", author="person:2")
    post.deliveries.recall("person:1")
    assert [letter.cancelled for letter in (*mine, quoted, other)] == [1, 1, 1, 0]


async def test_errands_are_done_beside_it(post: Post) -> None:
    """One that crashes is logged without its words, and takes nothing along."""
    done = asyncio.Event()

    async def breaks() -> None:
        raise RuntimeError("secret")

    async def works() -> None:
        done.set()

    with capture_logs() as logs:
        post.deliveries.spawn(breaks())
        post.deliveries.spawn(works())
        await done.wait()
    assert [entry["event"] for entry in logs] == ["courier_crashed"]
    assert "secret" not in str(logs)


# Closing


async def test_who_closes_takes_nothing_new(post: Post) -> None:
    """And says when to try again."""
    assert not post.deliveries.closing
    await post.deliveries.close()
    assert post.deliveries.closing
    assert (await post.refused()).reason is Reason.CLOSING
    assert post.deliveries.new == set()


async def test_a_house_that_closes_leaves_it_to_the_next_process(post: Post) -> None:
    """What the speaker breaks off is not given up, even if the post is closed after it; its refusals are handed on."""
    await post.speaker.close(0.0)
    assert post.deliveries.closing
    assert (await post.refused()).reason is Reason.CLOSING


async def test_what_is_not_delivered_comes_later(post: Post, offline: FakeEngine) -> None:
    """It is not made any further, keeps no place, and its asker is told; the journal has it still."""
    speaking, silent = asyncio.Event(), asyncio.Event()

    async def for_ever(_seconds: float) -> None:
        speaking.set()
        try:
            await asyncio.Event().wait()
        finally:
            silent.set()

    offline.sleep = for_ever
    letter = await post.send()
    await speaking.wait()
    await post.deliveries.close()
    assert letter.receipts == ["Hello. comes later"]
    assert await post.journalled(letter)
    await silent.wait()
    assert list(post.deliveries) == []


async def test_what_had_not_begun_comes_later(post: Post) -> None:
    """A task that is cancelled before its first step runs nothing of its own, and keeps no place nevertheless."""
    began: list[Letter] = []

    async def notes(letter: Letter) -> str:
        began.append(letter)
        return "there"

    post.deliver = notes
    request = asked()
    letters: list[Letter] = []

    def begin(said: Said) -> Letter:
        letters.append(post.begun(request)(said))
        for task in post.deliveries._tasks:
            task.cancel()
        return letters[0]

    await post.deliveries.accept(request, begin)
    await post.emptied()
    assert (began, letters[0].receipts) == ([], ["Hello. comes later"])
    assert post.deliveries._crowd._bounds.total == 0


async def test_what_is_leaving_has_a_moment_to_arrive(post: Post) -> None:
    """Each that is on the wire; what is not waits for none of it, and comes later."""

    async def carried(letter: Letter) -> str:
        letter.leaving = letter.request.text != "Three"
        await (post.gate if letter.leaving else asyncio.Event()).wait()
        for _ in range(9 if letter.request.text == "Two" else 0):
            await asyncio.sleep(0)
        return "there"

    post.deliver = carried
    one, two, waiting = [await post.send(text) for text in ("One", "Two", "Three")]
    closing = asyncio.create_task(post.deliveries.close())
    await asyncio.sleep(0)
    assert not closing.done()
    post.gate.set()
    await closing
    assert (one.receipts, two.receipts, waiting.receipts) == (["there"], ["there"], ["Three comes later"])


async def test_what_does_not_arrive_does_not_hold_the_house(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start sees to it."""
    monkeypatch.setattr(deliveries, "GRACE", 0.01)
    letter = await post.send()
    letter.leaving = True
    await post.deliveries.close()
    assert letter.receipts == ["Hello. comes later"]


async def test_what_is_accepted_while_it_closes_comes_later(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the journal already, and so is not refused; nothing is done for it in this process."""
    original = post.speaker.store.journal.accept

    async def slowly(entry: Any) -> None:
        await original(entry)
        await post.deliveries.close()

    monkeypatch.setattr(post.speaker.store.journal, "accept", slowly)
    letter = await post.send()
    assert letter.receipts == ["Hello. comes later"]
    assert (len(post.deliveries), list(post.deliveries), post.deliveries._crowd._bounds.total) == (0, [], 0)
    assert await post.journalled(letter)


async def test_errands_end_first(post: Post) -> None:
    """What they would still begin would be begun in vain."""
    ended: list[str] = []

    async def errand() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("errand")

    async def carried(letter: Letter) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("letter")
        return ""

    post.deliver = carried
    await post.send()
    post.deliveries.spawn(errand())
    await asyncio.sleep(0)
    await post.deliveries.close()
    assert ended == ["errand", "letter"]
