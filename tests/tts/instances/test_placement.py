"""Which processors and GPUs the settings give to whom."""

from __future__ import annotations

import pytest

from bot.config import InstancesSettings
from bot.errors import ConfigError
from bot.tts.instances import Placement, placed
from bot.tts.instances.placement import pinnable

EIGHT = range(8)


def cpus(text: str, most: int = 1) -> list[tuple[int, ...]]:
    return [place.cpus for place in placed(InstancesSettings(cpus=text, most=most), EIGHT)]


def gpus(text: str, most: int = 1) -> list[str | None]:
    return [place.gpu for place in placed(InstancesSettings(gpus=text, most=most), EIGHT)]


def test_without_settings_each_may_run_anywhere() -> None:
    """One place for each instance, and no limits to it."""
    assert placed(InstancesSettings(most=3), EIGHT) == [Placement()] * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0-3", (0, 1, 2, 3)),
        ("5", (5,)),
        ("0,2-3", (0, 2, 3)),
        (" 3 - 4 , 1 ", (1, 3, 4)),
        ("2,2,1-2", (1, 2)),
        ("0-3;", (0, 1, 2, 3)),
    ],
)
def test_processors_are_ranges_and_numbers(text: str, expected: tuple[int, ...]) -> None:
    """In any order, with any spaces, each once."""
    assert cpus(text) == [expected]


def test_groups_of_processors_are_given_in_turn() -> None:
    """Instance N gets group N; more instances than groups share them, fewer leave some."""
    assert cpus("0-1; 2-3", most=3) == [(0, 1), (2, 3), (0, 1)]
    assert cpus("0-1; 2-3; 4", most=1) == [(0, 1)]


@pytest.mark.parametrize("text", ["a", "1-", "-1", "3-1", "0.5", "1;x", "0,,1", "1 2", "0-3:4-7"])
def test_what_names_no_processors_is_a_setting_that_is_wrong(text: str) -> None:
    """The message names the setting and shows how to write it."""
    with pytest.raises(ConfigError, match=r"^instances\.cpus: '.*' names no processors; write them as in '0-3; 4,6'$"):
        cpus(text)


def test_processors_that_are_not_here_are_told_with_those_that_are() -> None:
    """Else a child would run unpinned, or not at all, and nobody would know why."""
    with pytest.raises(ConfigError, match=r"instances\.cpus: there is no processor 6 .* there are 0-2, 5, 7-8$"):
        placed(InstancesSettings(cpus="5-9"), {0, 1, 2, 5, 7, 8})
    with pytest.raises(ConfigError, match="there is no processor 99999"):
        placed(InstancesSettings(cpus="99999"))


@pytest.mark.skipif(not pinnable(), reason="this system pins no processes")
def test_the_processors_of_this_process_can_be_named() -> None:
    """Without being told, it knows which there are."""
    assert placed(InstancesSettings(cpus="0"))[0].cpus == (0,)


def test_gpus_are_shared_in_turn() -> None:
    """By number or by the name that the driver gives, one for each instance."""
    assert gpus("0, 1", most=5) == ["0", "1", "0", "1", "0"]
    assert gpus("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6") == ["GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"]
    assert gpus(" 1,") == ["1"]


@pytest.mark.parametrize("text", ["cuda:0", "first", "0;1", "-1"])
def test_what_names_no_gpu_is_a_setting_that_is_wrong(text: str) -> None:
    """The message names the setting and shows how to write it."""
    with pytest.raises(ConfigError, match=r"^instances\.gpus: '.*' is no GPU; write their numbers as in '0, 1'$"):
        gpus(text)
