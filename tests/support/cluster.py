"""Several real servers that form one cluster on 127.0.0.1, for tests of the quorum.

    with Cluster(3) as cluster:
        cluster.put("/v1/kv/a", "b")          # by any server that answers
        cluster.leader().kill()
        cluster.wait_for_leader()
"""

import time

from server_process import ServerProcess, free_port

# About ten times what the thing usually takes.
CHANGE_DEADLINE_S = 60


class Member(ServerProcess):
    """A server of a cluster. Its ports stay the same over restarts."""

    def __init__(self, node, cluster, config=None, data_dir=None):
        super().__init__(config=None, data_dir=data_dir)
        self.node = node
        self.cluster = cluster
        self.extra = dict(config or {})
        self.move()

    def move(self):
        """Other ports for its peers, from the next start on."""
        self.ports = {"server": free_port(), "serf_lan": free_port(), "dns": free_port()}

    def formation(self):
        joins = [word for address in self.cluster.join_addresses()
                 for word in ("-retry-join", address)]
        expect = self.cluster.expect
        return (["-bootstrap-expect", str(expect)] if expect else []) + joins

    def peer_flags(self):
        return []  # In the configuration, so that a test can move them.

    def command(self):
        self.config = {
            "ports": self.ports,
            "performance": {"raft_multiplier": 1},
            "limits": {"http_max_conns_per_client": 1000},
            "retry_interval": "500ms",
            **self.cluster.config,
            **self.extra,
        }
        return super().command()

    @property
    def rpc_address(self):
        return f"127.0.0.1:{self.ports['server']}"

    @property
    def join_address(self):
        return f"127.0.0.1:{self.ports['serf_lan']}"

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def known_leader(self):
        """The leader's address as this server knows it; "" for none, or without an answer."""
        try:
            answer = self.get("/v1/status/leader", timeout=5)
            return answer.json() if answer.status == 200 else ""
        except (OSError, ValueError):
            return ""

    def id(self):
        return self.get("/v1/agent/self").json()["Config"]["NodeID"]


class Agent(Member):
    """A node without a copy of the state, which talks to the servers of a cluster."""

    def role(self):
        return []

    def formation(self):
        return [word for address in self.cluster.join_addresses()
                for word in ("-retry-join", address)]

    def peer_flags(self):
        return ["-serf-lan-port", str(self.ports["serf_lan"])]

    def server(self):
        """The address of the server that it uses, from its log."""
        lines = [line for line in self.log().splitlines() if "using server: address=" in line]
        return lines[-1].rpartition("address=")[2] if lines else ""

    def wait_until_listed(self):
        eventually(lambda: self.get(f"/v1/health/node/{self.node}").json(),
                   f"{self.node} is not registered", self.cluster)
        return self


class Cluster:
    """Use as a context manager, or call start() and close()."""

    def __init__(self, count=3, config=None, expect=None):
        self.expect = count if expect is None else expect
        self.config = dict(config or {})
        self.members = []
        self.agents = []
        for number in range(count):
            self.add(f"server-{number}")

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def add(self, node, config=None, data_dir=None):
        """One more member, not yet started."""
        member = Member(node, self, config, data_dir)
        self.members.append(member)
        return member

    def add_agent(self, node, config=None, data_dir=None):
        """An agent, not yet started."""
        agent = Agent(node, self, config, data_dir)
        self.agents.append(agent)
        return agent

    def join_addresses(self):
        """What every server is told to join, itself among them, as people configure it."""
        return [member.join_address for member in self.members]

    def start(self):
        for member in self.members:
            member.start(wait=False)
        self.wait_until_complete()
        return self

    def close(self):
        """Ends all of them; the first complaint of one, once the others have ended too."""
        complaints = []
        for member in self.agents + self.members:
            # Without a leader to hand over to, a server would wait for one at every SIGTERM.
            try:
                member.close()
            except (AssertionError, RuntimeError) as complaint:
                complaints.append(complaint)
        if complaints:
            raise complaints[0]

    def running(self):
        return [member for member in self.members if member.is_running()]

    def wait_for_leader(self):
        """The leader that most running servers agree on, once it serves a consistent read."""
        def find():
            running = self.running()
            known = [member.known_leader() for member in running]
            for member in running:
                if known.count(member.rpc_address) * 2 > len(running) and serves(member):
                    return member
            return None
        return eventually(find, "no leader", self)

    leader = wait_for_leader

    def followers(self):
        leader = self.wait_for_leader()
        return [member for member in self.running() if member is not leader]

    def voters(self, member=None):
        """Names of the voters of the configuration in force, sorted."""
        answer = (member or self.any_running()).get("/v1/operator/raft/configuration", timeout=10)
        if answer.status != 200:
            return []
        return sorted(server["Node"] for server in answer.json()["Servers"] if server["Voter"])

    def wait_for_voters(self, *nodes):
        def agreed():
            return self.voters() == sorted(nodes)
        eventually(agreed, f"the voters are not {sorted(nodes)}", self)

    def wait_until_complete(self):
        """Every running server is a voter and registered, and every one of them serves."""
        for member in self.running():
            member.wait_for_leader()
        self.wait_for_voters(*(member.node for member in self.running()))
        return self.wait_for_leader()

    def any_running(self):
        return self.running()[0]

    def wait_for_index(self, member, key, value):
        """Until that server itself has the key with the value."""
        def there():
            answer = member.get(f"/v1/kv/{key}?raw&stale", timeout=5)
            return answer.status == 200 and answer.text() == value
        eventually(there, f"{member.node} does not get {key}", self)

    def write(self, key, value, member=None):
        """A write that must succeed once there is a leader."""
        def written():
            answer = (member or self.any_running()).put(f"/v1/kv/{key}", value, timeout=20)
            return answer.status == 200 and answer.text() == "true"
        eventually(written, f"cannot write {key}", self)

    def logs(self):
        return "\n".join(f"--- {member.node}\n{member.log()[-3000:]}"
                         for member in self.members + self.agents)


def serves(member):
    try:
        return member.get("/v1/kv/no-such-key?consistent", timeout=10).status == 404
    except OSError:
        return False


def eventually(condition, complaint, cluster=None, deadline_s=CHANGE_DEADLINE_S):
    """What the condition returns once it is true. A server that is silent may speak later."""
    deadline = time.monotonic() + deadline_s
    while time.monotonic() < deadline:
        try:
            result = condition()
            if result:
                return result
        except OSError:
            pass
        time.sleep(0.05)
    logs = f"\n{cluster.logs()}" if cluster is not None else ""
    raise AssertionError(f"{complaint} after {deadline_s} s{logs}")
