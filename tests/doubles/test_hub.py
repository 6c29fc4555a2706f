"""The double of the hub, held to what the hub's own client makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, hf_hub_url
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RemoteEntryNotFoundError
from huggingface_hub.file_download import get_hf_file_metadata

from tests.doubles.hub import COMMIT, REPOSITORY, Fault, Hub

FILES = {"config.yaml": b"version: 1.5\n", "gpt.pth": bytes(range(256)) * 40}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub(FILES) as hub:
        yield hub


@pytest.mark.parametrize("name", FILES)
def test_the_client_finds_a_file_and_its_checksum(hub: Hub, name: str) -> None:
    """By git's of a small one, by SHA-256 of a big one, which lies elsewhere."""
    found = get_hf_file_metadata(hf_hub_url(REPOSITORY, name, endpoint=hub.url), token=False, endpoint=hub.url)
    small = hashlib.sha1(b"blob 13\0" + FILES["config.yaml"]).hexdigest()
    assert found.etag == (small if name == "config.yaml" else hashlib.sha256(FILES[name]).hexdigest())
    assert (found.commit_hash, found.size) == (COMMIT, len(FILES[name]))
    assert found.location.startswith(hub.url) is (name == "config.yaml")
    assert (found.xet_file_data is None) is (name == "config.yaml")


def test_the_client_downloads_from_it(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that it does by itself, but for Xet."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
    for name, data in FILES.items():
        path = hf_hub_download(REPOSITORY, name, local_dir=tmp_path, endpoint=hub.url, token=False)
        assert Path(path).read_bytes() == data
    assert set(hub.names) == set(FILES)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.LOCKED, GatedRepoError),
        (Fault.FORBIDDEN, HfHubHTTPError),
        (Fault.MISSING, RemoteEntryNotFoundError),
        (Fault.THROTTLED, HfHubHTTPError),
        (Fault.DOWN, HfHubHTTPError),
    ],
)
def test_the_client_knows_its_refusals(hub: Hub, fault: Fault, error: type[Exception]) -> None:
    """As those of the real one."""
    hub.asking = [fault]
    with pytest.raises(error):
        get_hf_file_metadata(hf_hub_url(REPOSITORY, "gpt.pth", endpoint=hub.url), token=False, endpoint=hub.url)


@pytest.mark.parametrize("path", ["nobody/nothing/resolve/main/gpt.pth", f"{REPOSITORY}/resolve/other/gpt.pth"])
def test_what_it_does_not_have_is_not_there(hub: Hub, path: str) -> None:
    """Another repository, or another revision."""
    with pytest.raises(RemoteEntryNotFoundError):
        get_hf_file_metadata(f"{hub.url}/{path}", token=False, endpoint=hub.url)
