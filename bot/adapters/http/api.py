"""The ASGI application: which address is answered in which room."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

import bot
from bot.adapters.http.answers import http_error
from bot.adapters.http.catalogue import Catalogue, Model, Models, ModelsOfAudio, VoicesListed
from bot.adapters.http.document import ABOUT, EXPOSITION, describe, errors
from bot.adapters.http.gate import OPEN, SPEECH, Gate, lanes
from bot.adapters.http.page import PAGE
from bot.adapters.http.pressings import Pressings
from bot.adapters.http.speech import TOLD, Counter
from bot.adapters.http.state import Health, Readiness, State
from bot.gauges import Gauges
from bot.selftest import SelfTest
from bot.speaker import Speaker


def create_api(
    speaker: Speaker,
    *,
    keys: Sequence[str] = (),
    hosts: Sequence[str] = ("*",),
    cors: Sequence[str] = (),
    wait: float = 300.0,
    test: SelfTest | None = None,
    gauges: Gauges | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The ASGI application. With ``keys``, each request needs one as a bearer token; ``hosts`` are the Host headers
    that are answered (a page on the web must not reach a keyless server on loopback by a name of its own); ``cors`` the
    origins whose pages may use it. A request waits at most ``wait`` seconds for its turn. Where there is a ``test``,
    the server is ready once that has spoken, or an engine has since. ``gauges`` are what ``/metrics`` looks at, where
    the speaker is not all there is."""
    # No pages made of the document: FastAPI's load their scripts from elsewhere.
    api = FastAPI(
        title="Sayso", version=bot.__version__, description=ABOUT, redirect_slashes=False, docs_url=None, redoc_url=None
    )
    api.add_middleware(Gate, keys=keys, hosts=hosts)
    if cors:  # outside the gate: who is refused there must be able to read why
        _open_to(api, cors)
    _widen(speaker, keys)
    api.add_exception_handler(HTTPException, http_error)
    pressings = Pressings()
    speaker.on_forget.append(pressings.clear)
    catalogue, state = Catalogue(speaker.stage, time.time()), State(speaker, pressings, test, gauges, clock)
    _serve_page(api)
    # Not FastAPI's kind of route, and before all others: that would be a third of what an answer from the cache takes.
    counter = Counter(speaker, catalogue, wait, state.spoke, pressings)
    api.router.routes.insert(0, Route(SPEECH, counter.answer, methods=["POST"]))
    _serve_catalogue(api, catalogue)
    _serve_state(api, state)
    describe(api, locked=bool(keys), open_=OPEN)
    return api


def _open_to(api: FastAPI, origins: Sequence[str]) -> None:
    """Let pages of these origins use the API."""
    api.add_middleware(
        CORSMiddleware,
        allow_origins=[origin.rstrip("/") for origin in origins],
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        allow_private_network=True,
        expose_headers=[*TOLD, "retry-after"],
    )


def _widen(speaker: Speaker, keys: Sequence[str]) -> None:
    """A program behind a key is one user and many people."""
    limits = speaker.dispatcher.limits
    for lane in lanes(keys):
        speaker.dispatcher.limit_guild(lane, replace(limits, per_user=limits.per_guild))


def _serve_page(api: FastAPI) -> None:
    @api.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return PAGE


def _serve_catalogue(api: FastAPI, catalogue: Catalogue) -> None:
    @api.get("/v1/models", responses=errors(401))
    async def models() -> Models:
        """What `model` may be: OpenAI's names, engines, personas."""
        return catalogue.models()

    @api.get("/v1/models/{model:path}", responses=errors(401, 404))
    async def model(model: str) -> Model:
        """One model, by its name or an alias."""
        return catalogue.model(model)

    @api.get("/v1/audio/models", responses=errors(401))
    async def audio_models() -> ModelsOfAudio:
        """The models in the shape that Open WebUI asks for."""
        return ModelsOfAudio(catalogue.models().data)

    @api.get("/v1/audio/voices", responses=errors(401, 503))
    async def voices() -> VoicesListed:
        """The personas, and the voices of each engine that can be used here and now."""
        return await catalogue.voices()


def _serve_state(api: FastAPI, state: State) -> None:
    @api.get("/health", responses=errors())
    async def health() -> Health:
        """That the process is alive, and how it is doing."""
        return await state.health()

    @api.get("/ready", response_model=Readiness, responses={503: {"model": Readiness}, **errors()})
    async def ready() -> JSONResponse:
        """Whether it can speak."""
        return await state.ready()

    @api.get("/metrics", response_class=Response, responses={200: EXPOSITION, **errors(401)})
    async def metrics() -> Response:
        """Everything that is counted, for Prometheus."""
        return await state.metrics()
