"""Italian, by rule. Only the stress on the third syllable from the end is not written: endings and a list know it."""

from __future__ import annotations

import re

from bot.tts.offline.phonemes import numbers, romance

_NAMES = romance.named(
    "a bi ci di e effe gi acca i gei cappa elle emme enne o pi cu erre esse ti u vu doppiavu ics ipsilon zeta"
)
_UNSTRESSED = romance.words(
    """
    a ad al ai agli alla alle allo che chi ci con d da dal dalla dei del della delle dello degli di e ed fra gli i
    il è ha ho in l la le lo ma mi ne nel nella nei nelle non o per se si su sul sulla sui ti tra un una uno vi un'
    l' d' c' c s
    """
)

_SPELLING = romance.rules(
    (r"gli(?=[aeouàèéìòù])", "ʎ"),
    (r"^gli$|gli$|gli(?=[^aeoun])", "ʎi"),
    (r"(?<=[aeiouàèéìòù])gn", "ɲɲ"),
    (r"gn", "ɲ"),
    (r"sci(?=[aou])|sc(?=[eièéì])", "ʃ"),
    (r"cc?qu", "kːw"),
    (r"qu", "kw"),
    (r"ch", "K"),
    (r"cK", "Kː"),
    (r"ggh", "Gː"),
    (r"gh", "G"),
    (r"cci(?=[aou])|cc(?=[eièéì])", "ʧː"),
    (r"ci(?=[aoueàòù])(?!a$)|c(?=[eièéì])", "ʧ"),
    (r"ggi(?=[aou])|gg(?=[eièéì])", "ʤː"),
    (r"gi(?=[aoueàòù])|g(?=[eièéì])", "ʤ"),
    (r"h", ""),
    (r"zz", "ʦː"),
    (r"^z", "ʣ"),
    (r"z", "ʦ"),
    (r"x", "ks"),
    (r"y", "i"),
    (r"w", "w"),
    (r"j(?=[aeiou])", "ʤ"),
    (r"ss", "S"),
    (r"(?<=[aeiouàèéìòù])s(?=[aeiouàèéìòù])|s(?=[bdglmnrvGʤ])", "z"),
    (r"rr", "rɾ"),
    (r"([bdptcgv])\1", r"\1ː"),
    (r"[cqK]", "k"),
    (r"[gG]", "ɡ"),
    (r"j", "i"),
)
_NUCLEUS = re.compile(r"([iu](?=[aeoàèéòóìùiu]))?([aeoàáèéìíòóùú]|[iu])")

_THIRD_ENDING = re.compile(
    r"(?:[ai]bil[ei]|[eo]vol[ei]|issim[oaie]|esim[oaie]|[^aeiou]ich?[oaie]|olog[oaie]|ologhi|ograf[oaie]|[^aeiou]id[oaie]"
    r"|[^aeiou]ul[oaie]|udin[ei]|[aiu]gin[ei]|[aei]vano|ssero|ebbero|[aei]rono|ettero|[ae]ndol[oaie]|[aei]r[mtvc]el[oaie])$"
)
"""Endings that are stressed on the third syllable from the end."""
_THIRD = romance.words(
    """
    abitano abito abiti albero alberi ambito angelo angeli angolo anima anime animo arrivano ascoltano asino
    aspettano attimo attimi amano bambola bambole bibita calice camera camere capita carico carica catalogo cattedra
    causano cantano cenere chiacchiera chiamano chilometro chilometri cinema ciotola circolo coccola codice codici
    comodo compito compiti complice comprano cucciolo cuccioli debito debole deboli diavolo dialogo difficile
    difficili dodici dollaro dollari domenica edicola epilogo epoca esercito essere fabbrica facile facili farmaco
    favola favole fegato femmina fragola fragole fulmine genere generi genero giocano giovane giovani giudice gomito
    guardano immagine indice inutile isola isole lacrima lacrime lampada lampade lasciano lavorano lettera lettere
    libero libera liberi limite limiti macchina macchine mandorla mangiano maschera maschere massimo massima medico
    merito minimo minima mobile mobili modulo musica muscolo nobile nomina numero numeri nuvola nuvole oceano opera
    opere ordine ordini ospite ospiti ottimo ottima pagina pagine palpebra parlano pecora pecore pensano pentola
    pericolo periodo piccolo piccola piccoli piccole pollice polvere popolo popoli portano prossimo prossima
    prossimi prossime psicologo quattordici quindici regola regole ricordano ridere sabato scatola scatole secolo
    secoli sedici semplice semplici simile simili sindaco solito solita soliti spirito stomaco studiano subito
    tavola tavole tavolo tavoli tegola telefono telefonano telefoni tenebre tenero tessera titolo titoli tredici
    trovano ultimo ultima ultimi ultime umido undici unico unica utile utili vedova veicolo vergine vertice vescovo
    vicolo vigile vincolo vipera virgola visita visite vortice zingaro zucchero
    """
)
_SECOND = romance.words(
    """
    amico amici amica amiche nemico nemici antico antica antichi antiche fatica fatiche formica formiche vescica
    perdono abbandono avere vedere dovere potere sapere volere cadere tenere rimanere temere godere piacere parere
    sedere valere tacere mantenere ottenere contenere possedere prevedere dispiacere appartenere bicchiere cameriere
    quartiere mestiere cavaliere ingegnere barbiere infermiere carabiniere giardiniere nido lido grido marito
    """
)
"""Words that look like those of the endings and are stressed on the second all the same."""
_SOUNDED_IA = re.compile(
    r"(?:(?:log|graf|nom|craz|fon|scop|trop|patr?|er|gog|metr|farmac|bug|mag|energ|allerg|nostalg|strateg|malatt|simpat"
    r"|compagn|fantas|allegr|foll|poliz|teor|armon|soci|terap|spi|geograf|cortes|ipocris|gelos)i|^(?:v|z|m|t|s|sp|sc)i)(?=[ae]$)"
)
"""Words in -ia whose i is a syllable and stressed (farmacia), unlike that of storia."""
_CLOSED_E = re.compile("(?:es[eiaoe]|ezz[ae]|ett[oaie]|evol[ei]|er[eai]|ess[aoie]|esc[oaie]|ev[oaie]|evan?o?|emo|ete)$")
_CLOSED_O = re.compile("(?:or[eiao]|on[eiao]|os[oiae]|ond[oiae]|ont[eoi]|orn[oiae]|ome?)$")


def italian(text: str) -> str:
    """Phonemes of Italian text, numbers included."""
    return romance.read(numbers.spelled(text, "it"), sounds, _NAMES)


def sounds(word: str) -> str:
    """Phonemes of one word in small letters; before an apostrophe two words are one."""
    word = romance.native(word, "àáèéìíòóùú")
    head, apostrophe, tail = word.partition("'")
    if apostrophe:
        return _said(romance.applied(_SPELLING, head), -1, "", head) + (sounds(tail) if tail else "")
    return _word(word)


def _word(word: str) -> str:
    word = _SOUNDED_IA.sub(lambda found: f"{found[0][:-1]}ì", word)
    spelled = romance.applied(_SPELLING, word)
    nuclei = list(_NUCLEUS.finditer(spelled))
    if word in _UNSTRESSED or not nuclei:
        return _said(spelled, -1, "", word)
    loud = nuclei[_stress(word, [found[0] for found in nuclei])]
    return _said(spelled, loud.start(2), loud[2], word)


def _said(spelled: str, loud: int, vowel: str, word: str) -> str:
    said = []
    for at, letter in enumerate(spelled):
        gliding = letter in "iu" and at != loud and spelled[at + 1 : at + 2] in tuple("aeoàèéìòùiu")
        sound = {"i": "j", "u": "w"}[letter] if gliding else _PLAIN.get(letter, letter)
        said.append(f"ˈ{_open(vowel, word, spelled[at:])}" if at == loud else sound)
    whole = "".join(said)
    return f"{whole[:-1]}ɪ" if whole.endswith("i") and not whole.endswith("ˈi") else whole


_PLAIN = {"á": "a", "à": "a", "è": "ɛ", "é": "e", "ì": "i", "í": "i", "ò": "ɔ", "ó": "o", "ù": "u", "ú": "u"}


def _open(vowel: str, word: str, rest: str) -> str:
    """Stressed e and o are open but in the endings that close them."""
    if vowel == "e":
        return "e" if _CLOSED_E.search(word) and len(rest) <= 5 else "ɛ"
    if vowel == "o":
        return "o" if _CLOSED_O.search(word) and len(rest) <= 4 else "ɔ"
    return _PLAIN.get(vowel, vowel)


def _stress(word: str, nuclei: list[str]) -> int:
    """Which nucleus is stressed: the accented one, else the second from the end unless a rule knows better."""
    for at, nucleus in enumerate(nuclei):
        if set(nucleus) & set(_PLAIN):
            return at
    from_end = 2
    if len(word) > 2 and word[-1] not in "aeiou":
        from_end = 1 if len(nuclei) < 2 or word[-1] in "rl" else 2
    elif len(nuclei) > 2 and _third(word):
        from_end = 3
    return max(0, len(nuclei) - from_end)


def _third(word: str) -> bool:
    if word in _SECOND:
        return False
    return word in _THIRD or word.endswith(("ono", "ere")) or bool(_THIRD_ENDING.search(word))
