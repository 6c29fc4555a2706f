"""Sayso on Telegram: ``/say`` in every form, voice notes, chat and LLM answers read aloud, inline mode."""
