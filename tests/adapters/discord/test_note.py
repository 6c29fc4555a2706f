"""Voice notes over the unpatched library: what Discord gets, what it makes of it, and what is done when it says no."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import numpy as np
import pytest

from bot.adapters.discord.note import LOST, NAME, Sent, TooLarge, follow_up, send_note, send_through
from bot.tts.audio import decode
from tests.adapters.discord.posting import clip, commanded, connected
from tests.doubles.discord import FakeDiscord, Kind

TEXT = 6000
CLIP = clip(2.0)
NONCE = "0123456789abcdef01234567"
VOICE_MESSAGE = 1 << 13
EPHEMERAL = 1 << 6


@pytest.fixture
async def fake() -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord() as fake:
        yield fake
        assert fake.errors == []


@pytest.fixture
async def client(fake: FakeDiscord) -> AsyncIterator[discord.Client]:
    async with connected(fake) as client:
        yield client


def posts(fake: FakeDiscord) -> int:
    """How often a message was tried to be sent."""
    return sum(request.method == "POST" and request.path.endswith("/messages") for request in fake.requests)


async def test_a_note_is_a_voice_message_with_its_length_and_waveform(
    fake: FakeDiscord, client: discord.Client
) -> None:
    """Discord gets one Ogg file that decodes to the length it is said to have, and a waveform worth looking at."""
    sent = await send_note(client, TEXT, CLIP, nonce=NONCE)
    [heard] = fake.notes(TEXT)
    assert sent == Sent(int(heard.message["id"]), reduced=False)
    assert heard.flags == VOICE_MESSAGE
    assert (heard.filename, heard.content_type) == (NAME, "audio/ogg")
    samples, rate = decode(heard.data)
    assert len(samples) / rate == pytest.approx(heard.duration, abs=0.05)
    assert len(heard.waveform) <= min(256, int(heard.duration * 10))
    points = np.frombuffer(heard.waveform, np.uint8).astype(int)
    assert points[: len(points) // 3].mean() > points[-len(points) // 3 :].mean() + 50
    assert heard.message["content"] == ""


async def test_a_long_note_has_no_more_points_than_discord_draws(fake: FakeDiscord, client: discord.Client) -> None:
    """At most 256."""
    await send_note(client, TEXT, clip(40.0), nonce=NONCE)
    assert len(fake.notes(TEXT)[0].waveform) == 256


async def test_a_note_answers_a_message_without_a_ping(fake: FakeDiscord, client: discord.Client) -> None:
    """It hangs below what it speaks, and its author's phone stays quiet."""
    asked = await fake.say("Read me.")
    await send_note(client, TEXT, CLIP, nonce=NONCE, reply_to=int(asked["id"]))
    [heard] = fake.notes(TEXT)
    assert heard.message["message_reference"]["message_id"] == asked["id"]
    assert heard.message["mentions"] == []


async def test_a_note_outlives_the_message_that_it_answers(fake: FakeDiscord, client: discord.Client) -> None:
    """Somebody deleted the question; the answer comes all the same."""
    asked = await fake.say("Read me.")
    await fake.delete(asked)
    await send_note(client, TEXT, CLIP, nonce=NONCE, reply_to=int(asked["id"]))
    assert len(fake.notes(TEXT)) == 1


async def test_notes_go_into_threads_voice_channels_news_and_direct_messages(
    fake: FakeDiscord, client: discord.Client
) -> None:
    """Wherever people write."""
    written = [fake.add_thread("Aside"), fake.add_channel("News", Kind.NEWS), fake.direct()]
    places = [*(place.id for place in written), fake.voice_channel, fake.stage_channel]
    for number, place in enumerate(places):
        await send_note(client, int(place), CLIP, nonce=f"{number}")
        assert len(fake.notes(place)) == 1


async def test_where_voice_messages_are_not_permitted_it_is_a_plain_file(
    fake: FakeDiscord, client: discord.Client
) -> None:
    """Known beforehand, so Discord is asked once only; the same sound."""
    fake.deny("send_voice_messages", who=fake.bot)
    await fake.until(lambda: not client.get_guild(5000).me.guild_permissions.send_voice_messages)  # type: ignore[union-attr]
    sent = await send_note(client, TEXT, CLIP, nonce=NONCE)
    [message] = fake.said(TEXT)
    assert sent == Sent(int(message["id"]), reduced=True)
    assert message["flags"] == 0
    [file] = message["attachments"]
    assert file["filename"] == NAME
    assert fake.uploads[file["id"]] == CLIP.ogg
    assert posts(fake) == 1


async def test_a_channel_that_takes_no_voice_messages_gets_a_file(fake: FakeDiscord, client: discord.Client) -> None:
    """What no permission shows Discord says afterwards (50173)."""
    fake.world.channel("6000").voice_notes = False
    assert (await send_note(client, TEXT, CLIP, nonce=NONCE)).reduced
    assert len(fake.said(TEXT)) == 1


async def test_permissions_that_are_not_known_are_found_out(fake: FakeDiscord, client: discord.Client) -> None:
    """In a thread that the client has not seen: each form is tried, down to the file without the answered message."""
    asked = await fake.say("Read me.")
    fake.deny("send_voice_messages", "read_message_history", channel="6000")
    client.get_guild(5000)._remove_channel(client.get_channel(TEXT))  # type: ignore[union-attr,arg-type]
    sent = await send_note(client, TEXT, CLIP, nonce=NONCE, reply_to=int(asked["id"]))
    assert sent.reduced
    assert "message_reference" not in fake.messages[str(sent.message)]


async def test_where_nothing_may_be_sent_discords_no_is_raised(fake: FakeDiscord, client: discord.Client) -> None:
    """Neither note nor file: the caller has words for it."""
    fake.deny("send_voice_messages", "attach_files", who=fake.bot)
    with pytest.raises(discord.Forbidden):
        await send_note(client, TEXT, CLIP, nonce=NONCE)
    assert fake.said(TEXT) == []


async def test_what_is_not_readable_is_not_answered_but_sent(fake: FakeDiscord, client: discord.Client) -> None:
    """Without the permission to read the history a reply is impossible, a note is not."""
    asked = await fake.say("Read me.")
    fake.deny("read_message_history", who=fake.bot)
    await fake.until(lambda: not client.get_guild(5000).me.guild_permissions.read_message_history)  # type: ignore[union-attr]
    assert not (await send_note(client, TEXT, CLIP, nonce=NONCE, reply_to=int(asked["id"]))).reduced
    assert posts(fake) == 1


async def test_a_channel_that_is_gone_is_told(fake: FakeDiscord, client: discord.Client) -> None:
    """NotFound, after one attempt."""
    with pytest.raises(discord.NotFound):
        await send_note(client, 404, CLIP, nonce=NONCE)
    assert posts(fake) == 1


async def test_a_limit_of_discords_costs_time_only(fake: FakeDiscord, client: discord.Client) -> None:
    """The note is sent again, whole, and there once."""
    fault = fake.fail_next("POST", "/messages", 429, retry_after=0.01)
    await send_note(client, TEXT, CLIP, nonce=NONCE)
    [heard] = fake.notes(TEXT)
    assert fault.hits == 1
    assert heard.data == CLIP.ogg


async def test_a_repetition_does_not_make_a_second_note(fake: FakeDiscord, client: discord.Client) -> None:
    """Discord has it, we do not know, and ask again under the same nonce: its id is that of the first."""
    fake.lose_next_response("POST", "/messages")
    with pytest.raises(LOST):
        await send_note(client, TEXT, CLIP, nonce=NONCE)
    sent = await send_note(client, TEXT, CLIP, nonce=NONCE)
    [heard] = fake.notes(TEXT)
    assert sent.message == int(heard.message["id"])


async def test_another_nonce_is_another_note(fake: FakeDiscord, client: discord.Client) -> None:
    """The same sound may be wanted twice."""
    for nonce in ("1", "2"):
        await send_note(client, TEXT, CLIP, nonce=nonce)
    assert len(fake.notes(TEXT)) == 2


@pytest.mark.parametrize("how", [{"reset": True}, {"status": 503}])
async def test_silence_is_told(fake: FakeDiscord, client: discord.Client, how: dict[str, Any]) -> None:
    """After one attempt: whoever asked knows for how long it is to be tried."""
    fault = fake.fail_next("POST", "/messages", times=9, **how)
    with pytest.raises(LOST):
        await send_note(client, TEXT, CLIP, nonce=NONCE)
    assert fault.hits == 1


async def test_what_is_too_large_is_not_even_tried(fake: FakeDiscord, client: discord.Client) -> None:
    """The server's own limit counts."""
    with pytest.raises(TooLarge) as raised:
        await send_note(client, TEXT, CLIP, nonce=NONCE, limit=1000)
    assert raised.value.limit == 1000
    assert posts(fake) == 0


async def test_discords_own_limit_is_heard(fake: FakeDiscord, client: discord.Client) -> None:
    """40005 is not a reason to try a smaller form of the same size."""
    fake.fail_next("POST", "/messages", 413, 40005, times=9)
    with pytest.raises(discord.HTTPException) as raised:
        await send_note(client, TEXT, CLIP, nonce=NONCE)
    assert raised.value.code == 40005


async def test_a_note_follows_an_interaction(fake: FakeDiscord, client: discord.Client) -> None:
    """For all to hear, or for one."""
    use = await commanded(fake, client)
    for ephemeral in (False, True):
        sent = await follow_up(await use(), CLIP, ephemeral=ephemeral)
        message = fake.messages[str(sent.message)]
        assert message["flags"] == VOICE_MESSAGE | (EPHEMERAL if ephemeral else 0)
        assert fake.uploads[message["attachments"][0]["id"]] == CLIP.ogg


async def test_an_interaction_where_voice_messages_are_forbidden_gets_a_file(
    fake: FakeDiscord, client: discord.Client
) -> None:
    """Its own permissions say so, or Discord does."""
    use = await commanded(fake, client)
    fake.deny("send_voice_messages", who=fake.bot)
    assert (await follow_up(await use(), CLIP, ephemeral=True)).reduced
    fake.allow("send_voice_messages", who=fake.bot)
    fake.world.channel("6000").voice_notes = False
    assert (await follow_up(await use(), CLIP, ephemeral=True)).reduced
    assert [request.json["flags"] for request in fake.requests if request.path.endswith("/messages")] == []


async def test_a_dead_token_is_told(fake: FakeDiscord, client: discord.Client) -> None:
    """After 15 minutes nothing can follow."""
    interaction = await (await commanded(fake, client))()
    fake.clock.advance(16 * 60)
    with pytest.raises(discord.HTTPException) as raised:
        await follow_up(interaction, CLIP, ephemeral=False)
    assert raised.value.code == 50027


async def test_what_follows_an_interaction_is_never_sent_twice(fake: FakeDiscord, client: discord.Client) -> None:
    """A webhook knows no nonce: what may be there is not repeated."""
    interaction = await (await commanded(fake, client))()
    fake.lose_next_response("POST", interaction.token)
    with pytest.raises((aiohttp.ClientError, OSError)):
        await follow_up(interaction, CLIP, ephemeral=False)
    assert len(fake.notes(TEXT)) == 1


async def test_a_hook_that_was_kept_is_as_good_as_the_interaction(fake: FakeDiscord, client: discord.Client) -> None:
    """Application and token are all that it takes: after a restart, too."""
    interaction = await (await commanded(fake, client))()
    hook = discord.Webhook.partial(interaction.application_id, interaction.token, client=client)
    sent = await send_through(hook, CLIP)
    assert [int(heard.message["id"]) for heard in fake.notes(TEXT)] == [sent.message]
