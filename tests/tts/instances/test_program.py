"""What a child is started with, and above all without."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import SECRETS, GradioSettings, OfflineSettings, RemoteSettings, Settings, VoicesSettings, load
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


def test_what_is_handed_down_is_how_to_speak(tmp_path: Path) -> None:
    """The engines' settings and the voices as they are here, so that a child would say it as we would."""
    settings = Settings(
        offline=OfflineSettings(slots=4, idle_seconds=5.0),
        gradio=GradioSettings(url="http://gpu:7860"),
        voices=VoicesSettings(extra="mine"),
    )
    child = load(environ=made(settings=dict(handed_down(settings))).environment, folder=tmp_path).settings
    assert (child.offline.slots, child.gradio, child.edge.slots) == (4, settings.gradio, settings.edge.slots)
    assert child.voices.extra == str(Path("mine").absolute())
    assert child.offline.idle_seconds == 86_400


def test_what_is_not_for_children_is_not_handed_down() -> None:
    """Nothing of chats, ports, databases and other servers, and nothing that is hidden."""
    settings = replace(Settings(), remote=RemoteSettings(servers="http://me:hush@there"), data_dir="/data")
    handed = handed_down(settings)
    assert "hush" not in str(handed)
    assert {key.partition(".")[0] for key in handed} <= {"audio", "edge", "gradio", "offline", "speak", "voices"}


def test_the_folder_of_this_installation_is_found_from_anywhere() -> None:
    """A child runs in a folder of its own; what was on the path stays there."""
    path = made(environment={"PYTHONPATH": "/mine"}).environment["PYTHONPATH"].split(":")
    assert (Path(path[0]) / "bot" / "cli").is_dir()
    assert path[1:] == ["/mine"]
