"""A text prepared for reading: tokens, numbers, labels, and the words that describe each number."""

from __future__ import annotations

from dataclasses import dataclass

from quod.solvers.drafters.template.lexicon import BREAKS, GAIN, MONEY, STOP, UNITS
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.tagger import LABELS, Tagging
from quod.solvers.drafters.template.tokens import Token

Bag = dict[str, float]
COLUMN = {label: i for i, label in enumerate(LABELS)}


@dataclass(frozen=True)
class Context:
    text: str
    tokens: list[Token]
    numbers: list[Number]
    tagging: Tagging
    number_at: dict[int, int]
    """Token index to index of the number it belongs to."""

    def weight(self, label: str, first: int, last: int) -> float:
        """Mean marginal of a label over the tokens first..last."""
        return float(self.tagging.marginals[first : last + 1, COLUMN[label]].mean())

    def role(self, number: Number) -> tuple[float, float]:
        """Marginals that the number is a coefficient (PARAM) and that it is a bound (LIMIT)."""
        return self.weight("PARAM", number.first, number.last), self.weight(
            "LIMIT", number.first, number.last
        )

    def sentence_of(self, index: int) -> tuple[int, int]:
        """First and last token of the sentence of a token."""
        sentence = self.tokens[index].sentence
        first = last = index
        while first > 0 and self.tokens[first - 1].sentence == sentence:
            first -= 1
        while last + 1 < len(self.tokens) and self.tokens[last + 1].sentence == sentence:
            last += 1
        return first, last


def make_context(text: str, tokens: list[Token], numbers: list[Number], tagging: Tagging) -> Context:
    number_at = {i: k for k, n in enumerate(numbers) for i in range(n.first, n.last + 1)}
    return Context(text, tokens, numbers, tagging, number_at)


def words_after(context: Context, number: Number) -> range:
    """The phrase that the number counts: up to the next number, conjunction or punctuation."""
    i = number.last + 1
    _, end = context.sentence_of(number.first)
    while i <= end and i not in context.number_at:
        if context.tokens[i].lower in BREAKS:
            break
        i += 1
    return range(number.last + 1, i)


def words_before(context: Context, number: Number) -> range:
    """The words that lead to the number, from the last number, conjunction or comma on."""
    start, _ = context.sentence_of(number.first)
    i = number.first - 1
    while i >= start and i not in context.number_at:
        if context.tokens[i].lower in BREAKS:
            break
        i -= 1
    return range(i + 1, number.first)


def content(context: Context, span: range, taken: set[int], weight: float, bag: Bag) -> None:
    """Adds the roots of the content words of a span to a bag; words of variables (`taken`) do not describe."""
    previous = ""
    for i in span:
        token = context.tokens[i]
        counted_per = previous in ("per", "each", "every")
        previous = token.lower
        if token.lower in MONEY or token.stem in MONEY:
            bag["<money>"] = max(bag.get("<money>", 0.0), 0.6 * weight)
        if token.stem in GAIN or token.root in GAIN:
            bag["<gain>"] = max(bag.get("<gain>", 0.0), 0.9 * weight)
        if i in taken or i in context.number_at or token.stem.lower() in STOP or token.lower in STOP:
            continue
        if counted_per:
            continue
        scale = 0.35 if token.stem in UNITS else 1.0
        key = token.root if len(token.text) > 1 else token.text
        bag[key] = max(bag.get(key, 0.0), weight * scale)


def describe(context: Context, number: Number, taken: set[int]) -> Bag:
    """What a number is about, as weighted roots: the phrase after it counts more than the one before."""
    bag: Bag = {}
    content(context, words_after(context, number), taken, 1.0, bag)
    content(context, words_before(context, number), taken, 0.6, bag)
    if number.money:
        bag["<money>"] = max(bag.get("<money>", 0.0), 0.6)
    if number.kind == "percent":
        bag["<percent>"] = 0.6
    return bag


def similarity(a: Bag, b: Bag) -> float:
    """Cosine of two bags."""
    if not a or not b:
        return 0.0
    dot = sum(w * b[k] for k, w in a.items() if k in b)
    norm = sum(w * w for w in a.values()) * sum(w * w for w in b.values())
    return dot / norm**0.5 if norm else 0.0
