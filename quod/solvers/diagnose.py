"""Why a formulation is infeasible, in the user's sentences, and what would mend it.

A minimal set of rows and bounds that contradict each other, and for each of them the smallest change of its
number that alone restores feasibility. A change outside the set can restore nothing: the set would remain.
"""

from __future__ import annotations

import dataclasses
import re
import time
from fractions import Fraction
from typing import Any

from quod import errors, numbers
from quod.solvers import conflict, elastic, expand, sentences
from quod.solvers.conflict import Member
from quod.solvers.elastic import Change
from quod.solvers.exact.program import float_form
from quod.solvers.formulation import Evidence, Formulation
from quod.solvers.options import Options
from quod.solvers.standard import StandardForm

_TERMS = 8  # of a row that are shown
_SENSE = {-1: "<=", 0: "==", 1: ">="}


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """The conflict and the relaxations as JSON-ready entries.

    `conflict`: `row`, `kind` (row, lower, upper), `sentence` (None where the text has none), `expression`.
    `relaxations`, one for each member but bounds that only say that amounts are not negative: `row`, `from`,
    `to`, `change` (exact numbers as text, approximate ones as JSON numbers; `to` and `change` are None when
    no single change is enough) and `message` for people. `proven_irreducible`: without any one member HiGHS
    found the rest feasible. `by_integrality`: divisible amounts would satisfy the members.
    """

    conflict: list[dict[str, Any]]
    relaxations: list[dict[str, Any]]
    proven_irreducible: bool
    by_integrality: bool

    def as_json(self) -> dict[str, Any]:
        """What goes into `Result.answer`."""
        return dataclasses.asdict(self)


def diagnose(formulation: Formulation, options: Options | None = None) -> Diagnosis | None:
    """Diagnose an infeasible linear formulation within `options.time_limit`; None when it is feasible.

    Raises InvalidInput for a model that is not linear (lp, milp, or a quadratic objective on linear rows).
    """
    options = options or Options()
    deadline = time.perf_counter() + options.time_limit
    form = expand.expand(formulation, exact=True)
    if form.kind not in ("lp", "milp", "qp", "miqp"):
        raise errors.InvalidInput(f"a model of class {form.kind} cannot be diagnosed")
    # Half of the time is for the relaxations.
    found = conflict.find(
        float_form(form), options, time.perf_counter() + (deadline - time.perf_counter()) / 2
    )
    if found is None:
        return None
    words = _Words(formulation, form)
    wanted = [member for member in found.members if not _natural(form, member)]
    changes = [elastic.smallest(form, member, options, deadline) for member in wanted]
    return Diagnosis(
        [words.entry(member) for member in found.members],
        [words.relaxation(change) for change in changes],
        found.irreducible,
        found.by_integrality,
    )


class _Words:
    """Members of a conflict in the words of the formulation and its text."""

    def __init__(self, formulation: Formulation, form: StandardForm) -> None:
        self._formulation, self._form = formulation, form
        self._constraints = {row.name: row for row in formulation.constraints}
        self._variables = {variable.name: variable for variable in formulation.variables}

    def entry(self, member: Member) -> dict[str, Any]:
        name, text = self.name(member), self._standard(member)
        if member.kind == "row":
            declared = self._constraints[_declared(name)]
            expression = text if declared.for_each else declared.expression
            sentence = self._sentence(declared.evidence)
        else:
            expression = text
            sentence = self._bound_sentence(member)
        return {"row": name, "kind": member.kind, "sentence": sentence, "expression": expression}

    def relaxation(self, change: Change) -> dict[str, Any]:
        name, text, amount = self.name(change.member), self._standard(change.member), change.amount
        entry: dict[str, Any] = {"row": name, "from": numbers.to_text(change.before)}
        if amount is None:
            message = f"no single change of {name} is enough"
            if change.unknown:
                message = f"the smallest change of {name} could not be found in time"
            return {**entry, "to": None, "change": None, "message": message}
        if not isinstance(amount, Fraction):
            after = float(change.before) + amount
            return {**entry, "to": after, "change": amount, "message": f"{text}: about {after:g} would do"}
        exact_after = change.before + amount
        shown, before = numbers.to_decimal_text(exact_after), numbers.to_decimal_text(change.before)
        message = f"{text}: {shown} instead of {before} would do"
        if text.startswith("0 "):
            message = f"{name} has no variables left, it reads {text}"
        to, by = numbers.to_text(exact_after), numbers.to_text(amount)
        return {**entry, "to": to, "change": by, "message": message}

    def name(self, member: Member) -> str:
        """The row, or the column of a bound."""
        form = self._form
        return form.row_name(member.index) if member.kind == "row" else form.column_name(member.index)

    def _standard(self, member: Member) -> str:
        """The row as collected: variables left, number right."""
        form = self._form
        if member.kind != "row":
            bound = form.lower if member.kind == "lower" else form.upper
            sign = ">=" if member.kind == "lower" else "<="
            return f"{form.column_name(member.index)} {sign} {_shown(bound[member.index])}"
        i = member.index
        span = range(int(form.indptr[i]), int(form.indptr[i + 1]))
        left = _linear([(form.data[k], form.column_name(int(form.indices[k]))) for k in span[:_TERMS]])
        more = f" + … ({len(span) - _TERMS} more terms)" if len(span) > _TERMS else ""
        return f"{left}{more} {_SENSE[int(form.row_sense[i])]} {_shown(form.rhs[i])}"

    def _sentence(self, evidence: list[Evidence]) -> str | None:
        if not self._formulation.text:
            return None
        return " ".join(sentences.around(self._formulation.text, evidence)) or None

    def _bound_sentence(self, member: Member) -> str | None:
        """The sentences on the variable that hold the number of the bound."""
        form = self._form
        value = _shown((form.lower if member.kind == "lower" else form.upper)[member.index])
        variable = self._variables.get(_declared(form.column_name(member.index)))
        text = self._formulation.text
        if variable is None or not text:
            return None
        number = re.compile(rf"(?<![\d.,]){re.escape(value)}(?![\d]|[.,]\d)")
        pieces = [s for s in sentences.around(text, variable.evidence) if number.search(s.replace(",", ""))]
        return " ".join(pieces) or None


def _natural(form: StandardForm, member: Member) -> bool:
    """A lower bound of zero: to relax "amounts are not negative" mends nothing."""
    return member.kind == "lower" and form.lower[member.index] == 0


def _declared(name: str) -> str:
    return re.split(r"[\[#]", name, maxsplit=1)[0]


def _shown(value: Any) -> str:
    return numbers.to_decimal_text(Fraction(int(value.p), int(value.q)))


def _linear(terms: list[tuple[Any, str]]) -> str:
    """`3*x - y`; `0` without terms."""
    text = ""
    for coefficient, name in terms:
        negative = coefficient < 0
        size = _shown(-coefficient if negative else coefficient)
        product = name if size == "1" else f"({size})*{name}" if "/" in size else f"{size}*{name}"
        if text:
            text += f" {'-' if negative else '+'} {product}"
        else:
            text = f"-{product}" if negative else product
    return text or "0"
