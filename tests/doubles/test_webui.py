"""The web UI on the loopback does what index-tts' does: what tests of it rest on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio_client
import numpy as np
import pytest

from bot.resources import folder
from tests.doubles.webui import LAYOUTS, RATE, WebUI, Wire, answer, sound, wav

SAYSO = folder("voices") / "sayso.wav"
INPUTS = {"1.5": 13, "2.0": 24, "2.5": 26, "2.0 by 2.5": 25, "bare": 13, "open": 13, "stranger": 2}


@pytest.fixture(scope="module")
def process() -> Iterator[WebUI]:
    with WebUI() as ui:
        yield ui


@pytest.fixture
def ui(process: WebUI, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebUI]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    process.reset()
    yield process
    assert not process.strays()


def client(ui: WebUI, layout: str = "1.5") -> Any:
    url = f"http://127.0.0.1:{ui.port(layout)}"
    return gradio_client.Client(url, token=False, verbose=False, analytics_enabled=False, download_files=False)


def gen_single(client: Any, text: str, **more: object) -> Any:
    return client.predict(prompt=gradio_client.handle_file(SAYSO), text=text, api_name="/gen_single", **more)


@pytest.mark.parametrize(("layout", "inputs"), INPUTS.items())
def test_each_has_the_inputs_of_its_version(ui: WebUI, layout: str, inputs: int) -> None:
    """13, 24 and 26; with the model of 2.0 the last hides one."""
    info = client(ui, layout).view_api(print_info=False, return_format="dict")
    assert len(info["named_endpoints"]["/gen_single"]["parameters"]) == inputs


def test_there_is_one_for_each_name(ui: WebUI) -> None:
    """On ports of their own."""
    assert len({ui.port(layout) for layout in LAYOUTS}) == len(LAYOUTS)


def test_it_answers_with_an_update_that_holds_a_file(ui: WebUI) -> None:
    """As upstream's does, named by the second, and remembers what it was asked."""
    result = gen_single(client(ui), "Hello.")
    assert result["__type__"] == "update"
    path = Path(result["value"]["path"])
    assert path.name.startswith("spk_")
    assert path.read_bytes() == wav(sound("Hello."))
    (asked,) = ui.asked()
    assert (asked.text, asked.finished) == ("Hello.", True)
    assert asked.prompt == hashlib.sha256(SAYSO.read_bytes()).hexdigest()


def test_who_answers_with_a_bare_path_does(ui: WebUI) -> None:
    """As older gradio did."""
    assert Path(gen_single(client(ui, "bare"), "Hello.")).read_bytes() == wav(sound("Hello."))


def test_every_text_has_its_own_sound() -> None:
    """So that a test can tell whose answer it holds."""
    texts = ["Hello.", "Hello!", "Goodbye, and thank you.", "你好。"]
    for one in texts:
        for other in texts:
            assert np.array_equal(answer(one), answer(other)) == (one == other)
    assert answer("Hello.").size == round(RATE * (0.3 + 0.02 * 6))


def test_two_results_within_a_second_are_one_file(ui: WebUI) -> None:
    """As upstream has it: what is written later is what both hold."""
    one = client(ui)
    gen_single(one, "First.")
    ui.fail("overtaken")
    second = gen_single(one, "Second.")
    assert Path(second["value"]["path"]).read_bytes() == wav(sound("First."))


def test_an_error_has_no_cause_unless_it_is_told(ui: WebUI) -> None:
    """``show_error`` is off upstream."""
    ui.fail("error")
    ui.fail("error", layout="open")
    with pytest.raises(gradio_client.exceptions.AppError, match="has not enabled verbose error reporting"):
        gen_single(client(ui), "Hello.")
    with pytest.raises(gradio_client.exceptions.AppError, match="something of the inside"):
        gen_single(client(ui, "open"), "Hello.")


def test_what_is_cancelled_runs_on_beside_the_next(ui: WebUI) -> None:
    """The trap in gradio's own way to cancel: the place in the queue is free, the work is not over."""
    ui.fail("held")
    first = client(ui)
    job = first.submit(prompt=gradio_client.handle_file(SAYSO), text="First.", api_name="/gen_single")
    while ui.busy() == 0:
        pass
    job.cancel()
    gen_single(client(ui), "Second.")
    assert (ui.busy(), ui.peak()) == (1, 2)


def test_a_restart_forgets_what_was_uploaded(ui: WebUI) -> None:
    """And may be of another version, on the same port."""
    gen_single(client(ui), "Hello.")
    port = ui.port()
    assert ui.uploads()
    ui.restart(like="2.0")
    try:
        assert not ui.uploads()
        gen_single(client(ui), "Hello.", emo_ref_path=None)
        assert "emo_weight" in ui.asked()[-1].values
    finally:
        ui.restart()
    assert ui.port() == port


async def test_a_wire_forwards_and_can_be_cut(ui: WebUI) -> None:
    """What is cut is over for both ends; who is turned away or not answered notices."""
    async with Wire(ui.port()) as wire:
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.write(b"GET /gradio_api/app_id HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"app_id")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert (wire.requests, wire.open) == (["GET /gradio_api/app_id HTTP/1.1"], 1)
        wire.cut()
        async with asyncio.timeout(10):
            await reader.read()
        writer.close()
        wire.down = True
        reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


def test_nobody_beyond_this_machine_is_reached(process: WebUI) -> None:
    """gradio would ask for a newer version and tell of its start; a name that it looks up is remembered as a stray."""
    assert not process.strays()
