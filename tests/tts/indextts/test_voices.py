"""Voiceprints: made once for each recording and model, kept in memory and on disk, forgotten when asked."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import pickle
import stat
import tempfile
import threading
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from structlog.testing import capture_logs
from torch import Tensor

import bot.tts.indextts.voices as room
from bot.errors import AudioError
from bot.tts.audio import Reference, prepare
from bot.tts.indextts.conditioning import Conditioning
from bot.tts.indextts.config import ConditioningConfig, MelConfig
from bot.tts.indextts.mel import Mel
from bot.tts.indextts.voices import Voiceprint, Voiceprints
from tests.doubles.webui import wav


class Listener:
    """A model that tells recordings apart, and counts what it heard."""

    def __init__(self, fingerprint: str = "0123456789abcdef") -> None:
        self.fingerprint = fingerprint
        self.heard: list[Tensor] = []

    def mel(self, samples: Tensor, /) -> Tensor:
        self.heard.append(samples)
        return samples[:30].view(5, 6)

    def condition(self, mel: Tensor, /) -> Tensor:
        return mel.T / 3

    def speaker(self, mel: Tensor, /) -> Tensor:
        return mel.flatten() / 7


class Held(Listener):
    """One that does not come to an end with a recording before it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.released = threading.Event(), threading.Event()

    def mel(self, samples: Tensor, /) -> Tensor:
        self.begun.set()
        assert self.released.wait(30)
        return super().mel(samples)


class Tiny:
    """The real parts of the tiny model, with a mean for a speaker encoder."""

    fingerprint = "tiny"

    def __init__(self, folder: Path) -> None:
        config = ConditioningConfig(bands=100, width=32, inner=64, heads=4, blocks=2, perceiver_mult=2, dim=64)
        self.mel = Mel(MelConfig())
        self.condition = Conditioning.of(config, torch.load(folder / "gpt.pth", weights_only=True)["model"])
        self.speaker: Callable[[Tensor], Tensor] = partial(torch.mean, dim=1)


def spoken(number: int = 0) -> Reference:
    """Some recording; each number is another one."""
    samples = np.random.default_rng(number).uniform(-0.9, 0.9, 100).astype(np.float32)
    content = wav(samples)
    return Reference(content, len(samples) / 24_000, hashlib.sha256(content).hexdigest())


def of_bytes(content: bytes) -> Reference:
    return Reference(content, 1.0, hashlib.sha256(content).hexdigest())


def same(one: Voiceprint, other: Voiceprint) -> bool:
    return torch.equal(one.conditioning, other.conditioning) and torch.equal(one.speaker, other.speaker)


def only(folder: Path) -> Path:
    """The one file in it."""
    (file,) = folder.iterdir()
    return file


def aged(file: Path, seconds: int) -> Path:
    """As if it had last been asked for so long ago."""
    at = file.stat().st_mtime - seconds
    os.utime(file, (at, at))
    return file


@pytest.fixture
def drawer(tmp_path: Path) -> Path:
    return tmp_path / "prints"


def test_a_recording_is_heard_once() -> None:
    """Who speaks with a voice again gets the voiceprint that is there, and another voice gets another."""
    model = Listener()
    voiceprints = Voiceprints(model, None)
    first = voiceprints.of(spoken(0))
    assert voiceprints.of(spoken(0)) is first
    assert not same(voiceprints.of(spoken(1)), first)
    assert len(model.heard) == 2


def test_what_is_heard_is_the_recording_at_full_scale() -> None:
    """The model is given the samples as float32 within ±1, -32768 being -1."""
    model = Listener()
    integers = np.array([-32_768, -1, 0, 1, 16_384, 32_767] * 5, "<i2")
    Voiceprints(model, None).of(of_bytes(wav(np.zeros(30, np.float32))[:44] + integers.tobytes()))
    (heard,) = model.heard
    assert heard.dtype == torch.float32
    assert heard[:6].tolist() == [-1.0, -1 / 32_768, 0.0, 1 / 32_768, 0.5, 32_767 / 32_768]


def test_a_voiceprint_is_what_the_model_makes_of_it() -> None:
    """Both halves come of the same mel."""
    model = Listener()
    voiceprint = Voiceprints(model, None).of(spoken())
    mel = model.mel(model.heard[0])
    assert torch.equal(voiceprint.conditioning, model.condition(mel))
    assert torch.equal(voiceprint.speaker, model.speaker(mel))


def test_after_a_restart_nothing_is_heard_again(drawer: Path) -> None:
    """What is on disk is taken from there, the same to the bit."""
    made = Voiceprints(Listener(), drawer).of(spoken())
    later = Listener()
    taken = Voiceprints(later, drawer).of(spoken())
    assert same(taken, made)
    assert taken.conditioning.dtype == taken.speaker.dtype == torch.float32
    assert not later.heard


def test_real_parts_and_a_real_recording(folder: Path, drawer: Path) -> None:
    """A prepared recording goes through the mel and the conditioning of a real checkpoint, and comes back from disk."""
    reference, model = prepare(folder / "prompt.wav"), Tiny(folder)
    with torch.inference_mode():
        made = Voiceprints(model, drawer).of(reference)
    assert made.conditioning.shape == (32, 64)
    assert made.speaker.shape == (100,)
    assert same(Voiceprints(Listener("tiny"), drawer).of(reference), made)


def test_another_model_hears_for_itself(drawer: Path) -> None:
    """Voiceprints of other weights lie beside each other, and none is taken for the other's."""
    Voiceprints(Listener("one"), drawer).of(spoken())
    other = Listener("two")
    Voiceprints(other, drawer).of(spoken())
    assert len(other.heard) == 1
    assert len(list(drawer.iterdir())) == 2


@pytest.mark.skipif(os.name != "posix", reason="Windows knows no such rights")
def test_only_the_owner_may_read_them(drawer: Path) -> None:
    """A voiceprint says of a person what a fingerprint does: folder and file are the owner's alone."""
    before = os.umask(0)
    try:
        Voiceprints(Listener(), drawer).of(spoken())
    finally:
        os.umask(before)
    assert stat.S_IMODE(drawer.stat().st_mode) == 0o700
    assert stat.S_IMODE(only(drawer).stat().st_mode) == 0o600


def test_its_file_does_not_tell_whose_voice_it_is(drawer: Path) -> None:
    """Neither its name nor what is in it holds the recording's digest."""
    Voiceprints(Listener(), drawer).of(spoken())
    assert spoken().digest[:16] not in only(drawer).name
    assert spoken().digest[:16].encode() not in only(drawer).read_bytes()


def test_memory_holds_the_64_that_were_asked_for_last(drawer: Path) -> None:
    """The 65th voice puts out the one that was asked for longest ago, and no other."""
    model = Listener()
    voiceprints = Voiceprints(model, None)
    for number in [*range(64), 0, 64]:
        voiceprints.of(spoken(number))
    assert len(model.heard) == 65
    for number in [0, *range(2, 65)]:
        voiceprints.of(spoken(number))
    assert len(model.heard) == 65
    voiceprints.of(spoken(1))
    assert len(model.heard) == 66


def good(drawer: Path, number: int = 0) -> bytes:
    """A file as it should be."""
    Voiceprints(Listener(), drawer).of(spoken(number))
    return only(drawer).read_bytes()


def forged(content: bytes, **parts: Any) -> bytes:
    """The file with other arrays, and a header that is right for them unless one is given."""
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    told = json.loads(str(arrays["header"]))
    arrays |= parts
    told |= {"conditioning": [*arrays["conditioning"].shape], "speaker": [*arrays["speaker"].shape]}
    made = io.BytesIO()
    np.savez(made, **arrays | {"header": np.array(json.dumps(told))} | parts)
    return made.getvalue()


def told_otherwise(content: bytes, **told: Any) -> bytes:
    """The file with a header that says something else."""
    with np.load(io.BytesIO(content)) as file:
        header = json.loads(str(file["header"]))
    return forged(content, header=np.array(json.dumps(header | told)))


def with_a_member(content: bytes, name: str, member: bytes) -> bytes:
    """The file with something else for an array."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w") as after:
        for each in before.namelist():
            after.writestr(each, member if each == f"{name}.npy" else before.read(each))
    return made.getvalue()


def endless(_: bytes) -> bytes:
    """An array whose own header promises 4 exabytes."""
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(made, {"descr": "<f4", "fortran_order": False, "shape": (1 << 30, 1 << 30)})
    return made.getvalue()


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 0x41]) + content[at + 1 :]


def marked(content: bytes, at: int, bits: int) -> bytes:
    """Each member's heads in the archive with these bits set, ``at`` bytes into the first and two on in the second."""
    made = bytearray(content)
    for mark, place in ((b"PK\x03\x04", at), (b"PK\x01\x02", at + 2)):
        found = -1
        while (found := made.find(mark, found + 1)) >= 0:
            made[found + place] |= bits
    return bytes(made)


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut off": lambda content: content[:-100],
    "cut in the middle": lambda content: content[: len(content) // 2],
    "no archive": lambda _: b"no archive at all",
    "one array": lambda content: zipfile.ZipFile(io.BytesIO(content)).read("speaker.npy"),
    "a pickle": lambda _: pickle.dumps({"conditioning": 1}),
    "objects": lambda content: forged(content, speaker=np.array([{}, None], dtype=object)),
    "an old header": lambda content: told_otherwise(content, format=0),
    "of somebody else": lambda content: told_otherwise(content, name="somebody else"),
    "of another shape": lambda content: told_otherwise(content, conditioning=[32, 64]),
    "a header that is none": lambda content: forged(content, header=np.array("{")),
    "a header that is a list": lambda content: forged(content, header=np.array("[]")),
    "without a speaker": lambda content: with_a_member(content, "speaker", b""),
    "a speaker of words": lambda content: forged(content, speaker=np.array(["a", "b"])),
    "a speaker of two rows": lambda content: forged(content, speaker=np.ones((2, 2), np.float32)),
    "a flat conditioning": lambda content: forged(content, conditioning=np.ones(4, np.float32)),
    "in double precision": lambda content: forged(content, conditioning=np.ones((6, 5))),
    "no latents": lambda content: forged(content, conditioning=np.ones((0, 5), np.float32)),
    "not a number": lambda content: forged(content, conditioning=np.full((6, 5), np.nan, np.float32)),
    "infinite": lambda content: forged(content, speaker=np.full(30, np.inf, np.float32)),
    "endless": lambda content: with_a_member(content, "speaker", endless(content)),
    "encrypted": lambda content: marked(content, 6, 1),
    "compressed, but not": lambda content: marked(with_a_member(content, "header", b"\xff" * 99), 8, 8),
    "in a way nobody knows": lambda content: marked(content, 8, 64),
    "beginning where it ends": lambda content: flipped(content, 29),
    "a header that does not end": lambda content: with_a_member(content, "header", b"\x93NUMPY\x01\x00\x02\x00{\n"),
    "a flipped bit": lambda content: flipped(content, content.index(b"NUMPY", 600) + 150),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.filterwarnings("error")
def test_what_cannot_be_read_is_made_anew(drawer: Path, broken: Callable[[bytes], bytes]) -> None:
    """Whatever is wrong with a file, it is heard again, told of without names, and replaced by a good one."""
    content = good(drawer)
    expected = Voiceprints(Listener(), None).of(spoken())
    file = only(drawer)
    file.write_bytes(broken(content))
    model = Listener()
    with capture_logs() as logs:
        assert same(Voiceprints(model, drawer).of(spoken()), expected)
    assert len(model.heard) == 1
    assert [(log["event"], log["log_level"], sorted(log)) for log in logs] == [
        ("voiceprint_unreadable", "warning", ["error", "event", "log_level"])
    ]
    assert only(drawer) == file
    assert file.read_bytes() == content


class Trap:
    """What runs code when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., None], tuple[Path]]:
        return Path.touch, (self.mark,)


def test_nothing_in_a_file_is_run(drawer: Path, tmp_path: Path) -> None:
    """A file with pickled objects is not unpickled: it is no voiceprint."""
    content = good(drawer)
    only(drawer).write_bytes(forged(content, speaker=np.array([Trap(tmp_path / "sprung")], dtype=object)))
    model = Listener()
    Voiceprints(model, drawer).of(spoken())
    assert len(model.heard) == 1
    assert not (tmp_path / "sprung").exists()


def test_one_that_was_renamed_is_not_taken_for_another(drawer: Path) -> None:
    """A file knows its name: another voice's in its place is made anew."""
    good(drawer)
    taken = only(drawer)
    other = Voiceprints(Listener(), drawer).of(spoken(1))
    (file,) = set(drawer.iterdir()) - {taken}
    taken.replace(file)
    assert same(Voiceprints(Listener(), drawer).of(spoken(1)), other)


def test_what_is_of_another_format_is_made_anew(drawer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the same recording comes to other numbers than it did, raising the format is enough."""
    good(drawer)
    monkeypatch.setattr(room, "_FORMAT", room._FORMAT + 1)
    model = Listener()
    Voiceprints(model, drawer).of(spoken())
    Voiceprints(model, drawer).of(spoken())
    assert len(model.heard) == 1


def test_a_file_that_no_bit_can_be_turned_in_unnoticed(drawer: Path) -> None:
    """Of each byte in turn: a file that was changed is either made anew, or holds the same voice still."""
    content, expected = good(drawer), Voiceprints(Listener(), None).of(spoken())
    file = only(drawer)
    for at in range(0, len(content), 7):
        file.write_bytes(flipped(content, at))
        assert same(Voiceprints(Listener(), drawer).of(spoken()), expected)


def test_where_no_folder_can_be_the_voice_speaks_all_the_same(tmp_path: Path) -> None:
    """If a file is in the folder's place, the voice is made, remembered, and that it is not kept is told."""
    (tmp_path / "file").write_text("in the way")
    model = Listener()
    voiceprints = Voiceprints(model, tmp_path / "file" / "prints")
    with capture_logs() as logs:
        assert voiceprints.of(spoken()) is voiceprints.of(spoken())
    assert len(model.heard) == 1
    assert [log["event"] for log in logs] == ["voiceprint_unreadable", "voiceprint_not_kept"]
    assert spoken().digest[:8] not in str(logs)


@pytest.mark.parametrize(
    ("owner", "name"), [(tempfile, "mkstemp"), (os, "fdopen"), (Path, "replace"), (Path, "iterdir"), (Path, "mkdir")]
)
def test_a_full_disk_does_not_stop_speech(drawer: Path, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Wherever keeping fails, the voice is given, told of is only the kind of error, and no half file is left."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/home/somebody")

    expected = Voiceprints(Listener(), None).of(spoken())
    with capture_logs() as logs, monkeypatch.context() as patch:
        patch.setattr(owner, name, full)
        assert same(Voiceprints(Listener(), drawer).of(spoken()), expected)
    assert logs == [{"event": "voiceprint_not_kept", "log_level": "warning", "error": "OSError"}]
    assert not list(drawer.glob("*.part"))


def test_what_cannot_be_marked_as_asked_for_can_be_read(drawer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a disk that is read-only what is kept is still of use."""
    good(drawer)

    def refused(*_: object) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "utime", refused)
    model = Listener()
    with capture_logs() as logs:
        Voiceprints(model, drawer).of(spoken())
    assert not model.heard
    assert not logs


def test_there_are_never_more_than_so_many_on_disk(drawer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When there are too many, that goes which was asked for longest ago; taking one from disk is asking for it."""
    monkeypatch.setattr(room, "_KEPT", 3)
    voiceprints = Voiceprints(Listener(), drawer)
    files = []
    for number in range(3):
        before = set(drawer.glob("*"))
        voiceprints.of(spoken(number))
        (new,) = set(drawer.iterdir()) - before
        files.append(aged(new, 100 - 10 * number))
    Voiceprints(Listener(), drawer).of(spoken(0))
    voiceprints.of(spoken(3))
    assert len(list(drawer.iterdir())) == 3
    assert [file.exists() for file in files] == [True, False, True]


def test_what_was_left_behind_is_tidied_away_in_time(drawer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The part of a process that was killed goes by and by; what is none of ours is left alone."""
    monkeypatch.setattr(room, "_KEPT", 2)
    voiceprints = Voiceprints(Listener(), drawer)
    voiceprints.of(spoken(0))
    part = drawer / "0123.part"
    part.write_bytes(b"half")
    aged(part, 100)
    gone = drawer / "gone.npz"
    gone.symlink_to(drawer / "nothing")
    note = drawer / "note.txt"
    note.write_text("somebody's own")
    voiceprints.of(spoken(1))
    assert len(list(drawer.glob("*.npz"))) == 2
    assert not part.exists()
    assert not gone.is_symlink()
    assert note.exists()


def test_a_thousand_is_the_bound() -> None:
    """A thousand voiceprints of 160 kB are 160 MB, at most."""
    assert room._KEPT == 1000
    size = len(room._packed(Voiceprint(torch.zeros(32, 1280), torch.zeros(512)), "0" * 49))
    assert size < 170_000


def test_a_voice_that_is_withdrawn_is_forgotten(drawer: Path) -> None:
    """Nothing of it is left in memory or on disk, of no model and in no half file; other voices are not touched."""
    Voiceprints(Listener("an older model"), drawer).of(spoken(0))
    model = Listener()
    voiceprints = Voiceprints(model, drawer)
    voiceprints.of(spoken(0))
    mine = sorted(drawer.iterdir())
    (drawer / f"{mine[0].stem}.x1y2.part").write_bytes(b"half")
    voiceprints.of(spoken(1))
    voiceprints.forget(spoken(0).digest)
    assert only(drawer) not in mine
    voiceprints.of(spoken(1))
    assert len(model.heard) == 2
    voiceprints.of(spoken(0))
    assert len(model.heard) == 3


@pytest.mark.parametrize("digest", ["", "*", "../../etc/passwd", "?" * 64, "\0"])
def test_forgetting_whom_nobody_knows_is_nothing(tmp_path: Path, digest: str) -> None:
    """A digest is no path and no pattern, whatever it is; and where there is no folder there is nothing to forget."""
    Voiceprints(Listener(), tmp_path / "none").forget(digest)
    Voiceprints(Listener(), None).forget(digest)
    voiceprints = Voiceprints(Listener(), tmp_path / "prints")
    voiceprints.of(spoken())
    voiceprints.forget(digest)
    assert only(tmp_path / "prints").suffix == ".npz"


def test_what_cannot_be_deleted_is_said(drawer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who withdraws a voice is to know if it is still there."""
    voiceprints = Voiceprints(Listener(), drawer)
    voiceprints.of(spoken())

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OSError, match="Read-only"):
        voiceprints.forget(spoken().digest)


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"no sound", wav(np.zeros(100, np.float32)).replace(b"\x01\x00\x01\x00", b"\x01\x00\x02\x00", 1)],
    ids=["empty", "a beginning", "no WAV", "stereo"],
)
def test_what_is_no_reference_is_refused(drawer: Path, content: bytes) -> None:
    """Bytes that are no WAV, or one of another form, are no voice."""
    with pytest.raises(AudioError, match="A reference is"):
        Voiceprints(Listener(), drawer).of(of_bytes(content))
    assert not drawer.exists()


def test_one_that_is_too_short_is_refused(folder: Path, drawer: Path) -> None:
    """The mel's own refusal comes through, and nothing is kept."""
    with pytest.raises(ValueError, match="too few"):
        Voiceprints(Tiny(folder), drawer).of(of_bytes(wav(np.zeros(100, np.float32))))
    assert not drawer.exists()


def test_many_who_ask_at_once_let_it_be_heard_once(drawer: Path) -> None:
    """Threads that come for the same voice wait for the one who was first, and get what it made."""
    model, found = Held(), []
    voiceprints = Voiceprints(model, drawer)
    threads = [threading.Thread(target=lambda: found.append(voiceprints.of(spoken()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert model.begun.wait(30)
    model.released.set()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8
    assert len(set(map(id, found))) == 1
    assert len(model.heard) == 1


def test_a_known_voice_does_not_wait_for_a_new_one() -> None:
    """While one recording is heard, the voices that are known speak on."""
    model = Held()
    voiceprints = Voiceprints(model, None)
    model.released.set()
    known = voiceprints.of(spoken(0))
    model.released.clear()
    model.begun.clear()
    thread = threading.Thread(target=voiceprints.of, args=(spoken(1),))
    thread.start()
    assert model.begun.wait(30)
    assert voiceprints.of(spoken(0)) is known
    model.released.set()
    thread.join(30)


def test_what_is_forgotten_while_it_is_made_is_not_kept(drawer: Path) -> None:
    """Forgetting waits for what is being made, and takes that away too."""
    model = Held()
    voiceprints = Voiceprints(model, drawer)
    making = threading.Thread(target=voiceprints.of, args=(spoken(),))
    making.start()
    assert model.begun.wait(30)
    forgetting = threading.Thread(target=voiceprints.forget, args=(spoken().digest,))
    forgetting.start()
    model.released.set()
    making.join(30)
    forgetting.join(30)
    assert not list(drawer.iterdir())
    voiceprints.of(spoken())
    assert len(model.heard) == 2


def test_two_processes_that_make_the_same_do_no_harm(drawer: Path) -> None:
    """Who finds nothing while another makes it makes it too, and the file is whole whoever was last."""
    first, second = Held(), Held()
    threads = [threading.Thread(target=Voiceprints(model, drawer).of, args=(spoken(),)) for model in (first, second)]
    for thread in threads:
        thread.start()
    assert first.begun.wait(30)
    assert second.begun.wait(30)
    first.released.set()
    second.released.set()
    for thread in threads:
        thread.join(30)
    model = Listener()
    assert same(Voiceprints(model, drawer).of(spoken()), Voiceprints(Listener(), None).of(spoken()))
    assert only(drawer).suffix == ".npz"
    assert not model.heard
