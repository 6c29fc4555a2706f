"""Voice channels: one room a guild, in which speeches are heard one after the other."""

from bot.adapters.discord.voice.playing import Item, Outcome, Wait
from bot.adapters.discord.voice.room import Room
from bot.adapters.discord.voice.rooms import Rooms
from bot.adapters.discord.voice.trouble import Trouble

__all__ = ["Item", "Outcome", "Room", "Rooms", "Trouble", "Wait"]
