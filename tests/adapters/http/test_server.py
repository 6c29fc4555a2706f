"""How the server ends."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bot.adapters.http import create_api, listen, serve
from tests.adapters.http.served import SPEECH, held, until
from tests.conftest import Opened
from tests.doubles.engine import FakeEngine


async def test_an_open_answer_has_the_given_time_to_be_finished(
    opened: Opened, offline: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    """With none, the server ends at once, the asker is told, the engine stops; and no traceback is printed."""
    held(offline)
    stop, ready = asyncio.Event(), asyncio.Event()
    async with opened() as speaker, httpx.AsyncClient(trust_env=False) as http:
        with listen("127.0.0.1", 0) as listener:
            serving = asyncio.create_task(serve(create_api(speaker), listener, stop, ready.set, drain=0))
            await ready.wait()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}{SPEECH}"
            asking = asyncio.create_task(http.post(url, json={"input": "Hello."}))
            await until(lambda: bool(offline.active))
            async with asyncio.timeout(5):
                stop.set()
                await serving
                answer = await asking
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "closing")
    assert not offline.finished
    assert not caplog.records
