"""The private parts of discord.py's voice that Sayso rests on are in the installed version as they were."""

from __future__ import annotations

import asyncio
import inspect
import resource
import socket
import threading

import discord
import pytest
from discord.gateway import DiscordVoiceWebSocket
from discord.state import ConnectionState
from discord.voice_state import SocketReader, VoiceConnectionState

from bot.adapters.discord import seams
from bot.adapters.discord.voice import Outcome
from tests.adapters.discord.voice.scene import scene, tone


def names(function: object) -> set[str]:
    """Every name that a function's code mentions."""
    assert inspect.isfunction(function)
    return set(function.__code__.co_names)


def test_the_poller_is_where_the_library_handles_the_end_of_a_websocket() -> None:
    """It is started by the connecting, and reads one message after the other."""
    assert "_poll_voice_ws" in names(VoiceConnectionState._connect)
    assert "poll_event" in names(VoiceConnectionState._poll_voice_ws)
    assert inspect.iscoroutinefunction(DiscordVoiceWebSocket.poll_event)


def test_a_client_is_told_of_its_guild_by_a_list_of_them() -> None:
    """Which a new session empties."""
    assert "_get_voice_client" in names(ConnectionState.parse_voice_state_update)
    assert "_add_voice_client" in names(inspect.unwrap(discord.abc.Connectable.connect))
    assert "_voice_clients" in names(ConnectionState.clear)


def test_leaving_goes_through_one_place() -> None:
    """And whether the bot is out is known by an event of this name."""
    assert "_voice_disconnect" in names(VoiceConnectionState.disconnect)
    assert "_disconnected" in names(VoiceConnectionState.voice_state_update)
    assert "timeout" in names(VoiceConnectionState.disconnect)


def test_the_reader_is_as_it_was() -> None:
    """What ours replaces, and what it uses."""
    assert "_do_run" in names(SocketReader.run)
    assert {"_end", "_running"} <= names(SocketReader._do_run)
    assert "_callbacks" in names(SocketReader.register)
    assert "_socket_reader" in names(VoiceConnectionState.add_socket_listener)


def test_a_client_asks_for_its_connection_state() -> None:
    """By a method that may be overridden, whose result sends the packets."""
    assert "create_connection_state" in names(discord.VoiceClient.__init__)
    assert {"can_encrypt", "encrypt_opus"} <= names(discord.VoiceClient._get_voice_packet)
    assert "dave_protocol_version" in names(vars(VoiceConnectionState)["can_encrypt"].fget)


@pytest.mark.parametrize("dave", [False, "bot_joins"])
async def test_it_is_known_whether_words_would_leave_in_the_clear(dave: bool | str) -> None:
    """Before the keys are there, where there are to be some."""
    async with scene(dave=dave, key_exchange_delay=0.1) as stage:
        client: discord.VoiceClient = await stage.talk.connect()
        assert seams.speaks_in_clear(client) == bool(dave)
        await stage.fake.until(lambda: not seams.speaks_in_clear(client))
        await client.disconnect(force=True)


async def test_it_connects_with_more_than_1024_open_files() -> None:
    """A bot in many guilds has them; the library's own reader then spins and never connects."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no more than 1024")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [socket.socket() for _ in range(1100)]
    try:
        async with scene() as stage:
            assert await stage.end(stage.item(tone(0.2))) is Outcome.HEARD
    finally:
        for one in held:
            one.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_closed_connection_leaves_no_thread_behind() -> None:
    """Neither a player nor a reader holds on to it; what another test left is that one's."""
    others = set(threading.enumerate())
    async with scene() as stage:
        await stage.end(stage.item(tone(0.2)))
        await stage.room.leave()
        await asyncio.sleep(0)
        ours = [one for one in threading.enumerate() if one not in others and one.name.startswith(("voice-", "audio-"))]
        await stage.fake.until(lambda: not any(one.is_alive() for one in ours))
