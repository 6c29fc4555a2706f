"""Which engines there are, by the settings."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.config import GradioSettings, IndexTtsSettings, InstancesSettings, Settings, load
from bot.engines import Engines, _retried, _settled, enter, servers
from bot.errors import ConfigError, EngineUnavailable
from bot.speech import Utterance
from bot.tts.pool import Member, Pool
from bot.tts.voices import Voices
from tests.doubles.engine import FakeEngine, Script, at_once

QUIET = ("edge.refresh=false",)
UNSET = "the engine indextts is not set up; set indextts.folder (see `sayso models`), or gradio.url"


async def entered(tmp_path: Path, *overrides: str, resident: bool = False) -> Engines:
    """The engines of these settings, entered and left again."""
    loaded = load(environ={}, overrides=[f"data_dir={tmp_path}", *QUIET, *overrides], folder=tmp_path)
    async with AsyncExitStack() as stack:
        return await enter(stack, loaded, Voices.load(), resident=resident)


def test_servers_are_told_with_their_weights() -> None:
    """What is not weighed counts once; a label never shows a password."""
    found = servers("http://10.0.0.5:8888*2, https://me:hunter2@tts.example/v1 , 10.0.0.7*0.5,")
    assert found == [
        ("http://10.0.0.5:8888", "10.0.0.5:8888", 2.0),
        ("https://me:hunter2@tts.example/v1", "tts.example:443", 1.0),
        ("10.0.0.7", "10.0.0.7:80", 0.5),
    ]
    assert servers("") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ftp://a", "is no address"),
        ("http://", "is no address"),
        ("a, ://b", "is no address"),
        ("a*0", "has the weight 0"),
    ],
)
def test_what_is_no_server_is_refused_by_its_place(text: str, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(ConfigError, match=rf"^remote\.servers: .*{words}"):
        servers(text)


def test_one_server_is_not_two() -> None:
    """Its health would be kept twice, and metrics could not tell the two apart."""
    with pytest.raises(ConfigError, match="twice; give it a weight"):
        servers("http://a:1, http://a:1*2")


async def test_without_more_there_are_the_offline_voices_and_edge(tmp_path: Path) -> None:
    """With the offline voices in edge's stead, and a breaker before edge alone."""
    engines = await entered(tmp_path)
    assert list(engines.chosen) == list(engines.leaves) == ["offline", "edge"]
    assert engines.fallbacks == {"edge": ("offline",)}
    assert list(engines.breakers) == ["edge"]
    assert not engines.pools
    assert not engines.instances


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["speak.engine=remote"], "speak.engine: the engine remote is not set up; set remote.servers"),
        (
            ["speak.engine=indextts"],
            f"speak.engine: {UNSET}",
        ),
        (
            ["instances.engine=offline", "instances.least=3"],
            "instances.least: 3 children cannot always run where at most 1 are started",
        ),
        (
            ["remote.servers=http://127.0.0.1:9", "remote.fallback=remote"],
            "remote.fallback: remote cannot speak in its own stead; name another engine",
        ),
        (
            ["instances.engine=indextts"],
            f"instances.engine: {UNSET}",
        ),
        (
            ["remote.servers=http://127.0.0.1:9", "remote.fallback=edgy"],
            "remote.fallback: there is no engine 'edgy'; choose among offline, edge, remote",
        ),
    ],
)
async def test_an_engine_that_is_not_set_up_is_told_at_start(tmp_path: Path, overrides: list[str], words: str) -> None:
    """With the setting that would bring it."""
    with pytest.raises(ConfigError) as raised:
        await entered(tmp_path, *overrides, resident=True)
    assert str(raised.value) == words


async def test_a_recording_that_cannot_be_cloned_from_is_told_at_start(tmp_path: Path) -> None:
    """By persona, file and reason, and only where an engine needs it."""
    (tmp_path / "voices.yaml").write_text("personas: {captain: {voices: {indextts: captain.wav}}}", encoding="utf-8")
    (tmp_path / "captain.wav").write_bytes(b"no sound")
    loaded = load(environ={}, overrides=[f"data_dir={tmp_path}", *QUIET], folder=tmp_path)
    needed = load(environ={}, overrides=[*QUIET, "gradio.url=http://127.0.0.1:9"], folder=tmp_path)
    voices = Voices.load(extra=[tmp_path])
    async with AsyncExitStack() as stack:
        await enter(stack, loaded, voices, resident=False)
        with pytest.raises(ConfigError, match=r"captain.*captain\.wav"):
            await enter(stack, needed, voices, resident=False)


async def test_a_web_ui_speaks_as_indextts(tmp_path: Path) -> None:
    """In the voices that were recorded, behind a breaker, with what the settings say in its stead."""
    engines = await entered(tmp_path, "gradio.url=http://127.0.0.1:9", "gradio.fallback=edge, offline")
    assert list(engines.chosen) == ["offline", "edge", "indextts"]
    assert engines.fallbacks["indextts"] == ("edge", "offline")
    assert [voice.name for voice in await engines.chosen["indextts"].voices()] == ["sayso.wav"]


async def test_servers_speak_as_one_engine_with_its_fallbacks(tmp_path: Path) -> None:
    """Two of them are a pool; what speaks in their stead is what the settings say, in that order."""
    two = "remote.servers=http://127.0.0.1:9, http://127.0.0.1:10*3"
    engines = await entered(tmp_path, two, "remote.fallback=edge, offline")
    assert [member.label for member in engines.pools["remote"].health] == ["127.0.0.1:9", "127.0.0.1:10"]
    assert engines.fallbacks["remote"] == ("edge", "offline")
    assert engines.chosen["remote"].capabilities.slots == 8
    one = await entered(tmp_path, "remote.servers=http://127.0.0.1:9", "remote.fallback=")
    assert not one.pools
    assert "remote" not in one.fallbacks


async def test_children_are_for_who_stays(tmp_path: Path) -> None:
    """A command that speaks one sentence starts no servers for it."""
    children = ("instances.engine=offline", "instances.most=2")
    staying = await entered(tmp_path, *children, resident=True)
    assert [child.label for child in staying.instances] == ["offline-1", "offline-2"]
    assert list(staying.breakers) == ["offline", "edge"]
    assert staying.leaves["offline"] is staying.pools["offline"]
    assert not (await entered(tmp_path, *children)).instances


async def test_only_who_is_in_children_can_be_lost_touch_with(tmp_path: Path) -> None:
    """The embedded engine has no breaker where another lives in children."""
    engines = await entered(tmp_path, "instances.engine=edge", resident=True)
    assert list(engines.pools) == ["edge"]
    assert list(engines.breakers) == ["edge"]


async def test_children_that_end_again_and_again_lose_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed every second is started again, and says in the end what was asked."""
    ends = Script(0, error=EngineUnavailable("offline", "It crashed."))
    child = FakeEngine("offline", [*[ends] * 8, Script()])
    settings = Settings(instances=InstancesSettings("offline"))
    patient = _retried(settings, "offline", Pool("offline", [Member(child, "offline-1")]))
    monkeypatch.setattr(patient, "_sleep", at_once)
    assert [piece async for piece in patient.synthesize(Utterance("Hello.", "offline", "heart", "en"))]
    assert len(child.asked) == 9


def test_our_own_indextts_lives_in_a_child(tmp_path: Path) -> None:
    """A fault of the GPU, or Python's lock, must not touch the chats; what it learns of voices stays in one place."""
    wished = Settings(data_dir=str(tmp_path), indextts=IndexTtsSettings(folder="weights"))
    settled = _settled(wished)
    assert settled.instances.engine == "indextts"
    assert settled.indextts.voiceprints == str(tmp_path / "voiceprints")


def test_nothing_lives_in_children_unasked(tmp_path: Path) -> None:
    """Without a model folder there are none; who names an engine, or none, is heeded."""
    assert _settled(Settings()).instances.engine == ""
    own = IndexTtsSettings(folder="weights")
    for named in ("", "offline"):
        wished = Settings(indextts=own, instances=InstancesSettings(engine=named))
        assert _settled(wished).instances.engine == named


def test_where_there_are_no_unix_sockets_it_lives_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows."""
    monkeypatch.delattr("socket.AF_UNIX")
    assert _settled(Settings(indextts=IndexTtsSettings(folder="weights"))).instances.engine == ""


def test_there_is_one_indextts() -> None:
    """A model folder and a web UI would both be it."""
    both = Settings(indextts=IndexTtsSettings(folder="weights"), gradio=GradioSettings(url="http://127.0.0.1:9"))
    with pytest.raises(ConfigError, match=r"indextts\.folder and gradio\.url are both set"):
        _settled(both)
