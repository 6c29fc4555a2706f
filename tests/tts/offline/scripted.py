"""A worker that is all protocol: each word of the text is a chunk, its sound as long as the word; ``slow`` takes long.

Run as a program in place of the real worker.
"""

from __future__ import annotations

import array
import json
import os
import queue
import sys
import threading
import time


def main() -> None:
    orders: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
    threading.Thread(target=receive, args=(orders,), daemon=True).start()
    while True:
        order = orders.get()
        if order["do"] == "plan":
            answer(order, {"chunks": order["text"].split()})
            continue
        if order["phonemes"] == "slow":
            time.sleep(0.5)
        if order["phonemes"] == "stuck":
            time.sleep(100)
        body = array.array("f", [0.1] * len(order["phonemes"])).tobytes()
        answer(order, {"bytes": len(body)}, body)


def receive(orders: queue.SimpleQueue[dict[str, str]]) -> None:
    for line in sys.stdin.buffer:
        orders.put(json.loads(line))
    os._exit(0)


def answer(order: dict[str, str], header: dict[str, object], body: bytes = b"") -> None:
    sys.stdout.buffer.write(json.dumps({"id": order["id"], **header}).encode() + b"\n" + body)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
