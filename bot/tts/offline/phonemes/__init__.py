"""From written words to the sounds that Kokoro and hibari were taught, one module a language.

Every reader is a function ``str -> str``: text of one utterance in, phonemes and pauses in Kokoro's alphabet out.
"""
