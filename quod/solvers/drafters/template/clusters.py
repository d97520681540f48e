"""Phrases that may name variables, and which of them name the same one."""

from __future__ import annotations

from dataclasses import dataclass

from quod.solvers.drafters.template.context import COLUMN, Context
from quod.solvers.drafters.template.lexicon import STOP, UNITS
from quod.solvers.drafters.template.roles import NEITHER, probabilities

_INSIDE = frozenset(["-", "of", "'s", "/", "and"])


@dataclass
class Cluster:
    """Phrases that name one thing: its stems, one place in the text, and how often and surely it is named."""

    stems: frozenset[str]
    first: int
    last: int
    support: float
    count: int


def tagged_spans(context: Context, threshold: float) -> list[tuple[int, int]]:
    """Runs of tokens that the tagger takes for variables with more than `threshold`."""
    marginals = context.tagging.marginals[:, COLUMN["VAR"]]
    best = context.tagging.best
    spans: list[tuple[int, int]] = []
    for i, token in enumerate(context.tokens):
        inside = marginals[i] > threshold or (threshold >= 0.5 and best[i].endswith("-VAR"))
        if not inside or _counts(context, i):
            continue
        joins = (
            spans
            and spans[-1][1] == i - 1
            and best[i] != "B-VAR"
            and token.sentence == context.tokens[i - 1].sentence
        )
        if joins:
            spans[-1] = (spans[-1][0], i)
        else:
            spans.append((i, i))
    return [s for span in spans if (s := trim(context, *span)) is not None]


def _counts(context: Context, i: int) -> bool:
    """A number that is a coefficient or a bound is no part of a name ("a van 8", "picture book 13 times")."""
    k = context.number_at.get(i)
    return k is not None and probabilities(context, context.numbers[k])[NEITHER] < 0.3


def trim(context: Context, first: int, last: int) -> tuple[int, int] | None:
    """The span without articles, punctuation and measures at its edges; None if nothing is left."""

    def edge(i: int) -> bool:
        token = context.tokens[i]
        return token.stem in STOP or not token.text[0].isalnum()

    while first <= last and (edge(first) or _measure(context, first, last)):
        first += 1
    while last >= first and edge(last):
        last -= 1
    return (first, last) if first <= last else None


def _measure(context: Context, i: int, last: int) -> bool:
    """ "unit of", "acre of": the measure is not the name."""
    following = context.tokens[i + 1].lower if i + 1 <= last else ""
    return context.tokens[i].stem in UNITS and following == "of"


def stems_of(context: Context, first: int, last: int) -> frozenset[str]:
    """The stems that tell what the span names."""
    tokens = context.tokens[first : last + 1]
    return frozenset(
        t.stem for t in tokens if t.lower not in _INSIDE and t.stem not in STOP and t.text[0].isalnum()
    )


def clusters_of(context: Context, spans: list[tuple[int, int]], merge: bool) -> list[Cluster]:
    """Spans with the same stems fall together; with `merge`, a part joins the one label that contains it."""
    table: dict[frozenset[str], Cluster] = {}
    for first, last in spans:
        stems = stems_of(context, first, last)
        if not stems:
            continue
        support = context.weight("VAR", first, last)
        known = table.get(stems)
        if known:
            known.support += support
            known.count += 1
        else:
            table[stems] = Cluster(stems, first, last, support, 1)
    clusters = sorted(table.values(), key=lambda c: (len(c.stems), c.first))
    kept: list[Cluster] = []
    for cluster in reversed(clusters):
        owners = [c for c in kept if cluster.stems < c.stems]
        if owners and (merge or cluster.count < 2):
            if len(owners) == 1 or _same_core(owners):
                owners[0].support += cluster.support
                owners[0].count += cluster.count
            continue
        kept.append(cluster)
    return _join_variants(kept)


def _same_core(owners: list[Cluster]) -> bool:
    return owners[0].stems <= owners[1].stems or owners[1].stems <= owners[0].stems


def _join_variants(clusters: list[Cluster]) -> list[Cluster]:
    """A wording used once ("regular actors") joins the label with which it alone shares a word."""
    ranked = sorted(clusters, key=lambda c: -c.support)
    kept: list[Cluster] = []
    for cluster in ranked:
        shared = [c for c in kept if c.stems & cluster.stems]
        if len(kept) >= 2 and cluster.count == 1:
            own = [c for c in shared if (c.stems & cluster.stems) - _common(kept)]
            if (len(own) == 1 and not cluster.stems - own[0].stems - _common(kept)) or (
                shared and len(own) == 1
            ):
                own[0].support += cluster.support
                continue
        kept.append(cluster)
    return kept


def _common(clusters: list[Cluster]) -> frozenset[str]:
    seen: set[str] = set()
    twice: set[str] = set()
    for cluster in clusters:
        twice |= seen & cluster.stems
        seen |= cluster.stems
    return frozenset(twice)


def nominal(context: Context, i: int) -> bool:
    """The token may be part of a noun phrase."""
    token = context.tokens[i]
    return token.lower in ("-", "of", "'s") or (token.text[0].isalnum() and token.stem not in STOP)


def repeats(context: Context, first: int, last: int) -> bool:
    """The same words stand elsewhere in the text, too."""
    wanted = [t.stem for t in context.tokens[first : last + 1]]
    size, stems = len(wanted), [t.stem for t in context.tokens]
    return any(
        stems[i : i + size] == wanted for i in range(len(stems) - size + 1) if not first - size < i <= last
    )
