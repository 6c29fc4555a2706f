"""Which messages are read aloud, where, and in which words."""

from __future__ import annotations

from tests.adapters.discord.reading.scene import Scene


async def test_a_message_of_a_channel_that_is_read_is_heard_where_its_writer_sits(here: Scene) -> None:
    """A text channel is read in the voice channel of who writes in it."""
    assert await here.read("Hello there.") == "Hello there."
    request = here.items[0].said.request
    assert (request.guild, request.user, request.channel) == ("discord:5000", "discord:2000", "6000")
    assert here.items[0].channel == 7000
    assert await here.heard(here.items[0]) == "Hello there."
