"""Who speaks next: fair turns over every engine's slots, and the journal of what was promised."""

from bot.queue.journal import Entry, Journal, MemoryJournal, State, from_json, to_json

__all__ = ["Entry", "Journal", "MemoryJournal", "State", "from_json", "to_json"]
