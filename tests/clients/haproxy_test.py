"""The installed HAProxy, unmodified, with a server-template that finds its servers by SRV records.

Oracle: HAProxy's own `show servers state`, and what comes through it. What it needs of a server is
contract 15.2: SRV with EDNS and additional addresses, weights, and a clear difference between a
name that does not exist and one that has no records.
"""

import http.server
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request

from cluster import Cluster
from server_process import ServerProcess, free_port

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
if not HAPROXY:
    print("skipped: haproxy is not installed (scripts/deps test)")
    sys.exit(77)

# It asks once in 200 ms; a busy machine takes longer to act on it.
DEADLINE_S = 60

CONFIG = """
global
  stats socket {socket} level admin
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
resolvers conclave
  nameserver own 127.0.0.1:{dns}
  accepted_payload_size 8192
  resolve_retries 3
  timeout resolve 200ms
  timeout retry 200ms
  hold valid 200ms
  hold nx 400ms
  hold obsolete 400ms
frontend front
  bind 127.0.0.1:{front}
  default_backend shop
backend shop
  balance roundrobin
  default-server resolvers conclave resolve-prefer ipv4 init-addr none
  server-template web 12 _web._tcp.service.consul
"""


class Backend(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class HaproxyTest(unittest.TestCase):
    """With the DNS of a server."""

    def begin(self):
        """Starts the node that has the services and answers DNS; its port for that."""
        self.node = ServerProcess(dev=True).start()
        self.addCleanup(self.node.close)
        return self.node.peer_ports[2]

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-haproxy-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        dns = self.begin()
        self.front = free_port()
        self.control = self.directory / "control"
        config = self.directory / "haproxy.cfg"
        config.write_text(CONFIG.format(socket=self.control, dns=dns, front=self.front))
        with open(self.directory / "log", "wb") as log:
            process = subprocess.Popen([HAPROXY, "-db", "-f", str(config)], stdout=log, stderr=log)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)

    def backend(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def register(self, port, weight=1, **check):
        answer = self.node.put("/v1/agent/service/register", {
            "Name": "web", "ID": f"web-{port}", "Address": "127.0.0.1", "Port": port,
            "Weights": {"Passing": weight, "Warning": 1}, **check})
        self.assertEqual(answer.status, 200, answer.text())

    def servers(self):
        """Those that have an address: port -> weight."""
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(30)
            try:
                control.connect(str(self.control))
            except OSError:
                return {}
            control.sendall(b"show servers state shop\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        lines = [line.split() for line in text.splitlines()[2:] if line.strip()]
        # The columns: 4 address, 5 operational state, 7 weight of the user, 18 port.
        return {int(words[18]): int(words[7]) for words in lines
                if words[4] == "127.0.0.1" and words[5] == "2"}

    def eventually(self, expected):
        deadline = time.monotonic() + DEADLINE_S
        while self.servers() != expected and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.servers(), expected, (self.directory / "log").read_text())

    def test_servers_come_change_and_go(self):
        first, second = self.backend(), self.backend()
        self.register(first)
        self.register(second, weight=9)
        # HAProxy counts weights up to 256: an SRV weight w of up to 65535 becomes w / 256, at
        # least 1.
        self.eventually({first: 1, second: 1})
        answered = set()
        for _ in range(10):
            with urllib.request.urlopen(f"http://127.0.0.1:{self.front}/", timeout=30) as answer:
                answered.add(int(answer.read()))
        self.assertEqual(answered, {first, second})
        self.register(second, weight=2560)
        self.eventually({first: 1, second: 10})
        # Ten of them do not fit into a plain datagram.
        more = [20000 + n for n in range(8)]
        for port in more:
            self.register(port)
        self.eventually({first: 1, second: 10, **{port: 1 for port in more}})
        for port in more:
            self.node.put(f"/v1/agent/service/deregister/web-{port}")
        self.node.put("/v1/agent/service/maintenance/web-" + str(first) + "?enable=true")
        self.eventually({second: 10})
        self.node.put(f"/v1/agent/service/deregister/web-{second}")
        self.eventually({})


class HaproxyOfAnAgentTest(HaproxyTest):
    """With the DNS of an agent that asks a server."""

    def begin(self):
        cluster = Cluster(1).start()
        self.addCleanup(cluster.close)
        self.node = cluster.add_agent("agent-1")
        self.node.start(wait=False)
        self.node.wait_until_listed()
        return self.node.ports["dns"]


if __name__ == "__main__":
    unittest.main()
