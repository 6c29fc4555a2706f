"""``/voice-admin``: what a server's administrators decide, kept in the store and in force with the next request."""

from __future__ import annotations

from bot.adapters.discord.commands.admin_desk import GROUP
from bot.adapters.discord.commands.admin_limits import LimitRules
from bot.adapters.discord.commands.admin_reading import ReadingRules
from bot.adapters.discord.commands.admin_view import Views
from bot.adapters.discord.commands.admin_voices import VoiceRules


class Admin(VoiceRules, LimitRules, ReadingRules, Views, name="Sayso admin"):
    """The cog: its commands are in the modules beside this one."""

    group = GROUP
