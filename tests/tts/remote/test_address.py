"""Addresses, as people write them."""

from __future__ import annotations

import base64

import pytest

from bot.errors import ConfigError
from bot.tts.remote.address import Address

SPEECH = "/v1/audio/speech"


@pytest.mark.parametrize(
    ("written", "speech"),
    [
        ("http://10.0.0.5:8888", "http://10.0.0.5:8888/v1/audio/speech"),
        ("http://10.0.0.5:8888/", "http://10.0.0.5:8888/v1/audio/speech"),
        ("http://10.0.0.5:8888/v1", "http://10.0.0.5:8888/v1/audio/speech"),
        ("http://10.0.0.5:8888/v1/", "http://10.0.0.5:8888/v1/audio/speech"),
        ("http://10.0.0.5:8888/v1/audio/speech", "http://10.0.0.5:8888/v1/audio/speech"),
        ("  10.0.0.5:8888 ", "http://10.0.0.5:8888/v1/audio/speech"),
        ("gpu-box", "http://gpu-box/v1/audio/speech"),
        ("HTTPS://api.openai.com/v1", "https://api.openai.com/v1/audio/speech"),
        ("https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/audio/speech"),
        ("https://example.org/my%20tts/", "https://example.org/my%20tts/v1/audio/speech"),
        ("http://[::1]:8888", "http://[::1]:8888/v1/audio/speech"),
        ("http://ann:secret@10.0.0.5:8888/v1", "http://10.0.0.5:8888/v1/audio/speech"),
    ],
)
def test_what_is_meant(written: str, speech: str) -> None:
    """With and without a slash, the version, the whole path, or the scheme."""
    assert str(Address.of(written).at(SPEECH)) == speech


@pytest.mark.parametrize(
    ("written", "name", "password"),
    [
        ("http://ann:secret@host", "ann", "secret"),
        ("http://ann@host", "ann", ""),
        ("ann:secret@host:80", "ann", "secret"),
        ("http://ann:s%40f%2Fe@host", "ann", "s@f/e"),
        ("http://ann:s@f/e?#:@host", "ann", "s@f/e?#:"),
        ("http://änn:pässwort@host", "änn", "pässwort"),
    ],
)
def test_a_name_and_a_password(written: str, name: str, password: str) -> None:
    """Stand before the @, whatever is in them."""
    address = Address.of(written)
    assert base64.b64decode(address.auth.removeprefix("Basic ")).decode() == f"{name}:{password}"
    assert (address.base.user, address.base.password, address.base.host) == (None, None, "host")


@pytest.mark.parametrize(
    "written", ["", "http://", "ftp://host", "http://host:port", "http://host:99999", "http://host?key=1", "http://a b"]
)
def test_what_is_no_address(written: str) -> None:
    """Is said at the start, with what to write in its place."""
    with pytest.raises(ConfigError, match=r"^remote\.servers: .* write it as http://10\.0\.0\.5:8888$"):
        Address.of(written)


@pytest.mark.parametrize("written", ["http://ann:hush@", "ftp://ann:hush@host", "http://host?password=hush"])
def test_credentials_are_not_shown(written: str) -> None:
    """Whatever is wrong with the rest."""
    with pytest.raises(ConfigError) as caught:
        Address.of(written)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("written", "loopback"),
    [
        ("localhost:80", True),
        ("tts.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]:80", True),
        ("10.0.0.5", False),
        ("example.org", False),
        ("localhost.example.org", False),
    ],
)
def test_whether_it_is_this_machine(written: str, loopback: bool) -> None:
    """By its name alone; nobody is asked."""
    assert Address.of(written).loopback is loopback


def test_it_is_called_by_its_place() -> None:
    """As messages name it."""
    assert Address.of("http://ann:secret@10.0.0.5:8888/v1").label == "10.0.0.5:8888"
