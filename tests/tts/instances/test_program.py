"""What a child is started with, and above all without."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from bot.config import (
    SECRETS,
    AudioSettings,
    EdgeSettings,
    GradioSettings,
    IndexTtsSettings,
    InstancesSettings,
    LogSettings,
    OfflineSettings,
    RemoteSettings,
    Settings,
    SpeakSettings,
    VoicesSettings,
    load,
)
from bot.tts.instances.placement import Placement
from bot.tts.instances.program import Program, handed_down, program

SOCKET, FOLDER = Path("/run/s"), Path("/data/instance-1")


def made(
    engine: str = "offline",
    environment: dict[str, str] | None = None,
    settings: dict[str, str] | None = None,
    arguments: tuple[str, ...] = (),
    placement: Placement = Placement(),  # noqa: B008
) -> Program:
    return program(
        engine,
        SOCKET,
        FOLDER,
        arguments=arguments,
        settings=settings,
        environment={} if environment is None else environment,
        placement=placement,
    )


def test_it_is_this_installation_with_one_engine_on_a_socket() -> None:
    """The same Python, attached to us, and what was added at the end."""
    command = made(arguments=("--set", "log.level=debug")).command
    assert command[:6] == (sys.executable, "-X", "faulthandler", "-m", "bot.cli", "serve")
    serve = ("--engine", "offline", "--socket", "/run/s", "--attached", "--set", "log.level=debug")
    assert command[6:] == serve


def test_processors_and_gpu_are_its_own() -> None:
    """By the command, for it must hold before anything is loaded; and by what CUDA looks at."""
    pinned = made(placement=Placement((2, 3), "1"), environment={"CUDA_VISIBLE_DEVICES": "0,1"})
    assert pinned.command[-2:] == ("--cpus", "2,3")
    assert pinned.environment["CUDA_VISIBLE_DEVICES"] == "1"
    assert made(environment={"CUDA_VISIBLE_DEVICES": "0,1"}).environment["CUDA_VISIBLE_DEVICES"] == "0,1"


@pytest.mark.parametrize("name", [*SECRETS, *(f"{secret}_FILE" for secret in SECRETS)])
def test_no_secret_of_ours_is_in_its_environment(name: str) -> None:
    """It speaks to nobody but us, and has no use for any."""
    environment = made(environment={name: "hush", "HOME": "/root"}).environment
    assert "hush" not in environment.values()
    assert environment["HOME"] == "/root"


def test_our_settings_are_not_its_own() -> None:
    """Not from the environment, whatever its letters' case, and not from the file that it names."""
    ours = {"SAYSO__STORE__URL": "postgresql://me:hush@db", "sayso__http__port": "1", "SAYSO_CONFIG": "/hush.yaml"}
    environment = made(environment=ours).environment
    assert not {"hush" for value in environment.values() if "hush" in value}
    assert "sayso__http__port" not in environment


def test_a_child_has_no_cache_no_self_test_no_children_and_loses_nothing(tmp_path: Path) -> None:
    """Read as the child reads it; what is handed down changes none of it."""
    wanted = {"cache.megabytes": "512", "instances.engine": "offline", "offline.slots": "3"}
    settings = load(environ=made(settings=wanted).environment, folder=tmp_path).settings
    assert settings.data == FOLDER
    assert (settings.cache.megabytes, settings.cache.memory_megabytes) == (0, 0)
    assert (settings.self_test.enabled, settings.instances.engine) == (False, "")
    assert settings.audio.bitrate == 256_000
    assert min(settings.queue.per_user, settings.queue.per_guild, settings.queue.total) >= 100_000
    assert (settings.offline.slots, settings.edge.fallback) == (3, False)


def test_only_a_child_that_speaks_with_edge_asks_for_its_voices(tmp_path: Path) -> None:
    """The list of voices is fetched once a day by who needs it."""
    for engine, asks in (("offline", False), ("edge", True)):
        assert load(environ=made(engine).environment, folder=tmp_path).settings.edge.refresh is asks


@pytest.mark.parametrize("engine", ["offline", "edge", "indextts"])
def test_a_child_has_nobody_speak_instead(engine: str, tmp_path: Path) -> None:
    """What it sends is taken for its engine's own sound, and kept as that; who speaks instead is for us to say."""
    handed = dict(handed_down(wanted(engine)))
    child = load(environ=made(engine, settings=handed).environment, folder=tmp_path).settings
    sections = (getattr(child, section.name) for section in fields(child))
    fallbacks = [section.fallback for section in sections if hasattr(section, "fallback")]
    assert len(fallbacks) >= 3
    assert not any(fallbacks)


def wanted(engine: str) -> Settings:
    """Settings of our own, none of them a default."""
    return Settings(
        speak=SpeakSettings("remote", "zelda-9", rate=1.5, language="xx", emoji="skip", links="say", code="skip"),
        voices=VoicesSettings(extra="mine"),
        offline=OfflineSettings(slots=4, idle_seconds=5.0),
        edge=EdgeSettings(slots=5),
        remote=RemoteSettings(servers="http://me:hush@there", voices="zelda-9", fallback="indextts"),
        indextts=IndexTtsSettings(folder="weights", beams=3, fallback="edge"),
        gradio=GradioSettings(url="http://gpu:7860", attempts=7),
        instances=InstancesSettings(engine, most=3),
        audio=AudioSettings(pause=1.5),
        log=LogSettings("debug", "console"),
    )


def test_what_is_handed_down_is_how_to_speak(tmp_path: Path) -> None:
    """What is read of a text, the sound and the log are as here; who speaks is told with each utterance."""
    settings = wanted("offline")
    child = load(environ=made(settings=dict(handed_down(settings))).environment, folder=tmp_path).settings
    assert (child.speak.emoji, child.speak.links, child.speak.code) == ("skip", "say", "skip")
    assert (child.audio.pause, child.log) == (1.5, LogSettings("debug", "json"))
    usual = SpeakSettings()
    assert (child.speak.engine, child.speak.voice) == (usual.engine, usual.voice)
    assert (child.speak.rate, child.speak.language) == (usual.rate, usual.language)


def test_each_is_handed_its_own_engines_settings(tmp_path: Path) -> None:
    """A web UI's address, too, hidden as it is: nobody else on the machine sees a child's environment."""
    handed = {name: dict(handed_down(wanted(name))) for name in ("offline", "edge", "indextts")}
    of = {name: load(environ=made(name, settings=given).environment, folder=tmp_path) for name, given in handed.items()}
    assert [one.settings.offline.slots for one in of.values()] == [4, 1, 1]
    assert [one.settings.edge.slots for one in of.values()] == [8, 5, 8]
    assert [one.settings.gradio.url for one in of.values()] == ["", "", "http://gpu:7860"]
    assert of["indextts"].settings.gradio.attempts == 7
    assert of["indextts"].settings.voices.extra == str(Path("mine").absolute())
    assert of["offline"].settings.offline.idle_seconds == 86_400


@pytest.mark.parametrize("engine", ["offline", "edge", "indextts"])
def test_what_is_not_for_children_is_not_handed_down(engine: str) -> None:
    """Nothing of chats, ports, databases and other servers."""
    handed = handed_down(replace(wanted(engine), data_dir="/data"))
    assert "hush" not in str(handed)
    others = {"cache", "data_dir", "discord", "http", "instances", "queue", "remote", "self_test", "store", "telegram"}
    assert others.isdisjoint(key.partition(".")[0] for key in handed)


def test_the_folder_of_this_installation_is_found_from_anywhere() -> None:
    """A child runs in a folder of its own; what was on the path stays there."""
    path = made(environment={"PYTHONPATH": "/mine"}).environment["PYTHONPATH"].split(":")
    assert (Path(path[0]) / "bot" / "cli").is_dir()
    assert path[1:] == ["/mine"]


def test_a_model_folder_is_found_from_where_the_child_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs in a folder of its own; what is told from ours is told in full."""
    monkeypatch.chdir(tmp_path)
    handed = dict(handed_down(wanted("indextts")))
    child = load(environ=made("indextts", settings=handed).environment, folder=FOLDER).settings
    assert child.indextts.folder == str(tmp_path / "weights")
    assert (child.indextts.beams, child.indextts.fallback) == (3, "")


def test_torch_is_told_to_be_frugal() -> None:
    """Its threads would spin while they wait, and it would keep kernels for each length; the host knows best."""
    alone = made(environment={}).environment
    assert (alone["OMP_WAIT_POLICY"], alone["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) == ("PASSIVE", "128")
    told = made(environment={"OMP_WAIT_POLICY": "ACTIVE", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "7"}).environment
    assert (told["OMP_WAIT_POLICY"], told["ONEDNN_PRIMITIVE_CACHE_CAPACITY"]) == ("ACTIVE", "7")
