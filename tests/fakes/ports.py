"""Ports for servers that tests start: never one that another test was just given, nor one that a client may take."""

import contextlib
import itertools
import os
import socket

EACH = 1500  # a worker of the test run has so many of its own, all below those the kernel gives to clients
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 14
_numbers = itertools.cycle(range(10_000 + _WORKER * EACH, 10_000 + (_WORKER + 1) * EACH))


def free_port() -> int:
    """A TCP port of the loopback that nobody listens on just now.

    A port that the kernel proposes (bind to 0) and that is let go again can be proposed to the next asker, or taken by
    an outgoing connection, before the server that it was meant for listens: two tests then talk to one server.
    """
    for number in _numbers:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", number))
            return number
    raise AssertionError("there is always one more")
