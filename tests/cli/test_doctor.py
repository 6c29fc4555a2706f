"""What the doctor says of engines that cannot speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bot.cli.doctor import Finding, Health, _engines
from bot.engines import Engines
from bot.errors import EngineUnavailable
from tests.doubles.engine import FakeEngine


async def findings(fallbacks: Mapping[str, Sequence[str]], wanted: str = "remote") -> Mapping[str, Finding]:
    """Of a house in which nobody can speak but edge."""
    away = EngineUnavailable("remote", "It is away.")
    leaves = {name: FakeEngine(name) for name in ("offline", "edge", "remote")}
    for name in ("offline", "remote"):
        leaves[name].report = away
    return {found.name: found async for found in _engines(Engines(leaves, leaves, fallbacks, {}), wanted)}


@pytest.mark.parametrize(
    ("others", "remedy"),
    [
        (("offline",), "offline speaks instead"),
        (("edge", "offline"), "edge or offline speaks instead"),
        ((), "nobody speaks instead; its setting `fallback` says who may"),
    ],
)
async def test_who_speaks_instead_is_who_the_settings_name(others: tuple[str, ...], remedy: str) -> None:
    """And nobody, where they name none."""
    found = await findings({"remote": others} if others else {})
    assert found["engine remote"] == Finding("engine remote", Health.FAILED, "It is away.", remedy)
    assert found["engine offline"] == Finding("engine offline", Health.OPTIONAL, "It is away.", "install Sayso again")
    assert found["engine edge"].health is Health.OK


async def test_an_engine_that_nobody_asked_for_may_be_away() -> None:
    """It is told, but the house is not ill."""
    assert (await findings({}, wanted="edge"))["engine remote"].health is Health.OPTIONAL
