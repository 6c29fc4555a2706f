"""Who speaks next: fair turns over every engine's slots, and the journal of what was promised."""

from bot.queue.attempts import Attempts
from bot.queue.bounds import Bounds, Limits, refusal
from bot.queue.desk import LATE, Position, Snapshot
from bot.queue.dispatcher import Dispatcher
from bot.queue.fair import FairQueue, Popped
from bot.queue.job import Job
from bot.queue.journal import Entry, Journal, MemoryJournal, State, Unfinished, everything, from_json, to_json
from bot.queue.place import Place
from bot.queue.shares import Fairness
from bot.queue.ticket import Ticket

__all__ = [
    "LATE",
    "Attempts",
    "Bounds",
    "Dispatcher",
    "Entry",
    "FairQueue",
    "Fairness",
    "Job",
    "Journal",
    "Limits",
    "MemoryJournal",
    "Place",
    "Popped",
    "Position",
    "Snapshot",
    "State",
    "Ticket",
    "Unfinished",
    "everything",
    "from_json",
    "refusal",
    "to_json",
]
