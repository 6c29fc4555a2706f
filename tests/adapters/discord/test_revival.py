"""What a crash interrupted is delivered by the next start: once, in its order, and no more than is still wanted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import discord
import pytest
from structlog.testing import capture_logs

from bot.adapters.discord import revival
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.identity import reading_id
from bot.adapters.discord.mark import Heard, Noted, read
from bot.adapters.discord.revival import shards_of
from bot.adapters.discord.target import Target, Where
from bot.adapters.discord.voice import Outcome, Trouble
from bot.adapters.words import word
from bot.errors import StoreError
from bot.queue import Entry, Limits, State, to_json
from bot.queue.journal import ATTEMPTS
from bot.speech import PACKET_SECONDS, Request
from tests.adapters.discord.posting import CHANNEL, GUILD, HEARD, NOTE, Office, Row, at_work, commanded, request, rows
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord
from tests.doubles.engine import FakeEngine, Script

Work = Callable[..., AbstractAsyncContextManager[Office]]


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake
        assert fake.errors == []


@pytest.fixture
def work(fake: FakeDiscord, opened: Opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """A run of the process, and then another, over the same database; none waits for what is on the wire."""
    monkeypatch.setattr("bot.adapters.deliveries.GRACE", 0.0)
    monkeypatch.setattr(revival, "PUT_OFF", 0.0)
    return partial(at_work, fake, opened, tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> Callable[[], dict[str, Row]]:
    """What is on the disk."""
    return lambda: rows(tmp_path / "sayso.db")


async def settled(office: Office, *ids: str) -> None:
    """Wait until the journal is done with these."""
    await office.fake.until(lambda: all(office.row(id).state.finished for id in ids))


def dies_before_done(office: Office) -> None:
    """From here on nothing is written down of what is finished, as if the process died just then."""
    mark = office.speaker.store.journal.mark

    async def half(id: str, state: State, *, mark_: str | None = None, **how: Any) -> None:
        if state.finished:
            await asyncio.Event().wait()
        await mark(id, state, **how)

    office.speaker.store.journal.mark = half  # type: ignore[method-assign]


async def left(work: Work, asked: Request, target: Target, state: State, mark: str | None = None, **how: Any) -> None:
    """A journal as an earlier process left it."""
    async with work(**how) as office:
        asked = replace(asked, target=target.to_json(), deadline=asked.deadline or asked.at + 1000)
        data = to_json(asked)
        assert data is not None
        await office.speaker.store.journal.accept(Entry(asked.id, data, at=asked.at, expires=asked.deadline))
        if mark is not None:
            await office.speaker.store.journal.mark(asked.id, state, mark=mark)


# Notes


async def test_a_note_that_was_accepted_is_delivered_once(fake: FakeDiscord, work: Work, offline: FakeEngine) -> None:
    """The crash came before it was made."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    async with work() as office:
        parcel = await office.send()
    gate.set()
    for times in (1, 0):
        async with work() as office:
            assert await office.courier.resume() == times
            await settled(office, parcel.request.id)
    assert len(fake.notes(CHANNEL)) == 1


async def test_a_note_that_arrived_unnoticed_is_not_sent_again(fake: FakeDiscord, work: Work) -> None:
    """Sent again it is, in truth, and the nonce makes one of the two."""
    async with work() as office:
        dies_before_done(office)
        parcel = await office.send()
        await fake.until(fake.notes)
    async with work() as office:
        await office.courier.resume()
        await settled(office, parcel.request.id)
        [heard] = fake.notes(CHANNEL)
        assert office.row(parcel).mark == heard.message["id"]
        assert office.row(parcel).state is State.DONE


async def test_a_note_that_never_left_is_sent(fake: FakeDiscord, work: Work) -> None:
    """The crash came between writing SENDING and the wire."""
    async with work() as office:
        fault = fake.hold_next("POST", "/messages")
        parcel = await office.send()
        await fault.met.wait()
    assert fake.notes() == []
    async with work() as office:
        await office.courier.resume()
        await settled(office, parcel.request.id)
        # What hung in the network arrives after all.
        assert fault.gate is not None
        fault.gate.set()
        posts = [each for each in fake.requests if each.method == "POST" and each.path.endswith("/messages")]
        await fake.until(lambda: all(each.status for each in posts))
    assert len(posts) == 2
    assert len(fake.notes(CHANNEL)) == 1


@pytest.mark.parametrize("shown", [True, False], ids=["nonce-shown", "nonce-not-shown"])
async def test_after_the_nonce_is_forgotten_the_note_is_looked_for(
    fake: FakeDiscord, work: Work, offline: FakeEngine, shown: bool
) -> None:
    """Ten minutes later Discord would take it for a new one; it is found by nonce or by size, and not even made."""
    async with work() as office:
        dies_before_done(office)
        parcel = await office.send()
        await fake.until(fake.notes)
        await office.speaker.store.cache.drop(parcel.said.key or "")
    if not shown:
        fake.notes()[0].message.pop("nonce")
    fake.clock.advance(600)
    made = len(offline.asked)
    async with work(wall=lambda: time.time() + 600) as office:
        await office.courier.resume()
        await settled(office, parcel.request.id)
        assert office.row(parcel).mark == fake.notes()[0].message["id"]
    assert len(fake.notes()) == 1
    assert len(offline.asked) == made


async def test_one_note_does_not_answer_for_two(fake: FakeDiscord, work: Work) -> None:
    """Two people wanted the same words, and one note arrived: the other is sent."""
    async with work() as office:
        dies_before_done(office)
        first = await office.send()
        await fake.until(fake.notes)
        fault = fake.hold_next("POST", "/messages", times=9)
        second = await office.send(user="discord:7")
        await fault.met.wait()
    fault.times = fault.hits
    fake.notes()[0].message.pop("nonce")
    fake.clock.advance(600)
    async with work(wall=lambda: time.time() + 600) as office:
        await office.courier.resume()
        await settled(office, first.request.id, second.request.id)
    assert len(fake.notes()) == 2


@pytest.mark.parametrize("shown", [True, False], ids=["nonce-shown", "nonce-not-shown"])
async def test_a_note_that_was_delivered_to_another_does_not_answer_for_this(
    fake: FakeDiscord, work: Work, shown: bool
) -> None:
    """The same words, of the same size, at the same time: it has another nonce, and is another's in the journal."""
    async with work() as office:
        await office.delivered(user="discord:7")
    size = len(fake.notes()[0].data)
    if not shown:
        fake.notes()[0].message.pop("nonce")
    await left(work, asked := request(), NOTE, State.SENDING, str(Noted(time.time(), size)))
    fake.clock.advance(600)
    async with work(wall=lambda: time.time() + 600) as office:
        await office.courier.resume()
        await settled(office, asked.id)
    assert len(fake.notes()) == 2


async def test_an_earlier_note_of_the_same_words_is_another(fake: FakeDiscord, work: Work) -> None:
    """What was in the channel long before cannot be it."""
    async with work() as office:
        await office.delivered()
        fake.clock.advance(60)
        asked, size = request(), len(fake.notes()[0].data)
    await left(work, asked, NOTE, State.SENDING, str(Noted(time.time() + 60, size)))
    fake.clock.advance(600)
    async with work(wall=lambda: time.time() + 660) as office:
        await office.courier.resume()
        await settled(office, asked.id)
    assert len(fake.notes()) == 2


async def test_where_the_history_may_not_be_read_the_note_is_sent(fake: FakeDiscord, work: Work) -> None:
    """Rather twice than never; there is nothing to tell the two by."""
    await left(work, asked := request(), NOTE, State.SENDING, str(Noted(time.time() - 600, 1)))
    fake.deny("read_message_history", who=fake.bot, channel="6000")
    async with work() as office:
        await office.courier.resume()
        await settled(office, asked.id)
    assert len(fake.notes()) == 1


async def test_a_channel_that_may_not_be_seen_any_more_is_given_up(fake: FakeDiscord, work: Work) -> None:
    """Neither to look for the note nor to send it."""
    await left(work, asked := request(), NOTE, State.SENDING, str(Noted(time.time() - 600, 1)))
    fake.deny("view_channel", who=fake.bot, channel="6000")
    async with work() as office:
        await office.courier.resume()
        await settled(office, asked.id)
        assert office.row(asked.id).state is State.FAILED


async def test_what_expired_meanwhile_is_not_delivered(fake: FakeDiscord, work: Work) -> None:
    """Nobody waits for it any more; the message that shows its place in the line is told so, and loses its buttons."""
    message = await shown(fake)
    asked = request(deadline=time.time() - 1)
    await left(work, asked, replace(NOTE, response=int(message["id"])), State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: message["content"] == word("refusals.failure.expired", "en"))
        assert office.row(asked.id).state is State.EXPIRED
        assert await office.courier.resume() == 0
    assert message["components"] == []
    assert fake.notes() == []


async def test_what_went_through_an_interaction_is_not_sent_twice(fake: FakeDiscord, work: Work) -> None:
    """Where no nonce holds and nothing can be looked up, it is told that nobody knows."""
    async with work() as office:
        interaction = await (await commanded(fake, office.client))()
        response = await interaction.original_response()
    target = Target(Where.NOTE, CHANNEL, application=interaction.application_id, token=interaction.token)
    target = replace(target, response=response.id)
    await left(work, asked := request(), target, State.SENDING, str(Noted(time.time(), 1)))
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: fake.messages[str(response.id)]["content"] == word("delivery.unsure", "en"))
        assert office.row(asked.id).state is State.FAILED
    assert fake.notes() == []


async def test_what_has_not_left_goes_through_the_interaction_after_a_restart(fake: FakeDiscord, work: Work) -> None:
    """Its token was kept, and lives for a quarter of an hour."""
    async with work() as office:
        interaction = await (await commanded(fake, office.client))()
    target = Target(Where.NOTE, CHANNEL, application=interaction.application_id, token=interaction.token)
    await left(work, asked := request(), target, State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await settled(office, asked.id)
    assert len(fake.notes()) == 1
    assert not [each for each in fake.requests if each.method == "POST" and each.path.endswith("/messages")]


# In the voice channel


async def test_what_was_being_heard_goes_on_at_its_sentence(fake: FakeDiscord, work: Work) -> None:
    """And is then done with."""
    async with work() as office:
        parcel = await office.send(HEARD)
        item = office.rooms[GUILD].begin()
        assert item.progress is not None
        await item.progress(1.25)
    async with work() as office:
        assert await office.courier.resume() == 1
        await fake.until(lambda: GUILD in office.rooms.rooms)
        room = office.rooms[GUILD]
        assert room.items[0].start == 1.25
        room.hear()
        await settled(office, parcel.request.id)
        assert office.row(parcel).state is State.DONE


async def test_what_waited_is_heard_in_its_order(fake: FakeDiscord, work: Work) -> None:
    """From its beginning."""
    async with work() as office:
        parcels = [await office.send(HEARD, f"Text {number}.", at=1000.0 + number) for number in range(4)]
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: GUILD in office.rooms.rooms and len(office.rooms[GUILD].items) == 4)
        items = office.rooms[GUILD].items
        assert [item.said.request.id for item in items] == [parcel.request.id for parcel in parcels]
        assert [item.start for item in items] == [0.0] * 4


async def test_a_voice_channel_hears_the_rest_after_a_crash(fake: FakeDiscord, work: Work, offline: FakeEngine) -> None:
    """Real rooms and real packets: from the beginning of the sentence in which it broke off, and nothing else."""
    offline.scripts = (Script(pieces=4),)
    async with work(real=True) as office:
        parcel = await office.send(HEARD, "One sentence. Another sentence. The last sentence.")
        second = (await parcel.said.speech.clip()).spoken[1].start
        await fake.until(lambda: office.row(parcel).mark not in (None, str(Heard(0.0))))
        assert float(office.row(parcel).mark or 0) == pytest.approx(second, abs=PACKET_SECONDS)
    before, whole = len(fake.heard()), parcel.said.speech.seconds
    assert 0 < before * PACKET_SECONDS < whole - 0.2
    async with work(real=True) as office:
        assert await office.courier.resume() == 1
        await settled(office, parcel.request.id)
        assert office.row(parcel).state is State.DONE
    rest = (len(fake.heard()) - before) * PACKET_SECONDS
    assert rest == pytest.approx(whole - second, abs=0.25)


async def test_a_note_in_its_stead_stays_a_note(fake: FakeDiscord, work: Work) -> None:
    """The channel was lost and the note was leaving: it is not played after all."""
    async with work() as office:
        dies_before_done(office)
        parcel = await office.send(replace(HEARD, note_if_lost=True))
        room = office.rooms[GUILD]
        room.end(room.begin(), Outcome.LOST, Trouble.FULL)
        await fake.until(fake.notes)
    async with work() as office:
        await office.courier.resume()
        await settled(office, parcel.request.id)
        assert GUILD not in office.rooms.rooms
    assert len(fake.notes()) == 1


# Whose it is


async def test_each_process_takes_up_its_own_shards(fake: FakeDiscord, work: Work) -> None:
    """And what is outside of servers belongs to the first."""
    here, there = GUILD, (1 << 22) + 1
    direct = fake.direct()
    asked = [request(), request(guild=f"discord:{there}"), request(guild=f"discord:dm:{direct.id}")]
    targets = [NOTE, replace(NOTE, guild=there), Target(Where.NOTE, int(direct.id))]
    for each, target in zip(asked, targets, strict=True):
        await left(work, each, target, State.ACCEPTED)
    assert here >> 22 == 0
    async with work(client={"shard_id": 1, "shard_count": 2}) as office:
        assert await office.courier.resume() == 1
        await settled(office, asked[1].id)
        assert office.row(asked[0].id).state is State.ACCEPTED
    async with work(client={"shard_id": 0, "shard_count": 2}) as office:
        assert await office.courier.resume() == 2
        await settled(office, asked[0].id, asked[2].id)
    assert len(fake.notes(CHANNEL)) == len(fake.notes(direct)) == 1


def test_a_client_without_shards_has_all() -> None:
    """One with several has those."""
    plain = discord.Client(intents=discord.Intents.none())
    several = discord.AutoShardedClient(intents=discord.Intents.none(), shard_ids=[1, 2], shard_count=4)
    assert shards_of(plain) == (None, 1)
    assert shards_of(several)[1] == 4


async def test_another_adapters_requests_are_left_alone(work: Work) -> None:
    """Telegram's post is not ours."""
    async with work() as office:
        data = to_json(replace(request(id="tg"), target={"via": "telegram", "chat": 1}))
        assert data is not None
        await office.speaker.store.journal.accept(Entry("tg", data, at=1.0))
        assert await office.courier.resume() == 0
        assert office.row("tg").state is State.ACCEPTED


async def test_what_is_asked_for_since_the_start_is_not_taken_for_old(fake: FakeDiscord, work: Work) -> None:
    """Even if it is in the journal when that is read, or was delivered while it was."""
    await left(work, asked := request("The old one."), NOTE, State.ACCEPTED)
    async with work() as office:
        await office.delivered(text="Delivered already.")
        waiting = await office.send(HEARD, "Still to be heard.")
        assert await office.courier.resume() == 1
        await settled(office, asked.id)
        assert len(office.rooms[GUILD].items) == 1
        office.rooms[GUILD].hear()
        assert (await waiting.delivered()).delivered
    assert len(fake.notes()) == 2


async def test_what_is_delivered_while_the_journal_is_read_is_not_taken_for_old(
    fake: FakeDiscord, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was in the journal when that was read, and is no longer on its way when the reading is over."""
    async with work() as office:
        unfinished = office.speaker.unfinished

        async def slowly(*wanted: Any) -> Sequence[Any]:
            parcel = await office.send()
            found = await unfinished(*wanted)
            await parcel.delivered()
            return found

        monkeypatch.setattr(office.speaker, "unfinished", slowly)
        assert await office.courier.resume() == 0
    assert len(fake.notes()) == 1


# What stands in the way


async def test_a_server_that_was_left_is_given_up(fake: FakeDiscord, work: Work) -> None:
    """Nobody there can hear it."""
    await left(work, asked := request(guild="discord:404"), replace(NOTE, guild=404), State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await settled(office, asked.id)
        assert office.row(asked.id).state is State.FAILED
    assert fake.notes() == []


async def test_a_channel_that_is_gone_is_given_up(work: Work) -> None:
    """Whether it was about to be sent or not."""
    for mark in (None, str(Noted(time.time() - 600, 1))):
        await left(work, asked := request(), replace(NOTE, channel=404), State.SENDING, mark)
        async with work() as office:
            await office.courier.resume()
            await settled(office, asked.id)
            assert office.row(asked.id).state is State.FAILED


async def test_another_bots_requests_are_left_alone(fake: FakeDiscord, work: Work) -> None:
    """Several may run over one journal: what one is still making is not the other's to take up, nor to give up."""
    async with work() as office:
        parcel = await office.send(HEARD)
        assert parcel.target.application == int(fake.bot.id)
    await left(work, theirs := request(), replace(NOTE, application=404), State.ACCEPTED)
    async with work() as office:
        assert await office.courier.resume() == 1
        await fake.until(lambda: GUILD in office.rooms.rooms)
        assert office.row(theirs.id).state is State.ACCEPTED


@pytest.mark.parametrize("target", [{"via": "discord"}, {"via": "discord", "where": "phone", "channel": 1, "guild": 1}])
async def test_an_unreadable_target_is_left_to_who_can_read_it(work: Work, target: dict[str, object]) -> None:
    """Another version wrote it, which may be the newer one and running still."""
    async with work() as office:
        data = to_json(replace(request(id="odd"), target=target))
        assert data is not None
        await office.speaker.store.journal.accept(Entry("odd", data, at=1.0))
        assert await office.courier.resume() == 0
        assert office.row("odd").state is State.ACCEPTED


async def test_who_has_opted_out_meanwhile_is_not_spoken(fake: FakeDiscord, work: Work) -> None:
    """The refusal holds for what was accepted before."""
    await left(work, asked := request(), NOTE, State.ACCEPTED)
    async with work() as office:
        await office.speaker.store.preferences.set(asked.user, opted_out=True)
        await office.courier.resume()
        await settled(office, asked.id)
        assert office.row(asked.id).state is State.FAILED
    assert fake.notes() == []


async def test_a_full_queue_delays_what_is_old_and_does_not_lose_it(
    fake: FakeDiscord, work: Work, offline: FakeEngine
) -> None:
    """Bounds may have been lowered since."""
    gate = asyncio.Event()
    offline.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    asked = [request(f"Text {number}.") for number in range(3)]
    for each in asked:
        await left(work, each, NOTE, State.ACCEPTED)
    async with work(limits=Limits(per_user=1)) as office:
        assert await office.courier.resume() == 3
        await fake.until(lambda: offline.active)
        await asyncio.sleep(0.02)
        gate.set()
        await settled(office, *(each.id for each in asked))
    assert len(fake.notes()) == 3


async def test_one_servers_trouble_does_not_hold_another(fake: FakeDiscord, work: Work) -> None:
    """Nor does resuming itself wait for anything."""
    fault = fake.hold_next("GET", "/channels/6001/messages")
    other = request(guild="discord:dm:6001")
    await left(work, other, Target(Where.NOTE, 6001), State.SENDING, str(Noted(time.time() - 600, 1)))
    await left(work, asked := request(), NOTE, State.ACCEPTED)
    async with work() as office:
        assert await office.courier.resume() == 2
        await fault.met.wait()
        await settled(office, asked.id)
        assert not office.row(other.id).state.finished
        assert fault.gate is not None
        fault.gate.set()
        await settled(office, other.id)
    assert len(fake.notes()) == 1


async def test_a_discord_that_is_away_delays_the_looking(fake: FakeDiscord, work: Work) -> None:
    """And then it is looked for again."""
    await left(work, asked := request(), NOTE, State.SENDING, str(Noted(time.time() - 600, 1)))
    fault = fake.fail_next("GET", "/messages", reset=True, times=2)
    async with work() as office:
        await office.courier.resume()
        await settled(office, asked.id)
    assert fault.hits == 2
    assert len(fake.notes()) == 1


async def test_what_was_put_off_for_too_long_is_given_up(
    fake: FakeDiscord, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its deadline holds while Discord is away, too."""
    now = [time.time()]
    await left(work, asked := request(), NOTE, State.SENDING, str(Noted(now[0] - 600, 1)))
    fake.fail_next("GET", "/messages", reset=True, times=10_000)
    async with work(wall=lambda: now[0]) as office:
        await office.courier.resume()
        now[0] += 2000
        await settled(office, asked.id)
        assert office.row(asked.id).state is State.EXPIRED


async def test_a_surprise_in_one_entry_does_not_keep_the_others_back(
    fake: FakeDiscord, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays in the journal, which counts how often it was tried."""
    for number in range(3):
        await left(work, request(id=f"{number}", at=time.time() + number), NOTE, State.ACCEPTED)
    async with work() as office:
        accept = office.courier.accept

        async def breaks(asked: Request, *rest: Any, **how: Any) -> Any:
            if asked.id == "1":
                raise RuntimeError("secret")
            return await accept(asked, *rest, **how)

        monkeypatch.setattr(office.courier, "accept", breaks)
        with capture_logs() as logs:
            await office.courier.resume()
            await settled(office, "0", "2")
        assert "resuming_crashed" in [entry["event"] for entry in logs]
        assert "secret" not in str(logs)
        assert office.row("1").state is State.ACCEPTED


async def test_a_journal_that_cannot_be_read_just_now_is_read_later(
    fake: FakeDiscord, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is locked for a moment costs nobody what they were promised."""
    await left(work, request(), NOTE, State.ACCEPTED)
    async with work() as office:
        pending, tries = office.speaker.store.journal.pending, 0

        async def sometimes(*rest: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise StoreError("locked")
            return await pending(*rest)

        monkeypatch.setattr(office.speaker.store.journal, "pending", sometimes)
        with capture_logs() as logs:
            assert await office.courier.resume() == 1
        assert [entry["event"] for entry in logs] == ["resuming_put_off"] * 2
        await fake.until(fake.notes)


async def test_a_server_that_is_away_is_waited_for(fake: FakeDiscord, work: Work) -> None:
    """Discord's outage is none of the asker's: what was to be heard there is heard when it is back."""
    await left(work, asked := request(), HEARD, State.ACCEPTED)
    async with work() as office:
        await fake.remove_guild(unavailable=True)
        await fake.until(lambda: (guild := office.client.get_guild(GUILD)) is None or guild.unavailable)
        await office.courier.resume()
        await asyncio.sleep(0.02)
        assert GUILD not in office.rooms.rooms
        fake.restore_guild()
        await fake.until(lambda: GUILD in office.rooms.rooms)
        office.rooms[GUILD].hear()
        await settled(office, asked.id)
        assert office.row(asked.id).state is State.DONE


# Read aloud


async def test_what_was_deleted_meanwhile_is_not_read_aloud(fake: FakeDiscord, work: Work) -> None:
    """Whoever takes their words back has taken them back, also from a bot that was away."""
    messages = [await fake.say("Regretted."), await fake.say("Meant.")]
    for message in messages:
        asked = request(message["content"], id=reading_id(int(message["id"])))
        await left(work, asked, replace(HEARD, quiet=True), State.ACCEPTED)
    await fake.delete(messages[0])
    async with work() as office:
        await office.courier.resume()
        await settled(office, reading_id(int(messages[0]["id"])))
        assert office.row(reading_id(int(messages[0]["id"]))).state is State.CANCELLED
        await fake.until(lambda: GUILD in office.rooms.rooms)
        assert [item.said.request.text for item in office.rooms[GUILD].items] == ["Meant."]


async def test_what_cannot_be_looked_up_is_read_aloud(fake: FakeDiscord, work: Work) -> None:
    """Where the bot may not see the history nothing is known of deletions."""
    message = await fake.say("Meant.")
    asked = request(id=reading_id(int(message["id"])))
    await left(work, asked, replace(HEARD, quiet=True), State.ACCEPTED)
    fake.deny("read_message_history", who=fake.bot, channel="6000")
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: GUILD in office.rooms.rooms)


# The message with the buttons


async def shown(fake: FakeDiscord) -> dict[str, Any]:
    """A message of the bot's with a button that has no sense any more."""
    button = {"type": 2, "style": 2, "label": "Skip", "custom_id": "skip"}
    body = {"content": "Waiting …", "components": [{"type": 1, "components": [button]}]}
    return fake._messages.post(fake.bot, fake.world.channel("6000"), body)


async def test_the_message_with_the_buttons_is_brought_to_its_end(fake: FakeDiscord, work: Work) -> None:
    """By the bot's own right, for there is no token; and its buttons go."""
    message = await shown(fake)
    await left(work, request(), replace(NOTE, response=int(message["id"]), locale="zh-CN"), State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: message["content"] == word("delivery.done", "zh-CN"))
    assert message["components"] == []


async def test_the_message_tells_why_nothing_comes(fake: FakeDiscord, work: Work) -> None:
    """In the asker's language."""
    message = await shown(fake)
    fake.deny("send_voice_messages", "attach_files", who=fake.bot)
    await left(work, request(), replace(NOTE, response=int(message["id"]), locale="ja"), State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: "添付" in message["content"])


async def begun_too_often(work: Work, asked: Request) -> None:
    async with work() as office:
        await office.speaker.store.journal.count([asked.id], ATTEMPTS)


@pytest.mark.parametrize("mark", [None, str(Heard(1.0)), str(Noted(1.0, 1))])
async def test_what_ends_every_process_is_given_up_and_told(
    fake: FakeDiscord, work: Work, offline: FakeEngine, mark: str | None
) -> None:
    """Once, after five starts, where its buttons are; wherever it was going."""
    message = await shown(fake)
    target = replace(NOTE, response=int(message["id"]), locale="ru")
    await left(work, asked := request(), target, State.SENDING, mark)
    await begun_too_often(work, asked)
    async with work() as office:
        assert await office.courier.resume() == 1
        await fake.until(lambda: message["content"] == word("delivery.given_up", "ru"))
        assert office.row(asked.id).state is State.FAILED
        assert await office.courier.resume() == 0
    assert message["components"] == []
    assert fake.notes() == []
    assert not offline.asked


async def test_what_arrived_before_it_was_given_up_is_not_told_to_have_failed(fake: FakeDiscord, work: Work) -> None:
    """It is looked for, however lately it left."""
    message = await shown(fake)
    async with work() as office:
        dies_before_done(office)
        parcel = await office.send(target=replace(NOTE, response=int(message["id"])))
        await fake.until(fake.notes)
    await begun_too_often(work, parcel.request)
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: message["content"] == word("delivery.done", "en"))
    assert len(fake.notes(CHANNEL)) == 1


async def test_a_message_that_was_deleted_is_no_trouble(fake: FakeDiscord, work: Work) -> None:
    """The note is delivered all the same."""
    message = await shown(fake)
    await fake.delete(message)
    await left(work, asked := request(), replace(NOTE, response=int(message["id"])), State.ACCEPTED)
    async with work() as office:
        with capture_logs() as logs:
            await office.courier.resume()
            await settled(office, asked.id)
            await fake.until(lambda: "response_not_concluded" in [entry["event"] for entry in logs])
    assert len(fake.notes()) == 1


async def test_others_may_tell_people_what_becomes_of_it(fake: FakeDiscord, work: Work) -> None:
    """The commands have better words, and a button to hear it again."""
    message = await shown(fake)
    await left(work, asked := request(), replace(NOTE, response=int(message["id"])), State.ACCEPTED)
    told: list[Parcel] = []

    async def tell(parcel: Parcel) -> None:
        told.append(parcel)

    async with work() as office:
        office.courier.resumed = tell
        await office.courier.resume()
        await settled(office, asked.id)
    assert [parcel.request.id for parcel in told] == [asked.id]
    assert message["content"] == "Waiting …"


async def test_a_restart_during_the_restart_leaves_the_message_as_it_is(
    fake: FakeDiscord, work: Work, offline: FakeEngine
) -> None:
    """It is still on its way."""
    message = await shown(fake)
    offline.sleep = lambda _: asyncio.Event().wait()  # type: ignore[assignment,return-value]
    await left(work, asked := request(), replace(NOTE, response=int(message["id"])), State.ACCEPTED)
    async with work() as office:
        await office.courier.resume()
        await fake.until(lambda: offline.active)
    assert message["content"] == "Waiting …"
    assert not rows(office.database)[asked.id].state.finished


# Marks


@pytest.mark.parametrize("mark", [Heard(0.0), Heard(12.5), Noted(1_800_000_000.25, 12_345)])
def test_a_mark_is_read_as_it_was_written(mark: Heard | Noted) -> None:
    """To the millisecond."""
    assert read(str(mark)) == mark


@pytest.mark.parametrize("mark", [None, "", "note", "note x 1", "a b c d", "soon"])
def test_a_mark_of_another_version_says_nothing(mark: str | None) -> None:
    """It is then delivered from the beginning."""
    assert read(mark) is None
