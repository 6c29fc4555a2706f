"""The IndexTTS web UI, through gradio_client: somebody else's installation speaks in cloned voices."""

from bot.tts.gradio.engine import Gradio

__all__ = ["Gradio"]
