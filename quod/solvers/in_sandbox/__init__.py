"""What runs inside the sandbox, beside code that a model wrote.

These files are read as text and run without the rest of quod; they import only each other, Pyomo and the
standard library. `quod.solvers.from_pyomo` sends them, and trusts nothing that comes back.
"""
