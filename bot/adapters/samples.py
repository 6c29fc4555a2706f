"""A sentence to hear a voice by, in the language that it speaks best."""

from __future__ import annotations

from bot.adapters.tongues import spoken
from bot.tts.engine import Voice
from bot.tts.voices import Persona
from bot.tts.voices.languages import primary

_SENTENCES = {
    "ar": "مرحبًا، هذا صوتي. هل يعجبك؟",
    "cs": "Dobrý den, takhle zním. Líbí se vám to?",
    "da": "Hej, sådan lyder jeg. Kan du lide det?",
    "de": "Hallo, so klinge ich. Gefällt es dir?",
    "el": "Γεια σου, έτσι ακούγομαι. Σου αρέσει;",
    "en": "Hello, this is how I sound. Do you like it?",
    "es": "Hola, así es como sueno. ¿Te gusta?",
    "fi": "Hei, tältä minä kuulostan. Pidätkö siitä?",
    "fr": "Bonjour, voici ma voix. Elle te plaît ?",
    "he": "שלום, כך אני נשמע. אהבת?",
    "hi": "नमस्ते, मेरी आवाज़ ऐसी है। क्या आपको पसंद आई?",
    "hu": "Szia, így szól a hangom. Tetszik?",
    "id": "Halo, beginilah suara saya. Apakah kamu suka?",
    "it": "Ciao, questa è la mia voce. Ti piace?",
    "ja": "こんにちは。私の声はこんな感じです。いかがですか。",
    "ko": "안녕하세요, 제 목소리는 이렇습니다. 마음에 드세요?",
    "nb": "Hei, slik høres jeg ut. Liker du det?",
    "nl": "Hallo, zo klink ik. Vind je het mooi?",
    "pl": "Cześć, tak brzmię. Podoba ci się?",
    "pt": "Olá, esta é a minha voz. Você gosta?",
    "ro": "Salut, așa sun eu. Îți place?",
    "ru": "Здравствуйте, вот так я звучу. Вам нравится?",
    "sv": "Hej, så här låter jag. Tycker du om det?",
    "th": "สวัสดี นี่คือเสียงของฉัน คุณชอบไหม",
    "tr": "Merhaba, sesim böyle. Beğendin mi?",
    "uk": "Вітаю, ось так я звучу. Вам подобається?",
    "vi": "Xin chào, giọng của tôi nghe như thế này. Bạn có thích không?",
    "zh": "你好，我的声音是这样的。你喜欢吗？",
}


def sample(who: Persona | Voice, locale: str) -> str:
    """What ``who`` is heard by: in the asker's language if they speak it, else in their own."""
    tongues, wanted = spoken(who), locale.partition("-")[0]
    language = wanted if wanted in tongues or not tongues else next((tag for tag in tongues if tag in _SENTENCES), "en")
    return sentence(language)


def sentence(language: str | None = None) -> str:
    """The sentence in a language; in English, which needs nothing installed, if there is none or none is given."""
    return _SENTENCES.get(primary(language or "en"), _SENTENCES["en"])
