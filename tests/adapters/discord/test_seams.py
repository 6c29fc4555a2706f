"""The names of discord.py that nobody promised to keep are still what they were."""

from __future__ import annotations

import inspect

import aiohttp
import discord
from discord.http import HTTPClient, handle_message_parameters
from discord.webhook.async_ import AsyncWebhookAdapter, async_context

from bot.adapters.discord.seams import Sound


def test_a_sound_with_a_length_says_so_in_its_attachment() -> None:
    """What ``to_dict`` gives goes into the body of the message, beside the file itself."""
    sound = Sound(b"OggS", "a.ogg", seconds=1.23456, waveform=bytes([0, 255]))
    with handle_message_parameters(file=sound, flags=discord.MessageFlags(voice=True), nonce="n") as parameters:
        assert parameters.multipart is not None
        body, file = parameters.multipart[0]["value"], parameters.multipart[1]
    assert '"duration_secs":1.235' in body.replace(" ", "")
    assert '"waveform":"AP8="' in body.replace(" ", "")
    assert '"flags":8192' in body.replace(" ", "")
    assert '"enforce_nonce":true' in body.replace(" ", "")
    assert file["filename"] == "a.ogg"
    assert file["value"].read() == b"OggS"


def test_a_sound_without_a_length_is_a_file_like_any_other() -> None:
    """Nothing is added."""
    assert Sound(b"OggS", "a.ogg").to_dict(0) == {"id": 0, "filename": "a.ogg"}


def test_a_sound_can_be_read_again() -> None:
    """The library rewinds before each repetition."""
    sound = Sound(b"OggS", "a.ogg")
    assert sound.fp.read() == b"OggS"
    sound.reset(seek=1)
    assert sound.fp.read() == b"OggS"


def test_messages_are_sent_by_these_names() -> None:
    """``Client.http.send_message`` and the webhook adapter's ``execute_webhook``, with these parameters."""
    assert {"channel_id", "params"} <= inspect.signature(HTTPClient.send_message).parameters.keys()
    assert isinstance(async_context.get(), AsyncWebhookAdapter)
    ours = {"webhook_id", "token", "session", "proxy", "proxy_auth", "payload", "multipart", "files", "wait"}
    assert ours <= inspect.signature(AsyncWebhookAdapter.execute_webhook).parameters.keys()


async def test_a_webhook_shows_the_session_that_it_uses() -> None:
    """And the proxy."""
    async with aiohttp.ClientSession() as session:
        hook = discord.Webhook.partial(1, "token", session=session)
        assert hook.session is session
        assert (hook.proxy, hook.proxy_auth) == (None, None)
