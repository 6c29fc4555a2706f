"""Settings: a config.yaml that is none, or that would have values filled in."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tts.indextts.faults import WHERE, CheckpointError
from bot.tts.indextts.settings import opened

Written = Callable[[str], Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Path:
        file = tmp_path / "config.yaml"
        file.write_text(text, "utf-8")
        return file

    return write


def refusal(file: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        opened(file)
    assert str(file) in str(caught.value)
    return str(caught.value)


def test_sections(written: Written) -> None:
    """A setting is asked for by its section and its name."""
    settings = opened(written("gpt:\n  module: {width: 32, deep: true}\nrates: [4, 2]\n"))
    module = settings.section("gpt").section("module")
    assert (module.place, module.whole("width"), module.flag("deep")) == ("gpt.module.", 32, True)
    assert settings.wholes("rates") == (4, 2)


def test_defaults(written: Written) -> None:
    """What is not there is what stands for it; what is there and empty is wrong."""
    settings = opened(written("empty:\n"))
    assert (settings.whole("a", 7), settings.flag("b", False), settings.name("c", "d.pth")) == (7, False, "d.pth")
    with pytest.raises(CheckpointError, match="empty is empty; expected a whole number"):
        settings.whole("empty", 7)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c\n", "no YAML that can be read (line 1: mapping values are not allowed in this context)"),
        ("a: [1,\nb: 2\n", "no YAML that can be read (line 3: "),
        ("a: 1\na: 2\n", "no YAML that can be read (line 2: found duplicate key a)"),
        ("a: !!python/object/apply:os.system ['true']\n", "no YAML that can be read (line 1: could not determine"),
        ("a: !!int many\n", "no YAML that can be read (ValueError)"),
        ("a: !!bool perhaps\n", "no YAML that can be read (KeyError)"),
        ("[1]: 2\n", "no YAML that can be read"),
        ("a: \x00\n", "no YAML that can be read"),
        ("a: !!set {1}\n", "no YAML that can be read"),
        ("a: " + "[" * 5000 + "]" * 5000, "no YAML that can be read (RecursionError)"),
        ("- 1\n", "there are no settings in it"),
        ("1\n", "no YAML that can be read (AssertionError)"),
        ("  \n", "the file is empty"),
        ("<!DOCTYPE html>\n<html>", "this is a web page"),
        ("version https://git-lfs.github.com/spec/v1\n", "this is a Git LFS pointer"),
    ],
    ids=range(15),
)
def test_no_settings(written: Written, text: str, words: str) -> None:
    """What is no file of settings is told as what it is."""
    text = refusal(written(text))
    assert words in text
    assert WHERE in text


@pytest.mark.parametrize("value", ["${oc.env:SECRET}", "a ${oc.env:SECRET} b", "${gpt.layers}", "${"])
def test_nothing_is_filled_in(written: Written, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A value that names something else is refused by its place, and what it names is not looked up."""
    monkeypatch.setenv("SECRET", "hush")
    for text, place in ((f"a:\n  b: '{value}'\n", "a.b"), (f"a: [1, '{value}']\n", "a.1")):
        said = refusal(written(text))
        assert f"{place} is " in said or "no YAML" in said
        assert "hush" not in said


def test_not_text(tmp_path: Path) -> None:
    """A file of other bytes than text is told as none that can be read."""
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xff\xfe\x00\x01")
    assert "no YAML that can be read (UnicodeDecodeError)" in refusal(file)


def test_byte_order_mark(written: Written) -> None:
    """The mark that some editors put before a text does no harm."""
    assert opened(written("\ufeffa: 1\n")).whole("a") == 1


def test_not_there(tmp_path: Path) -> None:
    """A file that cannot be opened is told with the system's reason."""
    with pytest.raises(CheckpointError, match="cannot be read: No such file"):
        opened(tmp_path / "config.yaml")


def test_gone_meanwhile(written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be read although it was there is told with the system's reason."""

    def refuse(file: Path, encoding: str) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(CheckpointError, match="cannot be read: Permission denied"):
        opened(written("a: 1\n"))


@given(text=st.text(alphabet=st.sampled_from("ab1:,[]{}&*!|>-?'\"# \n%@`${}~.<=")))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Any text is settings, or refused in a sentence."""
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, "utf-8")
    with suppress(CheckpointError):
        assert isinstance(opened(file).values, dict)
