"""Many blocking queries from one process: plain sockets behind one selector."""

import re
import selectors
import socket
import time

LENGTH = re.compile(rb"\r\nContent-Length: (\d+)\r\n")
INDEX = re.compile(rb"\r\nX-Consul-Index: (\d+)\r\n")
# Connections under way to be accepted at a time.
CONNECT_BATCH = 200


class WatchClients:
    """`count` connections to a port of 127.0.0.1, each with one request at a time. send() asks,
    collect() gathers whole answers: the index that each told, by the number of its connection."""

    def __init__(self, port, count):
        self.selector = selectors.DefaultSelector()
        self.sockets, self.received = [], {}
        for number in range(count):
            opened = socket.create_connection(("127.0.0.1", port))
            opened.setblocking(False)
            self.selector.register(opened, selectors.EVENT_READ, number)
            self.sockets.append(opened)
            if number % CONNECT_BATCH == 0:
                time.sleep(0.001)

    def send(self, number, target, headers=""):
        request = f"GET {target} HTTP/1.1\r\nHost: bench\r\n{headers}\r\n".encode()
        if self.sockets[number].send(request) != len(request):
            raise RuntimeError("a request did not fit into its socket")

    def collect(self, count, seconds):
        """Answers until there are `count`, or for so long; and when the last one was whole."""
        answers, last = {}, time.monotonic()
        deadline = last + seconds
        while len(answers) < count and time.monotonic() < deadline:
            for key, _ in self.selector.select(deadline - time.monotonic()):
                index = self._receive(key.data)
                if index is not None:
                    answers[key.data], last = index, time.monotonic()
        return answers, last

    def _receive(self, number):
        fresh = self.sockets[number].recv(65536)
        if not fresh:
            raise RuntimeError("the server closed a connection")
        bytes_so_far = self.received.pop(number, b"") + fresh
        head = bytes_so_far.find(b"\r\n\r\n") + 4
        length = LENGTH.search(bytes_so_far) if head >= 4 else None
        if length is None or len(bytes_so_far) < head + int(length[1]):
            self.received[number] = bytes_so_far
            return None
        return int(INDEX.search(bytes_so_far)[1])

    def close(self):
        self.selector.close()
        for opened in self.sockets:
            opened.close()
