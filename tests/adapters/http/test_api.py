"""What holds for every address: pages elsewhere, the page here, what is not there."""

from __future__ import annotations

import re

import httpx
import pytest

from bot.adapters.http import create_api
from bot.speaker import Speaker
from tests.adapters.http.served import SPEECH, client

SITE = "https://chat.example"
PREFLIGHT = {
    "origin": SITE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,x-stainless-lang",
}


def allowed(answer: httpx.Response) -> str | None:
    """The origin that may read the answer."""
    return dict(answer.headers).get("access-control-allow-origin")


async def test_pages_elsewhere_may_use_nothing_unless_they_are_named(speaker: Speaker) -> None:
    """The browser asks first, and is not given leave."""
    async with client(speaker) as http:
        assert allowed(await http.options(SPEECH, headers=PREFLIGHT)) is None
        assert allowed(await http.get("/health", headers={"origin": SITE})) is None


@pytest.mark.parametrize(("cors", "origin"), [([SITE], SITE), ([f"{SITE}/"], SITE), (["*"], "*")])
async def test_a_page_that_is_named_may_use_it_with_a_key(speaker: Speaker, cors: list[str], origin: str) -> None:
    """The browser asks without one; the page reads our own headers, and errors too."""
    body, headers = {"input": "Hello there."}, {"origin": SITE, "authorization": "Bearer key"}
    async with client(speaker, "key", cors=cors) as http:
        preflight = await http.options(SPEECH, headers=PREFLIGHT)
        answer = await http.post(SPEECH, json=body, headers=headers)
        refused = await http.post(SPEECH, json=body, headers={"origin": SITE})
    assert (preflight.status_code, allowed(preflight)) == (200, origin)
    assert "x-stainless-lang" in preflight.headers["access-control-allow-headers"]
    assert (answer.status_code, allowed(answer)) == (200, origin)
    assert {"x-sayso-cache", "x-sayso-engine"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert (refused.status_code, allowed(refused)) == (401, origin)


async def test_a_page_that_is_not_named_may_not(speaker: Speaker) -> None:
    """Whoever else is."""
    async with client(speaker, cors=["https://other.example"]) as http:
        preflight = await http.options(SPEECH, headers=PREFLIGHT)
    assert (preflight.status_code, allowed(preflight)) == (400, None)


async def test_an_address_that_is_not_there_says_where_to_look(speaker: Speaker) -> None:
    """In the shape of every error; one with a stroke too many is another address."""
    async with client(speaker) as http:
        for path in ("/v1/nothing", "/health/"):
            answer = await http.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
            assert "/openapi.json" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("length", "status"), [("many", 400), ("-1", 400), ("9" * 5000, 413)])
async def test_a_length_that_is_none_is_refused(speaker: Speaker, length: str, status: int) -> None:
    """Not every server in front of us counts for us."""
    api = httpx.ASGITransport(create_api(speaker))
    async with httpx.AsyncClient(transport=api, base_url="http://localhost") as http:
        answer = await http.post(SPEECH, content=b"{}", headers={"content-length": length})
    assert answer.status_code == status


async def test_the_page_loads_nothing_from_elsewhere_and_asks_for_a_key_where_one_is_needed(speaker: Speaker) -> None:
    """What it needs is in it, and the key stays in the tab."""
    async with client(speaker, "key") as http:
        page = await http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert not re.findall(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page.text)
    assert 'type="password"' in page.text
    assert "sessionStorage" in page.text
    assert "localStorage" not in page.text
    assert 'who("caption")' in page.text  # who spoke instead of whom is for people to read
