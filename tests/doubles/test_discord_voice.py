"""The loopback Discord's voice: joining, sound, drops, moves, stages, and what people hear of it."""

from __future__ import annotations

import asyncio
import io
import json

import aiohttp
import discord
import nacl.secret
import numpy as np
import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.exceptions import CryptoError

from tests.doubles.discord import FakeDiscord, VoiceSession, pcm
from tests.doubles.discord.client import Tone, loudest, play, sine, started
from tests.doubles.discord.rtp import MODES, SILENCE, XCHACHA20, decrypt, fields


def talk(bot: discord.Client, channel: int = 7000) -> discord.VoiceChannel:
    found = bot.get_channel(channel)
    assert isinstance(found, discord.VoiceChannel)
    return found


def session(fake: FakeDiscord) -> VoiceSession:
    return fake.voice[fake.guild_id]


async def test_a_tone_is_heard_as_it_was_played() -> None:
    """In sequence, on one clock, with nonces that count, framed by speaking and silence."""
    async with FakeDiscord() as fake, started(fake) as bot:
        voice: discord.VoiceClient = await talk(bot).connect()
        await play(voice, Tone(0.5, 440.0))
        heard = session(fake)
        await fake.until(lambda: sum(packet.opus == SILENCE for packet in heard.packets) == 5)
        audio = heard.audio_packets()
        assert abs(loudest(heard.pcm()) - 440.0) < 5
        assert [packet.error for packet in heard.packets] == [None] * len(heard.packets)
        assert np.diff([packet.seq for packet in heard.packets]).tolist() == [1] * (len(heard.packets) - 1)
        assert set(np.diff([packet.timestamp for packet in audio])) == {960}
        assert np.diff([packet.nonce for packet in heard.packets]).tolist() == [1] * (len(heard.packets) - 1)
        assert all(packet.live and not packet.dave for packet in audio)
        assert heard.speaking[-1] == 0
        assert 1 in heard.speaking
        assert fake.heard() == audio
        assert fake.errors == []


async def test_pcm_is_encoded_by_the_library_and_heard_as_well() -> None:
    """A PCM source."""
    async with FakeDiscord() as fake, started(fake) as bot:
        voice: discord.VoiceClient = await talk(bot).connect()
        raw = np.repeat((sine(0.4, 330.0) * 32767).astype("<i2"), 2).tobytes()
        try:
            await play(voice, discord.PCMAudio(io.BytesIO(raw)))
        except discord.opus.OpusNotLoaded:
            pytest.skip("no libopus on this machine")
        assert abs(loudest(session(fake).pcm()) - 330.0) < 5


async def test_where_the_bot_may_not_go_nothing_is_answered() -> None:
    """No CONNECT, no view, or no room: the connect times out, and the fake says why."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.deny("connect", channel=7000)
        with pytest.raises(TimeoutError):
            await talk(bot).connect(timeout=0.2)
        assert [int(join["channel_id"]) for join in fake.refused_joins] == [7000]
        assert fake.voice == {}


async def test_a_full_channel_takes_only_who_may_move_members() -> None:
    """The user limit."""
    async with FakeDiscord() as fake, started(fake) as bot:
        fake.change_channel(7000, user_limit=1)
        fake.deny("move_members", who=fake.bot)
        with pytest.raises(TimeoutError):
            await talk(bot).connect(timeout=0.2)
        fake.allow("move_members", who=fake.bot)
        await talk(bot).connect(timeout=5)
        assert session(fake).channel_id == "7000"


async def test_two_guilds_at_once() -> None:
    """Each has its own session, and hears only its own sound."""
    async with FakeDiscord() as fake, started(fake) as bot:
        other = fake.add_guild("Other")
        await fake.until(lambda: bot.get_guild(int(other.id)))
        [second] = [c for c in other.voice_channels() if c.name == "Talk"]
        one: discord.VoiceClient = await talk(bot).connect()
        two: discord.VoiceClient = await talk(bot, int(second.id)).connect()
        await asyncio.gather(play(one, Tone(0.4, 440.0)), play(two, Tone(0.4, 880.0)))
        assert abs(loudest(pcm(fake.heard())) - 440.0) < 5
        assert abs(loudest(pcm(fake.heard(other))) - 880.0) < 5


async def test_the_bot_leaves_and_comes_back() -> None:
    """Each time with a new session; people see it come and go."""
    async with FakeDiscord() as fake, started(fake) as bot:
        for _ in range(2):
            voice: discord.VoiceClient = await talk(bot).connect()
            assert fake.world.guild(5000).members["1000"].voice.channel_id == "7000"
            await voice.disconnect()
            await fake.until(lambda: not fake.voice)
        assert len(fake.voice_history) == 2
        assert [found.close_code for found in fake.voice_history] == [1000, 1000]


@pytest.mark.parametrize("code", [4006, 1006])
async def test_after_a_drop_a_new_session_is_taken(code: int) -> None:
    """The library comes back by itself; what was sent between reached nobody."""
    async with FakeDiscord() as fake, started(fake) as bot:
        voice: discord.VoiceClient = await talk(bot).connect()
        first = session(fake)
        await fake.drop_voice(code)
        await fake.until(lambda: not first.live)
        voice.send_audio_packet(SILENCE[:2] + b"lost", encode=False)
        await fake.until(lambda: first.packets)
        assert not first.packets[0].live
        second = await fake.until(lambda: fake.voice_history[1] if len(fake.voice_history) > 1 else None, 15.0)
        await fake.until(lambda: voice.is_connected() and second.ready.is_set(), 10.0)
        await play(voice, Tone(0.2))
        assert fake.heard() == second.audio_packets() != []


@pytest.mark.parametrize("code", [4014, 4022])
async def test_a_forced_disconnect_ends_the_connection(code: int) -> None:
    """A moderator's (4014), or the end of the call: the bot is out, and the library knows."""
    async with FakeDiscord() as fake, started(fake) as bot:
        voice: discord.VoiceClient = await talk(bot).connect()
        if code == 4014:
            await fake.disconnect_bot()
        else:
            await fake.remove_channel(7000)
        await fake.until(lambda: not voice.is_connected())
        guild = bot.get_guild(5000)
        assert guild is not None
        await fake.until(lambda: guild.voice_client is None)
        assert fake.voice == {}


async def test_a_moderator_moves_the_bot() -> None:
    """A new session in the other channel; sound is heard there."""
    async with FakeDiscord() as fake, started(fake) as bot:
        other = fake.add_channel("Other", kind=fake.world.channel(7000).kind)
        await fake.until(lambda: bot.get_channel(int(other.id)))
        voice: discord.VoiceClient = await talk(bot).connect()
        await fake.move_bot(other)
        moved = session(fake)
        await fake.until(lambda: moved.ready.is_set() and voice.is_connected(), 10.0)
        assert (moved.channel_id, voice.channel.id) == (other.id, int(other.id))
        await play(voice, Tone(0.2))
        assert fake.heard() == moved.audio_packets() != []


async def test_the_servers_own_packets_may_be_left_out() -> None:
    """``rtcp_every=None``: nothing comes back, as to a deaf bot in a quiet channel; else it does."""
    async with FakeDiscord(rtcp_every=None) as quiet, FakeDiscord(rtcp_every=0.02) as chatty:
        for fake in (quiet, chatty):
            async with started(fake) as bot:
                voice: discord.VoiceClient = await talk(bot).connect()
                got: list[bytes] = []
                voice._connection.add_socket_listener(got.append)
                voice.send_audio_packet(SILENCE, encode=False)
                await fake.until(lambda: session(fake).packets)  # noqa: B023
                if fake is chatty:
                    await fake.until(lambda: got)  # noqa: B023
                else:
                    await asyncio.sleep(0.1)
                    assert got == []


async def test_people_come_and_go_and_the_bot_is_told() -> None:
    """VOICE_STATE_UPDATE for joining, muting, moving and leaving."""
    async with FakeDiscord(user_in_voice=False) as fake, started(fake) as bot:
        told: list[tuple[int | None, bool]] = []

        @bot.event
        async def on_voice_state_update(
            member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
        ) -> None:
            told.append((after.channel.id if after.channel else None, after.self_mute))

        # The library changes the state it told of before: what comes at once is seen as it is at last.
        for at, (channel, mute) in enumerate([(7000, False), (7000, True), (7001, False), (None, False)], 1):
            await fake.human_voice(channel, self_mute=mute)
            await fake.until(lambda: len(told) == at)  # noqa: B023
        assert told == [(7000, False), (7000, True), (7001, False), (None, False)]


async def test_on_a_stage_the_bot_is_audience_until_it_may_speak() -> None:
    """Suppressed at first; MUTE_MEMBERS lets it unsuppress itself, REQUEST_TO_SPEAK lets it ask."""
    async with FakeDiscord(dave="bot_joins") as fake, started(fake) as bot:
        stage = bot.get_channel(7001)
        assert isinstance(stage, discord.StageChannel)
        voice: discord.VoiceClient = await stage.connect()
        me = stage.guild.me
        await fake.until(lambda: me.voice is not None and me.voice.suppress)
        assert not session(fake).e2ee
        await me.edit(suppress=False)
        await fake.until(lambda: me.voice is not None and not me.voice.suppress)
        await play(voice, Tone(0.2))
        assert fake.heard() != []
        await me.edit(suppress=True)
        fake.deny("mute_members", who=fake.bot)
        with pytest.raises(discord.Forbidden, match="50013"):
            await me.edit(suppress=False)
        await me.request_to_speak()
        await fake.until(lambda: me.voice is not None and me.voice.requested_to_speak_at is not None)
        fake.let_speak()
        await fake.until(lambda: me.voice is not None and not me.voice.suppress)
        fake.let_speak(speak=False)
        await fake.until(lambda: me.voice is not None and me.voice.suppress)
        fake.deny("request_to_speak", channel=7001)
        with pytest.raises(discord.Forbidden, match="50013"):
            await me.request_to_speak()


async def test_a_muted_bot_is_told_so() -> None:
    """By a moderator, and back."""
    async with FakeDiscord() as fake, started(fake) as bot:
        await talk(bot).connect()
        guild = bot.get_guild(5000)
        assert guild is not None
        fake.mute_bot()
        await fake.until(lambda: guild.me.voice is not None and guild.me.voice.mute)
        fake.mute_bot(mute=False)
        await fake.until(lambda: guild.me.voice is not None and not guild.me.voice.mute)


async def test_a_crashed_server_lets_its_sessions_be_resumed() -> None:
    """4015: who comes back with Resume gets what it missed (here by hand: discord.py's own resume never gets there)."""
    async with FakeDiscord() as fake, started(fake) as bot:
        await talk(bot).connect(reconnect=False)
        known = session(fake)
        identify = known.identify
        assert identify is not None
        await fake.drop_voice(4015)
        await known.send(11, {"user_ids": ["1"]}, numbered=True)
        async with (
            aiohttp.ClientSession(connector=fake.connector()) as http,
            http.ws_connect("wss://loop-1.discord.media/?v=8") as ws,
        ):
            seen = {key: identify["d"][key] for key in ("server_id", "session_id", "token")}
            await ws.send_str(json.dumps({"op": 7, "d": {**seen, "seq_ack": -1}}))
            frames = [json.loads((await ws.receive()).data) for _ in range(3)]
            assert [frame["op"] for frame in frames] == [8, 9, 11]
            assert known.resumes == 1


@pytest.mark.parametrize("mode", MODES)
def test_both_modes_of_transport_are_understood(mode: str) -> None:
    """The header is authenticated, the nonce's first four bytes are the packet's last."""
    key, header, counter = bytes(range(32)), b"\x80\x78" + bytes(10), b"\x00\x00\x00\x07"
    if mode == XCHACHA20:
        sealed = nacl.secret.Aead(key).encrypt(b"opus", header, counter + bytes(20)).ciphertext
    else:
        sealed = AESGCM(key).encrypt(counter + bytes(8), b"opus", header)
    packet = header + sealed + counter
    assert decrypt(mode, key, packet) == b"opus"
    assert fields(packet)[3] == 7
    with pytest.raises((InvalidTag, CryptoError)):
        decrypt(mode, key, b"\x81" + packet[1:])


async def test_what_cannot_be_decrypted_is_kept_with_the_reason() -> None:
    """A packet of noise is listed, and heard by nobody."""
    async with FakeDiscord() as fake, started(fake) as bot:
        voice: discord.VoiceClient = await talk(bot).connect()
        voice._connection.send_packet(bytes(60))
        heard = session(fake)
        await fake.until(lambda: heard.packets)
        assert heard.packets[0].error is not None
        assert heard.audio_packets() == fake.heard() == []


async def test_a_stranger_gets_no_voice() -> None:
    """A wrong token is 4006."""
    async with (
        FakeDiscord() as fake,
        aiohttp.ClientSession(connector=fake.connector()) as http,
        http.ws_connect("wss://loop-1.discord.media/?v=8") as ws,
    ):
        await ws.send_str(json.dumps({"op": 0, "d": {"server_id": "5000", "token": "x", "session_id": "x"}}))
        await ws.receive()
        await ws.receive()
        assert ws.close_code == 4006
