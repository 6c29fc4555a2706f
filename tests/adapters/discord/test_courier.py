"""Requests are accepted, made and delivered once, and people are told what became of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.adapters.discord import posting
from bot.adapters.discord.courier import Parcel
from bot.adapters.discord.delivery import nonce_of
from bot.adapters.discord.target import Target, Where, target_of
from bot.adapters.discord.voice import Outcome, Trouble, Wait
from bot.adapters.words import word
from bot.config import DiscordSettings, SpeakSettings
from bot.errors import EngineUnavailable, StoreError
from bot.queue import Limits, State
from bot.speech import PACKET_SECONDS, Reason
from tests.adapters.discord.posting import CHANNEL, GUILD, HEARD, NOTE, VOICE, Office, at_work, commanded, request
from tests.conftest import Opened
from tests.doubles.discord import FakeDiscord, Kind
from tests.doubles.engine import FakeEngine, Script

FULL = word("voice.trouble.full", "en", channel=f"<#{VOICE}>")
GONE = word("voice.trouble.gone", "en", channel=f"<#{VOICE}>")


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake
        assert fake.errors == []


@pytest.fixture
async def office(fake: FakeDiscord, opened: Opened, tmp_path: Path) -> AsyncIterator[Office]:
    async with at_work(fake, opened, tmp_path) as office:
        yield office


def held(engine: FakeEngine) -> asyncio.Event:
    """The engine speaks on when this is set."""
    gate = asyncio.Event()
    engine.sleep = lambda _: gate.wait()  # type: ignore[assignment,return-value]
    return gate


async def words(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


# Notes


async def test_a_request_becomes_a_note(fake: FakeDiscord, office: Office) -> None:
    """It is in the channel, its receipt names the message, and the journal is done with it."""
    parcel = await office.send()
    receipt = await parcel.delivered()
    [heard] = fake.notes(CHANNEL)
    assert receipt.delivered
    assert receipt.message == int(heard.message["id"])
    assert (receipt.why, receipt.note) == ("", "")
    assert heard.data == (await parcel.said.speech.clip()).ogg
    assert heard.message["nonce"] == nonce_of(parcel.request.id)
    row = office.row(parcel)
    assert (row.state, row.mark) == (State.DONE, str(receipt.message))


async def test_it_is_journalled_with_its_target_before_it_is_acknowledged(office: Office, offline: FakeEngine) -> None:
    """What send has returned a crash cannot take away; how long it is wanted depends on where it goes."""
    held(offline)
    for target, seconds in ((NOTE, 840.0), (HEARD, 300.0)):
        parcel = await office.send(target)
        row = office.row(parcel)
        assert row.state is State.ACCEPTED
        assert row.expires == pytest.approx(time.time() + seconds, abs=5)
        assert target_of(parcel.request.target) == replace(target, application=office.client.application_id)


async def test_a_deadline_of_ones_own_stays(office: Office, offline: FakeEngine) -> None:
    """Chat read aloud is soon stale."""
    held(offline)
    deadline = time.time() + 60
    assert office.row(await office.send(HEARD, deadline=deadline)).expires == deadline


async def test_what_is_refused_is_not_journalled(office: Office) -> None:
    """The refusal is handed on as it is."""
    assert (await office.refused(text="...")).reason is Reason.NOTHING_TO_SAY
    assert not office.courier.parcels(f"discord:{GUILD}")
    with pytest.raises(KeyError):
        office.row("anything")


async def test_two_servers_are_served_at_once(fake: FakeDiscord, office: Office) -> None:
    """Each in its own channel."""
    other = fake.add_guild("Other")
    text = other.first(Kind.TEXT)
    there = Target(Where.NOTE, int(text.id), int(other.id))
    await fake.until(lambda: office.client.get_guild(int(other.id)))
    both = [await office.send(), await office.send(there, guild=f"discord:{other.id}")]
    assert all([(await parcel.delivered()).delivered for parcel in both])
    assert len(fake.notes(CHANNEL)) == len(fake.notes(text)) == 1


async def test_a_note_answers_the_message_that_it_speaks(fake: FakeDiscord, office: Office) -> None:
    """As a reply."""
    asked = await fake.say("Read me.")
    await office.delivered(replace(NOTE, reply_to=int(asked["id"])))
    assert fake.notes(CHANNEL)[0].message["message_reference"]["message_id"] == asked["id"]


async def test_a_note_goes_into_direct_messages(fake: FakeDiscord, office: Office) -> None:
    """Where there is no server."""
    direct = fake.direct()
    target = Target(Where.NOTE, int(direct.id))
    assert (await office.delivered(target, guild=f"discord:dm:{direct.id}")).delivered
    assert len(fake.notes(direct)) == 1


async def test_a_lost_answer_makes_no_second_note(fake: FakeDiscord, office: Office) -> None:
    """The receipt names the one that there is."""
    fake.lose_next_response("POST", "/messages")
    receipt = await office.delivered()
    assert [int(heard.message["id"]) for heard in fake.notes()] == [receipt.message]


async def test_where_notes_are_forbidden_the_receipt_says_why_it_is_a_file(fake: FakeDiscord, office: Office) -> None:
    """With what an administrator can do about it, in the asker's language."""
    fake.deny("send_voice_messages", who=fake.bot)
    receipt = await office.delivered(replace(NOTE, locale="ja"))
    assert receipt.delivered
    assert "ファイル" in receipt.note
    assert fake.messages[str(receipt.message)]["attachments"]


@pytest.mark.parametrize(("locale", "named"), [("en-GB", "Attach Files"), ("zh-TW", "附加文件"), ("ja", "添付")])
async def test_where_nothing_may_be_sent_the_asker_is_told_what_is_missing(
    fake: FakeDiscord, office: Office, locale: str, named: str
) -> None:
    """And the journal does not try it again."""
    fake.deny("send_voice_messages", "attach_files", who=fake.bot)
    parcel = await office.send(replace(NOTE, locale=locale))
    receipt = await parcel.delivered()
    assert not receipt.delivered
    assert named in receipt.why
    assert office.row(parcel).state is State.FAILED


@pytest.mark.parametrize(
    ("status", "code", "named"),
    [
        (403, 50001, "cannot see"),
        (403, 50007, "directly"),
        (404, 10003, "not there any more"),
        (413, 40005, "too long"),
        (400, 50083, "thread"),
        (400, 99999, "99999"),
    ],
)
async def test_each_no_of_discords_has_its_own_answer(
    fake: FakeDiscord, office: Office, status: int, code: int, named: str
) -> None:
    """With what to do instead."""
    fake.fail_next("POST", "/messages", status, code, times=9)
    assert named in (await office.delivered()).why


async def test_what_is_too_long_for_one_message_is_told_with_the_limit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's, which it may have paid for."""
    guild = office.client.get_guild(GUILD)
    monkeypatch.setattr(type(guild), "filesize_limit", 100)
    assert "Split" in (await office.delivered()).why


async def test_an_engine_that_is_down_is_told_in_words(office: Office, offline: FakeEngine) -> None:
    """In the asker's language, and nothing is sent."""
    offline.scripts = (Script(0, error=EngineUnavailable("offline", "down")),)
    parcel = await office.send(replace(NOTE, locale="zh-CN"))
    receipt = await parcel.delivered()
    assert not receipt.delivered
    assert "offline" in receipt.why
    assert "引擎" in receipt.why
    assert office.row(parcel).state is State.FAILED


async def test_who_spoke_instead_is_told(office: Office, edge: FakeEngine) -> None:
    """A fallback is no secret."""
    edge.scripts = (Script(0, error=EngineUnavailable("edge", "down")),)
    receipt = await office.delivered(engine="edge")
    assert receipt.delivered
    assert receipt.note == "edge could not say this, so offline spoke instead."


async def test_a_stream_that_was_cut_is_told(fake: FakeDiscord, opened: Opened, tmp_path: Path) -> None:
    """An LLM that writes without end is heard to the limit."""
    async with at_work(fake, opened, tmp_path, speak=SpeakSettings(max_chars=20)) as office:
        receipt = await office.delivered(text=words("One sentence. ", "And another one. ", "And more."))
    assert receipt.delivered
    assert "cut" in receipt.note


async def test_a_note_that_is_taken_back_is_not_made_any_further(
    fake: FakeDiscord, office: Office, offline: FakeEngine
) -> None:
    """Nor sent, nor brought back by a restart."""
    held(offline)
    parcel = await office.send()
    await fake.until(lambda: offline.active)
    parcel.cancel()
    parcel.cancel()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back) == (False, True)
    await fake.until(lambda: not offline.active)
    assert fake.notes() == []
    assert office.row(parcel).state is State.CANCELLED


async def test_what_is_made_already_can_be_taken_back_before_it_leaves(fake: FakeDiscord, office: Office) -> None:
    """It comes from the cache, and somebody is quick."""
    await office.delivered()
    parcel = await office.send()
    assert parcel.said.cached
    parcel.cancel()
    assert (await parcel.delivered()).taken_back
    assert len(fake.notes()) == 1


async def test_who_takes_back_what_another_wants_too_takes_only_their_own(
    fake: FakeDiscord, office: Office, offline: FakeEngine
) -> None:
    """The same words at the same time are made once, for whoever is left."""
    gate, deadline = held(offline), time.time() + 60
    mine, theirs = await office.send(deadline=deadline), await office.send(user="discord:7", deadline=deadline)
    assert theirs.said.shared
    mine.cancel()
    assert (await mine.delivered()).taken_back
    gate.set()
    assert (await theirs.delivered()).delivered
    assert len(fake.notes()) == 1


async def test_a_note_that_is_leaving_cannot_be_taken_back(fake: FakeDiscord, office: Office) -> None:
    """Whether it arrived nobody could say."""
    fault = fake.hold_next("POST", "/messages")
    parcel = await office.send()
    await fault.met.wait()
    parcel.cancel()
    assert fault.gate is not None
    fault.gate.set()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back) == (True, False)


async def test_where_the_bot_is_no_member_the_interaction_is_the_way(fake: FakeDiscord, office: Office) -> None:
    """A user-installed app: its token is kept in the target, and no channel is written to."""
    use = await commanded(fake, office.client)
    interaction = await use()
    interaction.guild_id = None  # as between two people; its context is not that of the bot's own direct messages
    parcel = await office.courier.send(request(), Target(Where.NOTE, CHANNEL), interaction)
    assert isinstance(parcel, Parcel)
    receipt = await parcel.delivered()
    assert [int(heard.message["id"]) for heard in fake.notes()] == [receipt.message]
    assert (parcel.target.application, parcel.target.token) == (interaction.application_id, interaction.token)
    assert not [r for r in fake.requests if r.path.endswith("/messages")]


async def test_in_a_server_of_its_own_the_bot_needs_no_token(fake: FakeDiscord, office: Office) -> None:
    """A secret that is not needed is not written down."""
    interaction = await (await commanded(fake, office.client))()
    parcel = await office.courier.send(request(), NOTE, interaction)
    assert isinstance(parcel, Parcel)
    assert parcel.target.token is None
    assert (await parcel.delivered()).delivered


async def test_a_surprise_in_one_delivery_stays_in_it(
    fake: FakeDiscord, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is answered in words, logged without any, and the next is delivered."""

    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(posting, "send_note", breaks)
        parcel = await office.send()
        receipt = await parcel.delivered()
    assert not receipt.delivered
    assert "administrator" in receipt.why
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["delivery_crashed"]
    assert "secret" not in str(logs)
    assert "secret" not in str(logs)
    assert office.row(parcel).state is State.FAILED
    assert (await office.delivered()).delivered


async def test_a_note_that_cannot_be_noted_down_is_not_sent(
    fake: FakeDiscord, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a crash nobody would know of it; the asker is told."""

    async def full(*_: object, **__: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(office.speaker.store.journal, "mark", full)
    receipt = await office.delivered()
    assert "notes" in receipt.why
    assert fake.notes() == []


# In the voice channel


async def test_what_is_heard_is_delivered(office: Office) -> None:
    """Each sentence that begins is written down, so that a restart goes on there."""
    parcel = await office.send(HEARD)
    room = office.rooms[GUILD]
    item = room.items[0]
    assert (item.channel, item.user, item.said) == (VOICE, 2000, parcel.said)
    room.begin()
    await office.fake.until(lambda: office.row(parcel).mark == "0.000")
    assert item.progress is not None
    await item.progress(1.5)
    assert (office.row(parcel).state, office.row(parcel).mark) == (State.SENDING, "1.500")
    await item.progress(0.5)
    assert office.row(parcel).mark == "1.500"
    room.end(item, Outcome.HEARD)
    assert (await parcel.delivered()).delivered
    assert office.row(parcel).state is State.DONE
    assert office.fake.notes() == []


async def test_people_hear_it_in_the_voice_channel(fake: FakeDiscord, opened: Opened, tmp_path: Path) -> None:
    """Real rooms and real packets; it is delivered when the last was sent."""
    async with at_work(fake, opened, tmp_path, real=True) as office:
        parcel = await office.send(HEARD)
        assert (await parcel.delivered()).delivered
        seconds = len(fake.heard()) * PACKET_SECONDS
        assert seconds == pytest.approx(parcel.said.speech.seconds, abs=0.1)
        assert parcel.item is not None
        assert parcel.item.begun.is_set()


async def test_what_is_taken_back_is_not_heard_to_its_end(
    fake: FakeDiscord, opened: Opened, tmp_path: Path, offline: FakeEngine
) -> None:
    """Real rooms: the one that plays stops, and the next begins."""
    offline.scripts = (Script(pieces=30),)
    async with at_work(fake, opened, tmp_path, real=True) as office:
        long, short = await office.send(HEARD, "A long one."), await office.send(HEARD, "Another long one.")
        await fake.until(fake.heard)
        assert short.wait is not None
        long.cancel()
        assert (await long.delivered()).taken_back
        short.cancel()
        assert (await short.delivered()).taken_back
    assert len(fake.heard()) * PACKET_SECONDS < 2.0


async def test_what_was_skipped_is_over(office: Office) -> None:
    """And told so; nobody hears it after a restart."""
    parcel = await office.send(replace(HEARD, locale="ja"))
    office.rooms[GUILD].skip()
    receipt = await parcel.delivered()
    assert (receipt.delivered, receipt.taken_back, receipt.why) == (False, False, "スキップされました。")
    assert office.row(parcel).state is State.CANCELLED


async def test_what_is_taken_back_leaves_its_room(office: Office, offline: FakeEngine) -> None:
    """And is not made any further."""
    held(offline)
    parcel = await office.send(HEARD)
    parcel.cancel()
    assert (await parcel.delivered()).taken_back
    assert office.rooms[GUILD].items == []
    await office.fake.until(lambda: not offline.active)


async def test_what_waited_too_long_is_not_heard(office: Office) -> None:
    """It is told, and the journal has it as expired."""
    parcel = await office.send(HEARD)
    room = office.rooms[GUILD]
    room.end(room.items[0], Outcome.EXPIRED)
    assert "too long" in (await parcel.delivered()).why
    assert office.row(parcel).state is State.EXPIRED


async def test_what_cannot_be_made_cannot_be_heard(office: Office, offline: FakeEngine) -> None:
    """The engine's reason is told."""
    offline.scripts = (Script(1, error=EngineUnavailable("offline", "down")),)
    parcel = await office.send(HEARD)
    await office.fake.until(lambda: parcel.said.speech.done)
    room = office.rooms[GUILD]
    room.end(room.begin(), Outcome.FAILED)
    assert "offline" in (await parcel.delivered()).why
    assert office.row(parcel).state is State.FAILED


async def test_a_channel_that_cannot_be_reached_is_told(office: Office) -> None:
    """With what stands in the way."""
    parcel = await office.send(HEARD)
    room = office.rooms[GUILD]
    room.end(room.items[0], Outcome.LOST, Trouble.FULL)
    receipt = await parcel.delivered()
    assert not receipt.delivered
    assert receipt.why == FULL
    assert office.fake.notes() == []
    assert office.row(parcel).state is State.FAILED


async def test_what_cannot_be_played_comes_as_a_note_if_that_is_wanted(office: Office) -> None:
    """The receipt says why."""
    parcel = await office.send(replace(HEARD, note_if_lost=True))
    room = office.rooms[GUILD]
    room.end(room.begin(), Outcome.LOST, Trouble.FULL)
    receipt = await parcel.delivered()
    [heard] = office.fake.notes(CHANNEL)
    assert receipt.message == int(heard.message["id"])
    assert receipt.note == word("delivery.instead", "en", trouble=FULL)
    assert office.row(parcel).state is State.DONE


async def test_chat_read_aloud_is_lost_in_silence(office: Office) -> None:
    """No note of every message that nobody could hear."""
    parcel = await office.send(replace(HEARD, note_if_lost=True, quiet=True))
    room = office.rooms[GUILD]
    room.end(room.items[0], Outcome.LOST, Trouble.GONE)
    assert (await parcel.delivered()).why == GONE
    assert office.fake.notes() == []


async def test_a_server_that_is_left_is_like_a_channel_that_is_gone(office: Office) -> None:
    """Between the command and now the bot was put out."""
    receipt = await office.delivered(replace(HEARD, guild=404))
    assert (receipt.delivered, receipt.why) == (False, GONE)


async def test_a_surprise_of_a_room_keeps_no_place(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked may ask again, for ever."""
    await office.speaker.store.settings.set_guild(f"discord:{GUILD}", per_user=1)

    def breaks(*_: object) -> None:
        raise RuntimeError("secret")

    with monkeypatch.context() as broken:
        broken.setattr(office.rooms, "room", breaks)
        with pytest.raises(RuntimeError):
            await office.send(HEARD)
    await office.send(HEARD)


async def test_a_person_is_recalled_wherever_they_are_heard(office: Office, offline: FakeEngine) -> None:
    """In every server and conversation, for themselves and for others, and nobody else."""
    held(offline)
    quoted = await office.send(HEARD, user="discord:8", author="discord:2000")
    mine = [await office.send(HEARD), await office.send(guild="discord:dm:9"), quoted]
    other = await office.send(HEARD, user="discord:7")
    office.courier.recall("discord:2000")
    assert [(await parcel.delivered()).taken_back for parcel in mine] == [True] * 3
    assert other.receipt is None


# Places


async def test_the_playlist_is_bounded_for_each_person(fake: FakeDiscord, opened: Opened, tmp_path: Path) -> None:
    """What is made in no time waits long to be heard: that counts, too, until it was."""
    async with at_work(fake, opened, tmp_path, limits=Limits(per_user=2, per_guild=3)) as office:
        first = await office.send(HEARD)
        await office.send(HEARD)
        await fake.until(lambda: first.said.speech.done)
        refused = await office.refused(HEARD)
        assert (refused.reason, refused.details["limit"]) == (Reason.USER_QUEUE_FULL, 2)
        assert refused.retry_after is not None
        await office.send(HEARD, user="discord:7")
        assert (await office.refused(HEARD, user="discord:8")).reason is Reason.GUILD_QUEUE_FULL
        await office.send(HEARD, guild="discord:6")
        office.rooms[GUILD].hear()
        await first.delivered()
        await office.send(HEARD)


async def test_parcels_stand_in_the_order_in_which_they_will_be_heard(office: Office) -> None:
    """The room's order, and behind it what is not for the room."""
    note = await office.send(text="A note.", user="discord:9", at=1.0)
    first, second = [await office.send(HEARD, text) for text in ("First.", "Second.")]
    room = office.rooms[GUILD]
    room.items.reverse()
    assert list(office.courier.parcels(f"discord:{GUILD}"))[:2] == [second, first]
    assert office.courier.parcels("discord:1") == []
    assert office.courier.find(first.request.id) is first
    await note.delivered()


async def test_a_wait_is_the_longer_of_queue_and_playlist(office: Office, offline: FakeEngine) -> None:
    """Both are told of the same place; once it plays the playlist no longer counts."""
    held(offline)
    parcels = [await office.send(HEARD, f"Text {number}.") for number in range(3)]
    room = office.rooms[GUILD]
    room.each = 1000.0
    assert parcels[2].wait == Wait(2, 2000.0)
    room.each = 0.0
    position = parcels[2].said.position
    assert position is not None
    wait = parcels[2].wait
    assert wait is not None
    assert wait.ahead == 2
    assert wait.seconds == pytest.approx(position.eta, abs=1.0)
    room.each = 1000.0
    room.items[2].begun.set()
    wait = parcels[2].wait
    assert wait is None or wait.seconds < 1000.0


async def test_nothing_has_to_be_waited_for_when_it_is_made_and_first(office: Office) -> None:
    """None, not a wait of no seconds."""
    parcel = await office.send(HEARD)
    await office.fake.until(lambda: parcel.said.speech.done)
    assert parcel.wait is None
    office.rooms[GUILD].hear()
    await parcel.delivered()
    assert parcel.wait is None


# Closing


async def test_what_is_not_delivered_when_the_courier_closes_stays_in_the_journal(
    office: Office, offline: FakeEngine
) -> None:
    """Its asker hears that it comes later, and nothing new is taken."""
    held(offline)
    note, heard = await office.send(), await office.send(HEARD, "Something else.")
    await office.courier.close()
    for parcel in (note, heard):
        assert "restarted" in (await parcel.delivered()).why
        assert office.row(parcel).state is State.ACCEPTED
    assert (await office.refused()).reason is Reason.CLOSING
    await office.fake.until(lambda: not offline.active)


async def test_a_note_on_the_wire_arrives_before_the_courier_closes(fake: FakeDiscord, office: Office) -> None:
    """It is given a moment."""
    fault = fake.hold_next("POST", "/messages")
    parcel = await office.send()
    await fault.met.wait()
    closing = asyncio.create_task(office.courier.close())
    await asyncio.sleep(0)
    assert fault.gate is not None
    fault.gate.set()
    await closing
    assert (await parcel.delivered()).delivered
    assert office.row(parcel).state is State.DONE


async def test_a_note_that_does_not_arrive_does_not_hold_the_house(
    fake: FakeDiscord, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start sees to it."""
    monkeypatch.setattr("bot.adapters.deliveries.GRACE", 0.01)
    fault = fake.hold_next("POST", "/messages")
    parcel = await office.send()
    await fault.met.wait()
    await office.courier.close()
    assert not (await parcel.delivered()).delivered
    assert office.row(parcel).state is State.SENDING


async def test_what_the_speaker_gives_up_when_it_closes_is_not_given_up_for_good(
    office: Office, offline: FakeEngine
) -> None:
    """Even if the courier is closed after it."""
    held(offline)
    parcel = await office.send()
    await office.fake.until(lambda: offline.active)
    await office.speaker.close(0.0)
    assert not (await parcel.delivered()).delivered
    assert office.row(parcel).state is State.ACCEPTED


async def test_what_was_to_be_heard_when_the_speaker_closed_comes_back(office: Office, offline: FakeEngine) -> None:
    """Its room passes over what is not made any more; that is no wish of anybody's."""
    held(offline)
    parcel = await office.send(HEARD)
    await office.fake.until(lambda: offline.active)
    await office.speaker.close(0.0)
    office.rooms[GUILD].skip()
    assert "restarted" in (await parcel.delivered()).why
    assert office.row(parcel).state is State.ACCEPTED


async def test_a_room_that_closes_first_takes_nothing_from_the_journal(office: Office) -> None:
    """What it had begun goes on after the restart."""
    parcel = await office.send(HEARD)
    room = office.rooms[GUILD]
    room.begin()
    room.close()
    assert "restarted" in (await parcel.delivered()).why
    assert office.row(parcel).state is State.SENDING


def test_a_nonce_fits_and_is_the_requests_own() -> None:
    """25 characters at most, whatever the id; the same in the next process."""
    assert len(nonce_of("x" * 500)) <= 25
    assert nonce_of("a") == nonce_of("a") != nonce_of("b")


def test_the_settings_that_count_are_discords() -> None:
    """A request for a note is wanted no longer than the token of an interaction lives."""
    assert DiscordSettings().note_seconds < 900
