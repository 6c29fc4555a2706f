"""The worker process: reads orders from its standard input, line by line, and answers with sound.

It runs apart from the bot so that a second of arithmetic never holds up a heartbeat or the 20 ms player, and so that
the models' memory goes when they have been idle. An order is one line of JSON with an ``id``; the answer is one line of
JSON with the same ``id`` and, if it says ``bytes``, that many bytes of float32 after it. When the standard input ends
the parent has gone or wants it gone, and the process ends at once, in whatever it is doing.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from bot.errors import EngineBroken, EngineError, EngineRejected
from bot.tts.offline.studio import Studio

Order = Mapping[str, Any]
Answer = tuple[dict[str, Any], bytes]


def main() -> None:
    """Serve orders until the standard input ends. The one argument is the folder of voices."""
    # Ctrl-C and a service manager's stop reach every process, but the parent decides what to finish first. It need not
    # signal: closing our input ends us, and so does its death.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    orders: queue.SimpleQueue[Order] = queue.SimpleQueue()
    answers = _private_output()
    threading.Thread(target=_receive, args=(sys.stdin.buffer, orders), daemon=True).start()
    serve(Studio(Path(sys.argv[1])), orders, answers)


def serve(studio: Studio, orders: queue.SimpleQueue[Order], answers: BinaryIO) -> None:
    """Carry out orders one after another, forever."""
    while True:
        order = orders.get()
        header, body = answer(studio, order)
        answers.write(json.dumps({"id": order["id"], **header}).encode() + b"\n" + body)
        answers.flush()


def answer(studio: Studio, order: Order) -> Answer:
    """What to reply to an order; an error becomes its type's name and its message."""
    try:
        return _carry_out(studio, order)
    except EngineError as error:
        return {"error": type(error).__name__, "message": str(error)}, b""
    except Exception as error:  # noqa: BLE001
        # Models and readers are foreign code that many rely on: one odd input must not end the process for all.
        kind = EngineRejected if order["do"] == "plan" else EngineBroken
        return {"error": kind.__name__, "message": f"the offline engine failed ({type(error).__name__})"}, b""


def _carry_out(studio: Studio, order: Order) -> Answer:
    if order["do"] == "plan":
        return {"chunks": studio.plan(order["voice"], order["language"], order["text"])}, b""
    samples = studio.speak(order["voice"], order["phonemes"], order["rate"]).tobytes()
    return {"bytes": len(samples)}, samples


def _private_output() -> BinaryIO:
    """The standard output for answers alone: whatever a library prints goes to the standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _receive(source: BinaryIO, orders: queue.SimpleQueue[Order]) -> None:
    for line in source:
        orders.put(json.loads(line))
    # Not sys.exit: only the main thread could act on that, and it may be seconds deep in a model.
    os._exit(0)


if __name__ == "__main__":
    main()
