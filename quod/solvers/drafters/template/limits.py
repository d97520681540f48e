"""What a bound can be about: a coefficient row, the sum of the variables, one variable, or a share."""

from __future__ import annotations

from dataclasses import dataclass

from quod.solvers.drafters.template.context import (
    Bag,
    Context,
    counted_bag,
    describe,
    similarity,
    words_after,
    words_before,
)
from quod.solvers.drafters.template.lexicon import GENERIC as GENERIC_WORDS
from quod.solvers.drafters.template.lexicon import TIME, UNITS
from quod.solvers.drafters.template.mentions import GENERIC, Mention
from quod.solvers.drafters.template.nouns import (
    carriers,
    counted_noun,
    counts_variables,
    hypernyms,
    noun_kind,
    slot_of,
)
from quod.solvers.drafters.template.numbers import Number
from quod.solvers.drafters.template.rows import CoefficientRow
from quod.solvers.drafters.template.tokens import root_of

Features = dict[str, float]


@dataclass(frozen=True)
class Option:
    """A reading of a bound: "row", "rows" (target: a bit per row), "sum", "bound", "bound_all", "ratio"."""

    kind: str
    target: int
    features: Features


@dataclass(frozen=True)
class Limit:
    """A number that bounds something, with all ways to read it."""

    number: Number
    options: tuple[Option, ...]


def read_limit(
    context: Context,
    number: Number,
    rows: list[CoefficientRow],
    mentions: list[Mention],
    taken: set[int],
    variables: int,
    stops: list[Number],
) -> Limit:
    """All readings of one bound with their features."""
    start, end = context.sentence_of(number.first)
    low = max([n.last + 1 for n in stops if start <= n.first < number.first], default=start)
    high = min([n.first - 1 for n in stops if number.last < n.first <= end], default=end)
    if number.kind in ("percent", "fraction"):
        options = _ratio_options(context, number, mentions, low, high)
        options += _row_options(context, number, rows, taken)
        return Limit(number, tuple(options))
    options = _row_options(context, number, rows, taken)
    options += _shared_option(context, number, rows, start, end)
    options += _bound_options(context, number, mentions, low, high, start, variables)
    options.append(_sum_option(context, number, mentions, rows, variables, low, high))
    return Limit(number, tuple(options))


def _row_options(
    context: Context, number: Number, rows: list[CoefficientRow], taken: set[int]
) -> list[Option]:
    bag = describe(context, number, taken)
    options = []
    rarity = _rarity([r.bag for r in rows])
    counted = set(counted_bag(context, number, taken))
    for k, row in enumerate(rows):
        if all(c.number == number for c in row.entries.values()):
            continue
        about = row.bag
        near = similarity(_weigh(bag, rarity), _weigh(about, rarity))
        head = counted_noun(context, number)
        headless = bool(head) and head not in UNITS and root_of(head) not in about
        if headless:
            # "transportation methods" are not what "transport 20 people" counts.
            near *= 0.5
        features: Features = {"row": 1.0, "row:sim": near, "row:none": float(near < 0.05)}
        if headless:
            features["row:nohead"] = 1.0
            features["row:hypernym"] = float(head in hypernyms(context))
        units = {c.unit for c in row.entries.values()} - {""}
        if number.money or "$" in units:
            features["row:money" if number.money == ("$" in units) else "row:notmoney"] = 1.0
        elif units & counted:
            features["row:unit"] = 1.0
        options.append(Option("row", k, features))
    return options


def _shared_option(
    context: Context, number: Number, rows: list[CoefficientRow], start: int, end: int
) -> list[Option]:
    """ "each machine is available for 500 minutes": the number bounds every row in its unit."""
    words = {
        context.tokens[i].lower
        for i in range(start, end + 1)
        if context.tokens[i].lower == "both" or (i < end and context.tokens[i + 1].stem not in TIME)
    }
    cue = words & {"each", "both", "either", "every"}
    unit = next(
        (context.tokens[i].root for i in words_after(context, number) if context.tokens[i].stem in UNITS), ""
    )
    same = [k for k, r in enumerate(rows) if unit and unit in {c.unit for c in r.entries.values()}]
    if not cue or len(same) < 2:
        return []
    return [Option("rows", sum(1 << k for k in same), {"rows": 1.0, "rows:both": float("both" in cue)})]


def _rarity(bags: list[Bag]) -> dict[str, float]:
    count: dict[str, int] = {}
    for bag in bags:
        for word in bag:
            count[word] = count.get(word, 0) + 1
    return (
        {w: 1.0 if c == 1 else 0.5 if c < len(bags) else 0.35 for w, c in count.items()}
        if len(bags) > 1
        else {}
    )


def _weigh(bag: Bag, rarity: dict[str, float]) -> Bag:
    return {w: v * rarity.get(w, 0.7) for w, v in bag.items()}


def _bound_options(
    context: Context, number: Number, mentions: list[Mention], low: int, high: int, start: int, variables: int
) -> list[Option]:
    after, before = words_after(context, number), words_before(context, number)
    slot = slot_of(context, number, mentions)
    noun = noun_kind(context, number, {i for m in mentions for i in range(m.first, m.last + 1)})
    if slot is not None and slot.variable == GENERIC:
        noun = "shared"
    features: dict[int, Features] = {}

    def add(variable: int, name: str) -> None:
        if variable != GENERIC:
            features.setdefault(variable, {"bound": 1.0, f"bound:noun={noun}": 1.0})[f"bound:{name}"] = 1.0

    if slot is not None:
        add(slot.variable, "slot")
    ahead = [m for m in mentions if number.last < m.first <= high]
    behind = [m for m in mentions if low <= m.last < number.first]
    distinct = {m.variable for m in ahead if m.first in after} - {GENERIC}
    for m in ahead:
        add(m.variable, "after" if m.first in after else "later")
    for m in behind:
        add(m.variable, "before" if m.first in before else "far")
    if not features:
        earlier = [m for m in mentions if m.last < number.first and m.variable != GENERIC]
        if earlier:
            add(earlier[-1].variable, "carry" if earlier[-1].first >= start else "carry_far")
    options = []
    money = number.money
    for v, f in features.items():
        if money:
            f["bound:money"] = 1.0
        if slot is not None and slot.variable == GENERIC:
            f["bound:shared_slot"] = 1.0
        near = next((m for m in ahead if m.variable == v), None)
        if near is not None and "bound:slot" not in f:
            f["bound:to"] = float(any(t.lower == "to" for t in context.tokens[number.last + 1 : near.first]))
        if near is not None and _listed(context, mentions, near):
            f["bound:listed"] = 1.0
        if len(distinct) > 1 and v in distinct and "bound:slot" not in f:
            f["bound:many"] = 1.0
        options.append(Option("bound", v, f))
    words = {context.tokens[i].lower for i in after}
    if words & {"each", "both", "either"} and (slot is None or slot.variable == GENERIC):
        every: Features = {"bound_all": 1.0, "bound_all:either": float("either" in words)}
        every["bound_all:direct"] = float(
            context.tokens[min(number.last + 2, len(context.tokens) - 1)].lower in ("each", "either")
        )
        every["bound_all:of_each"] = float(
            any(
                context.tokens[i].lower == "of" and context.tokens[i + 1].lower == "each"
                for i in after
                if i + 1 < len(context.tokens)
            )
        )
        options.append(Option("bound_all", GENERIC, every))
    return options


def _listed(context: Context, mentions: list[Mention], mention: Mention) -> bool:
    """The mention stands in "A and B" or "A, B": the number before them seldom bounds A alone."""
    following = [t.lower for t in context.tokens[mention.last + 1 : mention.last + 3]]
    joined = following[:1] in (["and"], ["or"], [","])
    return joined and any(
        mention.last + 1 < m.first <= mention.last + 4 for m in mentions if m.variable != mention.variable
    )


def _sum_option(
    context: Context,
    number: Number,
    mentions: list[Mention],
    rows: list[CoefficientRow],
    variables: int,
    low: int,
    high: int,
) -> Option:
    after, before = words_after(context, number), words_before(context, number)
    near = [context.tokens[i] for i in (*before, *after)]
    clause = [context.tokens[i].lower for i in range(low, high + 1)]
    features: Features = {"sum": 1.0}
    if any(t.stem in GENERIC_WORDS or t.lower in GENERIC_WORDS for t in near):
        features["sum:word"] = 1.0
    if any(context.tokens[i].stem in hypernyms(context) for i in after):
        features["sum:hypernym"] = 1.0
        features["sum:hypernym_head"] = float(counted_noun(context, number) in hypernyms(context))
    elif noun_kind(context, number, {i for m in mentions for i in range(m.first, m.last + 1)}) == "other":
        features["sum:other"] = 1.0
    slot = slot_of(context, number, mentions)
    if slot is None and counted_noun(context, number) in carriers(context, mentions):
        features["sum:carrier"] = 1.0
    if slot is not None and slot.variable == GENERIC:
        features["sum:slot"] = 1.0
    elif any(m.variable == GENERIC and (m.first in after or m.first in before) for m in mentions):
        features["sum:head"] = 1.0
    if "total" in clause or "combined" in clause or "altogether" in clause:
        features["sum:total"] = 1.0
    named = {m.variable for m in mentions if m.first in after or m.first in before} - {GENERIC}
    if len(named) == 1:
        features["sum:one_named"] = 1.0
    if _any_of(context, mentions, number, high):
        features["sum:any"] = 1.0
    if len(named) == variables and "or" in [t.lower for t in context.tokens[number.last : high + 1]]:
        features["sum:any"] = 1.0
    all_named = {m.variable for m in mentions if low <= m.first <= high} - {GENERIC}
    after_named = {m.variable for m in mentions if number.last < m.first <= high} - {GENERIC}
    if len(after_named) == variables:
        features["sum:all_after"] = 1.0
    if len(all_named) == variables:
        features["sum:all_named"] = 1.0
    elif all_named and "sum:slot" not in features:
        features["sum:some_named"] = 1.0
    if counts_variables(context, number):
        features["sum:per_unit"] = 1.0
    percents = any(c.number.kind == "percent" for r in rows for c in r.entries.values())
    invests = any(t.stem in ("invest", "investment") or t.lower == "invested" for t in context.tokens)
    if number.money:
        features["sum:money"] = 1.0
        if percents or invests:
            features["sum:invest"] = 1.0
    return Option("sum", GENERIC, features)


def _any_of(context: Context, mentions: list[Mention], number: Number, high: int) -> bool:
    """ "at least 1000 shirts or hoodies" speaks of both together."""
    slot = slot_of(context, number, mentions)
    if slot is None or slot.last + 2 > high or context.tokens[slot.last + 1].lower != "or":
        return False
    following = [m for m in mentions if slot.last + 2 <= m.first <= slot.last + 3]
    return bool(following) and following[0].variable not in (GENERIC, slot.variable)


def _ratio_options(
    context: Context, number: Number, mentions: list[Mention], low: int, high: int
) -> list[Option]:
    ahead = [m for m in mentions if number.last < m.first <= high and m.variable != GENERIC]
    behind = [m for m in mentions if low <= m.last < number.first and m.variable != GENERIC]
    features: dict[int, Features] = {}
    for k, m in enumerate(ahead):
        f = features.setdefault(m.variable, {"ratio": 1.0})
        f["ratio:after"] = 1.0
        if k == 0:
            f["ratio:first"] = 1.0
        if any(t.text in ",;" for t in context.tokens[number.last + 1 : m.first]):
            f["ratio:passed"] = 1.0
        if k == len(ahead) - 1:
            f["ratio:last"] = 1.0
    for m in behind[-1:]:
        features.setdefault(m.variable, {"ratio": 1.0})["ratio:before"] = 1.0
    if not features:
        earlier = [m for m in mentions if m.last < number.first and m.variable != GENERIC]
        for m in earlier[-1:]:
            features[m.variable] = {"ratio": 1.0, "ratio:carry": 1.0}
    return [Option("ratio", v, f) for v, f in features.items()]
