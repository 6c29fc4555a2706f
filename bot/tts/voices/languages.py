"""Which voice speaks which language."""

from __future__ import annotations

from bot.tts.engine import Voice

_KIN = {
    "arz": "ar",
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "nn": "nb",
    "no": "nb",
    "sh": "hr",
    "tl": "fil",
    "wuu": "zh",
    "yue": "zh",
}
"""Names for a language, as a detector gives them, that voices are listed under another name for."""

_LISTED = """
af am ar az bg bn bs ca cs cy da de el en es et fa fi fil fr ga gl gu he hi hr hu id is it ja jv ka kk km kn ko lo lt lv
mk ml mn mr ms mt my nb ne nl pl ps pt ro ru si sk sl so sq sr su sv sw ta te th tr uk ur uz vi zh zu
"""

_MULTILINGUAL = frozenset(_LISTED.split())
"""What Microsoft lists for its multilingual voices."""


def primary(language: str) -> str:
    """The primary subtag under which voices are listed: ``zh`` for ``zh-TW`` and ``yue``, ``nb`` for ``no``."""
    subtag = language.replace("_", "-").partition("-")[0].casefold()
    return _KIN.get(subtag, subtag)


def speaks(voice: Voice, language: str) -> bool:
    """Whether the voice speaks the language.

    A voice names one language (``zh-CN``), several (``"zh en"``), or none or ``mul`` if it speaks whatever it is given.
    """
    tags = voice.language.replace(",", " ").split()
    if not tags or "mul" in tags or "*" in tags:
        return True
    wanted = primary(language)
    return wanted in map(primary, tags) or ("Multilingual" in voice.name and wanted in _MULTILINGUAL)
