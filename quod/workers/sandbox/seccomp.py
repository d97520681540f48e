"""The system-call filter of both back ends: a seccomp program in classic BPF, assembled here.

Everything is allowed but what is named below: calls that reach other processes, the network, the machine, or
memory and files outside the limits. The architecture's second system-call tables (i386, x32, 32-bit ARM) kill
the program. Arguments that are pointers cannot be looked into; calls whose danger hides there are refused.

Source of the format: Documentation/userspace-api/seccomp_filter.rst and linux/filter.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

from quod.workers.sandbox import syscalls

Instruction = tuple[int, int, int, int | None]
"""Code, jump if true, jump if false, operand; None as the operand stands for the program's process id."""

SELF = None

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _GREATER, _AT_LEAST, _ANY_BIT = 0x15, 0x25, 0x35, 0x45
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOTTY, _ENOSYS, _ENOTSUP = 1, 25, 38, 95
_X32 = 0x40000000

_REFUSED_NAMES = """
    accept accept4 bind connect listen recvmmsg recvmsg sendmmsg sendmsg setsockopt socket
    kcmp pidfd_getfd pidfd_open pidfd_send_signal process_madvise process_mrelease process_vm_readv
    process_vm_writev ptrace rt_sigqueueinfo rt_tgsigqueueinfo tkill get_robust_list
    setpgid setsid ioprio_set migrate_pages move_pages sched_setattr sched_setparam sched_setscheduler
    setpriority
    add_key keyctl request_key
    bpf perf_event_open seccomp userfaultfd io_uring_enter io_uring_register io_uring_setup
    io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit
    chroot fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root setns
    umount2 unshare
    chmod fchmod fchmodat fchmodat2 chown fchown fchownat lchown utime utimes utimensat futimesat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    truncate mknod mknodat name_to_handle_at open_by_handle_at
    fanotify_init fanotify_mark inotify_add_watch inotify_init inotify_init1
    memfd_create memfd_secret shmat shmctl shmdt shmget semctl semget semop semtimedop
    msgctl msgget msgrcv msgsnd mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink
    splice tee vmsplice remap_file_pages
    acct adjtimex clock_adjtime clock_settime settimeofday delete_module finit_module init_module ioperm iopl
    kexec_file_load kexec_load lookup_dcookie modify_ldt nfsservctl personality quotactl quotactl_fd reboot
    sethostname setdomainname swapoff swapon sync syncfs sysfs syslog _sysctl uselib ustat vhangup
"""

REFUSED = tuple(_REFUSED_NAMES.split())
"""Calls that fail with EPERM whatever their arguments are."""

_ABSENT = ("clone3", "openat2")
"""Calls whose arguments lie in memory: the libraries fall back to clone and openat."""

_NO_ATTRIBUTES = ("getxattr", "lgetxattr", "fgetxattr", "listxattr", "llistxattr", "flistxattr")
"""Calls that Landlock lets through for any file; libraries know file systems without attributes."""

_UNSUPPORTED = (*_NO_ATTRIBUTES, "fallocate")
"""The C library writes instead, which does not fill a disk between two looks at the work folder."""

_THREAD, _SAME_FILES = 0x00010000, 0x00000400
_NEVER_CLONED = 0x7E020000 | 0x8000 | 0x2000
"""New namespaces, CLONE_PARENT (a sibling, which the supervisor would have to bury), CLONE_PTRACE."""

_IOCTLS = (0x5401, 0x5413, 0x540F, 0x541B, 0x5421, 0x5450, 0x5451)
"""TCGETS, TIOCGWINSZ, TIOCGPGRP, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX: what libraries ask of own files."""

_FCNTLS = (8, 10, 15, 1024, 1026, 1031)
"""F_SETOWN, F_SETSIG, F_SETOWN_EX (signals to others), F_SETLEASE, F_NOTIFY (outside files), F_SETPIPE_SZ."""

_PRCTLS = (2, 3, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42, 0x53564D41)
"""PR_GET_PDEATHSIG, _GET_DUMPABLE, _SET_NAME, _GET_NAME, _GET_SECCOMP, _CAPBSET_READ, _SET_TIMERSLACK,
_GET_TIMERSLACK, _SET_NO_NEW_PRIVS, _GET_NO_NEW_PRIVS, _SET_THP_DISABLE, _GET_THP_DISABLE, _SET_VMA."""

_UNIX, _STREAM = 1, 1
_TYPE = 0xF
_OUT_OF_BAND = 1
"""MSG_OOB: little used, and a source of kernel bugs on pairs of sockets (CVE-2025-38236)."""

_ACCESS_MODE, _TRUNCATE = 0x3, 0x200

_UNSHARE_FILES = 2
"""CLOSE_RANGE_UNSHARE: descriptors of one thread alone, where the supervisor does not look."""

_PAGE_OUT = 21
"""MADV_PAGEOUT: memory that is in use and not resident."""

_SHARED, _ANONYMOUS = 0x01, 0x20


def program(machine: str, *, fork: bool, signals: bool) -> list[Instruction]:
    """The filter for a 64-bit `machine` ("x86_64" or "aarch64").

    `fork`: it may start processes (threads it may start in any case). `signals`: it may signal others too,
    because the back end lets it see none but its own.
    """
    number = syscalls.numbers(machine)
    code: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, syscalls.AUDIT_ARCH[machine]),
        _return(_KILL),
    ]
    code += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _X32), _return(_KILL)]
    code += [(_GREATER, 0, 1, syscalls.LAST_KNOWN), _error(_ENOSYS)]
    for name, block in _blocks(fork=fork, signals=signals):
        if name in number:
            code += [(_EQUAL, 0, len(block), number[name]), *block]
    return [*code, _return(_ALLOW)]


def packed(code: Sequence[Instruction]) -> bytes:
    """An array of struct sock_filter, for a program without SELF."""
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _blocks(*, fork: bool, signals: bool) -> Iterable[tuple[str, list[Instruction]]]:
    refused = [_error(_EPERM)]
    for name in REFUSED:
        yield name, refused
    for name in _ABSENT:
        yield name, [_error(_ENOSYS)]
    for name in _UNSUPPORTED:
        yield name, [_error(_ENOTSUP)]
    if not fork:
        yield "fork", refused
        yield "vfork", refused
    yield "clone", _clone(fork)
    yield "ioctl", _only(1, _IOCTLS, error=_ENOTTY)
    yield "fcntl", _but(1, _FCNTLS)
    yield "prctl", _only(0, _PRCTLS)
    yield "prlimit64", _only(0, (0,))
    yield "sched_setaffinity", _only(0, (0,))
    yield "socketpair", [*_unless(0, None, _UNIX), *_unless(1, _TYPE, _STREAM), _return(_ALLOW)]
    for name, flags in (("sendto", 3), ("recvfrom", 3)):
        yield name, _without(flags, _OUT_OF_BAND)
    yield "close_range", _without(2, _UNSHARE_FILES)
    yield "madvise", _but(2, (_PAGE_OUT,))
    if fork:
        yield "mmap", _no_shared_memory()
    yield "open", _no_hidden_truncation(1)
    yield "openat", _no_hidden_truncation(2)
    if not signals:
        yield "kill", _only(0, (0, SELF))
        yield "tgkill", _only(0, (SELF,))


def _clone(fork: bool) -> list[Instruction]:
    code: list[Instruction] = [_argument(0), (_ANY_BIT, 0, 1, _NEVER_CLONED), _error(_EPERM)]
    code += [(_ANY_BIT, 1, 0, _THREAD), _return(_ALLOW) if fork else _error(_EPERM)]
    return [*code, (_ANY_BIT, 1, 0, _SAME_FILES), _error(_EPERM), _return(_ALLOW)]


def _no_shared_memory() -> list[Instruction]:
    """Memory that several processes share stays when all have unmapped its pages, and is resident in none.

    The lowest bit of the flags is set for both kinds of shared mappings (MAP_SHARED, MAP_SHARED_VALIDATE).
    """
    code: list[Instruction] = [_argument(3), (_AND, 0, 0, _SHARED | _ANONYMOUS)]
    return [*code, (_EQUAL, 0, 1, _SHARED | _ANONYMOUS), _error(_EPERM), _return(_ALLOW)]


def _without(argument: int, bits: int) -> list[Instruction]:
    return [_argument(argument), (_ANY_BIT, 0, 1, bits), _error(_EPERM), _return(_ALLOW)]


def _only(argument: int, values: Iterable[int | None], error: int = _EPERM) -> list[Instruction]:
    code: list[Instruction] = [_argument(argument)]
    for value in values:
        code += [(_EQUAL, 0, 1, value), _return(_ALLOW)]
    return [*code, _error(error)]


def _but(argument: int, values: Iterable[int]) -> list[Instruction]:
    code: list[Instruction] = [_argument(argument)]
    for value in values:
        code += [(_EQUAL, 0, 1, value), _error(_EPERM)]
    return [*code, _return(_ALLOW)]


def _unless(argument: int, mask: int | None, value: int) -> list[Instruction]:
    masked: list[Instruction] = [] if mask is None else [(_AND, 0, 0, mask)]
    return [_argument(argument), *masked, (_EQUAL, 1, 0, value), _error(_EPERM)]


def _no_hidden_truncation(flags: int) -> list[Instruction]:
    """Opening for reading with O_TRUNC empties the file, and old kernels' Landlock sees a mere reader."""
    code: list[Instruction] = [_argument(flags), (_AND, 0, 0, _ACCESS_MODE | _TRUNCATE)]
    return [*code, (_EQUAL, 0, 1, _TRUNCATE), _error(_EPERM), _return(_ALLOW)]


def _argument(index: int) -> Instruction:
    """The lower half, which is all the kernel looks at for an int (both machines are little-endian)."""
    return _LOAD, 0, 0, _ARGUMENTS + 8 * index


def _return(value: int) -> Instruction:
    return _RETURN, 0, 0, value


def _error(number: int) -> Instruction:
    return _return(_ERROR | number)
