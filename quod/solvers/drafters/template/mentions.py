"""Where the text mentions the variables, also in part ("the small ones") or by a shared head."""

from __future__ import annotations

from dataclasses import dataclass

from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.lexicon import LAND, MEASURES, STOP
from quod.solvers.drafters.template.roles import COEFFICIENT, probabilities
from quod.solvers.drafters.template.tokens import Token

GENERIC = -1
_GLUE = frozenset(["-", "of", "'s", "the", "/"])


@dataclass(frozen=True, slots=True)
class Variable:
    """A candidate for a decision variable: its name and the stems that make up its label."""

    name: str
    stems: frozenset[str]
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mention:
    """Tokens first..last mention variable number `variable`, or by a shared word all of them (GENERIC)."""

    first: int
    last: int
    variable: int
    whole: bool


def find_mentions(context: Context, variables: tuple[Variable, ...]) -> list[Mention]:
    """Mentions in order of position, without overlaps; the longest match of a label's words wins."""
    runs: list[tuple[int, int, int, int]] = []
    for v, variable in enumerate(variables):
        for first, last, covered in _runs(context.tokens, variable.stems):
            runs.append((first, last, covered, v))
    found: list[Mention] = []
    for first, last in _islands(runs):
        found += _resolve(context, variables, [r for r in runs if r[0] <= last and r[1] >= first])
    return _pronouns(context, _absorb(context, sorted(found, key=lambda m: m.first)))


def _pronouns(context: Context, mentions: list[Mention]) -> list[Mention]:
    """ "the former" and "the latter" mention the last two variables named before them."""
    found, pair = list(mentions), list[int]()
    for i, token in enumerate(context.tokens):
        if token.lower not in ("former", "latter") or context.tokens[i - 1].lower != "the":
            continue
        if token.lower == "former" or not pair:
            named = [m.variable for m in mentions if m.last < i and m.variable != GENERIC]
            second = named[-1:]
            pair = [v for v in reversed(named) if v not in second][:1] + second
        if len(pair) == 2:
            found.append(Mention(i, i, pair[token.lower == "latter"], False))
    return sorted(found, key=lambda m: m.first)


def _absorb(context: Context, mentions: list[Mention]) -> list[Mention]:
    """In "diamond industry" the head belongs to diamond, also where only "sapphire industry" is a label."""
    kept: list[Mention] = []
    for mention in mentions:
        previous = kept[-1] if kept else None
        if (
            previous
            and not mention.whole
            and previous.variable != GENERIC
            and mention.variable != previous.variable
        ):
            gap = [t.text for t in context.tokens[previous.last + 1 : mention.first]]
            if gap in ([], ["-"]):
                kept[-1] = Mention(previous.first, mention.last, previous.variable, previous.whole)
                continue
        kept.append(mention)
    return kept


def _runs(tokens: list[Token], stems: frozenset[str]) -> list[tuple[int, int, int]]:
    runs, i = [], 0
    while i < len(tokens):
        if tokens[i].stem not in stems:
            i += 1
            continue
        last, seen, j = i, {tokens[i].stem}, i + 1
        while j < len(tokens) and tokens[j].sentence == tokens[i].sentence:
            if tokens[j].stem in stems and (
                tokens[j].stem not in seen or tokens[j].stem == tokens[j - 1].stem
            ):
                seen.add(tokens[j].stem)
                last = j
            elif tokens[j].lower not in _GLUE or j > last + 2:
                break
            j += 1
        runs.append((i, last, len(seen)))
        i = last + 1
    return runs


def _islands(runs: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    islands: list[tuple[int, int]] = []
    for first, last, _, _ in sorted(runs):
        if islands and first <= islands[-1][1]:
            islands[-1] = (islands[-1][0], max(last, islands[-1][1]))
        else:
            islands.append((first, last))
    return islands


def _resolve(
    context: Context, variables: tuple[Variable, ...], runs: list[tuple[int, int, int, int]]
) -> list[Mention]:
    """The mentions of one island of overlapping runs: best run first, ties between variables are generic."""
    mentions: list[Mention] = []
    left = list(runs)
    while left:
        left.sort(key=lambda r: (-r[2], -r[2] / len(variables[r[3]].stems), r[0]))
        first, last, covered, v = left[0]
        share = covered / len(variables[v].stems)
        rivals = [
            r
            for r in left[1:]
            if r[3] != v
            and r[2] == covered
            and r[0] <= last
            and r[1] >= first
            and r[2] / len(variables[r[3]].stems) >= share - 1e-9
        ]
        if rivals:
            mentions.append(Mention(first, last, GENERIC, False))
        elif _believable(context, first, last, share, _tells_apart(context, variables, v, first, last)):
            mentions.append(Mention(first, last, v, share > 1 - 1e-9))
        left = [r for r in left if r[1] < first or r[0] > last]
    return mentions


def _tells_apart(context: Context, variables: tuple[Variable, ...], v: int, first: int, last: int) -> bool:
    """The run has every word of the label that the other labels do not have."""
    others = {s for k, variable in enumerate(variables) if k != v for s in variable.stems}
    own = variables[v].stems - others
    words = {t.stem for t in context.tokens[first : last + 1]}
    return bool(own) and own <= words and not all(w.isdigit() for w in words)


def _counted_as_resource(context: Context, first: int) -> bool:
    """Some coefficient counts the word: with "5 eggs per egg sandwich", "50 eggs" are eggs."""
    stem = context.tokens[first].stem
    return any(
        context.tokens[n.last + 1].stem == stem and probabilities(context, n)[COEFFICIENT] > 0.5
        for n in context.numbers
        if n.last + 1 < len(context.tokens)
    )


def _believable(context: Context, first: int, last: int, share: float, distinct: bool) -> bool:
    # The tagger misses whole mentions in lists; for a part of a label its word is needed.
    if share > 1 - 1e-9:
        return True
    tagged = context.weight("VAR", first, last)
    if first < 2 or last + 1 >= len(context.tokens):
        return tagged > 0.15
    before, after = context.tokens[first - 1], context.tokens[last + 1]
    if before.lower == "of" and context.tokens[first - 2].stem in MEASURES - LAND:
        return False
    if before.index in context.number_at and not distinct:
        return False
    if before.index in context.number_at:
        return not _counted_as_resource(context, first)
    if tagged > 0.15 or (distinct and (before.lower in STOP or before.index in context.number_at)):
        return True
    return share >= 0.5 and after.lower in STOP and before.lower in STOP
