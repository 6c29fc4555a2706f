"""The HTTP adapter: OpenAI's speech API over the speaker, and a page to try it on."""

from bot.adapters.http.api import create_api
from bot.adapters.http.server import listen, names, serve, spelled

__all__ = ["create_api", "listen", "names", "serve", "spelled"]
