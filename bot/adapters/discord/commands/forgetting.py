"""What is on its way for a person, taken back; and all that is kept about them, deleted."""

from __future__ import annotations

from bot.adapters.discord.identity import guild_key
from bot.adapters.discord.station import Station


def recall(station: Station, user: str, lane: str) -> None:
    """Take back whatever the person has on its way, in any server of the bot's and in ``lane``."""
    lanes = {lane, *(guild_key(guild.id, 0) for guild in station.client.guilds)}
    for parcel in [parcel for each in lanes for parcel in station.courier.parcels(each)]:
        if parcel.request.user == user:
            parcel.cancel()


async def forget(station: Station, user: str, lane: str) -> None:
    """Delete everything that is kept about the person. What is on its way goes first, for it would be kept when done.

    Raises StoreError.
    """
    recall(station, user, lane)
    await station.speaker.store.preferences.forget(user)
