"""The HTTP adapter: OpenAI's speech API over the speaker, and a page to try it on."""

from bot.adapters.http.api import create_api
from bot.adapters.http.listening import LOOPBACK, listen, listen_at, names, spelled
from bot.adapters.http.server import serve

__all__ = ["LOOPBACK", "create_api", "listen", "listen_at", "names", "serve", "spelled"]
