"""IndexTTS's web UI on the loopback: real gradio apps with its surface, in a child process, and every fault of theirs.

The signatures are those of index-tts' ``webui.py`` at v1.5.0, v2.0.0 and v2.5.0; the sound is a tone that tells of
which text it is. Importing gradio takes seconds, so one process serves all of them, each on a port of its own, and
tests share it. Between a test and the process lies a :class:`Wire`, which can be cut.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import wave
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from bot.speech import Samples

RATE = 24_000
LAYOUTS = ("1.5", "2.0", "2.5", "2.0 by 2.5", "bare", "open", "locked", "stranger")
"""Which apps there are. Besides the three versions: 2.5's web UI with the model of 2.0; 1.5 that answers with a bare
path; 1.5 that tells its errors (``show_error=True``); 1.5 for :data:`LOGIN` only; and one that is no IndexTTS."""
LOGIN = ("ann", "se cret")
_SECONDS_A_LETTER = 0.02


def sound(text: str) -> Samples:
    """What the web UI says for this text: a tone of its own, longer for a longer one."""
    count = round(RATE * (0.3 + _SECONDS_A_LETTER * len(text)))
    hertz = 200 + zlib.crc32(text.encode()) % 1_500_000 / 1000
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(count) / RATE)).astype(np.float32)


def wav(samples: Samples) -> bytes:
    """16 bit, mono, 24 kHz, as IndexTTS writes it."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(np.round(samples * 32_767).astype("<i2").tobytes())
    return file.getvalue()


def answer(text: str) -> Samples:
    """:func:`sound` as it comes out of the file."""
    with wave.open(io.BytesIO(wav(sound(text)))) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / np.float32(32_768)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call of ``/gen_single``: the arguments by their names, and the digest of the reference recording."""

    layout: str
    values: dict[str, Any]
    prompt: str
    finished: bool

    @property
    def text(self) -> str:
        """What was to be said."""
        return str(self.values["text"])


class WebUI:
    """The process with the apps. A context manager; blocks for the seconds that gradio takes to start."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self._lock = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where the apps write."""
        return Path(self._folder.name)

    def port(self, layout: str = "1.5") -> int:
        """Where an app listens."""
        return int(self._ports[layout])

    def reset(self) -> None:
        """As if nothing had been asked."""
        self._tell(do="reset")

    def fail(self, *faults: str, layout: str = "1.5") -> None:
        """What goes wrong with the next calls, one each: a name of :func:`_spoilt` or :func:`_speak`, or ``ok``."""
        self._tell(do="fail", layout=layout, faults=faults)

    def asked(self, layout: str = "1.5") -> Sequence[Asked]:
        """The calls so far, in the order in which they were begun."""
        return [Asked(**one) for one in self._tell(do="asked")["asked"] if one["layout"] == layout]

    def busy(self) -> int:
        """How many calls are being worked on now."""
        return int(self._tell(do="busy")["busy"])

    def peak(self) -> int:
        """How many were worked on at once at most."""
        return int(self._tell(do="busy")["peak"])

    def release(self) -> None:
        """Let everybody go who waits because of the fault ``held``."""
        self._tell(do="release")

    def strays(self) -> Sequence[str]:
        """Addresses beyond the loopback that the process wanted to reach."""
        return [str(one) for one in self._tell(do="strays")["strays"]]

    def uploads(self) -> Sequence[str]:
        """The files that were uploaded and are kept."""
        return [str(one) for one in self._tell(do="uploads")["uploads"]]

    def restart(self, layout: str = "1.5", like: str | None = None) -> None:
        """Close the app and start it anew on its port, without what was uploaded; ``like`` is another's surface."""
        self._tell(do="restart", layout=layout, like=like or layout)

    def __enter__(self) -> Self:
        clean = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        quiet = {
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_HEARTBEAT_INTERVAL": "0.2",
            "GRADIO_TEMP_DIR": str(self.folder / "cache"),
            "HF_HUB_OFFLINE": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HOME": str(self.folder / "home"),
            "NO_PROXY": "*",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self._log = (self.folder / "log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.doubles.webui", str(self.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=clean | quiet,
            text=True,
        )
        try:
            self._ports = self._heard()["ports"]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            assert pipe is not None
            pipe.close()
        self._folder.cleanup()

    def _tell(self, **message: Any) -> Any:
        assert self._process.stdin is not None
        with self._lock:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            return self._heard()

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
        return json.loads(line)


class Wire:
    """What lies between a client and a web UI: forwards, and can be cut, taken down, or hold what it should pass on."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.down = False
        """Whether who comes now is turned away."""
        self.deaf = False
        """Whether who comes now is let in and never answered."""
        self.requests: list[str] = []
        """First lines of requests (of each connection the first)."""
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where to connect to."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """How many connections there are now."""
        return len(self._tasks)

    def cut(self) -> None:
        """Break every connection at once, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            if not self.down:
                await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # cut, or at its end; asyncio would tell of a cancelled handler on stderr
        finally:
            self._writers.discard(writer)
            writer.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readline()
        self.requests.append(first.decode().strip())
        if self.deaf:
            await asyncio.Event().wait()
        back, out = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers.add(out)
        try:
            out.write(first)
            one = asyncio.ensure_future(_pump(reader, out))
            other = asyncio.ensure_future(_pump(back, writer))
            try:
                await asyncio.wait([one, other], return_when=asyncio.FIRST_COMPLETED)
            finally:
                one.cancel()
                other.cancel()
                await asyncio.gather(one, other, return_exceptions=True)
        finally:
            self._writers.discard(out)
            out.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


# ---- in the child process


@dataclass(slots=True)
class _State:
    """What the apps remember."""

    folder: Path
    faults: dict[str, list[str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    busy: int = 0
    peak: int = 0
    last: bytes = b""
    lock: threading.Lock = field(default_factory=threading.Lock)
    gate: threading.Event = field(default_factory=threading.Event)

    def fault(self, layout: str) -> str:
        with self.lock:
            queue = self.faults.get(layout, [])
            return queue.pop(0) if queue else "ok"

    def begin(self, layout: str, values: dict[str, Any]) -> dict[str, Any]:
        prompt = values.get("prompt")
        digest = hashlib.sha256(Path(prompt).read_bytes()).hexdigest() if prompt else ""
        one = {"layout": layout, "values": values, "prompt": digest, "finished": False}
        with self.lock:
            self.asked.append(one)
            self.busy += 1
            self.peak = max(self.peak, self.busy)
        return one

    def end(self, one: dict[str, Any]) -> None:
        with self.lock:
            one["finished"] = True
            self.busy -= 1


def _speak(state: _State, layout: str, values: dict[str, Any]) -> str | None:
    """What all versions do: write the sound to a file named by the second, and say where it is."""
    import gradio

    one = state.begin(layout, values)
    try:
        fault = state.fault(layout)
        if fault == "held":
            state.gate.wait(30)
        if fault == "error":
            raise RuntimeError("CUDA error: something of the inside")
        if fault == "said":
            raise gradio.Error("The <b>GPU</b> is out of memory.", print_exception=False)
        if fault == "none":
            return None
        # As upstream has it: two results within one second are one file.
        path = state.folder / "outputs" / f"spk_{int(time.time())}.wav"
        path.write_bytes(_spoilt(fault, values["text"], state))
        return str(path)
    finally:
        state.end(one)


def _spoilt(fault: str, text: str, state: _State) -> bytes:
    """The file, or what is wrong with it."""
    if fault == "overtaken":
        # Another process wrote its own result over ours, and that was what we had been given before.
        return state.last
    sounds: dict[str, Callable[[], bytes]] = {
        "silent": lambda: wav(np.zeros(RATE, np.float32)),
        "short": lambda: wav(sound(text)[: RATE // 20]),
        "garbage": lambda: b"this is no sound",
    }
    state.last = sounds.get(fault, lambda: wav(sound(text)))()
    return state.last


def _app(state: _State, name: str, like: str) -> Any:
    builders = {"2.0": _two, "2.5": _two_five, "2.0 by 2.5": _two_by_two_five, "stranger": _stranger}
    return builders.get(like, _one_five)(state, name)


def _sampling(gr: Any, temperature: float, tokens: int) -> list[Any]:
    return [
        gr.Checkbox(label="do_sample", value=True),
        gr.Slider(label="top_p", minimum=0.0, maximum=1.0, value=0.8, step=0.01),
        gr.Slider(label="top_k", minimum=0, maximum=100, value=30, step=1),
        gr.Slider(label="temperature", minimum=0.1, maximum=2.0, value=temperature, step=0.1),
        gr.Number(label="length_penalty", precision=None, value=0.0, minimum=-2.0, maximum=2.0, step=0.1),
        gr.Slider(label="num_beams", value=3, minimum=1, maximum=10, step=1),
        gr.Number(label="repetition_penalty", precision=None, value=10.0, minimum=0.1, maximum=20.0, step=0.1),
        gr.Slider(label="max_mel_tokens", value=tokens, minimum=50, maximum=tokens, step=10, key="max_mel_tokens"),
    ]


_SAMPLING = (
    "do_sample",
    "top_p",
    "top_k",
    "temperature",
    "length_penalty",
    "num_beams",
    "repetition_penalty",
    "max_mel_tokens",
)


def _one_five(state: _State, name: str) -> Any:
    import gradio as gr

    def gen_single(
        prompt: Any,
        text: Any,
        infer_mode: Any,
        max_text_tokens_per_sentence: Any = 120,
        sentences_bucket_max_size: Any = 4,
        *args: Any,
        progress: Any = gr.Progress(),  # noqa: B008 (as gradio wants it)
    ) -> Any:
        values = {
            "prompt": prompt,
            "text": text,
            "infer_mode": infer_mode,
            "max_text_tokens_per_sentence": max_text_tokens_per_sentence,
            "sentences_bucket_max_size": sentences_bucket_max_size,
        } | dict(zip(_SAMPLING, args, strict=True))
        path = _speak(state, name, values)
        return path if name == "bare" else gr.update(value=path, visible=True)

    with gr.Blocks(title="IndexTTS Demo") as demo:
        prompt = gr.Audio(label="参考音频", key="prompt_audio", sources=["upload", "microphone"], type="filepath")
        text = gr.TextArea(label="文本", key="input_text_single", info="当前模型版本1.5")
        mode = gr.Radio(choices=["普通推理", "批次推理"], label="推理模式", value="普通推理")
        tokens = gr.Slider(label="分句最大Token数", value=120, minimum=20, maximum=600, step=2)
        bucket = gr.Slider(label="分句分桶的最大容量", value=4, minimum=1, maximum=16, step=1)
        out = gr.Textbox() if name == "bare" else gr.Audio(label="生成结果", visible=True, key="output_audio")
        inputs = [prompt, text, mode, tokens, bucket, *_sampling(gr, 1.0, 600)]
        gr.Button("生成语音").click(gen_single, inputs=inputs, outputs=[out])
    return demo


def _emotions(gr: Any) -> tuple[list[Any], list[Any]]:
    sliders = [gr.Slider(label=one, minimum=0.0, maximum=1.0, value=0.0, step=0.05) for one in "喜怒哀惧厌低惊平"]
    ends = [gr.Textbox(label="情感描述文本", value=""), gr.Checkbox(label="情感随机采样", value=False)]
    begins = [
        gr.Audio(label="上传情感参考音频", type="filepath"),
        gr.Slider(label="情感权重", minimum=0.0, maximum=1.0, value=0.65, step=0.01),
    ]
    return begins, [*sliders, *ends]


_MOODS = ("与音色参考音频相同", "使用情感参考音频", "使用情感向量控制")
_EMOTIONS = (
    "emo_ref_path",
    "emo_weight",
    *(f"vec{i}" for i in range(1, 9)),
    "emo_text",
    "emo_random",
    "max_text_tokens_per_segment",
)


def _two(state: _State, name: str) -> Any:
    import gradio as gr

    def gen_single(
        emo_control_method: Any,
        prompt: Any,
        text: Any,
        emo_ref_path: Any,
        emo_weight: Any,
        vec1: Any,
        vec2: Any,
        vec3: Any,
        vec4: Any,
        vec5: Any,
        vec6: Any,
        vec7: Any,
        vec8: Any,
        emo_text: Any,
        emo_random: Any,
        max_text_tokens_per_segment: Any = 120,
        *args: Any,
        progress: Any = gr.Progress(),  # noqa: B008
    ) -> Any:
        vectors = (vec1, vec2, vec3, vec4, vec5, vec6, vec7, vec8)
        emotions = (emo_ref_path, emo_weight, *vectors, emo_text, emo_random, max_text_tokens_per_segment)
        values = {"emo_control_method": emo_control_method, "prompt": prompt, "text": text}
        values |= dict(zip(_EMOTIONS, emotions, strict=True)) | dict(zip(_SAMPLING, args, strict=True))
        return gr.update(value=_speak(state, name, values), visible=True)

    with gr.Blocks(title="IndexTTS Demo") as demo:
        prompt = gr.Audio(label="音色参考音频", key="prompt_audio", type="filepath")
        text = gr.TextArea(label="文本", key="input_text_single", info="当前模型版本2.0")
        mood = gr.Radio(choices=list(_MOODS), type="index", value=_MOODS[0], label="情感控制方式")
        begins, emotions = _emotions(gr)
        tokens = gr.Slider(label="分句最大Token数", value=120, minimum=20, maximum=600, step=2)
        out = gr.Audio(label="生成结果", visible=True, key="output_audio")
        inputs = [mood, prompt, text, *begins, *emotions, tokens, *_sampling(gr, 0.8, 1500)]
        gr.Button("生成语音").click(gen_single, inputs=inputs, outputs=[out])
    return demo


def _two_five(state: _State, name: str, languages: bool = True) -> Any:
    import gradio as gr

    def gen_single(
        emo_control_method: Any,
        prompt: Any,
        text: Any,
        lang_choice: Any,
        emo_ref_path: Any,
        emo_weight: Any,
        vec1: Any,
        vec2: Any,
        vec3: Any,
        vec4: Any,
        vec5: Any,
        vec6: Any,
        vec7: Any,
        vec8: Any,
        emo_text: Any,
        emo_random: Any,
        max_text_tokens_per_segment: Any = 120,
        duration_factor: Any = 1.0,
        *args: Any,
        progress: Any = gr.Progress(),  # noqa: B008
    ) -> Any:
        vectors = (vec1, vec2, vec3, vec4, vec5, vec6, vec7, vec8)
        emotions = (emo_ref_path, emo_weight, *vectors, emo_text, emo_random, max_text_tokens_per_segment)
        values = {"emo_control_method": emo_control_method, "prompt": prompt, "text": text}
        values |= {"lang_choice": lang_choice, "duration_factor": duration_factor}
        values |= dict(zip(_EMOTIONS, emotions, strict=True)) | dict(zip(_SAMPLING, args, strict=True))
        return gr.update(value=_speak(state, name, values), visible=True)

    with gr.Blocks(title="IndexTTS-2.5 Demo") as demo:
        prompt = gr.Audio(label="", key="prompt_audio", type="filepath")
        text = gr.TextArea(label="", key="input_text_single", info="当前模型版本2.5")
        tongues = ["ZH", "EN", "JA", "AR", "ES"]
        language = gr.Dropdown(choices=tongues, value="ZH", label="语言") if languages else gr.State(value=None)
        factor = gr.Slider(label="时长系数", minimum=0.5, maximum=2.0, value=1.0, step=0.01)
        mood = gr.Radio(choices=list(_MOODS), type="index", value=_MOODS[0], label="情感控制方式")
        begins, emotions = _emotions(gr)
        tokens = gr.Slider(label="分句最大Token数", value=120, minimum=20, maximum=600, step=2)
        out = gr.Audio(label="生成结果", visible=True, key="output_audio")
        inputs = [mood, prompt, text, language, *begins, *emotions, tokens, factor, *_sampling(gr, 0.8, 1500)]
        gr.Button("生成语音").click(gen_single, inputs=inputs, outputs=[out])
    return demo


def _two_by_two_five(state: _State, name: str) -> Any:
    return _two_five(state, name, languages=False)


def _stranger(state: _State, name: str) -> Any:
    import gradio as gr

    def gen_single(words: str, strength: float, state: object) -> str:
        return words

    with gr.Blocks(title="Something else") as demo:
        inputs = [gr.Textbox(), gr.Number(), gr.State()]
        gr.Button("Go").click(gen_single, inputs=inputs, outputs=[gr.Textbox()])
    return demo


def _launch(state: _State, name: str, like: str, port: int) -> Any:
    demo = _app(state, name, like)
    demo.queue(20)
    demo.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        show_error=name == "open",
        auth=LOGIN if name == "locked" else None,
        ssr_mode=False,
        allowed_paths=[str(state.folder / "outputs")],
    )
    return demo


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _at_home(state: _State) -> None:
    """Nothing beyond this machine is reached; who tries is remembered."""

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost", "0.0.0.0", None):
            state.strays.append(str(arguments[0]))
            raise OSError("not from here")
        if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] != "127.0.0.1":
            state.strays.append(str(arguments[1]))
            raise OSError("not from here")

    sys.addaudithook(watch)


def _serve(folder: Path) -> None:
    state = _State(folder)
    _at_home(state)
    (folder / "outputs").mkdir()
    cache = folder / "cache"
    says = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    demos = {name: _launch(state, name, name, _free_port()) for name in LAYOUTS}
    ports = {name: demo.server_port for name, demo in demos.items()}

    def tell(**message: Any) -> None:
        says.write(json.dumps(message) + "\n")
        says.flush()

    def files() -> list[str]:
        return [str(one) for one in cache.rglob("*.wav")]

    tell(ports=ports)
    for line in sys.stdin:
        order = json.loads(line)
        match order["do"]:
            case "reset":
                state.gate.set()
                state.gate = threading.Event()
                while state.busy:
                    time.sleep(0.01)
                state.faults.clear()
                state.asked.clear()
                state.strays.clear()
                state.peak = 0
                tell()
            case "fail":
                state.faults[order["layout"]] = list(order["faults"])
                tell()
            case "asked":
                tell(asked=list(state.asked))
            case "busy":
                tell(busy=state.busy, peak=state.peak)
            case "release":
                state.gate.set()
                tell()
            case "strays":
                tell(strays=state.strays)
            case "uploads":
                tell(uploads=files())
            case "restart":
                name = order["layout"]
                demos[name].close()
                for one in files():
                    Path(one).unlink()
                demos[name] = _launch(state, name, order["like"], ports[name])
                tell()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
