"""The filter as a program: run by a small machine here, for architectures that this one is not."""

from __future__ import annotations

import platform
import re
import struct
from pathlib import Path

import pytest

from quod.workers.sandbox import seccomp, syscalls

ALLOW, KILL, EPERM, ENOTTY, ENOSYS = 0x7FFF0000, 0x80000000, 0x50001, 0x50019, 0x50026
MINE = 4242
SOCKETPAIR_CASES = [((1, 1), ALLOW), ((1, 0x80801), ALLOW), ((1, 2), EPERM), ((1, 5), EPERM), ((2, 1), EPERM)]


def verdict(code, arch: int, number: int, *arguments: int) -> int:
    """What the kernel would answer: classic BPF on struct seccomp_data."""
    data = struct.pack(
        "=IIQ6Q", number, arch, 0, *[value & (2**64 - 1) for value in (*arguments, *[0] * 6)[:6]]
    )
    at, held = 0, 0
    while True:
        operation, if_true, if_false, operand = code[at]
        operand = MINE if operand is None else operand
        at += 1
        if operation == 0x06:
            return operand
        if operation == 0x20:
            held = struct.unpack_from("=I", data, operand)[0]
        elif operation == 0x54:
            held &= operand
        else:
            tests = {
                0x15: held == operand,
                0x25: held > operand,
                0x35: held >= operand,
                0x45: bool(held & operand),
            }
            at += if_true if tests[operation] else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def ask(request):
    machine = request.param
    number, arch = syscalls.numbers(machine), syscalls.AUDIT_ARCH[machine]

    def asked(name: str, *arguments: int, fork: bool = False, signals: bool = False) -> int:
        code = seccomp.program(machine, fork=fork, signals=signals)
        return verdict(code, arch, number[name], *arguments)

    return asked


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_jump_lands_inside_and_the_kernel_would_take_it(machine):
    for fork in (False, True):
        code = seccomp.program(machine, fork=fork, signals=fork)
        assert len(code) <= 4096
        for at, (_, if_true, if_false, _) in enumerate(code):
            assert 0 <= if_true <= 255
            assert 0 <= if_false <= 255
            assert at + 1 + max(if_true, if_false) < len(code) or code[at][0] == 0x06


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_refused_call_is_refused_and_no_other(machine):
    number, arch = syscalls.numbers(machine), syscalls.AUDIT_ARCH[machine]
    code = seccomp.program(machine, fork=True, signals=True)
    refused = set(seccomp.REFUSED)
    assert refused <= set(numbers_of_both())
    for name, value in number.items():
        expected = EPERM if name in refused else ENOSYS if name in ("clone3", "openat2") else None
        if expected is not None:
            assert verdict(code, arch, value) == expected, name
    named = set(number.values())
    assert all(verdict(code, arch, n) == ALLOW for n in range(457) if n not in named)
    assert all(verdict(code, arch, n) == ENOSYS for n in range(457, 2000))


def numbers_of_both() -> set[str]:
    return set(syscalls.numbers("x86_64")) | set(syscalls.numbers("aarch64"))


def test_other_call_tables_are_killed():
    x86, arm = (seccomp.program(machine, fork=True, signals=True) for machine in ("x86_64", "aarch64"))
    assert verdict(x86, 0x40000003, 20) == KILL  # i386
    assert verdict(arm, 0x40000028, 20) == KILL  # 32-bit ARM
    assert verdict(x86, syscalls.AUDIT_ARCH["aarch64"], 0) == KILL
    assert verdict(x86, syscalls.AUDIT_ARCH["x86_64"], 0x40000000 | 41) == KILL  # x32
    assert verdict(x86, syscalls.AUDIT_ARCH["x86_64"], 0xFFFFFFFF) == KILL


def test_threads_but_no_processes(ask):
    thread, child = 0x3D0F00, 0x1200011
    assert (ask("clone", thread), ask("clone", child)) == (ALLOW, EPERM)
    assert (ask("clone", thread, fork=True), ask("clone", child, fork=True)) == (ALLOW, ALLOW)


@pytest.mark.parametrize("fork", [False, True])
def test_all_threads_have_the_same_descriptors(fork, ask):
    assert ask("clone", 0x3D0F00 & ~0x400, fork=fork) == EPERM
    assert [ask("close_range", 3, 99, flags, fork=fork) for flags in (0, 4, 2, 6)] == [ALLOW] * 2 + [
        EPERM
    ] * 2


def test_several_processes_share_no_memory_but_files(ask):
    kinds = {"private": 0x22, "file": 0x01, "anonymous": 0x21, "validated": 0x23, "with more": 0x8021}
    assert {kind: ask("mmap", 0, 4096, 3, flags, fork=True) == ALLOW for kind, flags in kinds.items()} == {
        "private": True,
        "file": True,
        "anonymous": False,
        "validated": False,
        "with more": False,
    }
    assert ask("mmap", 0, 4096, 3, 0x21) == ALLOW


def test_memory_in_use_stays_resident(ask):
    assert [ask("madvise", 0, 4096, advice) for advice in (4, 8, 14, 21)] == [ALLOW] * 3 + [EPERM]


def test_no_disk_without_writing_and_no_descriptor_in_flight(ask):
    assert ask("fallocate", 3, 0, 0, 1 << 20) == 0x5005F
    assert {ask(name, 3, 0, 0) for name in ("sendmsg", "recvmsg", "sendmmsg", "recvmmsg")} == {EPERM}


@pytest.mark.parametrize("bit", [17, 25, 26, 27, 28, 29, 30, 13, 15])
def test_no_namespace_no_sibling_no_tracing_by_clone(bit, ask):
    assert ask("clone", 1 << bit | 17, fork=True) == EPERM
    assert ask("clone", 1 << bit | 0x10000, fork=False) == EPERM


def test_signals(ask):
    assert [ask("kill", pid) for pid in (MINE, 0, -1, 1, MINE + 1, -MINE)] == [ALLOW, ALLOW, *[EPERM] * 4]
    assert (ask("tgkill", MINE, 7), ask("tgkill", 7, 7)) == (ALLOW, EPERM)
    assert (ask("kill", 7, signals=True), ask("tgkill", 7, 7, signals=True)) == (ALLOW, ALLOW)
    assert (ask("tkill", MINE, signals=True), ask("rt_sigqueueinfo", MINE, signals=True)) == (EPERM, EPERM)


def test_the_upper_half_of_an_argument_hides_nothing(ask):
    assert ask("kill", 1 | MINE << 32) == EPERM
    assert ask("ioctl", 0, 0x5412 | 0x5401 << 32) == ENOTTY
    assert ask("fcntl", 0, 8 | 1 << 32) == EPERM
    assert ask("prctl", 1 | 15 << 32) == EPERM


@pytest.mark.parametrize(("arguments", "expected"), SOCKETPAIR_CASES)
def test_only_pairs_that_cannot_send_elsewhere(arguments, expected, ask):
    assert ask("socketpair", *arguments) == expected


def test_attributes_are_as_on_a_file_system_without(ask):
    names = ("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr")
    assert {ask(name) for name in names} == {0x5005F}


def test_no_urgent_data(ask):
    assert [ask(name, 3, 0, 1, 0x4000) for name in ("sendto", "recvfrom")] == [ALLOW] * 2
    assert [ask(name, 3, 0, 1, 0x4001) for name in ("sendto", "recvfrom")] == [EPERM] * 2


def test_questions_about_own_files_only(ask):
    assert [ask("ioctl", 1, request) for request in (0x5401, 0x5413, 0x541B)] == [ALLOW] * 3
    requests = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "FIOSETOWN": 0x8901, "FS_IOC_SETFLAGS": 0x40086602}
    assert {ask("ioctl", 1, request) for request in requests.values()} == {ENOTTY}
    assert [ask("fcntl", 1, command) for command in (1, 2, 3, 4, 6, 1030)] == [ALLOW] * 6
    assert {ask("fcntl", 1, command) for command in (8, 10, 15, 1024, 1026, 1031)} == {EPERM}


def test_reading_does_not_truncate(ask):
    assert ask("openat", -100, 0, 0x80000) == ALLOW
    assert ask("openat", -100, 0, 0x80241) == ALLOW
    assert ask("openat", -100, 0, 0x80200) == EPERM


def test_own_limits_and_processors_only(ask):
    assert (ask("prlimit64", 0), ask("prlimit64", 7)) == (ALLOW, EPERM)
    assert (ask("sched_setaffinity", 0), ask("sched_setaffinity", 7)) == (ALLOW, EPERM)


HEADER = Path(f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h")


@pytest.mark.skipif(not HEADER.exists(), reason=f"no kernel header {HEADER} to compare with")
def test_the_numbers_are_those_of_the_kernel_headers():
    known = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="ascii")))
    ours = syscalls.numbers(platform.machine())
    compared = {name: value for name, value in ours.items() if name in known}
    assert len(compared) > 100
    assert compared == {name: int(known[name]) for name in compared}
