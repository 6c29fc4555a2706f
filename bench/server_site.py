"""Leads any program that uses edge-tts to the loopback: copied as ``sitecustomize.py`` into a folder on PYTHONPATH.

``BENCH_EDGE`` is where that is (``127.0.0.1:9701``). With ``BENCH_HOLLOW``, what any4any's speech.py imports but does
not need to speak with edge-tts is hollow: torch, and all the models. Only the standard library may be used here.
"""

from __future__ import annotations

import importlib.machinery
import os
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType, SimpleNamespace

SERVICE, LOOPBACK = "wss://speech.platform.bing.com", f"ws://{os.environ.get('BENCH_EDGE', '')}"
VOICES = [{"ShortName": "en-US-AvaMultilingualNeural"}]


class _Led:
    """Finds edge-tts's addresses as they are, and turns them to the loopback before anything has read them."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "edge_tts.constants":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            assert spec.origin is not None
            spec.loader = _Turned(name, spec.origin)
        return spec


class _Turned(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)["WSS_URL"] = str(vars(module)["WSS_URL"]).replace(SERVICE, LOOPBACK)


def _hollow(modules: Mapping[str, Mapping[str, object]]) -> None:
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        sys.modules[name] = module


if os.environ.get("BENCH_EDGE"):
    sys.meta_path.insert(0, _Led)
if os.environ.get("BENCH_HOLLOW"):
    _hollow(
        {
            "torch": {"cuda": SimpleNamespace(is_available=lambda: False)},
            "torchaudio": {},
            "core.model_manager": {"ModelManager": SimpleNamespace(get_voices=lambda: VOICES)},
        }
    )
