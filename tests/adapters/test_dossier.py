"""What is kept about somebody, as a file."""

from __future__ import annotations

import gzip
import json

import pytest

from bot.adapters.dossier import dossier

KEPT = {"user": "chat:1", "clips": [{"text": "Здравствуй, 世界"}]}


def test_little_is_sent_as_it_is() -> None:
    """For people to read: indented, and in their own letters."""
    name, data = dossier(KEPT)
    assert name == "sayso.json"
    assert json.loads(data) == KEPT
    assert "世界" in data.decode()


def test_much_is_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the same when it is unpacked."""
    monkeypatch.setattr("bot.adapters.dossier.PLAIN", 10)
    name, data = dossier(KEPT)
    assert name == "sayso.json.gz"
    assert json.loads(gzip.decompress(data)) == KEPT
