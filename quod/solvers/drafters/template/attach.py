"""Which variable a coefficient belongs to: a log-linear choice among the mentions around it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.lexicon import words
from quod.solvers.drafters.template.mentions import GENERIC, Mention
from quod.solvers.drafters.template.numbers import Number

WEIGHTS = Path(__file__).with_name("attach.json")
_LEADS = words("per each every of a an the for in to on , and both")
_ALL = words("both each every all any either")
_EACH = 3.0
_SIDES = words("and while whereas but , ; : .")


@dataclass(frozen=True, slots=True)
class Place:
    """A place that a coefficient may belong to: a mention, or (`mention is None`) all variables at once."""

    mention: Mention | None
    features: tuple[str, ...]


_weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))


def shipped_weights() -> dict[str, float]:
    """Weights that are part of the package."""
    return _weights


def use(path: Path) -> None:
    """Puts other weights in the place of the shipped ones (training does so from stage to stage)."""
    _weights.clear()
    _weights.update(json.loads(path.read_text(encoding="utf-8")))


def places(
    context: Context, number: Number, coefficients: list[Number], mentions: list[Mention]
) -> list[Place]:
    """The mentions in the number's sentence, the last one before it, and "all of them"."""
    start, end = context.sentence_of(number.first)
    inside = [m for m in mentions if start <= m.first <= end]
    peers = [n for n in coefficients if start <= n.first <= end]
    found = [
        Place(m, tuple(_features(context, number, peers, inside, m))) for m in inside if m.variable != GENERIC
    ]
    earlier = [m for m in mentions if m.last < start and m.variable != GENERIC]
    if earlier:
        previous = context.tokens[start].sentence - context.tokens[earlier[-1].first].sentence == 1
        found.append(Place(earlier[-1], ("carry", f"carry:{len(found) > 0}", f"carry:near={previous}")))
    found.append(Place(None, tuple(_all_features(context, number, inside, start, end))))
    return found


def _features(
    context: Context, number: Number, peers: list[Number], inside: list[Mention], mention: Mention
) -> list[str]:
    before = mention.last < number.first
    side = "L" if before else "R"
    low, high = (mention.last, number.first) if before else (number.last, mention.first)
    between = [t.lower for t in context.tokens[low + 1 : high]]
    numbers = sum(low < n.first < high for n in peers)
    others = {m.variable for m in inside if low < m.first < high} - {mention.variable}
    again = any(low < m.first < high and m.variable == mention.variable for m in inside)
    first_is_number = not inside or peers[0].first < inside[0].first
    named = [m for m in inside if m.variable != GENERIC]
    order = "N" if first_is_number else "M"
    kinds = f"{min(len(peers), 3)}:{min(len(named), 3)}"
    lead = context.tokens[mention.first - 1].lower if mention.first else "-"
    lead = lead if lead in _LEADS else "-"
    joints = "".join(sorted({_joint(w) for w in between if w in _SIDES}))
    row = [
        side,
        f"{side}n={min(numbers, 2)}",
        f"{side}o={min(len(others), 2)}",
        f"{side}n={min(numbers, 2)},o={min(len(others), 2)}",
        f"{side}again={again}",
        f"{side}{order}",
        f"{side}{order}n={min(numbers, 2)}o={min(len(others), 2)}",
        f"{side}lead={lead},n={min(numbers, 1)}",
        f"{side}j={joints}",
        f"{side}{order}{kinds},n={min(numbers, 1)},o={min(len(others), 1)}",
        f"{side}d={_distance(high - low)}",
    ]
    rank_number, rank_mention = peers.index(number), named.index(mention)
    if len(peers) == len(named):
        respectively = any(
            t.lower == "respectively" for t in context.tokens[mention.first : mention.first + 60]
        )
        row.append(f"same_rank={rank_number == rank_mention},resp={respectively}")
        row.append(f"{side}{order}same_rank={rank_number == rank_mention}")
    row.append(f"{side}mutual={_nearest(peers, mention, before) is number}")
    return row


def _joint(word: str) -> str:
    return {"and": "&", "while": "w", "whereas": "w", "but": "w", ",": ",", ";": ";", ":": ":"}.get(word, ".")


def _distance(gap: int) -> str:
    return "1" if gap <= 2 else "3" if gap <= 4 else "6" if gap <= 7 else "12" if gap <= 13 else "far"


def _nearest(peers: list[Number], mention: Mention, before: bool) -> Number | None:
    if before:
        return next((n for n in peers if n.first > mention.last), None)
    return next((n for n in reversed(peers) if n.last < mention.first), None)


def _all_features(context: Context, number: Number, inside: list[Mention], start: int, end: int) -> list[str]:
    words = [t.lower for t in context.tokens[start : end + 1]]
    near = [t.lower for t in context.tokens[max(start, number.first - 8) : number.last + 8]]
    named = len({m.variable for m in inside if m.variable != GENERIC})
    generic = any(m.variable == GENERIC for m in inside)
    behind = [m for m in inside if m.last < number.first and m.variable != GENERIC]
    joined = (
        len(behind) >= 2
        and behind[-1].variable != behind[-2].variable
        and [t.lower for t in context.tokens[behind[-2].last + 1 : behind[-1].first]]
        in (["and"], ["or"], ["and", "each"], ["and", "a"], ["and", "the"])
    )
    cue = next((w for w in near if w in _ALL), "-")
    both = "both" in words
    for m in inside:
        if (
            m.variable == GENERIC
            and number.last < m.first
            and context.tokens[m.first - 1].lower in ("each", "every", "per")
        ):
            return ["all", "all:each_generic", f"all:named={min(named, 2)}"]
    return [
        "all",
        f"all:named={min(named, 2)}",
        f"all:cue={cue}",
        f"all:joined={joined}",
        f"all:generic={generic},named={min(named, 2)}",
        f"all:both={both},named={min(named, 2)}",
    ]


def _prior(option: Place) -> float:
    """ "3 hours for each phone" speaks of all phones; too few training texts say so to learn a weight."""
    return _EACH if "all:each_generic" in option.features else 0.0


def choose(
    context: Context,
    number: Number,
    coefficients: list[Number],
    mentions: list[Mention],
    weights: dict[str, float],
) -> list[tuple[float, int]]:
    """Log-probability and variable (GENERIC for all at once), best first."""
    options = places(context, number, coefficients, mentions)
    scores = [sum(weights.get(f, 0.0) for f in o.features) + _prior(o) for o in options]
    top = max(scores)
    total = math.log(sum(math.exp(s - top) for s in scores)) + top
    mass: dict[int, float] = {}
    for option, score in zip(options, scores, strict=True):
        variable = GENERIC if option.mention is None else option.mention.variable
        mass[variable] = mass.get(variable, 0.0) + math.exp(score - total)
    return sorted(((math.log(max(p, 1e-9)), v) for v, p in mass.items()), key=lambda x: (-x[0], x[1]))
