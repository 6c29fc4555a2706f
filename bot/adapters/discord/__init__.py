"""Sayso on Discord: ``/say`` in every form, voice notes, voice channels, chat and LLM answers read aloud.

``await bot.load_extension("bot.adapters.discord")`` puts it into any ``commands.Bot``; :func:`install` into any client
of a program that has a Speaker already; :func:`speak_reply` speaks an LLM's answer; :func:`serve` is ``sayso run``'s
own bot.
"""

from bot.adapters.discord.extension import setup, teardown
from bot.adapters.discord.plugin import install, speak_reply, uninstall
from bot.adapters.discord.runner import serve

__all__ = ["install", "serve", "setup", "speak_reply", "teardown", "uninstall"]
