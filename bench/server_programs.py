"""The speech servers that are measured: how each is started on this machine, and led to the loopback Edge.

All are started as their users start them, each in a process of its own. Those of others are not part of this
repository: they are used where they lie, unmodified, with what they need installed into a venv beside them.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import psutil

from bench.server_load import VOICE

HERE = Path(__file__).parent
PEERS = Path("~/.cache/sayso-bench").expanduser()
PATIENCE = 60.0
"""Seconds that a server may take to start."""

MIB = 2**20

SAYSO, FLOOR = "Sayso", "pass-through"


@dataclass(frozen=True, slots=True)
class Program:
    """How a server is started: ``{port}`` in its command and environment is where it is to listen."""

    name: str
    command: Sequence[str | Path]
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's server: where its source is to be had, and what has to be installed for it."""

    name: str
    source: str
    requirements: Sequence[str]

    def told(self, peers: Path) -> str:
        """How to get it."""
        return f"git clone {self.source} {peers / self.name}"


@dataclass(slots=True)
class Server:
    """One that runs; ``spent`` and ``memory`` are of all its processes."""

    name: str
    port: int
    key: str
    process: psutil.Process
    idle: float = 0.0

    def spent(self) -> float:
        """Seconds of a processor so far."""
        return sum(spent(each) for each in self._everyone())

    def memory(self) -> float:
        """MiB that are resident."""
        return sum(each.memory_info().rss for each in self._everyone()) / MIB

    def _everyone(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


OPENAI_EDGE_TTS = Peer(
    "openai-edge-tts",
    "https://github.com/travisvn/openai-edge-tts",
    ("flask", "gevent", "python-dotenv", "edge-tts", "emoji"),
)
# It asks for uvicorn alone, but gets the fast one all the same: chromadb, which it needs too, does not do without.
ANY4ANY = Peer(
    "any4any",
    "https://github.com/eogee/any4any",
    ("fastapi", "uvicorn[standard]", "python-dotenv", "pydantic", "edge-tts"),
)
PINNED = ("aiohttp", "edge-tts", "fastapi", "pydantic", "starlette", "uvicorn", "uvloop", "httptools")
"""What Sayso uses too: the peers get the same versions of it, so that they are not measured by it."""

_ANY4ANY = """import sys, uvicorn
from fastapi import FastAPI
from core.tts.speech import create_speech
app = FastAPI()
app.post("/v1/audio/speech")(create_speech)
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="info")
"""


def absent(peers: Path) -> Sequence[Peer]:
    """Those that are not on this machine, and so are left out."""
    return [peer for peer in (OPENAI_EDGE_TTS, ANY4ANY) if not (peers / peer.name / ".git").exists()]


def spent(process: psutil.Process) -> float:
    """Seconds of a processor that a process has had, user and system, with threads that have ended."""
    try:
        return time.clock_gettime((~process.pid << 3) | 2)  # Linux's clock of another process: psutil has 10 ms ticks
    except (OSError, AttributeError):
        times = process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def servers(peers: Path, edge: int) -> Iterator[Sequence[Server]]:
    """All that can be had, running, the pass-through first; ``edge`` is the loopback's port."""
    key = secrets.token_hex(16)
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        site = data / "site"
        site.mkdir()
        shutil.copy(HERE / "server_site.py", site / "sitecustomize.py")
        base = {"PYTHONPATH": str(site), "BENCH_EDGE": f"127.0.0.1:{edge}", "NO_PROXY": "*"}
        programs = [_passthrough(), _sayso(data), *_of_others(peers, data, key)]
        yield [stack.enter_context(_running(program, base, key, data)) for program in programs]


def _passthrough() -> Program:
    return Program(FLOOR, (sys.executable, HERE / "server_passthrough.py", "{port}"))


def _sayso(data: Path) -> Program:
    """A speech server whose engine is edge, with as many connections at once as there are clients."""
    settings = {"DATA_DIR": str(data / "sayso"), "HTTP__PORT": "{port}", "SPEAK__ENGINE": "edge"}
    settings |= {"EDGE__SLOTS": "32", "EDGE__REFRESH": "false", "SELF_TEST__ENABLED": "false", "LOG__LEVEL": "error"}
    environ = {f"SAYSO__{name}": value for name, value in settings.items()}
    return Program(SAYSO, (Path(sys.executable).with_name("sayso"), "serve"), environ)


def _of_others(peers: Path, data: Path, key: str) -> Iterator[Program]:
    missing = absent(peers)
    if OPENAI_EDGE_TTS not in missing:
        folder = peers / OPENAI_EDGE_TTS.name / "app"
        python = _python(peers, OPENAI_EDGE_TTS)
        yield Program(OPENAI_EDGE_TTS.name, (python, "server.py"), {"PORT": "{port}", "API_KEY": key}, folder)
    if ANY4ANY not in missing:
        started = data / "any4any.py"
        started.write_text(_ANY4ANY)
        environ = {"BENCH_HOLLOW": "1", "PYTHONPATH": f"{data / 'site'}:{peers / ANY4ANY.name}", "API_KEY": key}
        yield Program(ANY4ANY.name, (_python(peers, ANY4ANY), started, "{port}"), environ)


def _python(peers: Path, peer: Peer) -> Path:
    """The Python of the peer's venv, which is made if it is not there or not of today's requirements."""
    pins = [f"{name}=={importlib.metadata.version(name)}" for name in PINNED]
    asked = hashlib.sha256(repr((sys.version, peer.requirements, pins)).encode()).hexdigest()[:12]
    folder = peers / f"venv-{peer.name}-{asked}"
    python = folder / "bin" / "python"
    if not (folder / "done").exists():
        venv.create(folder, with_pip=True, clear=True)
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pins))
        install = (python, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-c", constraints)
        subprocess.run((*install, *peer.requirements), check=True, stdout=sys.stderr)
        (folder / "done").touch()
    return python


@contextmanager
def _running(program: Program, base: Mapping[str, str], key: str, data: Path) -> Iterator[Server]:
    port = _free_port()
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {name: value.format(port=port) for name, value in {**base, **program.environ}.items()}
    command = [str(part).format(port=port) for part in program.command]
    folder = program.folder or data
    with (data / f"{program.name}.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        server = Server(program.name, port, key, psutil.Process(process.pid))
        _wait(server, process, data)
        yield server
    finally:
        _end(process)


def _wait(server: Server, process: subprocess.Popen[bytes], data: Path) -> None:
    """Until it has spoken, for which everything has to be there that it needs."""
    until = time.monotonic() + PATIENCE
    while not _speaks(server):
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit((data / f"{server.name}.log").read_text() or f"{server.name} does not start")
        time.sleep(0.1)
    time.sleep(1.0)  # what a start leaves to the background is over by then
    server.idle = server.memory()


def _speaks(server: Server) -> bool:
    body = f'{{"model": "tts-1", "input": "Hello there.", "voice": "{VOICE}", "response_format": "mp3"}}'.encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {server.key}"}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/v1/audio/speech", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return bool(answer.read())
    except (OSError, HTTPException):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
