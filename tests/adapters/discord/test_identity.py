"""Ids as the rest of the house knows them."""

from __future__ import annotations

import pytest

from bot.adapters.discord.identity import message_of, reading_id


def test_the_message_that_a_request_reads_is_told_by_its_id() -> None:
    """In every process."""
    assert message_of(reading_id(80351110224678912)) == 80351110224678912


@pytest.mark.parametrize("request_id", ["", "read-", "read-x", "read--5", "80351110224678912", "0f" * 16])
def test_other_requests_read_no_message(request_id: str) -> None:
    """Whatever their ids look like."""
    assert message_of(request_id) is None
