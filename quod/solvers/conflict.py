"""A minimal infeasible subset of the rows and bounds of a model: HiGHS' IIS first, then a deletion filter.

HiGHS finds irreducible subsets of linear models only (with `iis_strategy` 2; the default returns nothing).
The filter re-solves the model itself, with integrality, and drops a member only when the rest is proven
infeasible; what it keeps it keeps because the rest was proven feasible (Chinneck and Dravnieks, Locating
minimal infeasible constraint sets in linear programs, ORSA Journal on Computing 3(2), 1991).
"""

from __future__ import annotations

import dataclasses
import re
import time
from collections.abc import Sequence
from typing import Any, Literal

import highspy
import numpy as np

from quod import jobs
from quod.solvers import highs
from quod.solvers.options import Options
from quod.solvers.standard import StandardForm

_LINEARISED = re.compile(r"#")
_STRATEGY = 2  # ray of the linear model, then elastic and irreducible
_SOLVE_SECONDS = 10.0  # one question may take so long; unanswered, the member is kept


@dataclasses.dataclass(frozen=True, order=True)
class Member:
    """A declared row (`index` in the form) or one bound of a column."""

    kind: Literal["row", "lower", "upper"]
    index: int


@dataclasses.dataclass(frozen=True)
class Conflict:
    """Members that cannot hold together.

    `irreducible`: without any one of them the rest was proven feasible. `by_integrality`: the members only
    contradict each other because some columns are whole numbers.
    """

    members: list[Member]
    irreducible: bool
    by_integrality: bool
    solves: int


def find(form: StandardForm, options: Options, deadline: float) -> Conflict | None:
    """A conflict of a float form until `deadline` (`time.perf_counter`); None if it is not shown infeasible.

    Past the deadline the members left so far are returned, with `irreducible` false.
    """
    crossed = np.flatnonzero(form.lower > form.upper)
    if len(crossed):
        column = int(crossed[0])
        return Conflict([Member("lower", column), Member("upper", column)], True, False, 0)
    empty = np.flatnonzero(_fails_without_terms(form))
    if len(empty):
        return Conflict([Member("row", int(empty[0]))], True, False, 0)
    plain = dataclasses.replace(form, cost=np.zeros(form.shape[1]), quadratic=[])
    mixed = bool(form.integer.any())
    relaxed = _Feasibility(plain, options, deadline, relaxed=True)
    start: list[Member] = []
    linear = relaxed.holds(())
    if linear is False:
        start = _irreducible_subset(plain, options, deadline)
    question = _Feasibility(plain, options, deadline) if mixed else relaxed
    members = _members(plain)
    if start and question.holds(_others(members, start)) is False:
        kept, proven = _filter(question, start, dropped=_others(members, start))
    elif question.holds(()) is False:
        kept, proven = _filter(question, members, dropped=[])
    else:
        return None
    by_integrality = mixed and relaxed.holds(_others(members, kept)) is True
    return Conflict(sorted(kept), proven, by_integrality, relaxed.solves + (question.solves if mixed else 0))


def groups(form: StandardForm) -> dict[int, list[int]]:
    """For each declared row its own index and those of the rows that linearise its abs, min and max.

    Rows that linearise the objective belong to none: they can always be satisfied.
    """
    found: dict[int, list[int]] = {i: [i] for i in range(form.declared_rows)}
    if form.shape[0] > form.declared_rows:
        names = {form.row_name(i): i for i in range(form.declared_rows)}
        for i in range(form.declared_rows, form.shape[0]):
            owner = names.get(_LINEARISED.split(form.row_name(i))[0])
            if owner is not None:
                found[owner].append(i)
    return found


def _fails_without_terms(form: StandardForm) -> Any:
    """(declared rows,) the contradictions such as 0 >= 1; HiGHS does not look at them in an empty model."""
    rhs, sense = form.rhs, form.row_sense
    fails = ((sense >= 0) & (rhs > 0)) | ((sense <= 0) & (rhs < 0))
    return ((np.diff(form.indptr) == 0) & fails)[: form.declared_rows]


def _members(form: StandardForm) -> list[Member]:
    """Rows first, long ones before short ones: what the filter tries first it drops most easily."""
    lengths = np.diff(form.indptr)
    rows = sorted(range(form.declared_rows), key=lambda i: -int(lengths[i]))
    members = [Member("row", i) for i in rows]
    members += [Member("upper", int(j)) for j in np.flatnonzero(np.isfinite(form.upper))]
    return members + [Member("lower", int(j)) for j in np.flatnonzero(np.isfinite(form.lower))]


def _others(members: Sequence[Member], kept: Sequence[Member]) -> list[Member]:
    inside = set(kept)
    return [member for member in members if member not in inside]


class _Feasibility:
    """One HiGHS model without objective whose members are switched off and on again."""

    def __init__(
        self, form: StandardForm, options: Options, deadline: float, *, relaxed: bool = False
    ) -> None:
        self._form, self._deadline = form, deadline
        self._model = highs.load(form, relaxed=relaxed)
        highs.configure(self._model, options)
        self._groups = groups(form)
        self._off: set[Member] = set()
        self.solves = 0

    def holds(self, dropped: Sequence[Member]) -> bool | None:
        """Whether the model without `dropped` is feasible; None when HiGHS could not tell in time."""
        wanted = set(dropped)
        if self.out_of_time:
            return None
        for member in self._off ^ wanted:
            on = member in self._off
            (self._off.discard if on else self._off.add)(member)
            self._switch(member, on=on)
        # HiGHS counts the time of all runs of a model together.
        seconds = min(self._deadline - time.perf_counter(), _SOLVE_SECONDS)
        self._model.setOptionValue("time_limit", self._model.getRunTime() + seconds)
        self.solves += 1
        termination = highs.TERMINATION.get(highs.run(self._model).name)
        if termination is jobs.Termination.INFEASIBLE_OR_UNBOUNDED:
            # Without an objective nothing is unbounded.
            return False
        if termination is jobs.Termination.OPTIMAL:
            return True
        return False if termination is jobs.Termination.INFEASIBLE else None

    @property
    def out_of_time(self) -> bool:
        return time.perf_counter() >= self._deadline

    def _switch(self, member: Member, *, on: bool) -> None:
        form, model, infinity = self._form, self._model, highspy.kHighsInf
        if member.kind == "row":
            for i in self._groups[member.index]:
                low = float(form.rhs[i]) if on and form.row_sense[i] >= 0 else -infinity
                high = float(form.rhs[i]) if on and form.row_sense[i] <= 0 else infinity
                model.changeRowBounds(i, low, high)
            return
        j = member.index
        low = -infinity if Member("lower", j) in self._off else float(form.lower[j])
        high = infinity if Member("upper", j) in self._off else float(form.upper[j])
        model.changeColBounds(j, low, high)


def _irreducible_subset(form: StandardForm, options: Options, deadline: float) -> list[Member]:
    """HiGHS' IIS of the linear relaxation, empty when it gives none."""
    model = highs.load(form, relaxed=True)
    highs.configure(model, options)
    model.setOptionValue("iis_strategy", _STRATEGY)
    model.setOptionValue("iis_time_limit", max(0.1, deadline - time.perf_counter()))
    highs.run(model)
    _, iis = model.getIis()
    if not iis.valid_:
        return []
    owners = {i: row for row, indices in groups(form).items() for i in indices}
    found = {Member("row", owners[i]) for i in iis.row_index_ if i in owners}
    bounds = highspy.IisBoundStatus
    for j, status in zip(iis.col_index_, iis.col_bound_, strict=True):
        if int(status) in (int(bounds.kIisBoundStatusLower), int(bounds.kIisBoundStatusBoxed)):
            found.add(Member("lower", int(j)))
        if int(status) in (int(bounds.kIisBoundStatusUpper), int(bounds.kIisBoundStatusBoxed)):
            found.add(Member("upper", int(j)))
    known = set(_members(form))
    return sorted(found & known, key=lambda m: (m.kind != "row", m))


def _filter(
    question: _Feasibility, candidates: Sequence[Member], dropped: Sequence[Any]
) -> tuple[list[Member], bool]:
    """Drop blocks of candidates while the rest stays infeasible; `dropped` are gone already.

    Feasible stays feasible when more is dropped, so each member kept with a proof is needed at the end too.
    """
    gone: list[Member] = list(dropped)
    kept: list[Member] = []
    proven = True
    pending = [list(candidates)]
    while pending:
        block = pending.pop()
        if question.out_of_time:
            kept += block
            proven = False
            continue
        answer = question.holds([*gone, *block])
        if answer is False:
            gone += block
        elif len(block) > 1:
            half = len(block) // 2
            pending += [block[half:], block[:half]]
        else:
            kept += block
            proven = proven and answer is True
    return kept, proven
