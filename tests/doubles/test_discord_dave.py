"""The loopback Discord's end-to-end encryption: groups that are made, grow, shrink and end while the bot speaks."""

from __future__ import annotations

import asyncio

import aiohttp
import discord
import pytest

from tests.doubles.discord import FakeDiscord, VoiceSession
from tests.doubles.discord.client import Tone, loudest, play, started
from tests.doubles.discord.mls import ExternalSender, split_commit, vector


async def joined(bot: discord.Client, fake: FakeDiscord) -> tuple[discord.VoiceClient, VoiceSession]:
    """In voice, and encrypted."""
    channel = bot.get_channel(7000)
    assert isinstance(channel, discord.VoiceChannel)
    voice: discord.VoiceClient = await channel.connect(reconnect=False)
    session = fake.voice["5000"]
    if session.e2ee and session.humans:
        await asyncio.wait_for(session.dave_ready.wait(), 5)
        await fake.until(lambda: voice.voice_privacy_code)
    return voice, session


async def settled(fake: FakeDiscord, voice: discord.VoiceClient, session: VoiceSession, people: int) -> None:
    """Until so many humans and the bot agree on one group."""

    def agreed() -> bool:
        assert session.group is not None
        codes = {human.voice_privacy_code for human in session.group.humans.values()}
        return len(session.group.humans) == people and codes == {voice.voice_privacy_code}

    await fake.until(agreed)


@pytest.mark.parametrize("dave", ["bot_joins", "bot_first"])
async def test_people_hear_what_is_encrypted_for_them(dave: str) -> None:
    """Whoever writes the first commit: every packet of sound is encrypted, and decrypts to what was played."""
    async with FakeDiscord(dave=dave) as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        await play(voice, Tone(0.4, 440.0))
        audio = session.audio_packets()
        assert all(packet.dave for packet in audio)
        assert [packet for packet in session.packets if packet.error] == []
        assert abs(loudest(session.pcm()) - 440.0) < 5
        assert fake.heard() == audio
        assert fake.errors == []


async def test_what_is_sent_before_the_keys_are_exchanged_is_heard_by_nobody() -> None:
    """It goes out unencrypted, and people's clients drop it."""
    async with FakeDiscord(dave="bot_joins", key_exchange_delay=0.3) as fake, started(fake) as bot:
        channel = bot.get_channel(7000)
        assert isinstance(channel, discord.VoiceChannel)
        voice: discord.VoiceClient = await channel.connect()
        await play(voice, Tone(0.6))
        session = fake.voice["5000"]
        plain = [packet for packet in session.audio_packets() if not packet.dave]
        assert len(plain) >= 5
        assert len(fake.heard()) == len(session.audio_packets()) - len(plain) > 0


async def test_alone_in_a_channel_there_is_no_group_until_somebody_comes() -> None:
    """A lone bot has no privacy code; the first human makes it commit, the last one's leaving ends the group."""
    async with FakeDiscord(dave="bot_joins", user_in_voice=False) as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        assert session.group is not None
        await fake.until(lambda: session.group is not None and session.begun)
        assert voice.voice_privacy_code is None
        await fake.human_voice(7000)
        await settled(fake, voice, session, 1)
        await fake.human_voice(None)
        await fake.until(lambda: voice.voice_privacy_code is None)
        await fake.human_voice(7000)
        await settled(fake, voice, session, 1)
        await play(voice, Tone(0.2))
        assert all(packet.dave and not packet.error for packet in session.audio_packets())
        assert fake.errors == []


@pytest.mark.parametrize("winner", ["human", "bot"])
async def test_a_third_joins_while_the_bot_speaks(winner: str) -> None:
    """Whichever commit wins: all agree on a new code, and hardly a packet is lost."""
    async with FakeDiscord(dave="bot_joins") as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        code = voice.voice_privacy_code
        playing = asyncio.create_task(play(voice, Tone(0.6)))
        await fake.until(lambda: len(session.packets) > 5)
        third = await session.another_human(3000, winner=winner)
        await settled(fake, voice, session, 2)
        assert third.voice_privacy_code == voice.voice_privacy_code != code
        await playing
        assert len([packet for packet in session.packets if packet.error]) <= 2
        assert all(packet.dave for packet in session.audio_packets()[-5:])


async def test_people_come_and_go_through_their_voice_states() -> None:
    """Two more come, the one who was first goes; the rest still hear."""
    async with FakeDiscord(dave="bot_first") as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        bob, eve = fake.add_user("bob", voice=7000), fake.add_user("eve")
        await settled(fake, voice, session, 2)
        await fake.human_voice(7000, by=eve)
        await settled(fake, voice, session, 3)
        await fake.human_voice(None)
        await settled(fake, voice, session, 2)
        assert session.group is not None
        assert set(session.group.humans) == {int(bob.id), int(eve.id)}
        await play(voice, Tone(0.2))
        assert all(packet.dave and not packet.error for packet in session.audio_packets())
        assert fake.errors == []


async def test_several_people_are_there_already() -> None:
    """The group has all of them."""
    async with FakeDiscord(dave="bot_joins") as fake:
        fake.add_user("bob", voice=7000)
        fake.add_user("music", bot=True, voice=7000)
        async with started(fake) as bot:
            voice, session = await joined(bot, fake)
            await settled(fake, voice, session, 2)


async def test_everybody_leaves_and_one_comes_back_while_the_bot_speaks() -> None:
    """A new group ("sole member reset"), and sound goes on."""
    async with FakeDiscord(dave="bot_joins") as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        code = voice.voice_privacy_code
        playing = asyncio.create_task(play(voice, Tone(0.6)))
        await fake.until(lambda: len(session.packets) > 5)
        await session.regroup()
        await settled(fake, voice, session, 1)
        await playing
        assert voice.voice_privacy_code != code
        assert len([packet for packet in session.packets if packet.error]) <= 2
        assert all(packet.dave for packet in session.audio_packets()[-5:])


async def test_a_channel_may_be_downgraded() -> None:
    """Protocol version 0: from then on nothing is encrypted."""
    async with FakeDiscord(dave="bot_joins") as fake, started(fake) as bot:
        voice, session = await joined(bot, fake)
        assert session.group is not None
        await session.group.downgrade()
        await fake.until(lambda: voice._connection.dave_protocol_version == 0)
        voice.send_audio_packet(b"\xf8\xff\xfd", encode=False)
        await fake.until(lambda: session.packets)
        assert not session.packets[-1].dave


async def test_who_cannot_encrypt_is_not_let_in() -> None:
    """4017 when no version of the protocol is offered; a stage asks for none."""
    async with FakeDiscord(dave="bot_joins") as fake, started(fake) as bot:
        _, session = await joined(bot, fake)
        given = {"server_id": "5000", "token": session.token, "session_id": session.session_id}
        async with (
            aiohttp.ClientSession(connector=fake.connector()) as http,
            http.ws_connect("wss://loop-1.discord.media/?v=8") as ws,
        ):
            await ws.send_json({"op": 0, "d": {**given, "user_id": "1000", "max_dave_protocol_version": 0}})
            assert (await ws.receive_json())["op"] == 8
            assert (await ws.receive()).data == 4017


async def test_an_unknown_mode_of_transport_is_refused() -> None:
    """4016."""
    async with FakeDiscord() as fake, started(fake) as bot:
        _, session = await joined(bot, fake)
        given = {"server_id": "5000", "token": session.token, "session_id": session.session_id}
        async with (
            aiohttp.ClientSession(connector=fake.connector()) as http,
            http.ws_connect("wss://loop-1.discord.media/?v=8") as ws,
        ):
            await ws.send_json({"op": 0, "d": {**given, "user_id": "1000"}})
            assert [(await ws.receive_json())["op"] for _ in range(2)] == [8, 2]
            await ws.send_json({"op": 1, "d": {"protocol": "udp", "data": {"mode": "plain"}}})
            assert (await ws.receive()).data == 4016


# -- MLS


@pytest.mark.parametrize(("size", "head"), [(0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4)])
def test_lengths_are_written_in_one_two_or_four_bytes(size: int, head: int) -> None:
    """RFC 9420 2.1.2."""
    written = vector(bytes(size))
    assert len(written) == size + head
    assert written[0] >> 6 == {1: 0, 2: 1, 4: 2}[head]


def test_what_is_no_commit_is_refused() -> None:
    """The reader says where it stumbled."""
    with pytest.raises(ValueError, match="not 1"):
        split_commit(bytes(40))


def test_an_external_sender_is_a_key_and_a_credential() -> None:
    """65 bytes of a P-256 point behind their length, then a basic credential."""
    package = ExternalSender().package()
    assert package[:3] == b"\x40\x41\x04"
    assert package[67:] == b"\x00\x01\x08" + bytes(8)
