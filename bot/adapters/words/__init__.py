"""What Sayso says to people, in their language: catalogues in ``<locale>/<section>.yaml``, shared by all chat adapters.

A language is added by adding a folder. A section belongs to whoever writes the code that uses it, in all languages.
"""

from bot.adapters.words.catalogue import LOCALES, closest, duration, language, listed, translated, word
from bot.adapters.words.trouble import failure, refusal

__all__ = ["LOCALES", "closest", "duration", "failure", "language", "listed", "refusal", "translated", "word"]
