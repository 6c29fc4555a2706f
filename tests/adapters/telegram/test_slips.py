"""What the next process must find again."""

from __future__ import annotations

from bot.adapters.telegram.slips import KEPT_SECONDS, Slips, short
from bot.speaker import Speaker
from tests.conftest import Opened

NOW = 1_700_000_000.0


async def test_what_is_written_down_is_found_by_the_next_process(speaker: Speaker) -> None:
    """Of the same bot, under the same kind and name."""
    await Slips(speaker, 7, lambda: NOW).put("status", "abc", {"message": 5})
    next_one = Slips(speaker, 7, lambda: NOW + 60)
    assert (await next_one.get("status", "abc"))["message"] == 5
    assert not await next_one.get("again", "abc")
    assert not await Slips(speaker, 8, lambda: NOW).get("status", "abc")


async def test_what_is_dropped_is_gone(speaker: Speaker) -> None:
    """Also when it was not there."""
    slips = Slips(speaker, 7, lambda: NOW)
    await slips.put("status", "abc", {"message": 5})
    await slips.drop("status", "abc")
    await slips.drop("status", "abc")
    assert not await slips.get("status", "abc")


async def test_what_nobody_came_back_for_does_not_stay(speaker: Speaker) -> None:
    """The next process that writes something down throws it away; nothing of another bot's."""
    old, other = Slips(speaker, 7, lambda: NOW), Slips(speaker, 77, lambda: NOW)
    await old.put("status", "abc", {"message": 5})
    await other.put("status", "abc", {"message": 6})
    later = Slips(speaker, 7, lambda: NOW + KEPT_SECONDS + 1)
    assert not await later.get("status", "abc")
    await later.put("status", "new", {"message": 9})
    assert list(await speaker.store.keep.all("telegram:slip:")) == [
        "telegram:slip:77:status:abc",
        "telegram:slip:7:status:new",
    ]


async def test_a_store_that_is_away_costs_no_more_than_comfort(opened: Opened) -> None:
    """Nothing is found, and nothing is raised."""
    async with opened() as speaker:
        slips = Slips(speaker, 7, lambda: NOW)
    await slips.put("status", "abc", {"message": 5})
    await slips.drop("status", "abc")
    assert not await slips.get("status", "abc")


def test_no_chat_can_be_read_in_a_short_name() -> None:
    """The id of a private chat is its person's."""
    name = short("telegram-123456-42424242-7-0")
    assert len(name) == 16
    assert "42424242" not in name
    assert name != short("telegram-123456-42424242-8-0")
