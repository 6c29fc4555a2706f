"""What goes wrong with a web UI, in our own words."""

from __future__ import annotations

import concurrent.futures

import httpx
import pytest
from gradio_client.exceptions import AppError, AuthenticationError, ValidationError
from gradio_client.utils import QueueError, TooManyRequestsError

from bot.errors import EngineBroken, EngineError, EngineRejected, EngineTimeout, EngineUnavailable
from bot.tts.gradio.faults import told

REQUEST = httpx.Request("GET", "http://here:1/secret?session_hash=1")


def status(code: int) -> httpx.HTTPStatusError:
    return httpx.HTTPStatusError("no", request=REQUEST, response=httpx.Response(code, request=REQUEST))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx.ConnectError("refused"), EngineUnavailable, r"cannot be reached \(nobody answers\): start it, or set"),
        (httpx.ConnectTimeout("late"), EngineUnavailable, r"cannot be reached \(nobody answers\)"),
        (httpx.ReadTimeout("late"), EngineTimeout, "at here:1 fell silent; restart it"),
        (status(404), EngineUnavailable, r"cannot be reached \(it answers 404\)"),
        (httpx.RemoteProtocolError("cut"), EngineUnavailable, "broke off"),
        (ConnectionResetError("cut"), EngineUnavailable, "broke off"),
        (concurrent.futures.CancelledError(), EngineUnavailable, "broke off"),
        (QueueError("full"), EngineUnavailable, "has too much to do; try again later"),
        (TooManyRequestsError("slow"), EngineUnavailable, "has too much to do"),
        (AuthenticationError("no"), EngineBroken, "wants another name and password"),
        (ValueError("Could not login to http://here:1/."), EngineBroken, "wants another name and password"),
        (ValidationError("too <b>short</b>"), EngineRejected, "^The web UI refuses this text: too short$"),
        (AppError("CUDA\n  out of memory"), EngineUnavailable, "^The web UI failed: CUDA out of memory$"),
        (ValueError("Could not fetch config"), EngineUnavailable, r"no web UI that gradio_client [\d.]+ understands"),
        (KeyError("dependencies"), EngineUnavailable, r"understands \(KeyError\)\. .* pip install -U gradio_client"),
        (httpx.InvalidURL("x"), EngineUnavailable, "no web UI"),
    ],
)
def test_every_fault_has_its_kind_and_says_what_to_do(error: Exception, kind: type[EngineError], words: str) -> None:
    """Whether to try again is a property of the kind; the cause goes along."""
    with pytest.raises(kind, match=words) as caught, told("studio", "here:1"):
        raise error
    assert type(caught.value) is kind
    assert caught.value.engine == "studio"
    assert caught.value.__cause__ is error
    assert "secret" not in str(caught.value)


def test_an_error_that_is_not_told_is_no_sentence_of_a_library() -> None:
    """gradio_client's own advice is for whoever wrote the app."""
    mute = AppError(
        "The upstream Gradio app has raised an exception but has not enabled verbose error reporting. To enable, ..."
    )
    with pytest.raises(EngineUnavailable, match=r"^The web UI failed and does not say why; what"), told("x", "here:1"):
        raise mute


def test_a_long_story_is_cut() -> None:
    """It stands in a message to somebody who wanted to hear a sentence."""
    with pytest.raises(EngineUnavailable) as caught, told("indextts", "here:1"):
        raise AppError("word " * 1000)
    assert len(str(caught.value)) < 200
    assert str(caught.value).endswith("…")


@pytest.mark.parametrize("error", [EngineBroken("indextts", "x"), NameError("x"), KeyboardInterrupt()])
def test_our_own_errors_and_our_own_mistakes_go_through(error: BaseException) -> None:
    """What is no fault of a web UI is not made one."""
    with pytest.raises(type(error)) as caught, told("indextts", "here:1"):
        raise error
    assert caught.value is error
