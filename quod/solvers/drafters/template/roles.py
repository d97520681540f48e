"""What a number is: a coefficient, a bound, or no part of the model.

The tagger is sure of itself also where it is wrong (other subjects than it learned from), so its
marginals are only one feature, clipped, beside the wording around the number.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

from quod.solvers.drafters.template.context import Context, words_after, words_before
from quod.solvers.drafters.template.direction import explicit, weak
from quod.solvers.drafters.template.lexicon import STOP, UNITS, words
from quod.solvers.drafters.template.numbers import Number

WEIGHTS = Path(__file__).with_name("roles.json")
COEFFICIENT, BOUND, NEITHER = "p", "b", "o"
ROLES = (COEFFICIENT, BOUND, NEITHER)
_CLIP = 3.0
_CUES = words("""
    available budget each per every requires require takes take costs cost has have contains contain
    must needs need uses use profit return yields earn whereas while total only access and to of spend
    invest
    """)


_weights: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))


def shipped_weights() -> dict[str, float]:
    """Weights that are part of the package."""
    return _weights


def use(path: Path) -> None:
    """Puts other weights in the place of the shipped ones (training does so from stage to stage)."""
    _weights.clear()
    _weights.update(json.loads(path.read_text(encoding="utf-8")))


def _logit(p: float) -> float:
    return max(-_CLIP, min(_CLIP, math.log((p + 1e-4) / (1 - p + 1e-4))))


def features(context: Context, number: Number) -> dict[str, float]:
    """What the tagger and the wording around the number say of its role."""
    p = context.weight("PARAM", number.first, number.last)
    b = context.weight("LIMIT", number.first, number.last)
    row: dict[str, float] = {"bias": 1.0, "P": _logit(p), "L": _logit(b), "kind=" + number.kind: 1.0}
    row["one"] = float(number.text.lower() == "one")
    named = context.tagging.marginals[number.last + 1 : number.last + 6, 0].max(initial=0.0)
    row["one:named"] = float(number.value == 1) * float(named)
    row["worded"] = float(number.worded and number.kind == "plain" and number.value <= 6)
    before, after = words_before(context, number), words_after(context, number)
    cue = explicit(context, before)
    if cue is not None:
        row["cue"] = 1.0
        row["cue:tight"] = float(number.first - cue.last <= 2)
        row["cue:kind=" + number.kind] = 1.0
    start, end = context.sentence_of(number.first)
    earlier = explicit(context, range(start, before.start))
    row["cue:earlier"] = float(earlier is not None and cue is None)
    for i in before:
        if context.tokens[i].lower in _CUES:
            row["-" + context.tokens[i].lower] = 1.0
    for i in after:
        if context.tokens[i].lower in _CUES:
            row["+" + context.tokens[i].lower] = 1.0
    row["tagged_dir"] = float(context.tagging.marginals[before.start : number.first, 3].max(initial=0.0))
    row["tagged_dir_after"] = float(context.tagging.marginals[after.start : after.stop, 3].max(initial=0.0))
    row["tagged_var"] = float(context.tagging.marginals[before.start : number.first, 0].max(initial=0.0))
    row["tagged_var_after"] = float(context.tagging.marginals[after.start : after.stop, 0].max(initial=0.0))
    row["sentence:available"] = float(
        any(context.tokens[i].lower == "available" for i in range(start, end + 1))
    )
    row["money"] = float(number.money)
    previous = context.tokens[number.first - 1] if number.first > start else None
    row["capital"] = float(previous is not None and previous.text[:1].isupper() and previous.index > start)
    row["year"] = float(number.text.isdigit() and 1900 <= number.value <= 2100 and "," not in number.text)
    implied = weak(context, range(before.start, after.stop))
    row["weak:none"] = float(implied is None and cue is None)
    row["weak:" + implied.op if implied else "weak:-"] = 1.0
    row["unit:" + _standing(context, number)] = 1.0
    row["listed:" + _listed_after(context, number)] = 1.0
    return row


def _listed_after(context: Context, number: Number) -> str:
    """In "30 units of A and 40 units of B" the second number has the role of the first: is that a bound?"""
    k = context.number_at[number.first]
    if k == 0:
        return "-"
    previous = context.numbers[k - 1]
    between = context.tokens[previous.last + 1 : number.first]
    joined = any(t.lower in ("and", "or", ",") for t in between[-2:] + between[-3:-2])
    plain = all(t.stem not in STOP or t.lower in ("of", "and", "or", ",", "$", "the") for t in between)
    if not joined or not plain or len(between) > 9:
        return "-"
    before = words_before(context, previous)
    implied = explicit(context, before) or weak(context, before)
    return (
        "cue"
        if implied
        else "tag"
        if context.weight("LIMIT", previous.first, previous.last) > 0.5
        else "none"
    )


def _noun(context: Context, number: Number) -> str:
    if number.money:
        return "$"
    nouns = [context.tokens[i] for i in words_after(context, number) if context.tokens[i].stem not in STOP]
    if nouns and nouns[0].stem in UNITS and len(nouns) > 1:
        return nouns[0].root + " " + nouns[1].root
    return nouns[0].root if nouns else ""


def _standing(context: Context, number: Number) -> str:
    """A bound is most often the largest of the numbers with its noun."""
    noun = _noun(context, number)
    if not noun or number.kind != "plain":
        return "-"
    others = [
        n.value
        for n in context.numbers
        if n is not number and n.kind == "plain" and _noun(context, n) == noun
    ]
    if not others:
        return "alone"
    if number.value > 3 * max(others):
        return "far above"
    return "largest" if number.value > max(others) else "tied" if number.value == max(others) else "below"


def probabilities(context: Context, number: Number) -> dict[str, float]:
    """Probability of each role."""
    known = context.chances.get(number.first)
    if known is not None:
        return known
    weights, row = shipped_weights(), features(context, number)
    scores = {r: sum(weights.get(f"{r}|{f}", 0.0) * v for f, v in row.items()) for r in ROLES}
    top = max(scores.values())
    total = sum(math.exp(s - top) for s in scores.values())
    context.chances[number.first] = {r: math.exp(s - top) / total for r, s in scores.items()}
    return context.chances[number.first]
