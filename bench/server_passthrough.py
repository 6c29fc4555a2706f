"""The least that a streaming server over edge-tts can be: ``python bench/server_passthrough.py PORT``."""

from __future__ import annotations

import sys

import edge_tts
from aiohttp import web


async def speech(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    answer = web.StreamResponse(headers={"Content-Type": "audio/mpeg"})
    await answer.prepare(request)
    async for message in edge_tts.Communicate(asked["input"], asked["voice"]).stream():
        if message["type"] == "audio":
            await answer.write(message["data"])
    await answer.write_eof()
    return answer


if __name__ == "__main__":
    app = web.Application()
    app.add_routes([web.post("/v1/audio/speech", speech)])
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None, access_log=None)
