"""Long silence inside a sentence, cut short: code 52 is silence."""

from __future__ import annotations

from collections.abc import Sequence

SILENT_CODE = 52


def remove_long_silence(codes: Sequence[int], stop: int) -> list[int]:
    """As upstream: cut at the first stop code; where silence occurs more than 30 times in the whole list (also after
    the stop), every run of it is cut to 10."""
    raise NotImplementedError


class LongSilence:
    """The same on a stream, which cannot know what comes: says of each code whether its sound is kept."""

    def keeps(self, code: int) -> bool:
        raise NotImplementedError
