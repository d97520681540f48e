"""Candidate sets of variables: from the tagger's spans and from enumerations in the text."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from quod.solvers.drafters.template.clusters import (
    Cluster,
    clusters_of,
    nominal,
    repeats,
    stems_of,
    tagged_spans,
    trim,
)
from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.lexicon import MEASURES, STOP, UNITS
from quod.solvers.drafters.template.mentions import Variable
from quod.solvers.drafters.template.roles import COEFFICIENT, probabilities

MOST_VARIABLES = 6
_MOST_TRIES = 80


def candidate_sets(context: Context, limit: int) -> list[tuple[Variable, ...]]:
    """Sets of two to six candidate variables, most plausible sources first, without repeats."""
    found: dict[frozenset[frozenset[str]], tuple[Variable, ...]] = {}
    seen: set[frozenset[frozenset[str]]] = set()
    for clusters in islice(_sources(context), _MOST_TRIES):
        key = frozenset(c.stems for c in clusters)
        if key in seen or not 2 <= len(clusters) <= MOST_VARIABLES:
            continue
        seen.add(key)
        if any(all(s in MEASURES or s[0].isdigit() for s in c.stems) for c in clusters):
            continue
        clusters = _with_heads(context, sorted(clusters, key=lambda c: c.first))
        variables = tuple(_variable(context, c) for c in clusters)
        if 2 <= len(variables) <= MOST_VARIABLES:
            found.setdefault(frozenset(v.stems for v in variables), variables)
        if len(found) >= limit:
            break
    return list(found.values())


def _with_heads(context: Context, clusters: list[Cluster]) -> list[Cluster]:
    """ "foldable and regular phones": where the text also says "foldable phone", that is the label."""
    whole = []
    for cluster in clusters:
        extra = max(
            (_head_after(context, cluster, other) for other in clusters if other is not cluster),
            key=len,
            default=(),
        )
        stems = cluster.stems | set(extra)
        clash = any(stems == other.stems for other in clusters)
        whole.append(
            Cluster(
                cluster.stems if clash else stems, cluster.first, cluster.last, cluster.support, cluster.count
            )
        )
    return whole


def _head_after(context: Context, cluster: Cluster, other: Cluster) -> tuple[str, ...]:
    head = [t.stem for t in context.tokens[other.first + 1 : other.last + 1] if t.stem in other.stems]
    for k in range(len(head)):
        tail = tuple(head[k:])
        if set(tail) & cluster.stems:
            continue
        for i, token in enumerate(context.tokens):
            if token.stem not in cluster.stems - other.stems:
                continue
            following = [t.stem for t in context.tokens[i + 1 : i + 8] if t.text != "-"][: len(tail)]
            if tuple(following) == tail:
                return tail
    return ()


def _variable(context: Context, cluster: Cluster) -> Variable:
    tokens = context.tokens
    name = context.text[tokens[cluster.first].start : tokens[cluster.last].end]
    return Variable(name, cluster.stems, cluster.first, cluster.last)


def _sources(context: Context) -> Iterator[list[Cluster]]:
    for threshold in (0.5, 0.2):
        spans = tagged_spans(context, threshold)
        for merge in (True, False):
            clusters = clusters_of(context, spans, merge)
            if len(clusters) <= MOST_VARIABLES:
                yield clusters
            ranked = sorted(clusters, key=lambda c: -c.support)
            for size in (2, 3, 4):
                if size < len(ranked) and ranked[size - 1].support > 0.5:
                    yield ranked[:size]
    yield from _families(context)
    yield from _enumerations(context)
    yield from _subjects(context)
    yield from _determined(context)


def _subjects(context: Context) -> Iterator[list[Cluster]]:
    """What opens the sentences that hold coefficients: "Shio ramen requires 2 eggs"."""
    table: dict[frozenset[str], Cluster] = {}
    for number in context.numbers:
        start, _ = context.sentence_of(number.first)
        if probabilities(context, number)[COEFFICIENT] < 0.5:
            continue
        last = start
        while last < number.first and last - start < 6 and (nominal(context, last) or last - start < 2):
            last += 1
        opens = context.tokens[last].lower in ("a", "an", "$", "up") or last in context.number_at
        # "Combo X brings a profit": the word before an amount is the verb.
        if opens and last - start >= 2 and context.tokens[last - 1].lower.endswith("s"):
            last -= 1
        cut = trim(context, start, last - 1)
        stems = stems_of(context, *cut) if cut else frozenset()
        if cut and stems and not stems <= UNITS:
            known = table.setdefault(stems, Cluster(stems, *cut, 0.0, 0))
            known.count += 1
            known.support += 1
    ranked = sorted(table.values(), key=lambda c: (-c.support, c.first))
    for size in (2, 3):
        if len(ranked) >= size:
            yield ranked[:size]


def _determined(context: Context) -> Iterator[list[Cluster]]:
    """The nouns that "each", "a" or "per" leads to in sentences with numbers, the most frequent ones."""
    counted = {context.tokens[n.first].sentence for n in context.numbers}
    table: dict[frozenset[str], Cluster] = {}
    for i, token in enumerate(context.tokens[:-1]):
        if token.lower not in ("each", "a", "an", "per", "one", "every") or token.sentence not in counted:
            continue
        last = i
        while last + 1 < len(context.tokens) and nominal(context, last + 1) and last - i < 4:
            last += 1
        cut = trim(context, i + 1, last)
        if cut is None or not repeats(context, *cut):
            continue
        stems = stems_of(context, *cut)
        if stems and not stems <= UNITS:
            known = table.setdefault(stems, Cluster(stems, *cut, 0.0, 0))
            known.count += 1
            known.support += 1 + context.weight("VAR", *cut)
    ranked = sorted((c for c in table.values() if c.count >= 2), key=lambda c: (-c.support, c.first))
    for size in (2, 3, 4):
        if len(ranked) >= size:
            yield ranked[:size]


def _families(context: Context) -> Iterator[list[Cluster]]:
    """Phrases that share a word and differ in its neighbour: "medication A", "medication B"."""
    tokens = context.tokens
    groups: dict[tuple[str, int], dict[str, list[int]]] = {}
    for i in range(len(tokens) - 1):
        a, b = tokens[i], tokens[i + 1]
        if not (nominal(context, i) and nominal(context, i + 1)) or "-" in (a.text, b.text):
            continue
        named = (
            (len(b.text) == 1 and b.text.isupper())
            or b.text[-1].isdigit()
            or b.lower in ("one", "two", "three")
        )
        ended = i + 2 >= len(tokens) or tokens[i + 2].stem in STOP
        named = named and ended and a.stem not in MEASURES and a.text.isalpha()
        if named:
            groups.setdefault((a.stem, 2), {}).setdefault(b.stem, []).append(i)
        if named or (a.stem not in UNITS and b.text[0].isupper()):
            groups.setdefault((a.stem, 1), {}).setdefault(b.stem, []).append(i)
        if b.text.isalpha() and b.stem not in UNITS and not a.text[0].isdigit():
            groups.setdefault((b.stem, 0), {}).setdefault(a.stem, []).append(i)
    ranked = []
    for (_, shape), found in groups.items():
        # Numbered names ("lake 1", "lake 2") count also where each stands once.
        often = {k: v for k, v in found.items() if len(v) >= (1 if shape == 2 else 2)}
        if 2 <= len(often) <= MOST_VARIABLES:
            clusters = [
                Cluster(stems_of(context, v[0], v[0] + 1), v[0], v[0] + 1, 0.0, len(v))
                for v in often.values()
            ]
            tagged = sum(context.weight("VAR", i, i + 1) for v in often.values() for i in v)
            ranked.append((tagged + 0.1 * sum(len(v) for v in often.values()), clusters))
    ranked.sort(key=lambda r: -r[0])
    for _, clusters in ranked[:3]:
        yield clusters


def _enumerations(context: Context) -> Iterator[list[Cluster]]:
    """ "A and B", "A, B, or C" whose members come back later in the text."""
    for i, token in enumerate(context.tokens):
        if token.lower not in ("and", "or") or token.sentence > 3:
            continue
        right = _member(context, i + 1, forward=True)
        left = _member(context, i - 1, forward=False)
        if right is None or left is None:
            continue
        members = [left, right]
        while (
            members[0][0] > 1
            and context.tokens[members[0][0] - 1].text == ","
            and len(members) < MOST_VARIABLES
        ):
            more = _member(context, members[0][0] - 2, forward=False)
            if more is None:
                break
            members.insert(0, more)
        for chosen in [members, members[-2:]] if len(members) > 2 else [members]:
            clusters = [
                Cluster(stems_of(context, *m), m[0], m[1], context.weight("VAR", *m), 1) for m in chosen
            ]
            if len({c.stems for c in clusters}) == len(clusters):
                yield clusters


def _member(context: Context, i: int, *, forward: bool) -> tuple[int, int] | None:
    """The noun phrase next to a conjunction, cut to the part that the text repeats."""
    tokens, step = context.tokens, 1 if forward else -1
    while (
        0 <= i < len(tokens)
        and tokens[i].lower in ("a", "an", "the", ",", "either", "both", "by", "in")
        and forward
    ):
        i += step
    if not forward and 0 <= i < len(tokens) and tokens[i].text == ",":
        i -= 1
    start = i
    while 0 <= i < len(tokens) and abs(i - start) < 6 and nominal(context, i):
        i += step
    low, high = (start, i - 1) if forward else (i + 1, start)
    trimmed = trim(context, low, high) if low <= high else None
    if trimmed is None:
        return None
    low, high = trimmed
    for length in range(high - low + 1, 0, -1):
        first, last = (low, low + length - 1) if forward else (high - length + 1, high)
        cut = trim(context, first, last)
        if cut and repeats(context, *cut):
            return cut
    return None
