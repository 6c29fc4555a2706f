"""Where a web UI is, from what people write."""

from __future__ import annotations

import pytest

from bot.errors import ConfigError
from bot.tts.gradio.address import Address


@pytest.mark.parametrize(
    ("setting", "url", "place", "local"),
    [
        ("http://127.0.0.1:7860", "http://127.0.0.1:7860/", "127.0.0.1:7860", True),
        ("http://127.0.0.1:7860/", "http://127.0.0.1:7860/", "127.0.0.1:7860", True),
        ("localhost:7860", "http://localhost:7860/", "localhost:7860", True),
        ("HTTP://[::1]:7860", "http://[::1]:7860/", "[::1]:7860", True),
        ("gpu.lan", "http://gpu.lan/", "gpu.lan", False),
        ("https://gpu.lan/tts/?__theme=dark", "https://gpu.lan/tts/", "gpu.lan", False),
        ("http://127.example.org", "http://127.example.org/", "127.example.org", False),
    ],
)
def test_an_address_is_understood(setting: str, url: str, place: str, local: bool) -> None:
    """With or without what a browser adds; a name that only looks like this machine is not taken for it."""
    assert Address.of(setting) == Address(url, place, local)


def test_a_name_and_password_are_for_the_login_only() -> None:
    """They are in nothing that is shown."""
    address = Address.of("https://ann%40lan:se%3Acret@gpu.lan:7860")
    assert address.login == ("ann@lan", "se:cret")
    assert (address.url, address.place) == ("https://gpu.lan:7860/", "gpu.lan:7860")
    assert "cret" not in repr(address)


@pytest.mark.parametrize(
    "setting", ["", "http://", "ftp://gpu.lan", "http://[gpu.lan", "http://gpu.lan:port", "owner://space", "http://:7"]
)
def test_what_is_none_is_told_without_being_repeated(setting: str) -> None:
    """It would be taken for the name of a Space of Hugging Face's, and there may be a password in it."""
    with pytest.raises(ConfigError, match=r"^gradio\.url: this is no address of a web UI; write one such as http://"):
        Address.of(setting)
