"""Notices that the language model has lost its way: that it repeats itself, or does not come to an end.

A second of speech is 23.44 codes. How many codes a text may take is an assumption, drawn from published figures and to
be measured again on the real weights:

* Mandarin has 5.2 syllables a second (Pellegrino, Coupé and Marsico, 2011), each a token: 4.5 codes for a token.
* English is read at 150 words a minute. The one sentence of which the official vocabulary's pieces are known to us has
  15 for 9 words, so that is 4.2 tokens a second: 5.6 codes for a token.
* Slow dictation has half of that speed: 9 to 11 codes for a token. The limit is above it, at 12, plus 3 seconds for
  pauses and for the long word that is a single token.
* The fastest speakers need some 3 codes for a token. What has less than half a code was not said; it is so little
  because punctuation and unknown signs are tokens without a sound.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from bot.tts.indextts.silence import SILENT_CODE

_PER_TOKEN = 12
_PAUSES = 72
MOST_CODES = 600
"""Upstream's own limit for one sentence: 25.6 seconds."""

_LONGEST_PERIOD = 40
"""1.7 seconds: a few words. What is longer and comes again is left to the limit."""
_SPAN = 24
"""Codes that must have come again, one by one, before a loop is called one: a second, and at least two periods."""
_EVIDENCE = 12
"""How many of these must be other than silence, which is always like itself."""
_ENOUGH = np.maximum(_SPAN, 2 * np.arange(1, _LONGEST_PERIOD + 1))
"""For each period from 1 on, how long a span shows that it is one: with the first period, three of them."""


class Fault(StrEnum):
    """What is wrong with the codes so far."""

    REPEATS = "repeats"
    """The same passage over and over."""
    RUNAWAY = "runaway"
    """Far more codes than the text has to say."""
    TOO_SHORT = "too_short"
    """It stopped before it can have said the text."""


class Watchdog:
    """Watches the codes of one sentence of so many text tokens."""

    def __init__(self, tokens: int) -> None:
        self._tokens = tokens
        self._count = 0
        self._before = np.full(_LONGEST_PERIOD, -1)
        self._span = np.zeros(_LONGEST_PERIOD, np.int64)
        self._evidence = np.zeros(_LONGEST_PERIOD, np.int64)

    @property
    def limit(self) -> int:
        """Codes that a sentence of so many tokens may have at most, the stop code among them; never above 600."""
        return min(MOST_CODES, _PAUSES + _PER_TOKEN * self._tokens)

    def look(self, code: int) -> Fault | None:
        """One more code, not the stop code: what is wrong by now."""
        self._count += 1
        self._compare(code)
        if np.any((self._span >= _ENOUGH) & (self._evidence >= _EVIDENCE)):
            return Fault.REPEATS
        return Fault.RUNAWAY if self._count >= self.limit else None

    def end(self) -> Fault | None:
        """It stopped: whether it stopped too soon."""
        return Fault.TOO_SHORT if self._count < max(1, self._tokens // 2) else None

    def _compare(self, code: int) -> None:
        """Count, for each period, how many codes in a row have been what was a period before them."""
        same = self._before == code
        self._span = (self._span + 1) * same
        self._evidence = (self._evidence + (code != SILENT_CODE)) * same
        self._before[1:] = self._before[:-1]
        self._before[0] = code
