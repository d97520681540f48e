"""Fixed parts of exported Pyomo scripts, and names that do not clash with them."""

from __future__ import annotations

import builtins

import pyomo.environ as pyo

from quod.solvers.formulation import Formulation

HEADER = '''"""{title}

Written by quod. Run it with Python: `pip install {packages}`.
"""

import pyomo.environ as pyo

model = pyo.ConcreteModel()
'''
EXTREMA = '''

def largest(*terms):
    """max(terms) where it is minimized or bounded from above: a new variable above all of them."""
    term = model.linearised.add()
    for part in terms:
        model.linearised_rows.add(part <= term)
    return term


def smallest(*terms):
    """min(terms) where it is maximized or bounded from below: a new variable below all of them."""
    term = model.linearised.add()
    for part in terms:
        model.linearised_rows.add(term <= part)
    return term

'''
GENERAL_EXTREMA = '''

def absolute(value):
    """abs as a function that SCIP reads from Pyomo."""
    return pyo.sqrt(value ** 2)


def largest(first, *others):
    """max as a nonlinear function."""
    for other in others:
        first = (first + other + absolute(first - other)) / 2
    return first


def smallest(first, *others):
    """min as a nonlinear function."""
    for other in others:
        first = (first + other - absolute(first - other)) / 2
    return first

'''
CHECKED = '''

def checked(row):
    """A row without variables is true or false; Pyomo needs an expression."""
    if isinstance(row, bool):
        return (None, model.nothing, 0 if row else -1)
    return row

'''
STRICT = '''

def below(left, right):
    """left < right. Over integers: <= bound - 1 with whole coefficients; else the closure <=."""
    row = generate_standard_repn(left - right)
    if not row.is_linear() or any(v.is_continuous() for v in row.linear_vars):
        return left <= right
    values = [Fraction(v).limit_denominator(10**6) for v in row.linear_coefs]
    scale = math.lcm(*(v.denominator for v in values))
    scale = Fraction(scale, math.gcd(*(int(v * scale) for v in values)) or 1)
    bound = math.ceil(-Fraction(row.constant).limit_denominator(10**6) * scale) - 1
    return sum(int(v * scale) * x for v, x in zip(values, row.linear_vars)) <= bound

'''
FOOTER = """
if __name__ == "__main__":
    try:
        results = pyo.SolverFactory("{solver}").solve(model)
    except RuntimeError as error:  # Pyomo's way to say that there is no solution to load
        raise SystemExit(f"no solution: {error}")
    print(results.solver.termination_condition)
    print("objective", pyo.value(model.objective))
    for variable in model.component_data_objects(pyo.Var):
        print(variable.name, variable.value)
"""


RESERVED = frozenset(
    {"model", "pyo", "math", "Fraction", "generate_standard_repn", "below", "checked"}
    | {"absolute", "largest", "smallest", "linearised", "linearised_rows", "nothing"}
    | {"results", "variable", "objective"}
)


def free(name: str) -> str:
    """A name that Pyomo and the script leave free."""
    while hasattr(pyo.ConcreteModel, name) or name in RESERVED:
        name += "_"
    return name


def loop(name: str) -> str:
    """A loop name that hides nothing the script uses."""
    return name + "_" if name in RESERVED or name in dir(builtins) else name


def rows(formulation: Formulation) -> dict[str, str]:
    """Names of constraints, apart from those of sets, parameters and variables."""
    parts = (formulation.sets, formulation.parameters, formulation.variables)
    taken = {free(item.name) for items in parts for item in items}
    names: dict[str, str] = {}
    for constraint in formulation.constraints:
        name = free(constraint.name)
        while name in taken or name in dir(builtins):
            name += "_"
        taken.add(name)
        names[constraint.name] = name
    return names
