"""What is counted: names and labels as Prometheus wants them, and no more of them than are configured."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from bot import errors, metrics
from bot.errors import EngineError, EngineTimeout, LanguageNotSpoken, SaysoError

INSTRUMENTS = {name: held for name, held in vars(metrics).items() if isinstance(held, MetricWrapperBase)}

BOUNDED = {
    "source",
    "reason",
    "cache",
    "engine",
    "priority",
    "result",
    "error",
    "instead",
    "state",
    "because",
    "platform",
    "outcome",
    "path",
    "status",
}
"""Labels whose values are configured, or written in the code."""


def families() -> set[type[SaysoError]]:
    """All our own errors."""
    return {held for held in vars(errors).values() if isinstance(held, type) and issubclass(held, SaysoError)}


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_an_instrument_is_registered_explained_and_bounded(name: str) -> None:
    """It is on the process's registry, says what it is in a sentence, and has no label that could be anybody."""
    (family,) = INSTRUMENTS[name].describe()
    assert family.name in REGISTRY._names_to_collectors
    assert family.documentation.endswith(".")
    assert set(INSTRUMENTS[name]._labelnames) <= BOUNDED


def test_the_names_that_were_promised_are_there() -> None:
    """Dashboards of others hang on them."""
    names = {family.name for held in INSTRUMENTS.values() for family in held.describe()}
    assert {"tts_requests", "tts_requests_failed", "tts_request_duration_seconds"} <= names


@pytest.mark.parametrize("name", sorted(INSTRUMENTS))
def test_a_name_says_what_it_measures(name: str) -> None:
    """Seconds are called seconds, and nobody else is; a gauge does not look like a counter."""
    (family,) = INSTRUMENTS[name].describe()
    timed = isinstance(INSTRUMENTS[name], Histogram) and name != "RTF"
    assert not timed or family.name.endswith("_seconds")
    assert not isinstance(INSTRUMENTS[name], Gauge) or not family.name.endswith(("_total", "_count"))
    assert isinstance(INSTRUMENTS[name], Counter | Gauge | Histogram)


@pytest.mark.parametrize(
    ("guild", "label"),
    [
        ("discord:42", "discord"),
        ("telegram:-100", "telegram"),
        ("api:2", "api"),
        ("self-test", "other"),
        ("discord", "discord"),
        ("", "other"),
        ("evil\n:1", "other"),
    ],
)
def test_a_guild_counts_as_its_platform(guild: str, label: str) -> None:
    """Whoever it is, it is one of four."""
    assert metrics.source(guild) == label


def test_an_error_counts_by_its_type() -> None:
    """Neither its words nor its engine come into the label."""
    assert metrics.kind(EngineTimeout("edge", "It fell silent at 10.0.0.1.")) == "engine_timeout"
    assert metrics.kind(LanguageNotSpoken("edge", "Klingon.")) == "language_not_spoken"
    assert metrics.kind(SaysoError("x")) == "sayso_error"


def test_a_surprise_counts_as_a_crash() -> None:
    """What other people's code may raise has no end of types."""
    stranger = type("Stranger", (Exception,), {})
    assert metrics.kind(stranger("x")) == metrics.kind(KeyError("x")) == "crash"


def test_every_error_of_ours_has_a_label_of_its_own() -> None:
    """As many labels as types: none is hidden behind another."""
    kinds = {metrics.kind(kind("edge", "x") if issubclass(kind, EngineError) else kind("x")) for kind in families()}
    assert len(kinds) == len(families())
    assert "crash" not in kinds


@pytest.mark.parametrize(
    ("sample", "labels"),
    [
        ("tts_requests_total", {"source": "discord"}),
        ("tts_requests_total", {"source": "other"}),
        ("tts_cache_requests_total", {"result": "hit"}),
        ("tts_cache_requests_total", {"result": "shared"}),
        ("llm_requests_total", {"outcome": "failed"}),
    ],
)
def test_what_will_be_counted_is_there_before(sample: str, labels: dict[str, str]) -> None:
    """A series that begins with its first event shows no increase by it."""
    assert REGISTRY.get_sample_value(sample, labels) is not None
