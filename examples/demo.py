"""The main job on real input: three NL4Opt problems solved from their words, their certificates re-checked.

No key, no server, no network. Each certificate is checked by a fresh `quod check` process that has only the
result file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from quod import Client
from quod.cli import show

EXAMPLES = Path(__file__).parent


def main() -> int:
    """Solve, print, save and re-check every example; 0 if all were solved and accepted."""
    accepted = 0
    paths = sorted(EXAMPLES.glob("*.txt"))
    with Client() as quod, tempfile.TemporaryDirectory() as folder:
        for path in paths:
            text = path.read_text(encoding="utf-8")
            print(f"\n── {path.name} " + "─" * 60 + f"\n{text}", flush=True)
            result = quod.solve(text)
            show.result(result)
            saved = Path(folder) / f"{path.stem}.json"
            result.save(saved)
            print(f"$ quod check {saved.name}", flush=True)
            done = subprocess.run(
                [sys.executable, "-m", "quod", "check", saved.name], cwd=folder, check=False
            )
            accepted += done.returncode == 0
    print(f"\n{accepted} of {len(paths)} problems solved and their certificates accepted")
    return 0 if accepted == len(paths) else 1


if __name__ == "__main__":
    sys.exit(main())
