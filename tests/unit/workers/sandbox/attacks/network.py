"""Reaching anything by a socket, or by what sends for one."""

from __future__ import annotations

from attacks.attack import Attack

ATTACKS = [
    Attack("tcp", "tried(lambda: socket.create_connection(('127.0.0.1', W['tcp']), 1))"),
    Attack(
        "udp",
        """
        def send():
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', W['udp']))
        tried(send)
        """,
    ),
    Attack("unix_stream", "tried(lambda: socket.socket(socket.AF_UNIX).connect(W['unix']))"),
    Attack(
        "unix_datagram",
        "tried(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'x', W['datagram']))",
    ),
    Attack("unix_abstract", "tried(lambda: socket.socket(socket.AF_UNIX).connect('\\0' + W['abstract']))"),
    Attack(
        "socketpair_that_sends_elsewhere",
        """
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            try:
                ours, _ = socket.socketpair(socket.AF_UNIX, kind)
            except OSError:
                continue
            tried(ours.sendto, b'x', W['datagram'])
            tried(ours.sendmsg, [b'x'], [], 0, W['datagram'])
            tried(ours.connect, W['datagram'])
        """,
    ),
    Attack(
        "urgent_data",
        """
        ours, theirs = socket.socketpair()
        if tried(ours.send, b'xy', socket.MSG_OOB) and tried(theirs.recv, 1, socket.MSG_OOB):
            breach()
        """,
        loose="no",  # not every kernel has it for pairs
    ),
    Attack(
        "raw_system_calls",
        """
        fd = raw('socket', socket.AF_INET, socket.SOCK_STREAM, 0)
        address = struct.pack('=H', socket.AF_INET) + struct.pack('!H4B8x', W['tcp'], 127, 0, 0, 1)
        raw('connect', fd, address, 16)
        """,
    ),
    Attack(
        "every_family",
        """
        for family in range(46):
            for kind in (1, 2, 3, 5):
                if raw('socket', family, kind, 0) >= 0:
                    breach('family', family)
        """,
    ),
    Attack(
        "urllib",
        """
        import urllib.request
        tried(urllib.request.urlopen, f"http://127.0.0.1:{W['tcp']}/", None, 0.2)
        """,
    ),
    Attack(
        "asyncio",
        """
        import asyncio
        async def connect():
            await asyncio.open_connection('127.0.0.1', W['tcp'])
        tried(asyncio.run, connect())
        """,
    ),
    Attack(
        "names",
        """
        found = tried(socket.gethostbyname, 'localhost')
        if found:
            breach(found)
        """,
    ),
    Attack(
        "server",
        """
        def serve():
            with socket.socket() as server:
                server.bind(('127.0.0.1', 0))
                server.listen()
                breach(server.getsockname())
        tried(serve)
        """,
    ),
    Attack(
        "packets",
        "if tried(socket.socket, socket.AF_PACKET, socket.SOCK_RAW) is not None: breach()",
        loose="root",
    ),
    Attack(
        "io_uring",
        """
        if raw('io_uring_setup', 4, bytes(120)) >= 0:
            breach()
        """,
        loose="no",  # often switched off by the machine itself
    ),
    Attack(
        "inherited_descriptors",
        """
        for fd in range(3, 1024):
            try:
                os.write(fd, b'x')
            except OSError as problem:
                if problem.errno != errno.EBADF:
                    breach(fd, problem)
            else:
                breach(fd)
        """,
        loose="no",  # the runner hands over none in any case
    ),
]
