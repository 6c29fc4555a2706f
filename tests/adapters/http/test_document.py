"""The OpenAPI document, and the server that keeps to it whatever is sent."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from bot.adapters.http import create_api
from bot.speaker import Speaker
from tests.adapters.http.served import SPEECH, address

KEY = "sk-test"
EXAMPLES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "explore" else 5
"""For each operation."""

Operation = APIOperation[Any, Any, Any, Any]


@pytest.fixture
async def url(speaker: Speaker) -> AsyncIterator[str]:
    """A server with a key."""
    async with address(speaker, [KEY], wait=5.0) as url:
        yield url


def document(speaker: Speaker, *keys: str) -> dict[str, Any]:
    """What the server says of itself."""
    return create_api(speaker, keys=keys).openapi()


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {KEY}"
    return session


def _operations(url: str) -> list[Operation]:
    with _session() as session:
        schema = schemathesis.openapi.from_dict(session.get(f"{url}/openapi.json").json())
    schema.validate()
    schema.config.update(base_url=url)
    return [cast(Ok[Operation], found).ok() for found in schema.get_all_operations()]


def _takes_anything(operation: Operation) -> bool:
    return bool(operation.body or operation.path_parameters or operation.headers)


def _keep_to_it(url: str, mode: GenerationMode) -> Counter[int]:
    """Send every operation what it takes, or what it does not; how often each status was answered."""
    answered: Counter[int] = Counter()
    with _session() as session:
        for operation in _operations(url):
            if mode is GenerationMode.POSITIVE or _takes_anything(operation):
                _drive(operation, mode, session, answered)
    return answered


def _drive(operation: Operation, mode: GenerationMode, session: requests.Session, answered: Counter[int]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def keeps(case: Any) -> None:
        # What can be pronounced, and which models and voices there are, no schema can say.
        answer = case.call_and_validate(session=session, excluded_checks=[positive_data_acceptance])
        answered[answer.status_code] += 1

    keeps()


@pytest.mark.parametrize(
    ("mode", "statuses"),
    [(GenerationMode.POSITIVE, {200, 400, 404}), (GenerationMode.NEGATIVE, {400, 404})],
)
async def test_whatever_is_sent_is_answered_as_the_document_says(
    url: str, mode: GenerationMode, statuses: set[int]
) -> None:
    """Every status, type and shape is in it; nothing that it forbids is taken; nothing breaks."""
    answered = await asyncio.to_thread(_keep_to_it, url, mode)
    assert set(answered) >= statuses
    assert not [status for status in answered if status >= 500]


def test_every_format_of_sound_is_in_the_document(speaker: Speaker) -> None:
    """And so are the events, our own headers, and every error with its shape."""
    answers = document(speaker)["paths"][SPEECH]["post"]["responses"]
    kinds = {"audio/mpeg", "audio/ogg", "audio/aac", "audio/flac", "audio/wav", "audio/pcm", "text/event-stream"}
    assert set(answers["200"]["content"]) == kinds
    assert "x-sayso-engine" in answers["200"]["headers"]
    assert set(answers) == {"200", "400", "401", "403", "404", "405", "413", "429", "500", "503", "504"}
    for status in set(answers) - {"200"}:
        (schema,) = answers[status]["content"].values()
        assert schema["schema"]["$ref"].endswith("/ErrorBody")


def test_where_keys_are_set_the_document_says_what_needs_one(speaker: Speaker) -> None:
    """Where none are, it says nothing of keys."""
    described = document(speaker, KEY)
    assert [scheme["scheme"] for scheme in described["components"]["securitySchemes"].values()] == ["bearer"]
    needing = {
        path for path, operations in described["paths"].items() for one in operations.values() if "security" in one
    }
    assert set(described["paths"]) - needing == {"/health", "/ready"}
    assert "securitySchemes" not in document(speaker)["components"]


async def test_every_address_in_the_document_says_which_method_it_answers_to(url: str, speaker: Speaker) -> None:
    """Whoever comes with another."""
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers={"authorization": f"Bearer {KEY}"}) as http:
        for path, operations in document(speaker)["paths"].items():
            answer = await http.request("PATCH", path.replace("{model}", "edge"))
            assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
            assert {method.strip() for method in answer.headers["allow"].lower().split(",")} == set(operations)


async def test_no_page_is_made_of_the_document(url: str) -> None:
    """FastAPI's own load their scripts from elsewhere: offline they are blank, and else somebody learns who looks."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        for path in ("/docs", "/redoc"):
            assert (await http.get(path, headers={"authorization": f"Bearer {KEY}"})).status_code == 404
