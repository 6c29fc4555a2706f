"""The container files, as far as they can be checked without a Docker engine: what they name exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import cli
from bot.config import SECRETS, load

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES = COMPOSE["services"]
PROVISIONING = ROOT / "ops/grafana/provisioning"


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


def test_the_image_installs_extras_that_exist() -> None:
    """The ones by default, and those that a comment tells of."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    told = re.findall(r"^ARG EXTRAS=(\S+)|^# (\S+) for", DOCKERFILE, re.M)
    named = {extra for one in told for extra in "".join(one).split(",")}
    assert named == {"kokoro", "indextts"} <= set(extras)
    assert '".[${EXTRAS}]"' in DOCKERFILE


def test_the_composition_asks_for_a_key_and_publishes_to_this_machine_only() -> None:
    """Whoever opens it to others does so on purpose; its environment holds the secrets by their real names."""
    assert all(port.startswith("127.0.0.1:") for one in SERVICES.values() for port in one["ports"])
    service = SERVICES["sayso"]
    assert set(service["environment"]) <= set(SECRETS)
    assert service["environment"]["SAYSO_API_KEYS"].startswith("${SAYSO_API_KEYS:?")


def test_what_the_composition_mounts_is_there() -> None:
    """Each file and folder of ours, to be read only; each volume is declared, and each that is declared is used."""
    volumes = [volume for one in SERVICES.values() for volume in one["volumes"]]
    ours = [volume for volume in volumes if volume.startswith("./")]
    assert ours
    for volume in ours:
        path, _, rest = volume.partition(":")
        assert (ROOT / path).exists(), path
        assert rest.endswith(":ro"), volume
    assert {volume.partition(":")[0] for volume in volumes if volume not in ours} == set(COMPOSE["volumes"])


def test_who_watches_comes_only_when_asked_for() -> None:
    """Behind a profile, in versions that are named, and with a key of its own that is given once."""
    watching = {name: one for name, one in SERVICES.items() if name != "sayso"}
    assert set(watching) == {"prometheus", "grafana"}
    for one in watching.values():
        assert one["profiles"] == ["monitoring"]
        assert re.fullmatch(r"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+", one["image"])
    (secret,) = SERVICES["prometheus"]["secrets"]
    variable = COMPOSE["secrets"][secret]["environment"]
    assert f",${{{variable}:-}}" in SERVICES["sayso"]["environment"]["SAYSO_API_KEYS"]
    scraping = yaml.safe_load((ROOT / "ops/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"][0]
    assert scraping["authorization"]["credentials_file"] == f"/run/secrets/{secret}"
    assert "profiles" not in SERVICES["sayso"]


def test_without_the_key_of_who_watches_there_is_none() -> None:
    """What is left of the composition's list of keys is one key, not one that is empty."""
    assert load(environ={"SAYSO_API_KEYS": "mine,"}, folder=ROOT / "ops").secrets.api_keys == ("mine",)


def test_prometheus_asks_the_server_where_it_listens() -> None:
    """By its name in the composition, on the port that the image exposes; and Grafana asks Prometheus."""
    scraping = yaml.safe_load((ROOT / "ops/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"][0]
    exposed = re.search(r"EXPOSE (\d+)", DOCKERFILE)
    assert exposed
    assert scraping["static_configs"] == [{"targets": [f"sayso:{exposed[1]}"]}]
    source = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text(encoding="utf-8"))
    assert source["datasources"][0]["url"] == "http://prometheus:9090"


def test_grafana_finds_the_dashboard_and_lets_nobody_change_anything() -> None:
    """Where its settings look is where the composition puts it."""
    grafana = SERVICES["grafana"]
    mounted = dict(volume.split(":")[:2][::-1] for volume in grafana["volumes"])
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/sayso.yml").read_text(encoding="utf-8"))["providers"]
    folder = provider["options"]["path"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (ROOT / mounted[folder] / Path(home).name).is_file()
    assert str(Path(home).parent) == folder
    assert ROOT / mounted["/etc/grafana/provisioning"] == PROVISIONING
    assert grafana["environment"]["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert grafana["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"


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
