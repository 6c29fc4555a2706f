"""A bot of python-telegram-bot against the fake: built, polling, ended; and a voice note for it to send."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np

from telegram import Bot
from telegram.ext import Application, ApplicationBuilder
from tests.doubles.telegram.fake import FakeTelegram

App = Application[Any, Any, Any, Any, Any, Any]


def built(fake: FakeTelegram) -> App:
    """An application that does nothing by itself."""
    builder = ApplicationBuilder().token(fake.token).base_url(fake.base_url).base_file_url(fake.base_file_url)
    return builder.concurrent_updates(True).build()


@asynccontextmanager
async def polling(app: App, **more: Any) -> AsyncIterator[App]:
    """The application from when it polls until it is shut down."""
    async with app:
        await app.start()
        assert app.updater is not None
        await app.updater.start_polling(poll_interval=0, timeout=10, **more)
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()


@asynccontextmanager
async def a_bot(fake: FakeTelegram) -> AsyncIterator[Bot]:
    """A bot without updates."""
    async with Bot(fake.token, base_url=fake.base_url, base_file_url=fake.base_file_url) as bot:
        yield bot


def ogg(seconds: float) -> bytes:
    """An Ogg/Opus file of silence that every decoder plays."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, round(seconds * 48_000)), np.float32), "flt", "mono")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
