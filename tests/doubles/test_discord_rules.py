"""What the loopback Discord checks of messages and answers before they exist."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.discord.channels import Channel, Kind
from tests.doubles.discord.commands import check_choice
from tests.doubles.discord.refusal import Refusal, invalid_form
from tests.doubles.discord.rules import COMPONENTS_V2, check_body, check_text
from tests.doubles.discord.upload import Upload

TEXT = Channel("6000", Kind.TEXT, "general", "5000")


def button(custom_id: str) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "x", "custom_id": custom_id}


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(buttons)}


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2000},
        {"content": "x", "embeds": [{"description": "x" * 4096}]},
        {"components": [row(*(button(f"{at}") for at in range(5)))]},
        {"components": [{"type": 10, "content": "x"}], "flags": COMPONENTS_V2},
        {"nonce": 12345, "content": "x"},
    ],
)
def test_what_is_within_the_limits_is_taken(body: dict[str, Any]) -> None:
    """At the limit is within."""
    check_body(body, [], 100, TEXT)


@pytest.mark.parametrize(
    "body",
    [
        {"content": "x" * 2001},
        {"embeds": [{}] * 11},
        {"embeds": [{"title": "x" * 256, "description": "x" * 4096, "footer": {"text": "x" * 1649}}]},
        {"embeds": [{"fields": [{"name": "x" * 200, "value": "x" * 1000}] * 5, "author": {"name": "x"}}]},
        {"components": [row(button("a"))] * 6},
        {"components": [row()]},
        {"components": [row(*(button(f"{at}") for at in range(6)))]},
        {"components": [row(button("a"), button("a"))]},
        {"components": [row(button("x" * 101))]},
        {"content": "x", "flags": COMPONENTS_V2},
        {"nonce": "x" * 26},
    ],
)
def test_what_is_beyond_them_is_refused(body: dict[str, Any]) -> None:
    """50035."""
    with pytest.raises(Refusal) as refused:
        check_text(body)
    assert (refused.value.status, refused.value.code) == (400, 50035)


def test_files_are_few_and_small() -> None:
    """At most ten, each below the limit."""
    small = [Upload(f"files[{at}]", "a.txt", None, b"x") for at in range(11)]
    check_body({}, small[:10], 1, TEXT)
    with pytest.raises(Refusal, match="50035"):
        check_body({}, small, 1, TEXT)
    with pytest.raises(Refusal, match="40005"):
        check_body({}, small[:1], 0, TEXT)


def test_an_error_says_where_it_is() -> None:
    """Nested as Discord nests it, so that the library can name the field."""
    refused = invalid_form("embeds.0.description", "TOO_LONG", "Too long.")
    found = refused.payload()["errors"]["embeds"]["0"]["description"]["_errors"]
    assert found == [{"code": "TOO_LONG", "message": "Too long."}]


@pytest.mark.parametrize(
    "choice",
    [
        {"name": "", "value": "x"},
        {"name": "x" * 101, "value": "x"},
        {"name": "x", "value": "x" * 101},
        {"name": "x", "value": ""},
        {"name": "x", "value": "x", "name_localizations": {"ja": "x" * 101}},
    ],
)
def test_a_choice_is_short_and_not_empty(choice: dict[str, Any]) -> None:
    """In every language."""
    check_choice({"name": "x" * 100, "value": 1}, "")
    with pytest.raises(Refusal, match="50035"):
        check_choice(choice, "")


def test_the_name_of_a_file_decides_what_it_is() -> None:
    """The part's own type counts only where the name says nothing."""
    assert Upload("files[0]", "note.OGG", "application/octet-stream", b"").guessed() == "audio/ogg"
    assert Upload("files[3]", "note.bin", "audio/mpeg", b"").guessed() == "audio/mpeg"
    assert Upload("files[3]", "x", None, b"").index == "3"
