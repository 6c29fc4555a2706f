"""The order of arguments, from how a web UI describes itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.errors import EngineBroken
from bot.tts.audio import Reference
from bot.tts.gradio.layout import Asked, Layout, layout

PROMPT = {"path": "/a.wav"}


def parameter(name: str, default: object = None, **more: object) -> dict[str, Any]:
    return {
        "parameter_name": name,
        "parameter_has_default": default is not None,
        "parameter_default": default,
        "component": "Slider",
    } | more


ONE = [
    parameter("prompt", component="Audio"),
    parameter("text"),
    parameter("infer_mode", "普通推理"),
    parameter("param_5", True),
]
TWO = [
    parameter("emo_control_method", "same"),
    parameter("prompt", component="Audio"),
    parameter("text"),
    parameter("emo_ref_path", component="Audio"),
    parameter("emo_weight", 0.65),
]
LANGUAGES = parameter("lang_choice", "ZH", type={"enum": ["ZH", "EN", "JA", "AR", "ES"], "type": "string"})
DURATION = parameter("duration_factor", 1.0)


def described(*parameters: Mapping[str, Any]) -> Layout:
    return layout({"named_endpoints": {"/gen_single": {"parameters": list(parameters)}}}, "indextts", "here:1")


def asked(language: str = "en", rate: float = 1.0) -> Asked:
    return Asked("Hello.", Reference(b"", 5.0, "d"), language, rate)


def test_one_five() -> None:
    """Prompt, text, and its own defaults."""
    found = described(*ONE)
    assert (found.version, found.languages, found.paced) == ("1.5", ("zh", "en"), False)
    assert found.arguments(asked(), PROMPT) == [PROMPT, "Hello.", "普通推理", True]


def test_two() -> None:
    """The mood first; a recording of another mood is left out."""
    found = described(*TWO)
    assert (found.version, found.languages, found.paced) == ("2.0", ("zh", "en"), False)
    assert found.arguments(asked(), PROMPT) == ["same", PROMPT, "Hello.", None, 0.65]


def test_two_by_the_web_ui_of_two_five() -> None:
    """It has a pace and no languages."""
    found = described(*TWO, DURATION)
    assert (found.version, found.languages, found.paced) == ("2.0", ("zh", "en"), True)
    assert found.arguments(asked(rate=2.0), PROMPT)[-1] == 0.5


@pytest.mark.parametrize(("language", "choice"), [("zh", "ZH"), ("wuu", "ZH"), ("en", "EN"), ("es", "ES")])
def test_two_five(language: str, choice: str) -> None:
    """It is told which language."""
    found = described(*TWO, LANGUAGES, DURATION)
    assert (found.version, found.languages, found.paced) == ("2.5", ("zh", "en", "ja", "ar", "es"), True)
    assert found.arguments(asked(language), PROMPT)[-2:] == [choice, 1.0]


def test_the_order_is_that_of_the_web_ui() -> None:
    """A fork that moved them about is served just as well."""
    assert described(*reversed(ONE)).arguments(asked(), PROMPT) == [True, "普通推理", "Hello.", PROMPT]


def test_what_is_new_and_has_a_default_is_left_at_it() -> None:
    """The next version may have one knob more."""
    assert described(*ONE, parameter("sparkle", 11)).arguments(asked(), PROMPT)[-1] == 11


def test_a_choice_without_a_default_is_made() -> None:
    """The first is what a person would find."""
    mood = parameter("emo_control_method", type={"enum": ["same", "other"]})
    assert described(mood, *TWO[1:]).arguments(asked(), PROMPT)[0] == "same"


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        (
            [],
            r"lacks infer_mode, prompt, text \(1\.5\), or emo_control_method, prompt, text \(2\.0\)\. Use IndexTTS",
        ),
        (ONE[:2], r"lacks infer_mode \(1\.5\), or emo_control_method \(2\.0\)"),
        (ONE[1:], r"lacks prompt \(1\.5\), or"),
        ([*ONE, parameter("strength"), parameter("glow")], r"it asks for strength, glow\. Use IndexTTS"),
        ([{"label": "文本"}], "it lacks infer_mode"),
    ],
)
def test_what_is_not_known_is_named(parameters: list[dict[str, Any]], words: str) -> None:
    """Loudly, rather than with arguments in the wrong places."""
    with pytest.raises(EngineBroken, match=rf"^The /gen_single of the web UI at here:1 is of no version .*{words}"):
        described(*parameters)


@pytest.mark.parametrize(("endpoints", "has"), [({}, "nothing"), ({"/predict": {}, "/flag": {}}, r"/flag, /predict")])
def test_another_app_is_none_of_indextts(endpoints: dict[str, Any], has: str) -> None:
    """What it has instead tells which one it is."""
    with pytest.raises(EngineBroken, match=rf"it has no /gen_single but {has}\. Set gradio\.url"):
        layout({"named_endpoints": endpoints}, "indextts", "here:1")
