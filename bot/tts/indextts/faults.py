"""What can be wrong with a model folder, and where to get a right one."""

from __future__ import annotations

from pathlib import Path

from bot.errors import ConfigError

WHERE = "https://huggingface.co/IndexTeam/IndexTTS-1.5"
"""Where the official folder is; ``sayso models`` tells how to get it, and under what licence."""


class CheckpointError(ConfigError):
    """A model folder is not one of IndexTTS-1.5; the message says what is wrong and where to get what is right."""


def refused(place: Path, why: str) -> CheckpointError:
    """The refusal of a folder or a file in it; ``why`` is one sentence or more."""
    return CheckpointError(f"{place}: {why} What is right is at {WHERE}; 'sayso models' tells how to get it.")
