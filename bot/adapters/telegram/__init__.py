"""Sayso on Telegram: ``/say`` in every form, voice notes, chat and LLM answers read aloud, inline mode.

:func:`setup` and :func:`teardown` put it into any ``telegram.ext.Application`` by its ``post_init`` and ``post_stop``;
:func:`install` into one of a program that has a Speaker already; :func:`speak_reply` speaks an LLM's answer;
:func:`serve` is ``sayso run``'s own bot.
"""

from bot.adapters.telegram.extension import setup, teardown
from bot.adapters.telegram.plugin import install, speak_reply, uninstall
from bot.adapters.telegram.runner import serve

__all__ = ["install", "serve", "setup", "speak_reply", "teardown", "uninstall"]
