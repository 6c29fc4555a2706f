"""Sayso with its own house, in anybody's Application: by two hooks, as the page tells it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from telegram.error import NetworkError
from telegram.ext import Application, ApplicationBuilder, MessageHandler, filters

from bot.adapters.telegram import plugin, setup, teardown
from bot.adapters.telegram.extension import _houses
from bot.errors import ConfigError
from tests.adapters.telegram.scene import Host, host, polling
from tests.doubles.telegram import FakeTelegram

PAGE = Path(__file__).parents[3] / "docs" / "telegram.md"


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings are those of the folder and the environment; nothing is fetched from outside."""
    monkeypatch.setenv("SAYSO__DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SAYSO__EDGE__REFRESH", "false")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.unknown == []


@asynccontextmanager
async def run(application: Host) -> AsyncIterator[None]:
    """As the library's ``run_polling`` does it, in a loop that is there already."""
    await application.initialize()
    try:
        assert application.post_init is not None
        await application.post_init(application)
        assert application.updater is not None
        await application.updater.start_polling(poll_interval=0, timeout=1)
        await application.start()
        try:
            yield
        finally:
            await application.updater.stop()
            await application.stop()
            assert application.post_stop is not None
            await application.post_stop(application)
    finally:
        await application.shutdown()


def tasks() -> set[asyncio.Task[Any]]:
    """What runs, but for the connections of the loopback itself."""
    return {task for task in asyncio.all_tasks() if not task.done() and "RequestHandler" not in repr(task)}


async def test_the_programme_in_the_docs_runs_as_it_stands(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who copies it, and has an LLM, hears its answer: the page's own lines, over the loopback."""
    asked: list[str] = []

    async def my_llm(question: str) -> AsyncIterator[str]:
        asked.append(question)
        for piece in ("It is ", "Paris. ", "Ask me more."):
            yield piece

    def builder() -> Any:
        return ApplicationBuilder().base_url(fake.base_url).base_file_url(fake.base_file_url)

    ran: list[Host] = []
    monkeypatch.setattr(Application, "builder", staticmethod(builder))
    monkeypatch.setattr(Application, "run_polling", lambda application: ran.append(application))
    programme: dict[str, Any] = {"my_llm": my_llm, "TOKEN": fake.token}
    exec(PAGE.read_text(encoding="utf-8").split("```python")[1].split("```")[0], programme)
    [application] = ran
    ann, before = fake.person(), tasks()
    async with run(application):
        question = await ann.say("What is the capital of France?")
        [note] = await fake.until(lambda: fake.notes(ann.private), 30.0)
        # Its own commands stay Sayso's, and are no questions to the LLM.
        await ann.say("/help")
        await fake.until(lambda: ann.private.texts[2:])
    assert asked == ["What is the capital of France?"]
    assert note.reply_to is question
    assert note.seconds > 1
    await fake.until(lambda: tasks() <= before)


async def test_it_goes_without_a_trace(fake: FakeTelegram, tmp_path: Path) -> None:
    """House and plug-in, and may come again; taken out twice is taken out."""
    application, before = host(fake), tasks()
    async with polling(application):
        for _ in range(2):
            await setup(application)
            assert application.handlers
            assert (tmp_path / "sayso.db").exists()
            await teardown(application)
            await teardown(application)
            assert not application.handlers
    assert not _houses
    assert id(application.bot) not in plugin._installed
    await fake.until(lambda: tasks() <= before)


async def test_a_host_says_where_its_handlers_stand_and_whether_it_reads(fake: FakeTelegram) -> None:
    """As with `install`."""

    async def theirs(update: object, context: object) -> None: ...

    application = host(fake)
    application.add_handler(MessageHandler(filters.ALL, theirs), group=plugin.GROUP)
    async with application:
        with pytest.raises(ConfigError, match=rf"group {plugin.GROUP} has handlers"):
            await setup(application)
        await setup(application, group=7)
        with_reading = len(application.handlers[7])
        await teardown(application)
        await setup(application, group=7, reads=False)
        assert len(application.handlers[7]) == with_reading - 1
        await teardown(application)
        assert list(application.handlers) == [plugin.GROUP]


async def test_twice_is_a_mistake_and_the_first_goes_on(fake: FakeTelegram) -> None:
    """Two houses on the same data, two plug-ins in one bot: it is told, and the second leaves nothing behind."""
    application = host(fake)
    async with polling(application):
        await setup(application)
        with pytest.raises(ConfigError, match="uninstall it first"):
            await setup(application)
        ann = fake.person()
        await ann.say("/help")
        await fake.until(lambda: ann.private.texts[1:])
        await teardown(application)
        assert not application.handlers


@pytest.mark.parametrize("wrong", ["a setting", "Telegram"])
async def test_what_cannot_begin_leaves_nothing_behind(
    fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """The house is closed again, whatever it was, and it may be tried again."""
    application, before = host(fake), tasks()
    if wrong == "Telegram":
        fake.faults.html("getMe", 502)
        with pytest.raises(NetworkError):
            await setup(application)
    else:
        with monkeypatch.context() as patch:
            patch.setenv("SAYSO__TELEGRAM__OWNERS", "ann")
            with pytest.raises(ConfigError, match=r"telegram\.owners"):
                await setup(application)
    assert not application.handlers
    assert not _houses
    await setup(application)
    await teardown(application)
    await application.bot.shutdown()
    await fake.until(lambda: tasks() <= before)
