"""Joint discovery: every candidate set of variables is assembled into a model, and the models are ranked."""

from __future__ import annotations

from quod.solvers.drafters.template.assemble import Draft, assemble
from quod.solvers.drafters.template.context import Context
from quod.solvers.drafters.template.variables import candidate_sets


def drafts(context: Context) -> list[Draft]:
    """All candidate models, best first."""
    # Long texts are seldom one problem; they get fewer tries so that refusing them is quick.
    tries = 20 if len(context.tokens) < 600 else 5
    found = [draft for variables in candidate_sets(context, tries) for draft in assemble(context, variables)]
    return sorted(found, key=lambda d: -d.score)
