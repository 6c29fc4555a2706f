"""What is kept about somebody, as a file for them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping

PLAIN = 1_000_000
"""Bytes that are sent as they are; more is packed, to a tenth or less."""


def dossier(kept: Mapping[str, object]) -> tuple[str, bytes]:
    """The name of the file and what is in it. To be called in a thread: much may be kept."""
    data = json.dumps(kept, ensure_ascii=False, indent=2, default=str).encode()
    return ("sayso.json", data) if len(data) <= PLAIN else ("sayso.json.gz", gzip.compress(data))
