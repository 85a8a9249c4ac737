"""One real server for a test: starts the built binary on free ports, waits for it, ends it by pid.

The binary's path comes from the environment variable CONCLAVE_BINARY (ctest sets it). Everything is
on 127.0.0.1, in a temporary directory that is removed afterwards. Standard library only.
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

# Deadlines are about ten times what the thing usually takes: a busy machine is not a failure.
START_DEADLINE_S = 60
STOP_DEADLINE_S = 40

SANITIZER_WORDS = ("ERROR: AddressSanitizer", "runtime error:", "WARNING: ThreadSanitizer")


def binary():
    """Path of the program under test."""
    path = os.environ.get("CONCLAVE_BINARY")
    if not path or not os.access(path, os.X_OK):
        raise RuntimeError(f"CONCLAVE_BINARY does not name an executable: {path!r}")
    return path


ports_given = set()


def free_port():
    """A TCP port of 127.0.0.1 that nobody listens on at this moment, and that this test has not
    been given before. It is below those that outgoing connections get, so that none takes it while
    its server is down for a moment."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        if port in ports_given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                ports_given.add(port)
                return port
            except OSError:
                continue


def peer_flags(ports=None):
    """Free ports, or these, for what nodes say to each other, and for DNS."""
    server, serf_lan, dns = ports or (free_port(), free_port(), free_port())
    return ["-server-port", str(server), "-serf-lan-port", str(serf_lan), "-dns-port", str(dns)]


def wait_until(holds):
    """Until holds() is true; for what happens soon, but not at a time that a test can know."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {START_DEADLINE_S} s")
        time.sleep(0.02)


class Answer:
    """An HTTP answer: status, headers (case-insensitive), body as bytes."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()

    def index(self):
        return int(self.headers["X-Consul-Index"])


class ServerProcess:
    """A durable single server. Use as a context manager, or call start() and close()."""

    node = "test-node"

    def __init__(self, config=None, arguments=(), data_dir=None, dev=False):
        self._scratch = tempfile.mkdtemp(prefix="conclave-test-")
        self.data_dir = str(data_dir or pathlib.Path(self._scratch, "data"))
        self.http_port = free_port()
        self.peer_ports = [free_port(), free_port(), free_port()]
        self.config = dict(config or {})
        self.arguments = list(arguments)
        self.dev = dev
        self.process = None
        self.log_path = pathlib.Path(self._scratch, "log")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def address(self):
        return f"127.0.0.1:{self.http_port}"

    def command(self):
        words = [binary(), "agent"]
        if self.dev:
            words += ["-dev"]
        else:
            words += [*self.role(), *self.formation(), "-data-dir", self.data_dir]
            words += ["-bind", "127.0.0.1"]
        words += ["-node", self.node, "-http-port", str(self.http_port), *self.peer_flags()]
        config = self.with_front_threads()
        if config:
            path = pathlib.Path(self._scratch, "config.json")
            path.write_text(json.dumps(config))
            words += ["-config-file", str(path)]
        return words + self.arguments

    def with_front_threads(self):
        """The configuration, with so many front threads as the environment variable
        CONCLAVE_FRONT_THREADS says, if the test does not say it itself."""
        count = os.environ.get("CONCLAVE_FRONT_THREADS")
        if count is None:
            return self.config
        performance = {"front_threads": int(count), **self.config.get("performance", {})}
        return {**self.config, "performance": performance}

    def role(self):
        return ["-server"]

    def formation(self):
        """The flags that say how it comes to a cluster."""
        return ["-bootstrap"]

    def peer_flags(self):
        """The ports that other nodes would use, and that of DNS."""
        return peer_flags(self.peer_ports)

    def start(self, wait=True):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if wait:
            self.wait_for_leader()
        return self

    def wait_for_leader(self):
        """Until there is a leader and it knows this server's node (contract 18)."""
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"server ended with {self.process.returncode}:\n{self.log()}")
            try:
                answer = self.get(f"/v1/health/node/{self.node}")
                checks = answer.json() if answer.status == 200 else []
                if any(check["CheckID"] == "serfHealth" for check in checks):
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError(f"no leader after {START_DEADLINE_S} s:\n{self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def request(self, method, target, body=None, headers=None, timeout=60):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        request = urllib.request.Request(
            f"http://{self.address}{target}", data=body, method=method, headers=headers or {}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def parked_queries(self):
        """How many blocking queries wait."""
        text = self.get("/metrics").text()
        return float(re.search(r"(?m)^consul_watch_waiters (\S+)$", text)[1])

    def get(self, target, **kwargs):
        return self.request("GET", target, **kwargs)

    def put(self, target, body=None, **kwargs):
        return self.request("PUT", target, body if body is not None else b"", **kwargs)

    def delete(self, target, **kwargs):
        return self.request("DELETE", target, **kwargs)

    def run(self, *words, input_text=None, environment=None):
        """Runs the program's command line against this server."""
        return subprocess.run(
            [binary(), *words],
            input=input_text,
            capture_output=True,
            text=True,
            timeout=STOP_DEADLINE_S,
            env={**os.environ, "CONSUL_HTTP_ADDR": self.address, **(environment or {})},
            check=False,
        )

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit code, once it has ended by itself or by a signal."""
        return self.process.wait(timeout=STOP_DEADLINE_S)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as an operator would; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.signal(signal.SIGTERM)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"did not end {STOP_DEADLINE_S} s after SIGTERM:\n{self.log()}")

    def close(self):
        """Ends the process and removes its files. What a sanitizer wrote is a failure."""
        try:
            self.stop()
            report = self.log()
            if any(words in report for words in SANITIZER_WORDS):
                raise AssertionError(f"sanitizer report:\n{report[-8000:]}")
        finally:
            if self.process is not None and self.process.poll() is None:
                self.kill()
            shutil.rmtree(self._scratch, ignore_errors=True)
