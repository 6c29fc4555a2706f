"""English goes through hibari's reader, in two accents, in the alphabet Kokoro knows."""

from __future__ import annotations

import pytest

from bot.tts.offline.kokoro import vocabulary
from bot.tts.offline.phonemes.english import american, british


def test_two_accents() -> None:
    """An American and a Briton read the same word differently."""
    assert american("Hello there.") == "həlˈO ðˈɛɹ."
    assert british("Hello there.") == "həlˈQ ðˈɛː."


@pytest.mark.parametrize(
    "text",
    [
        "It costs $12.50 on 10/12/2024 at 9:30am.",
        "https://example.org/a?b=c",
        "v2.0.1 (beta)",
        "naïve café",
        "Zxqrwv blorptastic",
    ],
)
def test_only_symbols_the_model_knows(text: str) -> None:
    """Money, dates, addresses and invented words come out as sounds and nothing else."""
    read = american(text)
    assert read
    assert set(read) <= set(vocabulary())
