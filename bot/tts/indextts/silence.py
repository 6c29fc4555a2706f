"""Long silence inside a sentence, cut short: code 52 is silence."""

from __future__ import annotations

from collections.abc import Sequence

SILENT_CODE = 52

_BEARABLE = 30
"""So much silence in one sentence, all in all, is left as it is: 1.3 seconds."""
_LONGEST = 10
"""Where there is more, what each run of it may have: 0.4 seconds."""


def remove_long_silence(codes: Sequence[int], stop: int) -> list[int]:
    """As upstream: cut at the first stop code; where silence occurs more than 30 times in the whole list (also after
    the stop), every run of it is cut to 10."""
    spoken = list(codes[: codes.index(stop)]) if stop in codes else list(codes)
    if codes.count(SILENT_CODE) <= _BEARABLE:
        return spoken
    runs = _Runs()
    return [code for code in spoken if runs.after(code) <= _LONGEST]


class LongSilence:
    """The same on a stream, which cannot know what comes: says of each code whether its sound is kept.

    A silent code is dropped if it is beyond the tenth of its run, and with it more than 30 silent codes have come in
    all, whether kept or not. So nothing is dropped that upstream would keep, and a sentence with up to 30 of them stays
    as it is; of the first 30, upstream would drop up to 20 in looking back (0.85 seconds), which are heard by then. A
    run that is in progress when the thirtieth comes is cut right there. One of these is for one sentence.
    """

    def __init__(self) -> None:
        self._runs = _Runs()
        self._silent = 0

    def keeps(self, code: int) -> bool:
        """Whether the sound of this code, the next one, is kept; the stop code is not to be asked about."""
        self._silent += code == SILENT_CODE
        return self._runs.after(code) <= _LONGEST or self._silent <= _BEARABLE


class _Runs:
    """Counts silent codes in a row."""

    def __init__(self) -> None:
        self._length = 0

    def after(self, code: int) -> int:
        """How long the run of silence is after this code, the next one; 0 if it is none."""
        self._length = self._length + 1 if code == SILENT_CODE else 0
        return self._length
