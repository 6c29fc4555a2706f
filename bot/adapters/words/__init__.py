"""What Sayso says to people, in their language: catalogues in ``<locale>/<section>.yaml``, shared by all chat adapters.

(Skeleton: the mechanism is filled in by its owner; signatures are contracts. A section is owned by who writes the code
that uses it, in all locales.)
"""

from __future__ import annotations

from bot.errors import SaysoError
from bot.speech import Refusal

LOCALES = ("en", "zh-CN", "ja")


def closest(locale: str) -> str:
    """The catalogue for a BCP-47 tag: ``ja-JP`` is ``ja``, ``zh-TW`` and ``zh`` are ``zh-CN``, others ``en``."""
    raise NotImplementedError


def word(key: str, locale: str, **values: object) -> str:
    """The phrase ``section.key`` in the nearest catalogue, its ``{placeholders}`` filled in from ``values``.

    Falls back to English where a catalogue lacks it. Raises KeyError for a key that no catalogue has.
    """
    raise NotImplementedError


def refusal(refused: Refusal, locale: str) -> str:
    """A refusal in the asker's language, with what to do instead and, where known, when to try again."""
    raise NotImplementedError


def failure(error: SaysoError, locale: str) -> str:
    """Why a speech broke off, in the asker's language."""
    raise NotImplementedError
