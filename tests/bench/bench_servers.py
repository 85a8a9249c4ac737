"""The servers that are compared: one or three processes of Conclave, etcd or ZooKeeper.

All are durable, on 127.0.0.1, with their data below build/bench; each is ended by its process id.
"""

import contextlib
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WORK = ROOT / "build" / "bench"
START_DEADLINE_S = 90
STOP_DEADLINE_S = 20
ZOOKEEPER_JAR = "/usr/share/java/zookeeper.jar"


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for opened in sockets:
            opened.bind(("127.0.0.1", 0))
        return [opened.getsockname()[1] for opened in sockets]


def fetch(request):
    """Body of a 200 answer; "" for anything else."""
    try:
        with urllib.request.urlopen(request, timeout=2) as response:
            return response.read().decode() if response.status == 200 else ""
    except OSError:
        return ""


def request(member, method, target, body=b""):
    """Body of the answer; ends the bench if that is not a 200."""
    url = f"http://127.0.0.1:{member.port}{target}"
    asked = urllib.request.Request(url, data=body, method=method)
    with urllib.request.urlopen(asked, timeout=60) as response:
        return response.read()


class Member:
    """One process of an ensemble; keeps its ports over restarts, as its peers know it by them."""

    def __init__(self, ensemble, number):
        self.ensemble = ensemble
        self.number = number
        self.name = f"{ensemble.name}-{number}"
        self.data = WORK / self.name
        self.ports = free_ports(4)
        self.process = None

    @property
    def port(self):
        """Where clients go."""
        return self.ports[0]

    @property
    def pid(self):
        return self.process.pid

    def launch(self):
        self.data.mkdir(parents=True, exist_ok=True)
        command = self.ensemble.command(self)
        with open(WORK / f"{self.name}.log", "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.data)

    def wait_until_ready(self):
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.ensemble.is_ready(self):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"scripts/bench: {self.name} did not start, see {WORK}/{self.name}.log")
            time.sleep(0.05)

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None


class Ensemble:
    """All processes of one kind. What differs by kind is how a member is started and asked."""

    def __init__(self, name, size):
        self.name = name
        self.members = [Member(self, number) for number in range(size)]

    def start(self):
        for member in self.members:
            member.launch()
        for member in self.members:
            member.wait_until_ready()

    def stop(self):
        for member in self.members:
            member.stop()

    def restart(self):
        self.stop()
        self.start()

    def remove_files(self):
        for member in self.members:
            shutil.rmtree(member.data, ignore_errors=True)

    def leader(self):
        """The member that leads now."""
        deadline = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < deadline:
            for member in self.members:
                if len(self.members) == 1 or self.leads(member):
                    return member
            time.sleep(0.1)
        sys.exit(f"scripts/bench: {self.name} has no leader, see {WORK}/{self.name}-0.log")


class Conclave(Ensemble):
    protocol = "http"

    def __init__(self, name, size, build):
        super().__init__(name, size)
        self.expect = size
        self.binary = build / "conclave"

    def command(self, member):
        http, server, serf, dns = member.ports
        config = {
            "node_name": member.name,
            "server": True,
            "data_dir": str(member.data / "data"),
            "bind_addr": "127.0.0.1",
            "ports": {"http": http, "server": server, "serf_lan": serf, "dns": dns},
            "limits": {"http_max_conns_per_client": 100_000},
            "performance": {"raft_multiplier": 1},
            "log_level": "warn",
        }
        if self.expect == 1:
            config["bootstrap"] = True
        else:
            config["bootstrap_expect"] = self.expect
            config["retry_join"] = [f"127.0.0.1:{other.ports[2]}" for other in self.members
                                    if other is not member]
        path = member.data / "config.json"
        path.write_text(json.dumps(config))
        return [str(self.binary), "agent", "-config-file", str(path)]

    def is_ready(self, member):
        url = f"http://127.0.0.1:{member.port}/v1/kv/bench-is-ready"
        return fetch(urllib.request.Request(url, data=b"x", method="PUT")) == "true"

    def leads(self, member):
        known = fetch(f"http://127.0.0.1:{member.port}/v1/status/leader")
        return known == f'"127.0.0.1:{member.ports[1]}"'

    def add(self):
        """One more server, not started, that will join the others."""
        self.members.append(Member(self, len(self.members)))
        return self.members[-1]

    def votes(self, member):
        """Whether the leader counts that server among the voters."""
        configuration = fetch(
            f"http://127.0.0.1:{self.leader().port}/v1/operator/raft/configuration")
        servers = json.loads(configuration)["Servers"] if configuration else []
        return any(server["Node"] == member.name and server["Voter"] for server in servers)


class Etcd(Ensemble):
    protocol = "etcd"

    def command(self, member):
        client, peer = (f"http://127.0.0.1:{port}" for port in member.ports[:2])
        everybody = ",".join(f"{other.name}=http://127.0.0.1:{other.ports[1]}"
                             for other in self.members)
        return [
            "etcd", f"--name={member.name}", f"--data-dir={member.data / 'data'}",
            f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster={everybody}", "--log-level=warn",
        ]

    def is_ready(self, member):
        return '"true"' in fetch(f"http://127.0.0.1:{member.port}/health")

    def leads(self, member):
        url = f"http://127.0.0.1:{member.port}/v3/maintenance/status"
        status = fetch(urllib.request.Request(url, data=b"{}", method="POST"))
        if not status:
            return False
        status = json.loads(status)
        return status["header"]["member_id"] == status.get("leader")


class ZooKeeper(Ensemble):
    protocol = "zookeeper"

    def command(self, member):
        client, peer, election = member.ports[:3]
        lines = [
            "tickTime=2000", "initLimit=10", "syncLimit=5", f"dataDir={member.data / 'data'}",
            f"clientPort={client}", "clientPortAddress=127.0.0.1", "maxClientCnxns=0",
            "4lw.commands.whitelist=srvr", "admin.enableServer=false",
        ]
        if len(self.members) > 1:
            lines += [f"server.{other.number + 1}=127.0.0.1:{other.ports[1]}:{other.ports[2]}"
                      for other in self.members]
        (member.data / "data").mkdir(exist_ok=True)
        (member.data / "data" / "myid").write_text(f"{member.number + 1}\n")
        (member.data / "zoo.cfg").write_text("\n".join(lines) + "\n")
        (member.data / "log4j.properties").write_text(
            "log4j.rootLogger=WARN, CONSOLE\n"
            "log4j.appender.CONSOLE=org.apache.log4j.ConsoleAppender\n"
            "log4j.appender.CONSOLE.layout=org.apache.log4j.SimpleLayout\n")
        return ["java", "-cp", f"{member.data}:{ZOOKEEPER_JAR}",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", str(member.data / "zoo.cfg")]

    def mode(self, member):
        """leader, follower or standalone; "" while it serves nobody."""
        try:
            with socket.create_connection(("127.0.0.1", member.port), timeout=2) as asked:
                asked.sendall(b"srvr")
                answer = b"".join(iter(lambda: asked.recv(4096), b"")).decode()
        except OSError:
            return ""
        modes = [line.split()[1] for line in answer.splitlines() if line.startswith("Mode:")]
        return modes[0] if modes else ""

    def is_ready(self, member):
        return self.mode(member) != ""

    def leads(self, member):
        return self.mode(member) == "leader"
