"""All the instances that the settings ask for."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.config import InstancesSettings
from bot.errors import ConfigError
from bot.tts.instances import InstanceState, instances
from bot.tts.instances.placement import pinnable
from tests.doubles.engine import FakeEngine


def test_there_are_as_many_as_there_may_be(tmp_path: Path) -> None:
    """Each with a label of its own, none started before it is entered."""
    made = instances(InstancesSettings(least=1, most=3), FakeEngine("offline"), tmp_path)
    assert [one.label for one in made] == ["offline-1", "offline-2", "offline-3"]
    assert {one.state for one in made} == {InstanceState.DOWN}
    assert list(tmp_path.iterdir()) == []


def test_settings_that_are_wrong_are_told_before_anything_is_started(tmp_path: Path) -> None:
    """Processors and GPUs by the names of their settings."""
    for settings in (InstancesSettings(cpus="x"), InstancesSettings(gpus="x")):
        with pytest.raises(ConfigError, match=r"^instances\.(c|g)pus"):
            instances(settings, FakeEngine("offline"), tmp_path)


def test_where_processes_cannot_be_pinned_they_run_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is told and no reason not to speak."""
    monkeypatch.delattr("os.sched_setaffinity")
    assert not pinnable()
    with capture_logs() as lines:
        assert len(instances(InstancesSettings(cpus="0"), FakeEngine("offline"), tmp_path)) == 1
        instances(InstancesSettings(), FakeEngine("offline"), tmp_path)
    assert [line["event"] for line in lines] == ["instances_not_pinned"]


def test_where_there_are_no_unix_sockets_there_are_no_instances(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says what to do about it."""
    monkeypatch.delattr(socket, "AF_UNIX")
    with pytest.raises(ConfigError, match="leave it empty"):
        instances(InstancesSettings(), FakeEngine("offline"), tmp_path)
