"""What is shipped to watch Sayso with: it asks for nothing that is not told, and its alarms go off when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from bot import metrics
from bot.gauges import Gauges, exposition
from bot.speaker import Speaker

ROOT = Path(__file__).parent.parent
OPS = ROOT / "ops"
DASHBOARD = json.loads((OPS / "grafana/dashboards/sayso.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((OPS / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
PAGE = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8")

SELECTOR = re.compile(r"\b([a-zA-Z_:][a-zA-Z0-9_:]*)\{([^}]*)\}")
BARE = re.compile(r"\b(?:tts|http|llm|sayso|process|python)_[a-z_]+\b|\bup\b")
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count")}
TARGET = {"instance", "job"}
"""Labels that Prometheus adds."""


def panels() -> list[dict[str, Any]]:
    """All panels but the rows' titles."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """All that the dashboard asks Prometheus for."""
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    return asked + [each["expr"] for each in DASHBOARD["annotations"]["list"] if "expr" in each]


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric with the labels that it is chosen by."""
    for name, labels in SELECTOR.findall(expression):
        yield name, set(re.findall(r"(\w+)\s*[=!]~?", labels))


@pytest.fixture
async def told(speaker: Speaker) -> dict[str, str]:
    """The type of each family that a server tells of."""
    text, _ = await exposition(Gauges(speaker, passed=lambda: True))
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text.decode(), re.M))


@pytest.fixture
def samples(told: dict[str, str]) -> set[str]:
    """The names of all series that there may be."""
    return {name + suffix for name, kind in told.items() for suffix in SUFFIXES.get(kind, ("",))} | {"up"}


def promtool(*arguments: str, cwd: Path = OPS) -> str:
    """What the tool says, once it is content."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    found = subprocess.run([tool, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout


class TestDashboard:
    """ops/grafana/dashboards/sayso.json."""

    def test_it_asks_for_what_there_is(self, samples: set[str]) -> None:
        """Every metric in every expression is one that a server tells of."""
        asked = {name for expression in expressions() for name, _ in selectors(expression)}
        assert asked
        assert asked - samples == set()

    def test_it_chooses_by_labels_that_there_are(self) -> None:
        """Those of the instrument, and of the server that it came from."""
        known = {
            name: set(held._labelnames) | TARGET | ({"le"} if type(held).__name__ == "Histogram" else set())
            for held in vars(metrics).values()
            if isinstance(held, MetricWrapperBase)
            for name in (family.name for family in held.describe())
        }
        for expression in expressions():
            for name, labels in selectors(expression):
                family = re.sub(r"_(total|bucket)$", "", name)
                assert labels <= known.get(family, labels), (name, labels)

    def test_every_expression_follows_the_chosen_servers(self) -> None:
        """Nothing is added up over servers that nobody asked about."""
        for expression in expressions():
            rest = SELECTOR.sub("", expression)
            assert not BARE.search(rest), rest
            assert all("instance" in labels for _, labels in selectors(expression)), expression

    def test_every_expression_can_be_read(self, tmp_path: Path) -> None:
        """By Prometheus' own parser."""
        filled = [
            expression.replace("$__rate_interval", "5m").replace("$instance", ".*").replace("$engine", ".*")
            for expression in expressions()
        ]
        rules = [{"record": f"panel:{number}", "expr": each} for number, each in enumerate(filled)]
        (tmp_path / "panels.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
        assert f"{len(rules)} rules found" in promtool("check", "rules", "--lint=none", "panels.yml", cwd=tmp_path)

    def test_every_panel_has_a_place_and_an_explanation(self) -> None:
        """None lies upon another, none is wider than the page, and each says what it shows."""
        taken: set[tuple[int, int]] = set()
        for panel in DASHBOARD["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken, panel["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells
        assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
        assert all(panel["description"].endswith(".") for panel in panels())

    def test_it_works_with_any_data_source(self) -> None:
        """Which one is chosen above; none is written in."""
        (chosen,) = [each for each in DASHBOARD["templating"]["list"] if each["type"] == "datasource"]
        sources = {panel["datasource"]["uid"] for panel in panels()}
        sources |= {target["datasource"]["uid"] for panel in panels() for target in panel["targets"]}
        assert sources == {"${" + chosen["name"] + "}"}

    def test_its_rows_are_what_one_looks_for(self) -> None:
        """In the order in which one does."""
        rows = [panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"]
        assert rows == ["Traffic", "Speed", "Queue and fairness", "Engines", "Cache", "Machine"]


class TestAlerts:
    """ops/alerts.yml."""

    def test_they_ask_for_what_there_is(self, samples: set[str]) -> None:
        """An alarm over a metric that does not exist would never go off."""
        for rule in RULES:
            asked = set(BARE.findall(rule["expr"]))
            assert asked, rule["alert"]
            assert asked <= samples, rule["alert"]

    def test_each_says_what_is_wrong_and_how_bad_it_is(self) -> None:
        """In a sentence, with one of two severities."""
        for rule in RULES:
            assert rule["annotations"]["summary"].endswith("."), rule["alert"]
            assert rule["labels"]["severity"] in ("warning", "critical")

    def test_what_to_do_is_written_down(self) -> None:
        """A heading for each in the page on monitoring."""
        assert [rule["alert"] for rule in RULES if f"### {rule['alert']}\n" not in PAGE] == []

    def test_prometheus_can_read_them(self) -> None:
        """Its own check has nothing to say."""
        assert f"{len(RULES)} rules found" in promtool("check", "rules", "alerts.yml")

    def test_each_goes_off_when_it_should(self) -> None:
        """And not before: every alarm is tried in alerts.test.yml, and all of that holds."""
        tried = yaml.safe_load((OPS / "alerts.test.yml").read_text(encoding="utf-8"))["tests"]
        went_off = {each["alertname"] for test in tried for each in test["alert_rule_test"] if each.get("exp_alerts")}
        assert went_off == {rule["alert"] for rule in RULES}
        assert "SUCCESS" in promtool("test", "rules", "alerts.test.yml")


class TestScrape:
    """ops/prometheus.yml and Grafana's provisioning."""

    def test_prometheus_can_read_its_settings(self) -> None:
        """Its own check, which takes the rules along."""
        promtool("check", "config", "--syntax-only", "prometheus.yml")

    def test_the_target_is_named_as_the_alarms_call_it(self) -> None:
        """And what is asked for is the page that a server has."""
        (job,) = yaml.safe_load((OPS / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
        assert any(f'job="{job["job_name"]}"' in rule["expr"] for rule in RULES)
        assert job.get("metrics_path", "/metrics") == "/metrics"

    def test_the_page_on_monitoring_names_every_metric(self, told: dict[str, str]) -> None:
        """What Sayso itself tells is explained, and nothing is explained that is not told."""
        own = {name for name in told if not name.startswith(("python_", "process_"))}
        explained = set(re.findall(r"^\| `([a-z_]+)`", PAGE, re.M))
        assert own - explained == set()
        assert explained - set(told) == set()
