"""The model folder, fetched with the real client from a hub on the loopback."""

from __future__ import annotations

import errno
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import close_session

from bot.tts.indextts import download
from bot.tts.indextts.download import FILES, DownloadError, fetch
from tests.doubles.hub import COMMIT, REPOSITORY, Fault, Hub

CONTENT = {
    "config.yaml": b"version: 1.5\n",
    "bpe.model": b"pieces" * 300,
    "bigvgan_generator.pth": bytes(range(256)) * 30,
    "gpt.pth": bytes(reversed(range(256))) * 40,
    "dvae.pth": b"not needed" * 200,
}
PARTS = ".gpt.pth.*.part"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, named as a mirror is."""
    with Hub(CONTENT) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        yield hub
        close_session()


@pytest.fixture
def pauses() -> list[float]:
    """Seconds that were waited; no time passes."""
    return []


def got(folder: Path) -> dict[str, bytes]:
    """What lies in the folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def needed() -> dict[str, bytes]:
    return {name: CONTENT[name] for name in FILES}


def cut_in_half(hub: Hub, folder: Path) -> Path:
    """A download that broke off in the last file; what has come of that."""
    hub.faults = [*[Fault.NONE] * 3, Fault.CUT]
    hub.asking = [*[Fault.NONE] * 8, Fault.DOWN]
    with pytest.raises(DownloadError):
        fetch(folder, sleep=lambda _: None)
    (part,) = folder.glob(PARTS)
    assert part.read_bytes() == CONTENT["gpt.pth"][:5120]
    hub.asked.clear()
    hub.stored.clear()
    return part


def test_the_four_files_are_fetched_and_no_others(hub: Hub, tmp_path: Path) -> None:
    """Into a folder that is made, with nothing left beside them."""
    fetch(tmp_path / "new" / "folder")
    assert got(tmp_path / "new" / "folder") == needed()
    assert sorted(hub.names) == sorted(FILES)


def test_nothing_leaves_but_questions(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD and GET for those files, no token, no word of what else is installed; a store never sees the hub's."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    fetch(tmp_path)
    everything = [*hub.asked, *hub.stored]
    assert {asked.method for asked in everything} == {"HEAD", "GET"}
    assert all(asked.path.startswith(f"/{REPOSITORY}/resolve/") for asked in hub.asked)
    assert {asked.headers["user-agent"] for asked in everything} == {f"sayso/{version('sayso')}"}
    assert not any("authorization" in asked.headers or "cookie" in asked.headers for asked in everything)


def test_all_files_are_of_one_commit(hub: Hub, tmp_path: Path) -> None:
    """Somebody may upload others meanwhile: only the first is asked for as the newest."""
    fetch(tmp_path)
    revisions = [asked.path.split("/")[-2] for asked in hub.asked]
    assert (revisions[0], set(revisions[1:])) == ("main", {COMMIT})


def test_progress_is_told_up_to_the_last_byte(hub: Hub, tmp_path: Path) -> None:
    """Of each file how much is here, and how much there is."""
    seen: list[tuple[str, int, int]] = []
    fetch(tmp_path, told=lambda *piece: seen.append(piece))
    ends = {name: (here, size) for name, here, size in seen}
    assert ends == {name: (len(data), len(data)) for name, data in needed().items()}


def test_what_is_there_is_not_fetched_again(hub: Hub, tmp_path: Path) -> None:
    """It is known by its checksum."""
    fetch(tmp_path)
    (tmp_path / "gpt.pth").unlink()
    hub.asked.clear()
    hub.stored.clear()
    fetch(tmp_path)
    assert hub.names == ["gpt.pth"]
    assert got(tmp_path) == needed()


@pytest.mark.parametrize("name", ["config.yaml", "gpt.pth"])
@pytest.mark.parametrize("data", [b"mine", None], ids=["of another size", "of the same size"])
def test_a_file_of_somebodys_own_is_never_replaced(hub: Hub, tmp_path: Path, name: str, data: bytes | None) -> None:
    """Weights that somebody trained may lie there. Nothing at all is fetched beside them."""
    mine = data or bytes(len(CONTENT[name]))
    (tmp_path / name).write_bytes(mine)
    with pytest.raises(DownloadError, match=f"{name} is there already and is not the one on the hub"):
        fetch(tmp_path)
    assert got(tmp_path) == {name: mine}


def test_a_connection_that_breaks_is_taken_up_again(hub: Hub, tmp_path: Path, pauses: list[float]) -> None:
    """At the byte where it broke, and without a pause as long as something comes."""
    hub.faults = [*[Fault.NONE] * 3, Fault.CUT, Fault.CUT, Fault.NONE]
    fetch(tmp_path, sleep=pauses.append)
    assert got(tmp_path) == needed()
    assert [asked.headers.get("range") for asked in hub.stored][-3:] == [None, "bytes=5120-", "bytes=7680-"]
    assert pauses == []


@pytest.mark.parametrize("fault", [Fault.BARREN, Fault.HUNG_UP])
def test_what_brings_nothing_is_given_up(hub: Hub, tmp_path: Path, pauses: list[float], fault: Fault) -> None:
    """After five times in a row, with longer and longer pauses, in words that say what to do."""
    hub.faults = [*[Fault.NONE] * 3, Fault.CUT, *[fault] * 5]
    with pytest.raises(DownloadError, match=r"breaks off .*What has come is kept"):
        fetch(tmp_path, sleep=pauses.append)
    assert pauses == [2, 4, 8, 16]
    assert next(tmp_path.glob(PARTS)).stat().st_size == 5120


def test_the_next_run_goes_on_where_the_last_one_broke_off(hub: Hub, tmp_path: Path) -> None:
    """Days later: only the rest of that one file is asked for."""
    cut_in_half(hub, tmp_path)
    fetch(tmp_path)
    assert got(tmp_path) == needed()
    assert [(asked.method, asked.headers.get("range")) for asked in hub.stored] == [("GET", "bytes=5120-")]


def test_a_server_that_gives_no_parts_gives_all(hub: Hub, tmp_path: Path) -> None:
    """What has come before is not put in front of it."""
    cut_in_half(hub, tmp_path)
    hub.faults = [Fault.WHOLE]
    fetch(tmp_path)
    assert got(tmp_path) == needed()


def test_another_version_is_not_continued(hub: Hub, tmp_path: Path) -> None:
    """The half of the old file goes when the new one is there."""
    cut_in_half(hub, tmp_path)
    hub.files = {**CONTENT, "gpt.pth": b"trained anew" * 900}
    fetch(tmp_path)
    assert got(tmp_path) == {**needed(), "gpt.pth": b"trained anew" * 900}
    assert hub.stored[-1].headers.get("range") is None


def test_a_part_that_was_whole_only_takes_its_name(hub: Hub, tmp_path: Path) -> None:
    """Somebody ended the last run in just that moment."""
    part = cut_in_half(hub, tmp_path)
    part.write_bytes(CONTENT["gpt.pth"])
    fetch(tmp_path)
    assert got(tmp_path) == needed()
    assert hub.stored == []


@pytest.mark.parametrize("place", [0, 3], ids=["small file", "big file"])
def test_what_comes_damaged_is_thrown_away(hub: Hub, tmp_path: Path, place: int) -> None:
    """And nobody takes it for the model."""
    hub.faults = [*[Fault.NONE] * place, Fault.DAMAGED]
    with pytest.raises(DownloadError, match=f"{FILES[place]} came damaged and was thrown away; run it again"):
        fetch(tmp_path)
    assert got(tmp_path) == {name: CONTENT[name] for name in FILES[:place]}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.LOCKED, "answers 401: it does not give it to everybody; try a mirror by HF_ENDPOINT"),
        (Fault.FORBIDDEN, "answers 403: it does not give it to everybody"),
        (Fault.MISSING, "answers 404: it has no such file; if HF_ENDPOINT is set"),
        (Fault.THROTTLED, "answers 429: it is asked too often; run it again in 90 seconds"),
        (Fault.DOWN, "answers 503: it is not well; run it again later"),
    ],
)
@pytest.mark.parametrize("asking", [True, False], ids=["asking", "fetching"])
def test_a_refusal_is_told_in_words(hub: Hub, tmp_path: Path, fault: Fault, words: str, asking: bool) -> None:
    """One line that says what to do, without the signature in an address of the store."""
    if asking:
        hub.asking = [fault]
    else:
        hub.faults = [Fault.NONE, fault]
    with pytest.raises(DownloadError) as refused:
        fetch(tmp_path)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_where_nobody_answers_the_network_is_named(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 of this machine listens to nobody."""
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9/")
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:9 cannot be reached.*see your network and proxy"):
        fetch(tmp_path)


def test_a_server_that_is_no_hub_is_known(hub: Hub, tmp_path: Path) -> None:
    """A page of a hotel's network, say."""
    hub.asking = [Fault.STRANGER]
    with pytest.raises(DownloadError, match="does not answer as the Hugging Face hub does"):
        fetch(tmp_path)


@pytest.mark.parametrize("endpoint", ["hf-mirror.com", "ftp://hf-mirror.com", "https://", "http://x:port"])
def test_a_mirror_must_be_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    """It is quoted, with an example."""
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    with pytest.raises(DownloadError, match=r"HF_ENDPOINT: .* is no address; write one such as https://"):
        fetch(tmp_path)


def test_without_a_mirror_it_is_the_hub_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy that refuses, so that nothing leaves this machine."""
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    close_session()
    with pytest.raises(DownloadError, match=r"huggingface\.co cannot be reached"):
        fetch(tmp_path)
    close_session()


def test_whoever_is_offline_on_purpose_is_reminded(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client reads that setting when it is imported."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    close_session()
    with pytest.raises(DownloadError, match="HF_HUB_OFFLINE"):
        fetch(tmp_path)


def test_a_disk_without_room_is_told_before_anything_is_fetched(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In gigabytes."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=download.SPARE + 19_000))
    with pytest.raises(DownloadError, match=r"has room for 0\.07 GB, and 0\.00 GB are missing"):
        fetch(tmp_path)
    assert hub.names == []
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=download.SPARE + 20_000))
    fetch(tmp_path)


def test_a_disk_that_fills_up_meanwhile_keeps_what_has_come(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else wrote to it too."""

    def full(_name: str, here: int, _size: int) -> None:
        if here > 9_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DownloadError, match="is full; make room and run it again: what has come is kept"):
        fetch(tmp_path, told=full)
    assert {"config.yaml", "bpe.model", "bigvgan_generator.pth"} < set(got(tmp_path))
    fetch(tmp_path)
    assert got(tmp_path) == needed()


def test_a_place_that_is_no_folder_is_refused(hub: Hub, tmp_path: Path) -> None:
    """A file of that name is in the way."""
    (tmp_path / "model").touch()
    with pytest.raises(DownloadError, match="model cannot be written: File exists; name another folder"):
        fetch(tmp_path / "model")


def test_without_the_client_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with the extra."""
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", None)
    with pytest.raises(DownloadError, match=r"pip install 'sayso\[indextts\]'"):
        fetch(tmp_path)
