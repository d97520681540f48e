from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quod.solvers.drafters.template.reader import read
from quod.solvers.drafters.template.reading import Reading, Span
from quod.solvers.drafters.template.tokens import tokenize

WORDS = [
    "a",
    "each",
    "per",
    "the",
    "cake",
    "cakes",
    "pie",
    "pies",
    "A",
    "B",
    "and",
    "or",
    ",",
    ".",
    ";",
    "?",
    "(",
    ")",
    "-",
    "/",
    "%",
    "$",
    "3",
    "2.5",
    "1,000",
    "twice",
    "half",
    "third",
    "one",
    "two",
    "hundred",
    "at",
    "least",
    "most",
    "more",
    "than",
    "exceed",
    "times",
    "as",
    "many",
    "number",
    "of",
    "profit",
    "cost",
    "hours",
    "maximize",
    "minimize",
    "available",
    "respectively",
    "both",
    "either",
    "1/0",
    "0",
    "1st",
    "n't",
]


def spans(reading: Reading) -> list[Span]:
    found = [s for v in reading.variables for s in v.evidence]
    found += [s for r in reading.rows for s in (r.clause, *r.numbers)]
    found += [u.span for u in reading.unused]
    return found + list(reading.objective.evidence if reading.objective else ())


def check(text: str) -> None:
    reading = read(text)
    assert 0 <= reading.confidence <= 1
    assert all(0 <= s.start < s.end <= len(text) for s in spans(reading))
    assert all(text[u.span.start : u.span.end] == u.text for u in reading.unused)
    names = {v.name for v in reading.variables}
    assert len(names) == len(reading.variables)
    assert all(set(r.coefficients) <= names for r in reading.rows)


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_without_an_exception(text: str) -> None:
    check(text)


@given(st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_word_salad_is_read_without_an_exception(text: str) -> None:
    check(text)


@given(st.text(max_size=300))
def test_tokens_are_slices_of_the_text(text: str) -> None:
    tokens = tokenize(text)
    assert all(text[t.start : t.end] == t.text for t in tokens)
    assert [t.index for t in tokens] == list(range(len(tokens)))
    assert all(a.end <= b.start and a.sentence <= b.sentence for a, b in pairwise(tokens))
