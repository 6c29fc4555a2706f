"""The worker's own side: what it answers, and that it never outlives or outshouts its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import psutil
import pytest

from bot.errors import NothingToSay
from bot.resources import folder
from bot.speech import Samples
from bot.tts.offline.process import command
from bot.tts.offline.studio import Studio
from bot.tts.offline.worker import answer

HELLO = {"id": 1, "do": "plan", "voice": "heart", "language": "en", "text": "Hello."}


class Scripted:
    """A studio that says what a test wants."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def plan(self, voice: str, language: str, text: str) -> list[str]:
        if self._error:
            raise self._error
        return [f"{voice} {language} {text}"]

    def speak(self, voice: str, phonemes: str, rate: float) -> Samples:
        if self._error:
            raise self._error
        return np.full(3, rate, np.float32)


def answered(studio: Scripted, order: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    return answer(cast("Studio", studio), order)


def test_a_plan_is_a_list_of_phonemes() -> None:
    """The answer to a plan carries its chunks and no sound."""
    assert answered(Scripted(), HELLO) == ({"chunks": ["heart en Hello."]}, b"")


def test_speech_is_counted_bytes() -> None:
    """The answer to speech says how many bytes of float32 follow."""
    header, body = answered(Scripted(), {"do": "speak", "voice": "heart", "phonemes": "x", "rate": 1.5})
    assert header == {"bytes": 12}
    assert np.frombuffer(body, np.float32).tolist() == [1.5, 1.5, 1.5]


def test_a_refusal_travels_by_name() -> None:
    """An error of our tree keeps its type and its words."""
    header, _ = answered(Scripted(NothingToSay("offline", "nothing")), HELLO)
    assert header == {"error": "NothingToSay", "message": "nothing"}


@pytest.mark.parametrize(("do", "kind"), [("plan", "EngineRejected"), ("speak", "EngineBroken")])
def test_a_fault_in_foreign_code_is_an_answer_too(do: str, kind: str) -> None:
    """A reader that stumbles rejects this text, a model that stumbles is broken; neither message holds the text."""
    order = {**HELLO, "do": do, "text": "secret", "phonemes": "secret", "rate": 1.0}
    header, _ = answered(Scripted(ValueError("secret")), order)
    assert header["error"] == kind
    assert "secret" not in header["message"]


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command(folder("voices")), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def asked(worker: subprocess.Popen[bytes], order: Mapping[str, Any]) -> dict[str, Any]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(json.dumps(order).encode() + b"\n")
    worker.stdin.flush()
    header: dict[str, Any] = json.loads(worker.stdout.readline())
    return header


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_meant_for_all_leaves_it_to_its_parent(worker: subprocess.Popen[bytes], stop: signal.Signals) -> None:
    """Ctrl-C and a service manager's stop reach every process; the worker keeps answering."""
    asked(worker, HELLO)
    worker.send_signal(stop)
    assert asked(worker, {**HELLO, "id": 2})["id"] == 2


def test_the_end_of_its_input_ends_it(worker: subprocess.Popen[bytes]) -> None:
    """Closing the pipe is how it is put down: at once and with success."""
    asked(worker, HELLO)
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(5) == 0


PARENT = textwrap.dedent(
    """
    import asyncio, time
    from bot.speech import Utterance
    from bot.tts.offline import Offline
    async def main():
        engine = Offline()
        async for _ in engine.synthesize(Utterance("Hello.", "offline", "heart", "en")):
            print("worker", *engine.pids, flush=True)
        time.sleep(60)
    asyncio.run(main())
    """
)


def test_a_parent_killed_outright_leaves_no_orphan(tmp_path: Path) -> None:
    """kill -9 gives a parent no time to tidy up; the worker notices and goes."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment, text=True) as parent:
        assert parent.stdout is not None
        # The parent's log goes to the same pipe.
        words = next(line.split() for line in parent.stdout if line.startswith("worker"))
        worker = psutil.Process(int(words[1]))
        parent.kill()
        parent.stdout.read()
    psutil.wait_procs([worker], timeout=5)
    assert not worker.is_running()
