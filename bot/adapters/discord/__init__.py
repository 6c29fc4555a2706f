"""Sayso on Discord: ``/say`` in every form, voice notes, voice channels, chat and LLM answers read aloud."""
