"""Starting: seconds of ``sayso --help`` and until ``sayso run`` answers, and its memory idle and after speech."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import psutil

from bench.report import main

SAYSO = Path(sys.executable).with_name("sayso")
MIB = 2**20


def measure() -> dict[str, float]:
    """Medians of five starts for the help, of three for the server."""
    helps = [_help() for _ in range(5)]
    runs = [_run() for _ in range(3)]
    figures = {name: median(run[name] for run in runs) for name in runs[0]}
    return {"sayso --help, s": median(helps), **figures}


def _help() -> float:
    began = time.perf_counter()
    subprocess.run([SAYSO, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as data, _server(data) as (process, url, seconds):
        time.sleep(2.0)  # what a start leaves to the background is over by then
        idle = _memory(process)
        began = time.perf_counter()
        _speak(url)
        first = time.perf_counter() - began
        return {
            "sayso run answers after, s": seconds,
            "sayso run idle, MiB": idle,
            "first speech after the start, s": first,
            "sayso run with the English voice loaded, MiB": _memory(process),
        }


@contextlib.contextmanager
def _server(data: str) -> Iterator[tuple[psutil.Process, str, float]]:
    port = _free_port()
    environ = {**os.environ, "SAYSO__DATA_DIR": data, "SAYSO__HTTP__PORT": str(port)}
    began = time.perf_counter()
    process = subprocess.Popen([SAYSO, "run"], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/health", began + 30)
        yield psutil.Process(process.pid), url, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, until: float) -> None:
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if time.perf_counter() > until:
                raise
            time.sleep(0.01)
        else:
            return


def _speak(url: str) -> None:
    body = json.dumps({"input": "This is one sentence of ordinary length.", "response_format": "opus"}).encode()
    request = urllib.request.Request(f"{url}/v1/audio/speech", body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=60).read()


def _memory(process: psutil.Process) -> float:
    """MiB of the process and its children, pages that they share counted once (PSS) where the system tells."""
    everyone = [process, *process.children(recursive=True)]
    return sum(_own(one) for one in everyone) / MIB


def _own(process: psutil.Process) -> int:
    full = process.memory_full_info()
    return int(getattr(full, "pss", 0) or full.rss)


if __name__ == "__main__":
    main(measure)
