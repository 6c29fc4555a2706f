"""Spanish, by rule: its spelling says nearly everything. The sounds are Castilian, as Kokoro was taught them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.tts.offline.phonemes import numbers, romance

_NAMES = romance.named(
    "a be ce de e efe ge hache i jota ca ele eme ene o pe cu erre ese te u uve uvedoble equis igriega zeta"
)
_UNSTRESSED = romance.words(
    """
    a al con de del el en la las le les lo los me mi mis nos o os para por que se sin si su sus te tu tus un y e ni
    u pero como cuando donde aunque porque desde hasta entre sobre nuestro
    """
)
_EXCEPTIONS = {"méxico": "méjico", "mexicano": "mejicano", "mexicana": "mejicana", "texas": "tejas", "oaxaca": "oajaca"}

_SPELLING = romance.rules(
    (r"sh", "ʃ"),
    (r"ch", "ʧ"),
    (r"ph", "f"),
    (r"qu(?=[eiéí])", "k"),
    (r"gu(?=[eiéí])", "G"),
    (r"gü", "Gu"),
    (r"ll", "ʎ"),
    (r"ñ", "ɲ"),
    (r"^ps", "s"),
    (r"^x", "s"),
    (r"x", "Ks"),
    (r"\bh?u(?=[aeoáéó])", "w"),
    (r"\bhi(?=[eé])", "ʝ"),
    (r"h", ""),
    (r"cc(?=[eiéí])", "kθ"),
    (r"c(?=[eiéí])|z", "θ"),
    (r"g(?=[eiéí])|j", "x"),
    (r"rr|^r|(?<=[nls])r", "R"),
    (r"r", "ɾ"),
    (r"R", "r"),
    (r"y$|y(?![aeiouáéíóú])", "i"),
    (r"y", "ʝ"),
    (r"[cqK]", "k"),
    (r"[gG]", "ɡ"),
    (r"v", "b"),
    (r"ç", "s"),
    (r"([bdfklmnpst])\1", r"\1"),
)
_VOWELS = "aeiouáéíóúüàèìòùâêîôû"
_ACCENTED = {"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u", "ü": "u"}
_NUCLEUS = re.compile(r"([iuü]?)([aeoáéíóú])([iuü](?![aeoáéíóú]))?|([iuü])([iuü])?")
_GLIDING = {"ai": "I", "ei": "A", "oi": "oɪ", "au": "W", "eu": "eʊ", "ou": "O"}
_SOFT = {"b": "β", "d": "ð", "ɡ": "ɣ"}
_SOFTENED = re.compile(r"(?<=[aeiouIAWOɪʊjwɾrlsθxβðɣʎ])([ˈ ]*)([bɡ])|(?<=[aeiouIAWOɪʊjwɾrsθxβðɣʎ])([ˈ ]*)(d)")


def spanish(text: str) -> str:
    """Phonemes of Spanish text, numbers included."""
    return _softened(romance.read(numbers.spelled(text, "es"), sounds, _NAMES))


def sounds(word: str) -> str:
    """Phonemes of one word in small letters."""
    word = romance.native(_EXCEPTIONS.get(word, word), "áéíóúüñç")
    if word in ("y", "e"):
        return "i" if word == "y" else "e"
    if word.endswith("mente") and len(word) > 7:
        return sounds(word.removesuffix("mente")) + "mˈente"
    pieces = list(_pieces(romance.applied(_SPELLING, word)))
    nuclei = [at for at, (_, kind) in enumerate(pieces) if kind]
    if not nuclei or word in _UNSTRESSED:
        return "".join(piece.replace("ˈ", "") for piece, _ in pieces)
    loud = _stress(word, [pieces[at][1] for at in nuclei])
    return "".join(piece if at == nuclei[loud] else piece.replace("ˈ", "") for at, (piece, _) in enumerate(pieces))


def _pieces(spelled: str) -> Iterator[tuple[str, str]]:
    """Consonants as they are, and each nucleus with the mark of stress where it would stand."""
    at = 0
    for nucleus in _NUCLEUS.finditer(spelled):
        if nucleus.start() > at:
            yield spelled[at : nucleus.start()], ""
        yield _nucleus(nucleus), nucleus[0]
        at = nucleus.end()
    if at < len(spelled):
        yield spelled[at:], ""


def _nucleus(found: re.Match[str]) -> str:
    on, vowel, off, first, second = (part or "" for part in found.groups())
    if first:
        on, vowel, off = (first, second, "") if second else ("", first, "")
    plain, glide = _ACCENTED.get(vowel, vowel), _ACCENTED.get(off, off)
    sound = _GLIDING.get(plain + glide, plain + glide)
    return f"{'' if not on else 'j' if on == 'i' else 'w'}ˈ{sound}"


def _stress(word: str, nuclei: list[str]) -> int:
    """Which nucleus is stressed: the accented one, else by the last letter."""
    for at, nucleus in enumerate(nuclei):
        if set(nucleus) & set("áéíóú"):
            return at
    return max(0, len(nuclei) - (2 if word[-1] in "aeiouns" else 1))


def _softened(phonemes: str) -> str:
    """b, d and g between open sounds are breathed rather than closed, across words too."""
    return _SOFTENED.sub(lambda found: (found[1] or found[3] or "") + _SOFT[found[2] or found[4]], phonemes)
