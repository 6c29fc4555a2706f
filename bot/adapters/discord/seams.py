"""The private names of discord.py that Sayso needs, each used here alone and held by a test."""

from __future__ import annotations
