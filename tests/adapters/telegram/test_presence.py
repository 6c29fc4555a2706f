"""What people see while they wait, over the unpatched library: soon, as long as anybody waits, and then no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
import telegram
from hypothesis import given
from hypothesis import strategies as st
from telegram.request import BaseRequest, RequestData

from bot.adapters.telegram.place import Place
from bot.adapters.telegram.presence import AT_ONCE, EVERY, FIRST, Presence
from tests.adapters.telegram.quick import Pauses
from tests.doubles.clock import now, run
from tests.doubles.telegram import FakeTelegram
from tests.doubles.telegram.client import a_bot


@dataclass(slots=True)
class Hall:
    """A presence at a loopback Telegram, whose pauses a test ends."""

    fake: FakeTelegram
    bot: telegram.Bot
    presence: Presence
    pauses: Pauses
    place: Place = field(init=False)

    def __post_init__(self) -> None:
        self.place = Place(self.fake.person("Ann").id)

    @property
    def shown(self) -> int:
        """How often it was shown anywhere."""
        return len(self.fake.of("sendChatAction"))

    async def asleep(self, times: int) -> None:
        """Until it was shown so often, and is waiting to be shown again."""
        await self.fake.until(lambda: self.shown == times and self.pauses.sleeping > 0)

    async def goes_on(self) -> None:
        """Until somebody waits for it to be shown, and has waited long enough."""
        await self.fake.until(lambda: self.pauses.sleeping > 0)
        self.pauses.end()

    async def again(self, times: int) -> None:
        """It is shown once more, which makes it so often."""
        await self.goes_on()
        await self.asleep(times)

    async def still(self) -> None:
        """Until whatever has something to do has done it."""
        await self.bot.get_me()
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def _modern(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library warns of each 429 unless it may give its times as they will be."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    async with FakeTelegram() as fake, a_bot(fake) as bot:
        pauses = Pauses()
        presence = Presence(bot, sleep=pauses)
        yield Hall(fake, bot, presence, pauses)
        await presence.close()
        assert fake.unknown == []
        assert [task.get_name() for task in asyncio.all_tasks() if "Presence" in repr(task)] == []


async def test_it_is_shown_soon_and_again_before_it_fades(hall: Hall) -> None:
    """Telegram shows it for five seconds; after four it is shown anew, for as long as somebody waits."""
    with hall.presence.recording(hall.place):
        await hall.again(1)
        assert hall.fake.of("sendChatAction")[0].params == {"chat_id": hall.place.chat, "action": "record_voice"}
        await hall.again(2)
        assert hall.pauses.asked == [FIRST, EVERY, EVERY]


async def test_what_comes_at_once_is_not_announced(hall: Hall) -> None:
    """A note from the cache is there before anybody would have seen it."""
    with hall.presence.recording(hall.place):
        await hall.fake.until(lambda: hall.pauses.asked == [FIRST])
    await hall.still()
    assert hall.pauses.sleeping == 0
    assert hall.shown == 0
    assert not hall.presence._shows


async def test_it_ends_with_the_last_who_waits(hall: Hall) -> None:
    """However many wait in a place, it is shown by one loop; when nobody does any more, never again."""
    first, second = hall.presence.recording(hall.place), hall.presence.recording(hall.place)
    with first:
        with second:
            await hall.again(1)
        await hall.again(2)
    hall.pauses.end()
    await hall.still()
    assert hall.shown == 2
    assert hall.pauses.sleeping == 0
    assert not hall.presence._shows


async def test_it_ends_when_what_was_waited_for_fails(hall: Hall) -> None:
    """An error in the block passes, and nothing is shown any more."""

    async def failing() -> None:
        with hall.presence.recording(hall.place):
            await hall.again(1)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await failing()
    hall.pauses.end()
    await hall.still()
    assert hall.shown == 1


async def test_topics_and_businesses_are_places_of_their_own(hall: Hall) -> None:
    """It is shown where it was asked for."""
    forum = hall.fake.group(forum=True, members=[])
    ann = hall.fake.person("Bo")
    topic = await ann.open_topic(forum, "Voices")
    business = await ann.connect()
    customer = hall.fake.person("Cy")
    await customer.say("hello", business=business)
    places = [Place(forum.id), Place(forum.id, topic.id), Place(customer.id, business=business.id)]
    with hall.presence.recording(places[0]), hall.presence.recording(places[1]), hall.presence.recording(places[2]):
        await hall.fake.until(lambda: hall.pauses.sleeping == 3)
        hall.pauses.end()
        await hall.fake.until(lambda: hall.shown == 3)
    shown = [call.params for call in hall.fake.of("sendChatAction")]
    keys = [(one["chat_id"], one.get("message_thread_id"), one.get("business_connection_id")) for one in shown]
    assert sorted(keys, key=str) == sorted(((p.chat, p.thread, p.business) for p in places), key=str)


async def test_nobody_waits_for_it(hall: Hall) -> None:
    """A Telegram that does not answer holds up neither who waits nor the end of the waiting."""
    hanging = hall.fake.faults.hang("sendChatAction")
    with hall.presence.recording(hall.place):
        await hall.goes_on()
        await hanging.met.wait()
    hanging.release()
    await hall.still()
    assert hall.shown == 1
    assert not hall.presence._shows


async def test_what_was_over_before_it_was_shown_is_not_shown(hall: Hall) -> None:
    """A block without a moment in it leaves no trace."""
    with hall.presence.recording(hall.place):
        pass
    await hall.still()
    assert hall.shown == 0
    assert not hall.presence._shows


async def test_who_begins_to_wait_while_it_ends_has_one_loop(hall: Hall) -> None:
    """What is on its way is not shown twice at a time."""
    hanging = hall.fake.faults.hang("sendChatAction")
    with hall.presence.recording(hall.place):
        await hall.goes_on()
        await hanging.met.wait()
    with hall.presence.recording(hall.place):
        await hall.still()
        assert hall.shown == 1
        hanging.release()
        await hall.asleep(1)
        await hall.again(2)


async def test_who_waits_again_sees_it_again(hall: Hall) -> None:
    """A place that was left begins anew."""
    for times in (1, 2, 3):
        with hall.presence.recording(hall.place):
            await hall.again(times)
        await hall.fake.until(lambda: hall.pauses.sleeping == 0)
    assert hall.pauses.asked == [FIRST, EVERY] * 3


@pytest.mark.parametrize(
    ("status", "description"),
    [(403, "Forbidden: bot was blocked by the user"), (400, "Bad Request: chat not found")],
)
async def test_where_it_may_not_be_shown_it_is_not_tried_again(hall: Hall, status: int, description: str) -> None:
    """Until the next time that somebody waits there."""
    hall.fake.faults.refuse("sendChatAction", status, description)
    with hall.presence.recording(hall.place):
        await hall.goes_on()
        await hall.fake.until(lambda: hall.shown == 1)
        await hall.still()
        with hall.presence.recording(hall.place):
            await hall.still()
    assert hall.pauses.asked == [FIRST]
    assert hall.shown == 1
    with hall.presence.recording(hall.place):
        await hall.again(2)


@pytest.mark.parametrize("fault", ["lose", "cut", "html"])
async def test_a_bad_connection_does_not_end_it(hall: Hall, fault: str) -> None:
    """It is shown again after the usual while."""
    getattr(hall.fake.faults, fault)("sendChatAction")
    with hall.presence.recording(hall.place):
        await hall.again(1)
        await hall.again(2)
    assert hall.pauses.asked == [FIRST, EVERY, EVERY]


async def test_what_is_shown_too_often_pauses(hall: Hall) -> None:
    """For as long as Telegram asks, and no shorter than usual."""
    hall.fake.faults.refuse("sendChatAction", 429, "Too Many Requests: retry after 30", retry_after=30)
    hall.fake.faults.refuse("sendChatAction", 429, "Too Many Requests: retry after 1", retry_after=1)
    with hall.presence.recording(hall.place):
        await hall.again(1)
        await hall.again(2)
    assert hall.pauses.asked == [FIRST, 30, EVERY]


async def test_when_it_closes_nothing_is_shown_any_more(hall: Hall) -> None:
    """What is on its way is broken off, and who waits then or later sees nothing."""
    hanging = hall.fake.faults.hang("sendChatAction")
    with hall.presence.recording(hall.place):
        await hall.goes_on()
        await hanging.met.wait()
        await hall.presence.close()
        with hall.presence.recording(Place(7)):
            await hall.still()
    hanging.release()
    assert hall.shown == 1


async def test_when_it_closes_at_once_nothing_was_begun(hall: Hall) -> None:
    """A loop that never had its first step leaves no coroutine behind."""
    with hall.presence.recording(hall.place):
        await hall.presence.close()
    await hall.still()
    assert hall.shown == 0


# -- where many wait, in virtual time


class Wire(BaseRequest):
    """A Telegram that takes its time for each call of the library's; in its time it says when which chat was shown."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.made: list[tuple[float, int]] = []
        self.running = self.most = 0

    @property
    def read_timeout(self) -> float:
        return 5.0

    async def initialize(self) -> None:
        """There is nothing to open."""

    async def shutdown(self) -> None:
        """Nor to close."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: object, **__: object
    ) -> tuple[int, bytes]:
        assert request_data is not None
        self.made.append((now(), int(str(request_data.parameters["chat_id"]))))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.seconds)
        self.running -= 1
        return 200, b'{"ok": true, "result": true}'


async def waiting(wire: Wire, places: int, seconds: float) -> None:
    """So many places in which somebody waits for so long, one begun after the other."""
    presence = Presence(telegram.Bot("1:a", request=wire, get_updates_request=wire))
    with ExitStack() as stack:
        for chat in range(places):
            stack.enter_context(presence.recording(Place(chat)))
            await asyncio.sleep(1e-5)
        await asyncio.sleep(seconds)
    await asyncio.sleep(wire.seconds)
    made = len(wire.made)
    await asyncio.sleep(60)
    assert len(wire.made) == made, "where nobody waits nothing is shown"
    assert not presence._shows
    await presence.close()


@given(st.integers(1, 60), st.floats(0.01, 2.0))
def test_it_is_shown_in_a_few_places_at_a_time(places: int, seconds: float) -> None:
    """However many wait and however slow Telegram is; who has waited for longest comes first."""
    wire = Wire(seconds)
    run(waiting(wire, places, FIRST + seconds * (places / AT_ONCE + 2)))
    assert wire.most == min(AT_ONCE, places)
    assert [chat for _, chat in wire.made[:places]] == list(range(places))


@pytest.mark.parametrize(("places", "each"), [(1, EVERY), (40, EVERY), (200, 20.0), (1000, 100.0)])
def test_where_many_wait_it_is_shown_less_often(places: int, each: float) -> None:
    """Ten times a second in all, when all have seen it once."""
    wire = Wire(0.02)
    run(waiting(wire, places, 3.5 * each))
    times = [at for at, chat in wire.made if chat == 0]
    assert [later - earlier for earlier, later in pairwise(times)] == pytest.approx([each + 0.02] * 3, rel=0.01)
    assert len(wire.made) <= 4 * places


def test_a_crowd_that_comes_and_goes_is_not_shown_at_all() -> None:
    """A thousand notes from the cache cost no call."""
    wire = Wire(0.02)
    run(waiting(wire, 1000, FIRST / 2))
    assert wire.made == []


def test_who_gives_up_waiting_for_room_takes_none() -> None:
    """Where all room is taken, one that is over before its turn is left out, and the next is shown in its place."""
    wire = Wire(10.0)

    async def main() -> None:
        presence = Presence(telegram.Bot("1:a", request=wire, get_updates_request=wire))
        with ExitStack() as stack:
            for chat in range(AT_ONCE):
                stack.enter_context(presence.recording(Place(chat)))
            await asyncio.sleep(1)
            with presence.recording(Place(100)):
                await asyncio.sleep(1)
                stack.enter_context(presence.recording(Place(101)))
                await asyncio.sleep(1)
            await asyncio.sleep(10)
        await presence.close()

    run(main())
    assert sorted(chat for _, chat in wire.made) == [*range(AT_ONCE), 101]
