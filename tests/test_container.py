"""The container files, as far as they can be checked without a Docker engine: what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import cli
from bot.config import SECRETS, load

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_the_image_sets_only_settings_that_exist(tmp_path: Path) -> None:
    """And listens where a container must, on the port that it exposes."""
    pairs = re.findall(r"(SAYSO__\w+)=(\S+)", DOCKERFILE)
    assert pairs
    settings = load(environ=dict(pairs), folder=tmp_path).settings
    assert settings.http.host == "0.0.0.0"
    assert f"EXPOSE {settings.http.port}" in DOCKERFILE
    assert f"VOLUME {settings.data}" in DOCKERFILE
    assert f"127.0.0.1:{settings.http.port}/health" in DOCKERFILE


def test_the_image_runs_a_command_that_exists_and_not_as_root() -> None:
    """`sayso run`, as its own user, on a Python that Sayso supports."""
    assert 'ENTRYPOINT ["sayso"]' in DOCKERFILE
    command = re.search(r'CMD \["(\w+)"\]', DOCKERFILE)
    assert command
    assert CliRunner().invoke(cli, [command[1], "--help"]).exit_code == 0
    assert re.search(r"^USER (?!root)", DOCKERFILE, re.M)
    assert re.search(r"^FROM python:3\.1[123]-slim", DOCKERFILE)


def test_the_composition_asks_for_a_key_and_publishes_to_this_machine_only() -> None:
    """Whoever opens it to others does so on purpose; its environment holds the secrets by their real names."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    service = compose["services"]["sayso"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert set(service["environment"]) <= set(SECRETS)
    assert service["environment"]["SAYSO_API_KEYS"].startswith("${SAYSO_API_KEYS:?")
    named = {volume.partition(":")[0] for volume in service["volumes"]}
    assert named == set(compose["volumes"])


def test_the_example_settings_are_the_defaults(tmp_path: Path) -> None:
    """What is shown as an example is valid and changes nothing."""
    example = load(config=ROOT / "config.example.yaml", environ={}, folder=tmp_path)
    assert example.settings == load(environ={}, folder=tmp_path).settings
    assert example.sources


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_only_commands_that_exist(name: str) -> None:
    """Each `sayso …` and each `make …` in it is one."""
    text = (ROOT / name).read_text(encoding="utf-8")
    commands = set(re.findall(r"^(?:echo [^|]*\| )?sayso (\w+)", text, re.M))
    assert {"say", "voices", "doctor", "config"} <= commands
    for command in commands:
        assert CliRunner().invoke(cli, [command, "--help"]).exit_code == 0
    targets = set(re.findall(r"`make (\w+)`", text))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(re.search(rf"^{target}:", makefile, re.M) for target in targets)
    for link in re.findall(r"\]\(([\w./-]+)\)", text):
        assert (ROOT / link).exists(), link
