"""Brazilian Portuguese, by rule: nasal vowels, weak endings, ti and di softened."""

from __future__ import annotations

import re
import unicodedata

from bot.tts.offline.phonemes import numbers, romance

_NAMES = romance.named("a bê cê dê é efe gê agá i jota cá ele eme ene o pê quê erre esse tê u vê dáblio xis ípsilon zê")
_UNSTRESSED = romance.words(
    """
    a ao à às aos as com da das de do dos e em me mas na nas no nos o os ou para pela pelo por que se sem seu seus sua
    suas te um uns lhe
    """
)
_KS = romance.words(
    """
    táxi táxis sexo fixo fixa tóxico anexo complexo complexa reflexo nexo oxigênio conexão flexível
    """
)
_SS = romance.words(
    """
    próximo próxima próximos próximas máximo máxima trouxe trouxeram auxílio aproximar sintaxe
    """
)
_OPEN = romance.words(
    """
    ela elas agora hora horas porta portas escola escolas nova novas sete nove dez bela belo pedra pedras pele perto
    aberto aberta janela janelas festa festas terra terras guerra guerras mulher resto moda volta sol forte morte
    norte sorte história nossa nossas senhora bola bolas cola roda pode metro aquela aquelas ótimo papel hotel
    passaporte esporte melhor maior menor pior leve breve greve neve serra alegre biblioteca discoteca tela vela
    cela novela panela quer é até só pó nós vovó
    """
)

_SPELLING = romance.rules(
    (r"sh|ch", "ʃ"),
    (r"ph", "f"),
    (r"lh", "ʎ"),
    (r"nh", "ɲ"),
    (r"h", ""),
    (r"qu(?=[eiéíê])", "k"),
    (r"[qg]u(?=[aoáóâôã])|[qg]ü", "Q"),
    (r"ü", "u"),
    (r"gu(?=[eiéíê])", "G"),
    (r"^ex(?=[aeiouáéíóúâêô])", "ez"),
    (r"(?<=e)x(?=[cptq])|xc(?=[ei])", "ss"),
    (r"^x|x(?=[aeiouáéíóúâêôã])", "ʃ"),
    (r"x", "ks"),
    (r"s?c(?=[eiéíê])|ç", "ss"),
    (r"g(?=[eiéíê])|j", "ʒ"),
    (r"rr|^r|(?<=[nls])r", "x"),
    (r"r(?=[aeiouáéíóúâêôãõ])(?<=[aeiouáéíóúâêôãõ]r)", "ɾ"),
    (r"r(?=[^aeiouáéíóúâêôãõ])", "ɾə"),
    (r"(?<=[aeiouáéíóúâêôãõ])s(?=[aeiouáéíóúâêôãõ])|s(?=[bdgvmnlrzʒ])", "z"),
    (r"s+", "s"),
    (r"z$", "s"),
    (r"[cq]", "k"),
    (r"[gG]", "ɡ"),
    (r"y", "i"),
    (r"([bdfklmnpt])\1", r"\1"),
    (r"t$", "ʧy"),
    (r"d$", "ʤy"),
    (r"([bpɡkf])$", r"\1y"),
)
_NUCLEUS = re.compile(
    r"(?P<nasal>ãe|ão|õe)"
    r"|(?P<vowel>[aeoáéóâêôàãõ])(?P<glide>[iu](?![aeoáéíóúâêôãõ]|ɲ|[lrzmn]$|n[^aeiou]))?"
    r"|(?P<close>[iuíú])(?P<after>[iu](?![aeoáéíóúâêôãõ]))?"
)
_ACCENTS = frozenset("áéíóúâêôãõ")
_DIPHTHONG = {"ai": "I", "ei": "A", "oi": "oɪ", "ui": "uɪ", "au": "W", "eu": "eʊ", "iu": "iʊ", "ou": "ow"}
_DIPHTHONG |= {"éi": "ɛɪ", "ói": "ɔɪ", "éu": "ɛʊ", "ái": "I", "áu": "W", "úi": "uɪ"}
_NASAL = {"a": "ɐ̃ŋ", "e": "Aŋ", "i": "iŋ", "o": "oŋ", "u": "ũŋ"}
_PLAIN = {"á": "a", "â": "ɐ", "à": "a", "ã": "ɐ̃", "é": "ɛ", "ê": "e", "í": "i", "ó": "ɔ", "ô": "o", "õ": "õ", "ú": "u"}
_BASE = {"á": "a", "â": "a", "à": "a", "ã": "a", "é": "e", "ê": "e", "í": "i", "ó": "o", "ô": "o", "õ": "o", "ú": "u"}
_VOICED = re.compile(r"s(?= ˈ?[aeiouæɐʊyɛɔAIWbdɡvzʒmnlɲ])")


def portuguese(text: str) -> str:
    """Phonemes of Portuguese text, numbers included."""
    read = _VOICED.sub("z", romance.read(numbers.spelled(text, "pt"), sounds, _NAMES))
    # The model knows the tilde as a sign of its own.
    return unicodedata.normalize("NFD", read)


def sounds(word: str) -> str:
    """Phonemes of one word in small letters."""
    word = romance.native(word, "áàâãéêíóôõúüç")
    if word == "muito":
        return "mˈuiŋtʊ"
    word = word.replace("x", "cs") if word in _KS else word.replace("x", "ss") if word in _SS else word
    spelled = romance.applied(_SPELLING, word).replace("Q", "kw" if "q" in word else "ɡw")
    nuclei = list(_NUCLEUS.finditer(spelled))
    loud = -1 if word in _UNSTRESSED or not nuclei else _stress(word, [found[0] for found in nuclei])
    said, at = "", 0
    for index, nucleus in enumerate(nuclei):
        if nucleus.start() < at:
            continue
        said += spelled[at : nucleus.start()]
        sound, at = _sound(nucleus, spelled, index == loud, word)
        said = _softened(said, sound) + ("ˈ" if index == loud else "") + sound
    return (said + spelled[at:]).replace("ʎ", "lj")


def _stress(word: str, nuclei: list[str]) -> int:
    """Which nucleus is stressed: one with an accent (a tilde last), else by the ending."""
    for marks in (_ACCENTS - set("ãõ"), set("ãõ")):
        for at, nucleus in enumerate(nuclei):
            if set(nucleus) & marks:
                return at
    weak = re.search(r"(?:[aeo]s?|[ae]m|ens)$", word) and not re.search(r"[aeo][iu]s?$", word)
    return max(0, len(nuclei) - (2 if weak else 1))


def _sound(found: re.Match[str], spelled: str, loud: bool, word: str) -> tuple[str, int]:
    """The sound of a nucleus, and where in the spelling it ends (a nasal or a final l belongs to it)."""
    if found["nasal"]:
        return {"ão": "ɐ̃ʊ̃", "ãe": "ɐ̃y", "õe": "õj"}[found["nasal"]], found.end()
    vowel = found["vowel"] or found["close"]
    glide = found["glide"] or found["after"] or ""
    rest = spelled[found.end() :]
    if glide:
        plain = vowel if vowel in "éóáú" else _BASE.get(vowel, vowel)
        return _DIPHTHONG.get(plain + glide, _PLAIN.get(vowel, vowel) + glide), found.end()
    if nasal := re.match(r"[mn](?=[^aeiouáéíóúâêôãõwjɲ]|$)", rest):
        return _nasal(_BASE.get(vowel, vowel), rest), found.end() + len(nasal[0])
    if re.match(r"l(?=[^aeiouáéíóúâêôãõj]|$)", rest):
        return _with_l(vowel, loud), found.end() + 1
    return _single(vowel, rest, loud, word, spelled[: found.start()]), found.end()


def _nasal(vowel: str, rest: str) -> str:
    if vowel == "a" and rest == "m":
        return "ɐ̃ʊ̃"
    sound = _NASAL[vowel]
    return sound.replace("ŋ", "m") if rest[1:2] and rest[1] in "pb" else sound


def _with_l(vowel: str, loud: bool) -> str:
    base = _BASE.get(vowel, vowel)
    return {"a": "W", "e": "ɛʊ" if loud else "eʊ", "i": "iʊ", "o": "ɔʊ" if loud else "oʊ", "u": "uw"}[base]


def _single(vowel: str, rest: str, loud: bool, word: str, before: str) -> str:
    if loud:
        if vowel in "eo" and word in _OPEN:
            return {"e": "ɛ", "o": "ɔ"}[vowel]
        return "ɐ̃" if vowel in "aâ" and re.match(r"[mnɲ]", rest) else _PLAIN.get(vowel, vowel)
    if vowel in "aeo" and rest in ("", "s"):
        return {"a": "æ" if before else "a", "e": "y" if before else "i", "o": "ʊ"}[vowel]
    if vowel in "iu" and re.match(r"[aeo]s?$", rest):
        return {"i": "j", "u": "w"}[vowel]
    return _PLAIN.get(vowel, vowel)


def _softened(said: str, sound: str) -> str:
    """t and d before the sound of i: tia, noite, dia, cidade."""
    if said[-1:] in ("t", "d") and sound[0] in "iyj":
        return said[:-1] + {"t": "ʧ", "d": "ʤ"}[said[-1]]
    return said
