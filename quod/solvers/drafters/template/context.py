"""A text prepared for reading: tokens, numbers, labels, and the words that describe each number."""

from __future__ import annotations

from dataclasses import dataclass, field

from quod.solvers.drafters.template.lexicon import BREAKS, GAIN, MONEY, STOP, UNITS
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.tagger import LABELS, Tagging
from quod.solvers.drafters.template.tokens import Token

Bag = dict[str, float]
COLUMN = {label: i for i, label in enumerate(LABELS)}


@dataclass(frozen=True)
class Context:
    """A text with its tokens, numbers and tags."""

    text: str
    tokens: list[Token]
    numbers: list[Number]
    tagging: Tagging
    number_at: dict[int, int]
    """Token index to index of the number it belongs to."""
    bounds: dict[int, tuple[int, int]]
    """First and last token of each sentence."""
    memo: dict[str, set[str]] = field(default_factory=dict)
    chances: dict[int, dict[str, float]] = field(default_factory=dict)
    """Role probabilities by first token of the number, filled in when first asked for."""

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
        return self.bounds[self.tokens[index].sentence]


def make_context(text: str, tokens: list[Token], numbers: list[Number], tagging: Tagging) -> Context:
    """Puts a tagged text together and finds its sentences."""
    number_at = {i: k for k, n in enumerate(numbers) for i in range(n.first, n.last + 1)}
    bounds: dict[int, tuple[int, int]] = {}
    for token in tokens:
        bounds[token.sentence] = (bounds.get(token.sentence, (token.index, 0))[0], token.index)
    return Context(text, tokens, numbers, tagging, number_at, bounds)


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
    """Adds the roots of a span's content words to a bag; words of variables (`taken`) do not describe."""
    previous = ""
    for i in span:
        token = context.tokens[i]
        counted_per = previous in ("per", "each", "every")
        previous = token.lower
        if token.lower in MONEY or token.stem in MONEY:
            bag["<money>"] = max(bag.get("<money>", 0.0), 0.6 * weight)
        if token.stem in GAIN or token.root in GAIN:
            bag["<gain>"] = max(bag.get("<gain>", 0.0), 0.9 * weight)
        name = len(token.text) == 1 and token.stem.isupper()
        if i in taken or i in context.number_at or (not name and (token.stem in STOP or token.lower in STOP)):
            continue
        if counted_per:
            continue
        scale = 0.35 if token.stem in UNITS else 1.0
        key = token.root if len(token.text) > 1 else token.text
        bag[key] = max(bag.get(key, 0.0), weight * scale)


def counted_bag(context: Context, number: Number, taken: set[int]) -> Bag:
    """The noun phrase that the number counts, without what hangs on it."""
    bag: Bag = {}
    phrase = words_after(context, number)
    content(context, range(phrase.start, _phrase_end(context, phrase)), taken, 1.0, bag)
    return bag


def describe(context: Context, number: Number, taken: set[int]) -> Bag:
    """What a number is about, as weighted roots: the phrase after it counts more than the one before."""
    bag: Bag = {}
    phrase = words_after(context, number)
    split = _phrase_end(context, phrase)
    content(context, range(phrase.start, split), taken, 1.0, bag)
    content(context, range(split, phrase.stop), taken, 0.7, bag)
    content(context, words_before(context, number), taken, 0.6, bag)
    if set(bag) <= UNITS | {"<money>"}:
        content(context, _lead(context, number), taken, 0.5, bag)
    listed = _respective(context, number)
    if listed is not None:
        content(context, listed, taken, 1.2, bag)
    if number.money:
        bag["<money>"] = max(bag.get("<money>", 0.0), 0.6)
    if number.kind == "percent":
        bag["<percent>"] = 0.6
    return bag


def _phrase_end(context: Context, span: range) -> int:
    """Where the counted noun phrase ends: "methods" in "100 transportation methods for customers"."""
    named = False
    for i in span:
        stop = context.tokens[i].stem in STOP and context.tokens[i].lower not in ("of", "-", "/")
        if stop and named:
            return i
        named = named or not stop
    return span.stop


def _lead(context: Context, number: Number) -> range:
    """Everything from the previous number or the start of the sentence to the number."""
    start, _ = context.sentence_of(number.first)
    i = number.first - 1
    while i >= start and i not in context.number_at and context.tokens[i].text not in ";:":
        i -= 1
    return range(i + 1, number.first)


def _respective(context: Context, number: Number) -> range | None:
    """The member of a list that goes with the number in "X and Y are 2 and 3, respectively"."""
    start, end = context.sentence_of(number.first)
    if not any(context.tokens[i].lower == "respectively" for i in range(start, end + 1)):
        return None
    peers = sorted({context.number_at[i] for i in range(start, end + 1) if i in context.number_at})
    lists = [x for x in _lists(context, start, end) if len(x) == len(peers)]
    return lists[0][peers.index(context.number_at[number.first])] if lists else None


def _lists(context: Context, start: int, end: int) -> list[list[range]]:
    """Runs "X, Y, and Z" of short phrases without numbers."""
    found: list[list[range]] = []
    for i in range(start + 1, end):
        if context.tokens[i].lower not in ("and", "or"):
            continue
        members = [_short(context, i + 1, 1, end)]
        at = i - 1
        while at >= start:
            at -= context.tokens[at].text == ","
            member = _short(context, at, -1, start)
            members.insert(0, member)
            at = member.start - 1
            if not len(member) or at <= start or context.tokens[at].text != "," or len(members) > 6:
                break
        if all(len(m) for m in members):
            found.append(members)
    return found


def _short(context: Context, i: int, step: int, stop: int) -> range:
    """Up to three content words from i in one direction."""
    j = i
    while (
        (j - stop) * step <= 0
        and abs(j - i) < 3
        and j not in context.number_at
        and context.tokens[j].stem not in STOP
    ):
        j += step
    return range(i, j) if step > 0 else range(j + 1, i + 1)


def similarity(a: Bag, b: Bag) -> float:
    """Cosine of two bags."""
    if not a or not b:
        return 0.0
    dot = sum(w * b[k] for k, w in a.items() if k in b)
    norm = sum(w * w for w in a.values()) * sum(w * w for w in b.values())
    return dot / norm**0.5 if norm else 0.0
