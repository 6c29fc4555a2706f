"""What can be wrong with a model folder, and where to get a right one."""

from __future__ import annotations

from bot.errors import ConfigError

WHERE = "https://huggingface.co/IndexTeam/IndexTTS-1.5"
"""Where the official folder is; ``sayso models`` tells how to get it, and under what licence."""


class CheckpointError(ConfigError):
    """A model folder is not one of IndexTTS-1.5; the message says what is wrong and where to get what is right."""
