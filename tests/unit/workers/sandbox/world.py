"""The world around a sandboxed program: canaries, listeners and a victim, looked at from outside."""

from __future__ import annotations

import contextlib
import os
import platform
import secrets
import signal
import socket
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from quod.workers import sandbox
from quod.workers.sandbox import syscalls

VICTIM = """
import ctypes, os, sys
held = ctypes.create_string_buffer(os.environ["SECRET"].encode())
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)  # Yama: anybody may trace this one
print(ctypes.addressof(held), flush=True)
sys.stdin.read()
"""
LOADERS = {"x86_64": "/lib64/ld-linux-x86-64.so.2", "aarch64": "/lib/ld-linux-aarch64.so.1"}


class World:
    """Everything an attack may aim at, and `harm`: what it did."""

    def __init__(self, folder: Path) -> None:
        self.secret, self.marker = secrets.token_hex(16), f"quod-attack-{secrets.token_hex(8)}"
        self.outside = folder / "outside"
        self.outside.mkdir()
        (self.outside / "data").mkdir()
        for name in ("secret", "canary", "data/jobs"):
            (self.outside / name).write_text(self.secret, encoding="ascii")
        self.packages = Path(sysconfig.get_paths()["purelib"])
        self.library = self.packages / f"{self.marker}.txt"
        self.library.write_text("a file that programs may read", encoding="ascii")
        self.signals: list[int] = []
        self.harmed = False
        self._listen(folder)
        self._start_victim()
        self._before = self._snapshot()
        self._handler = signal.signal(signal.SIGUSR1, lambda number, _: self.signals.append(number))

    def knowledge(self) -> dict[str, Any]:
        """What an attacker is told; the secret is not in it."""
        names = {
            "outside": self.outside,
            "secret": self.outside / "secret",
            "canary": self.outside / "canary",
        }
        names |= {"data": self.outside / "data/jobs", "packages": self.packages, "library": self.library}
        names |= {"home": Path.home(), "tests": Path(__file__), "unix": self.unix, "datagram": self.datagram}
        numbers = {"tcp": self.sockets["tcp"].getsockname()[1], "udp": self.sockets["udp"].getsockname()[1]}
        numbers |= {"victim": self.victim.pid, "address": self.address, "parent": os.getpid()}
        found: dict[str, Any] = {name: str(path) for name, path in names.items()} | numbers
        found |= {"marker": self.marker, "abstract": self.marker, "loader": LOADERS[platform.machine()]}
        return found | {"nr": syscalls.numbers(platform.machine())}

    def harm(self, run: sandbox.Run) -> list[str]:
        """What the program obtained or changed, in words; empty if nothing."""
        output = f"{run.stdout}{run.stderr}{run.value!r}"
        found = [line for line in run.stdout.splitlines() if line.startswith("BREACH")]
        if self.secret in output:
            found.append("it read a secret")
        after = self._snapshot()
        changed = {name for name in self._before.keys() | after if self._before.get(name) != after.get(name)}
        found += [f"it changed {name}" for name in sorted(changed)]
        found += [f"it reached {name}" for name, listener in self.sockets.items() if _was_reached(listener)]
        if _state(self.victim.pid) in ("T", "t", "X", "Z"):
            found.append("it stopped or killed another process")
        if self.signals:
            found.append("it signalled the parent")
        found += [f"it lives on: {line}" for line in self.leftovers()]
        self.harmed = self.harmed or bool(found)
        return found

    def leftovers(self) -> list[str]:
        """Living processes that a program of this world left behind."""
        return [f"{pid} {line}" for pid, line in _marked(self.marker)]

    def close(self) -> None:
        """Put everything back; what an attack without a sandbox left is removed too."""
        signal.signal(signal.SIGUSR1, self._handler)
        for pid, _ in _marked(self.marker):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.victim.kill()
        self.victim.communicate()
        for listener in self.sockets.values():
            listener.close()
        for path in self.packages.glob(f"{self.marker}*"):
            if path.is_dir():
                (path / "__pycache__").rmdir()
                path.rmdir()
            else:
                path.unlink()

    def _listen(self, folder: Path) -> None:
        self.unix, self.datagram = str(folder / "u"), str(folder / "d")
        kinds: dict[str, tuple[int, int, Any]] = {
            "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "unix": (socket.AF_UNIX, socket.SOCK_STREAM, self.unix),
            "abstract": (socket.AF_UNIX, socket.SOCK_STREAM, f"\0{self.marker}"),
            "datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, self.datagram),
        }
        self.sockets = {name: socket.socket(family, kind) for name, (family, kind, _) in kinds.items()}
        for name, listener in self.sockets.items():
            listener.bind(kinds[name][2])
            listener.setblocking(False)
            if kinds[name][1] == socket.SOCK_STREAM:
                listener.listen()

    def _start_victim(self) -> None:
        self.victim = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", VICTIM, self.secret],
            env={"SECRET": self.secret},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=self.outside,
            start_new_session=True,
        )
        assert self.victim.stdout is not None
        self.address = int(self.victim.stdout.readline())

    def _snapshot(self) -> dict[str, Any]:
        places = [self.outside, *self.outside.rglob("*"), *self.packages.glob(f"{self.marker}*")]
        places.append(Path(sys.executable).resolve())
        return {str(path): _described(path) for path in places}


def _described(path: Path) -> tuple[Any, ...]:
    found = path.lstat()
    regular = stat.S_ISREG(found.st_mode)
    content = path.read_bytes() if regular and found.st_size < 10_000 else None
    attributes = tuple(os.listxattr(path, follow_symlinks=False))
    times = (found.st_mtime_ns, found.st_ctime_ns)
    return (
        found.st_mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_nlink,
        times,
        content,
        attributes,
    )


def _was_reached(listener: socket.socket) -> bool:
    try:
        if listener.type == socket.SOCK_STREAM:
            listener.accept()[0].close()
        else:
            listener.recv(10)
    except BlockingIOError:
        return False
    return True


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def _marked(marker: str) -> list[tuple[int, str]]:
    """Living processes with the marker in their arguments or environment."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                line = Path(f"/proc/{entry}/cmdline").read_bytes()
                if marker.encode() in line + Path(f"/proc/{entry}/environ").read_bytes():
                    found.append((int(entry), line.replace(b"\0", b" ").decode(errors="replace")[-200:]))
    return found
