"""Words, sentences and stems of a text, with character offsets into the text as given."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quod.solvers.drafters.template.lexicon import words

# Hyphens and possessives stand alone: the tagged training texts write them so.
_TOKEN = re.compile(
    r"\d+(?:st|nd|rd|th)\b|\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+"
    r"|[^\W\d_]+?(?=n['’]t\b)|n['’]t\b|['’](?:s|re|ll|ve|d|m)\b"
    r"|[^\W\d_]+\d*|[^\w\s]|_"
)
_ENDS = frozenset(".?!")
_UNITS_CUT = words("sq ft oz lb lbs hr hrs min kg")
_ABBREVIATIONS = _UNITS_CUT | words("e g i approx vs no dr mr mrs ms st inc co")


@dataclass(frozen=True, slots=True)
class Token:
    """A word with its place, its singular (`stem`) and a coarser root."""

    text: str
    start: int
    end: int
    index: int
    sentence: int
    lower: str
    stem: str
    root: str


def singular(word: str) -> str:
    """The word without its plural ending (no dictionary: rules for English nouns)."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or word.endswith(("ss", "us", "is")):
        return word
    # "hoodie" and "hoodies", "berry" and "berries" must meet: both end in y here.
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("ie") and len(word) > 4:
        return word[:-2] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes", "oes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


_IRREGULAR = {
    "loaves": "loaf",
    "knives": "knife",
    "shelves": "shelf",
    "leaves": "leaf",
    "halves": "half",
    "men": "man",
    "women": "woman",
    "people": "person",
    "children": "child",
    "buses": "bus",
    "busses": "bus",
    "gases": "gas",
    "geese": "goose",
    "mice": "mouse",
    "lenses": "lens",
    "foremen": "foreman",
    "firemen": "fireman",
    "ads": "ad",
}
_SUFFIXES = (
    "ation",
    "ition",
    "ment",
    "ance",
    "ence",
    "able",
    "ing",
    "ion",
    "ers",
    "ed",
    "er",
    "es",
    "e",
    "s",
)


def root_of(word: str) -> str:
    """A coarse root: "watering" and "water", "baking" and "bake" fall together."""
    base = singular(word)
    for suffix in _SUFFIXES:
        if base.endswith(suffix) and len(base) - len(suffix) >= 3:
            base = base[: -len(suffix)]
            break
    if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "sl":
        base = base[:-1]
    if base.endswith("i") and len(base) > 3:
        base = base[:-1] + "y"
    return base[:7]


def _stem(text: str, starts_sentence: bool, following: str) -> str:
    # A lone capital is a name ("Juice A"), unless it is the article that opens a sentence.
    if len(text) == 1 and text.isupper() and text not in "I":
        article = text == "A" and starts_sentence and following[:1].isalpha()
        return "a" if article else text
    irregular = _IRREGULAR.get(text.lower())
    return irregular if irregular else singular(text.lower())


def tokenize(text: str) -> list[Token]:
    """Tokens in order; `text[t.start:t.end] == t.text` holds for each."""
    spans = [(m.start(), m.end()) for m in _TOKEN.finditer(text)]
    tokens: list[Token] = []
    sentence, fresh = 0, True
    for i, (start, end) in enumerate(spans):
        word = text[start:end]
        following = text[spans[i + 1][0] : spans[i + 1][1]] if i + 1 < len(spans) else ""
        lower = word.lower().replace("’", "'")
        tokens.append(
            Token(word, start, end, i, sentence, lower, _stem(word, fresh, following), root_of(lower))
        )
        fresh = False
        if (
            _closes(word, tokens[-2].text if i else "", text, end, following)
            or "\n\n" in text[end : spans[i + 1][0] if i + 1 < len(spans) else end]
        ):
            sentence, fresh = sentence + 1, True
    return tokens


def _closes(word: str, before: str, text: str, end: int, following: str) -> bool:
    if word not in _ENDS or not following:
        return False
    if word == "." and not text[end : end + 1].isspace():
        return following[:1].isupper() and text[end - 2 : end - 1].islower()
    return before.lower() not in _ABBREVIATIONS or (following[:1].isupper() and before.lower() in _UNITS_CUT)


def sentences(tokens: list[Token]) -> list[list[Token]]:
    """Tokens grouped by sentence."""
    groups: list[list[Token]] = []
    for token in tokens:
        if not groups or groups[-1][0].sentence != token.sentence:
            groups.append([])
        groups[-1].append(token)
    return groups
