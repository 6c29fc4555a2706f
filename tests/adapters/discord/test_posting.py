"""A note is posted once, however often Discord does not answer, and its asker is told what is known of it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.discord import posting
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.delivery import nonce_of
from bot.adapters.discord.leftovers import NONCE_SECONDS
from bot.adapters.discord.target import Target, Where
from bot.adapters.words import word
from bot.queue import State
from tests.adapters.discord.posting import CHANNEL, NOTE, Office, at_work, commanded, request
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord

MESSAGES = f"/channels/{CHANNEL}/messages"
UNSURE = word("delivery.unsure", "en")
UNREACHED = word("delivery.not_sent.unreached", "en")


class Wall:
    """Unix time that can be moved on, for us and for Discord."""

    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake
        self._ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self._ahead

    def advance_at(self, method: str, seconds: float) -> None:
        """So much goes by while Discord has the next such request."""

        def at(asked: str, path: str) -> None:
            if (asked, path.endswith(MESSAGES)) == (method, True):
                self._fake.faults.remove(at)
                self._ahead += seconds
                self._fake.clock.advance(seconds)

        self._fake.faults.append(at)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "PAUSES", (0.0,))


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake
        assert fake.errors == []


@pytest.fixture
def wall(fake: FakeDiscord) -> Wall:
    return Wall(fake)


@pytest.fixture
async def office(fake: FakeDiscord, opened: Opened, tmp_path: Path, wall: Wall) -> AsyncIterator[Office]:
    async with at_work(fake, opened, tmp_path, wall=wall) as office:
        yield office


def posts(fake: FakeDiscord) -> int:
    """How often a note was tried to be sent."""
    return sum(each.method == "POST" and each.path.endswith(MESSAGES) for each in fake.requests)


async def test_a_note_of_which_every_answer_is_lost_is_found(fake: FakeDiscord, office: Office) -> None:
    """Everybody sees it, so nobody is told that Discord did not take it."""
    fake.lose_next_response("POST", MESSAGES, times=99)
    parcel = await office.send()
    receipt = await parcel.delivered()
    assert [int(heard.message["id"]) for heard in fake.notes()] == [receipt.message]
    assert office.row(parcel).state is State.DONE
    assert posts(fake) == 1


@pytest.mark.parametrize("reset", [False, True])
async def test_a_row_of_failures_costs_time_only(fake: FakeDiscord, office: Office, reset: bool) -> None:
    """It was accepted, and is wanted for many minutes yet; there is one when it is over."""
    fault = fake.fail_next("POST", MESSAGES, 503, times=12, reset=reset)
    parcel = await office.send()
    assert (await parcel.delivered()).delivered
    assert fault.hits == 12
    assert [heard.message["nonce"] for heard in fake.notes()] == [nonce_of(parcel.request.id)]


async def test_what_discord_no_longer_remembers_is_looked_up_before_it_is_posted_again(
    fake: FakeDiscord, office: Office, wall: Wall
) -> None:
    """It has arrived, both answers are lost, and by now a repetition would be a second note."""
    fake.lose_next_response("POST", MESSAGES)
    silent = fake.fail_next("GET", MESSAGES, 503, times=3)
    wall.advance_at("GET", NONCE_SECONDS + 400)
    receipt = await office.delivered()
    assert [int(heard.message["id"]) for heard in fake.notes()] == [receipt.message]
    assert (posts(fake), silent.hits) == (1, 3)


async def test_what_is_seen_not_to_be_there_is_posted_however_late(
    fake: FakeDiscord, office: Office, wall: Wall
) -> None:
    """Discord was away for longer than it remembers."""
    fake.fail_next("POST", MESSAGES, 503)
    fake.fail_next("GET", MESSAGES, 503)
    wall.advance_at("GET", NONCE_SECONDS + 400)
    assert (await office.delivered()).delivered
    assert (posts(fake), len(fake.notes())) == (2, 1)


async def test_what_is_not_there_when_its_time_is_over_was_not_taken(
    fake: FakeDiscord, office: Office, wall: Wall
) -> None:
    """It can safely be asked for again."""
    wall.advance_at("POST", 3600)
    fake.fail_next("POST", MESSAGES, 503, times=99)
    parcel = await office.send()
    assert (await parcel.delivered()).why == UNREACHED
    assert office.row(parcel).state is State.FAILED


async def test_who_waits_for_what_nobody_can_see_is_told_so(fake: FakeDiscord, office: Office, wall: Wall) -> None:
    """It may be there: "Discord did not take it" would be a lie."""
    wall.advance_at("POST", 3600)
    fake.lose_next_response("POST", MESSAGES, times=99)
    fake.fail_next("GET", MESSAGES, 503, times=99)
    parcel = await office.send()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.why) == (False, UNSURE)
    assert office.row(parcel).state is State.FAILED


async def test_where_no_history_may_be_read_it_is_tried_while_discord_remembers(
    fake: FakeDiscord, office: Office, wall: Wall
) -> None:
    """And not for longer, for there is no way to find out."""
    fake.deny("read_message_history", who=fake.bot)
    guild = office.client.get_guild(5000)
    await fake.until(lambda: guild and not guild.me.guild_permissions.read_message_history)
    fake.lose_next_response("POST", MESSAGES, times=3)
    assert (await office.delivered()).delivered
    assert (posts(fake), len(fake.notes())) == (4, 1)
    wall.advance_at("POST", NONCE_SECONDS + 1)
    fake.lose_next_response("POST", MESSAGES, times=99)
    assert (await office.delivered(text="Another one.")).why == UNSURE


async def test_what_follows_an_interaction_is_not_repeated_and_its_asker_told(
    fake: FakeDiscord, office: Office
) -> None:
    """No nonce holds there, and nothing can be looked up."""
    interaction = await (await commanded(fake, office.client))()
    fake.lose_next_response("POST", interaction.token)
    interaction.guild_id = None
    parcel = await office.courier.send(request(), Target(Where.NOTE, CHANNEL), interaction)
    assert isinstance(parcel, Parcel)
    assert (await parcel.delivered()).why == UNSURE
    assert len(fake.notes()) == 1


async def test_a_house_that_closes_does_not_wait_for_discord(
    fake: FakeDiscord, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is being tried is left to the next start."""
    monkeypatch.setattr("bot.adapters.deliveries.GRACE", 0.01)
    monkeypatch.setattr(posting, "PAUSES", (0.0, 3600.0))
    fault = fake.fail_next("POST", MESSAGES, 503, times=99)
    parcel = await office.send(NOTE, deadline=time.time() + 7200)
    await fake.until(lambda: fault.hits == 2)
    await office.courier.close()
    assert (await parcel.delivered()).why == word("delivery.restarting", "en")
    assert office.row(parcel).state is State.SENDING
