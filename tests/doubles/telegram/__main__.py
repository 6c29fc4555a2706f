"""``python -m tests.doubles.telegram [--port 8081] [--keep FOLDER]``: a Telegram at a terminal, for a bot by hand."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from tests.doubles.telegram.console import Console
from tests.doubles.telegram.fake import FakeTelegram


async def main(port: int, folder: Path | None) -> None:
    async with FakeTelegram(port=port) as fake:
        print(f"token {fake.token}\nbase_url {fake.server}", flush=True)
        await Console(fake, fake.person("You"), lambda line: print(line, flush=True), folder).run(_typed())


async def _typed() -> AsyncIterator[str]:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            yield line.decode()
    finally:
        transport.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.doubles.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the voice notes")
    arguments = parser.parse_args()
    asyncio.run(main(arguments.port, arguments.keep))
