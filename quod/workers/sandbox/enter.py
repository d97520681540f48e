"""Runs in the child, before the program: gives up what the program must not have, then becomes it.

A script for `python -I -S enter.py CONFIG NUMBERS… PROGRAM ARGUMENTS…`, standard library only, because every
import costs start-up time. CONFIG is a dict, marshalled and in hexadecimal (importing json takes longer than
all the rest): `confine` (path of the runner's confine.py), `abi` (of Landlock), `rules` (pairs of a path and
its rights), `work` (folder to start in), `filter` (instructions of seccomp.py).
After any failure the program is not started.
"""

from __future__ import annotations

import ctypes
import marshal
import os
import struct
import sys
from typing import Any

_LIBC = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 24, 38, 22
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
_LAST_CAPABILITY = 63


def main() -> None:
    """Enter the sandbox and become the program named on the command line."""
    config: dict[str, Any] = marshal.loads(bytes.fromhex(sys.argv[1]))
    confine = _module(config["confine"])
    numbers = [int(text) for text in sys.argv[2 : 2 + confine["NUMBERS"]]]
    program = sys.argv[2 + confine["NUMBERS"] :]
    confine["confine"](*numbers)
    rules = _ruleset(config["abi"], config["rules"])
    os.chdir(config["work"])
    _drop_capabilities()
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")
    _checked(_LIBC.syscall(_RESTRICT_SELF, rules, 0), "landlock_restrict_self")
    os.close(rules)
    _install(config["filter"])
    os.execv(program[0], program)


def _module(path: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "confine"}
    with open(path, encoding="utf-8") as stream:
        exec(compile(stream.read(), path, "exec"), namespace)
    return namespace


def _ruleset(abi: int, rules: list[tuple[str, int]]) -> int:
    """A Landlock ruleset that handles every right of this ABI; what no rule grants is refused."""
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    network = 3 if abi >= 4 else 0
    scopes = 3 if abi >= 6 else 0
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    attributes = struct.pack("=QQQ", files, network, scopes)
    fd = _checked(_LIBC.syscall(_CREATE_RULESET, attributes, size, 0), "landlock_create_ruleset")
    for path, rights in rules:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = struct.pack("=Qi", rights & files, opened)
        _checked(_LIBC.syscall(_ADD_RULE, fd, _PATH_BENEATH, rule, 0), f"landlock_add_rule {path}")
        os.close(opened)
    return fd


def _drop_capabilities() -> None:
    """Root without capabilities is an ordinary user, and no program it becomes gets them back."""
    for capability in range(_LAST_CAPABILITY + 1):
        _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused where there was nothing to lose
    header, none = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), bytes(24)
    _checked(_LIBC.syscall(_CAPSET[os.uname().machine], header, none), "capset")


def _install(code: list[tuple[int, int, int, int | None]]) -> None:
    mine = os.getpid()
    packed = b"".join(struct.pack("=HBBI", c, t, f, mine if k is None else k) for c, t, f, k in code)
    buffer = ctypes.create_string_buffer(packed, len(packed))
    pointer = struct.pack("@HP", len(code), ctypes.addressof(buffer))
    _checked(_LIBC.prctl(_PR_SET_SECCOMP, 2, pointer, 0, 0), "seccomp")


def _checked(result: int, what: str) -> int:
    if result < 0:
        code = ctypes.get_errno()
        sys.stderr.write(f"{what}: {os.strerror(code)}\n")
        os._exit(126)
    return result


if __name__ == "__main__":
    main()
