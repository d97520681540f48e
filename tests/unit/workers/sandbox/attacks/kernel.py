"""Kernel interfaces that change the machine, leave the sandbox, or hold memory that no limit sees."""

from __future__ import annotations

import platform
import signal

from attacks.attack import Attack

ATTACKS = [
    Attack("unshare_user", "if raw('unshare', 0x10000000) == 0: breach()"),
    Attack("unshare_files", "if raw('unshare', 0x00020000) == 0: breach()", loose="root"),
    Attack(
        "clone_user",
        "if raw('clone', 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) >= 0: breach()",
        limits={"processes": 4},
    ),
    Attack("setns", "raw('setns', 0, 0)\nif ctypes.get_errno() != errno.EPERM: breach(ctypes.get_errno())"),
    Attack(
        "mount",
        """
        os.mkdir('m')
        if libc.mount(b'none', b'm', b'tmpfs', 0, None) == 0: breach()
        if raw('fsopen', b'tmpfs', 0) >= 0 or raw('open_tree', -100, b'/', 0) >= 0: breach('new interface')
        """,
        loose="no",  # a mount would stay
    ),
    Attack(
        "umount",
        "if raw('umount2', b'/proc', 2) == 0 or raw('umount2', b'/dev/null', 2) == 0: breach()",
        loose="no",
    ),
    Attack("chroot", "if tried(os.chroot, '.') is None and raw('chroot', b'.') == 0: breach()", loose="root"),
    Attack(
        "pivot_root",
        """
        os.mkdir('old')
        raw('pivot_root', b'.', b'old')
        if ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
            breach(ctypes.get_errno())
        """,
        loose="root",
    ),
    Attack(
        "keyrings",
        """
        for keyring in (-1, -2, -3, -4, -5):
            if raw('add_key', b'user', W['marker'].encode(), b'x', 1, keyring) >= 0: breach(keyring)
        for operation in (0, 6, 11):
            if raw('keyctl', operation, -4, 0, 0, 0) >= 0: breach('keyctl', operation)
        if raw('request_key', b'user', W['marker'].encode(), 0, 0) >= 0: breach()
        """,
        loose="no",  # many container hosts refuse them already
    ),
    Attack(
        "bpf",
        "raw('bpf', 0, bytes(72), 72)\nif ctypes.get_errno() != errno.EPERM: breach(ctypes.get_errno())",
        loose="root",
    ),
    Attack(
        "perf_event",
        "if raw('perf_event_open', struct.pack('=IIQ', 1, 112, 0) + bytes(96), 0, -1, -1, 0) >= 0: breach()",
        loose="no",
    ),
    Attack("userfaultfd", "if raw('userfaultfd', 1) >= 0: breach()", loose="no"),
    Attack("inotify", "if raw('inotify_init1', 0) >= 0: breach()"),
    Attack("fanotify", "if raw('fanotify_init', 0x200, 0) >= 0: breach()", loose="no"),
    Attack("memfd", "if tried(os.memfd_create, 'x') is not None: breach()"),
    Attack("secret_memory", "if raw('memfd_secret', 0) >= 0: breach()", loose="no"),
    Attack(
        "shared_memory",
        "if (key := raw('shmget', 0, 4096, 0o600)) >= 0: breach(key); raw('shmctl', key, 0, 0)",
    ),
    Attack(
        "semaphores", "if (key := raw('semget', 0, 1, 0o600)) >= 0: breach(key); raw('semctl', key, 0, 0)"
    ),
    Attack("messages", "if (key := raw('msgget', 0, 0o600)) >= 0: breach(key); raw('msgctl', key, 0, 0)"),
    Attack(
        "posix_messages",
        """
        name = W['marker'].encode()
        if raw('mq_open', name, 0x42, 0o600, 0) >= 0:
            raw('mq_unlink', name)
            breach()
        """,
    ),
    Attack(
        "posix_shared_memory",
        """
        from multiprocessing import shared_memory
        found = tried(shared_memory.SharedMemory, create=True, size=4096)
        if found:
            found.close(); found.unlink(); breach()
        """,
        loose="no",  # its resource tracker is a process of its own
    ),
    Attack("asynchronous_io", "if raw('io_setup', 8, ctypes.byref(ctypes.c_ulong())) == 0: breach()"),
    Attack("personality", "if libc.personality(ctypes.c_ulong(0x0400000)) >= 0: breach()"),
    Attack("own_filter", "if libc.prctl(22, 1, 0, 0, 0) == 0: breach()", loose="no"),
    Attack(
        "realtime", "if raw('sched_setscheduler', 0, 1, struct.pack('=i', 1)) == 0: breach()", loose="root"
    ),
    Attack("raise_priority", "if raw('setpriority', 0, 0, -20) == 0: breach()", loose="root"),
    Attack(
        "raise_limits",
        """
        for which in (resource.RLIMIT_AS, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU):
            _, hard = resource.getrlimit(which)
            tried(resource.setrlimit, which, (hard + 1, hard + 1))
            if resource.getrlimit(which)[1] > hard:
                breach(which)
        """,
        loose="no",  # containers often keep this from root too
    ),
    Attack(
        "administration",
        """
        calls = {'reboot': (0, 0, 0, 0), 'init_module': (0, 0, 0), 'delete_module': (b'none', 0),
                 'swapon': (b'/none', 0), 'settimeofday': (struct.pack('=qq', -1, -1), 0),
                 'acct': (b'/none',),
                 'sethostname': (b'x', -1), 'kexec_load': (0, 99, 0, 0), 'syslog': (3, bytes(100), 10)}
        for name, arguments in calls.items():
            if raw(name, *arguments) >= 0 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
                breach(name, ctypes.get_errno())
        """,
        loose="root",
    ),
    Attack(
        "terminal_input",
        """
        for fd in (0, 1, 2):
            if libc.ioctl(fd, ctypes.c_ulong(0x5412), b'x') == 0: breach()
            if ctypes.get_errno() not in (errno.ENOTTY, errno.EPERM): breach(ctypes.get_errno())
        """,
        loose="no",  # the runner gives it no terminal in any case
    ),
    Attack(
        "identity",
        """
        changes = ((os.setresuid, 1, 1, 1), (os.setgroups, [0]), (os.setresgid, 1, 1, 1))
        for change, *arguments in changes:
            try:
                change(*arguments)
            except OSError:
                continue
            breach(os.getresuid(), os.getresgid())
        """,
        loose="root",
    ),
    Attack(
        "unknown_calls",
        """
        for number in range(457, 600):
            result = libc.syscall(ctypes.c_long(number), 0, 0, 0, 0, 0, 0)
            if result >= 0 or ctypes.get_errno() != errno.ENOSYS:
                breach(number, ctypes.get_errno())
        """,
        loose="no",
    ),
    Attack("core_dump", "os.abort()", loose="no", signal=signal.SIGABRT),
]

MACHINE_CODE = """
code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
code.write(bytes.fromhex('%s'))
run = ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
breach(run())
"""

if platform.machine() == "x86_64":
    ATTACKS += [
        # mov eax, 20 (getpid of i386); int 0x80; ret
        Attack("i386_calls", MACHINE_CODE % "b814000000cd80c3", loose="no", signal=signal.SIGSYS),
        # mov eax, 0x40000029 (socket of x32); syscall; ret
        Attack("x32_calls", MACHINE_CODE % "b8290000400f05c3", loose="no", signal=signal.SIGSYS),
    ]
