"""French, by rule: its spelling is long but regular from left to right, its last letters are mostly silent.

Each rule says what the letters at one place sound like; the first that fits wins. Words bind to the next by liaison.
"""

from __future__ import annotations

import re

from bot.tts.offline.phonemes import numbers, romance

_NAMES = romance.named(
    "a bé sé dé e effe jé ache i ji ka elle emme enne o pé ku erre esse té u vé doublevé ixe igrec zède"
)

_WHOLE = romance.lexicon(
    """
    a a accent aksˈɑ̃ ai e album albˈɔm août ˈut assez asˈe au o aujourd'hui oʒuʁdyˈi automne otˈɔn aux o avec avˌɛk
    bus bˈys ce sə cent sˈɑ̃ ces se cet sɛt cette sɛt chef ʃˈɛf cher ʃˈɛʁ chez ʃe cinq sˈɛ̃k clef klˈe
    client klijˈɑ̃ compte kˈɔ̃t corps kˈɔʁ d d dans dɑ̃ de də des de deux dˈø deuxième døzjˈɛm dix dˈis
    dixième dizjˈɛm donc dˈɔ̃k dont dɔ̃ du dy elle ɛl elles ɛl en ɑ̃ enfer ɑ̃fˈɛʁ es ɛ est ɛ et e eu y eut y eux ˈø
    examen ɛɡzamˈɛ̃ faisait fəzˈɛ faisons fəzˈɔ̃ femme fˈam femmes fˈam fer fˈɛʁ fier fjˈɛʁ fils fˈis gens ʒˈɑ̃
    hier jˈɛʁ hiver ivˈɛʁ huit yˈit il il ils il je ʒə la la le lə les le leur lœʁ leurs lœʁ longtemps lɔ̃tˈɑ̃
    lorsque lɔʁskə lui lyˈi
    ma ma mais mɛ mars mˈaʁs me mə mer mˈɛʁ merci mɛʁsˈi mes me messieurs mesjˈø mille mˈil million miljˈɔ̃
    millions miljˈɔ̃ mon mɔ̃ monsieur məsjˈø moyen mwajˈɛ̃ ne nə neuf nˈœf nez nˈe nos no notre nɔtʁ nous nu ok okˈɛ
    on ɔ̃ ont ɔ̃ os ˈɔs ou u ours ˈuʁs où u par paʁ parc pˈaʁk parfum paʁfˈœ̃ pas pa patient pasjˈɑ̃ pays peˈi
    pied pjˈe pieds pjˈe plus ply pour puʁ puis pyˈi qu k quand kɑ̃ que kə qui ki s s sa sa science sjˈɑ̃s se sə
    second səɡˈɔ̃ sens sˈɑ̃s sept sˈɛt ses se si sˈi six sˈis sixième sizjˈɛm soixante swasˈɑ̃t son sɔ̃ sont sɔ̃
    super sypˈɛʁ sur syʁ sœur sˈœʁ ta ta te tə temps tˈɑ̃ tes te ton tɔ̃ tous tˈu tout tu tranquille tʁɑ̃kˈil
    très tʁɛ tu ty un œ̃ une yn vers vɛʁ village vilˈaʒ villages vilˈaʒ ville vˈil villes vˈil vingt vˈɛ̃
    vingtaine vɛ̃tˈɛn vos vo votre vɔtʁ vous vu y i yeux jˈø à a ça sa été etˈe œil ˈœj œuf ˈœf œufs ˈø
    """
)
"""Words that no rule reads right, or that carry no stress."""

_BINDING = {
    "z": romance.words(
        """
        les des mes tes ses ces nos vos nous vous ils elles dans sans très chez aux leurs plus mais pas deux trois dix
        six plusieurs quelques autres petits grands gros
        """
    ),
    "n": romance.words("un mon ton son en on bien rien aucun"),
    "t": romance.words("est sont ont était petit grand quand tout c'est font vont avait"),
}
"""The consonant with which a word joins a vowel after it."""
_ASPIRATED = re.compile(
    "^(?:h(?:aut|éros|asard|onte|uit|ors|all|amburger|anche|aricot|asch|erse|ibou|ollande|omard|ongr|urle)|onz|oui)"
)
_NOUN_ENT = romance.words(
    """
    souvent vent argent agent accident président incident dent dents parent parents différent différents talent
    client content contents excellent lent présent absent récent urgent évident innocent patient couvent serpent
    torrent équivalent violent cent occident orient continent ingrédient ingrédients prudent intelligent fréquent
    """
)
"""Words in -ent that are no verbs, so that it is heard."""

_V = "aeiouyàâäéèêëîïôöùûüœ"
_RULES = romance.scanned(
    r"""
    (?:aient|ais|ait|aix|aie|aies)$ ɛ
    (?:er|ers|ez)$ e
    ets?$ ɛ
    ienne(?:s|nt)?$ jɛn
    iens?$|ient$ jɛ̃
    (?<=é)e(?:s|nt)?$|(?<=[iuy])es?$ -
    es?$ ə
    emps$ ɑ̃
    (?<=n)cs?$ -
    (?<=[aeiouyéèêrnl])[dtpgxzs]{1,3}$|(?<=[aeiouyéèê])[ct]ts?$ -
    [tdpxzs]$ -
    eaux? o
    (?<=s)tion tjɔ̃
    tion sjɔ̃
    ti(?=e[nl]) sj
    œu?il|euil(?:le)?|ueil(?:le)? œj
    ouill?e? uj
    aill aj
    eill ɛj
    ails?$ aj
    eils?$ ɛj
    (?<=[^V])ill(?=[V]) ij
    oinN wɛ̃
    ienN jɛ̃
    (?:ain|aim|ein|eim)N ɛ̃
    oy(?=[aeiouéèê]) waj
    ay(?=[aeouéèê]) ɛj
    uy(?=[aeouéèê]) yij
    o[îiê] wa
    o[uùû](?=[aiéèê]|e(?!s?$|nt$)) w
    o[uùû] u
    aî|ai|ei|eî ɛ
    au o
    œu|eû|eu(?=[rlfvnpb]) œ
    eu ø
    œ œ
    [yiîï][mn]N ɛ̃
    [ea][mn]N ɑ̃
    o[mn]N ɔ̃
    u[mn]N œ̃
    (?<=psy)ch|(?<=or)ch(?=e)|ch(?=[œnrl]) k
    sch|sh|ch ʃ
    gn ɲ
    ph f
    th t
    rh ʁ
    cqu|qu|cc(?=[aoulr])|ck k
    gu(?=[eiéèêy]) ɡ
    ge(?=[aouâô]) ʒ
    g(?=[eiyéèê]) ʒ
    cc(?=[eiéè]) ks
    sc(?=[eiyéèê])|ç|c(?=[eiyéèê]) s
    ss s
    (?<=[V])s(?=[V]) z
    (?<=e)x(?=[Vh]) ɡz
    xc(?=[eiéè]) ks
    x ks
    ([bdflmnptz])\1 \1
    rr|r ʁ
    cc?|q|k k
    gg?|g ɡ
    j ʒ
    h -
    é e
    [èêë] ɛ
    [àâä] a
    [îï] i
    [ôö] o
    [ùûü] y
    e(?=([bdfglmnprtkcsz])\1) ɛ
    e(?=[^V][^Vlrh]|[^V]$|x) ɛ
    ^e e
    e ə
    i(?=[V])(?!es?$|ent$) j
    y(?=[aeioué]) j
    y i
    u y
    o(?=[^V]{2}|[^V]es?$|[flrcbgmqk]$)(?!os[eé]) ɔ
    o o
    ([abdfilmnpstvwz]) \1
    """.replace("V", _V).replace("N ", f"(?![{_V}hnm]) ")
)
_VOWEL = re.compile("[aeiouyøœɔɛɑə]̃?")
_SCHWA = re.compile("(?<=[aeiouyøœɔɛ̃][bdfɡklmnpsʃtvzʒʁɲ])ə(?=[bdfɡklmnpstvzʒʁʃɲ][aeiouyøœɔɛɑjw])")
"""An e that is skipped between two single consonants (promener)."""


def french(text: str) -> str:
    """Phonemes of French text, numbers included."""
    return romance.read(numbers.spelled(text, "fr"), sounds, _NAMES, _binds)


def sounds(word: str) -> str:
    """Phonemes of one word in small letters; before an apostrophe two words are one."""
    if word in _WHOLE:
        return _WHOLE[word]
    head, apostrophe, tail = word.partition("'")
    if apostrophe:
        return _word(head).replace("ˈ", "") + (sounds(tail) if tail else "")
    return _word(word)


def _word(word: str) -> str:
    word = romance.native(word, "àâäéèêëîïôöùûüçœ")
    if len(word) == 1 and word not in "aeiouyàô":
        return _RULES.read(f"{word}e")[:-1]
    said = _SCHWA.sub("", _RULES.read(_ended(word)))
    return _stressed(said[:-1] if said.endswith("ə") and len(said) > 2 else said)


def _ended(word: str) -> str:
    """The word without an -ent that is a verb's and silent."""
    if not word.endswith("ent") or word in _NOUN_ENT or word.endswith(("aient", "ient")):
        return word
    if word.endswith("ment") and word not in ("aiment", "dorment", "forment", "ferment", "nomment", "affirment"):
        return word
    return f"{word[:-3]}e"


def _stressed(said: str) -> str:
    """French stresses the last syllable of a word."""
    vowels = list(_VOWEL.finditer(said))
    full = [vowel for vowel in vowels if vowel[0] != "ə"] or vowels
    return f"{said[: full[-1].start()]}ˈ{said[full[-1].start() :]}" if full else said


def _binds(word: str, after: str) -> str:
    """Liaison: the silent last consonant of a small word is heard before a vowel."""
    if after[:1] not in f"{_V}h" or _ASPIRATED.match(after):
        return ""
    return next((consonant for consonant, words in _BINDING.items() if word in words), "")
