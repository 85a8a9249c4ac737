"""DNS of agents, which ask a server: the same names as dns_test.py, and what is different.

Oracle: contract 15; docs/dns.md.
"""

import re
import signal
import threading
import time
import unittest

import dns_test
from cluster import Cluster, eventually
from dns_test import register
from dns_tools import dig, drill
from server_process import wait_until

FAST = {"performance": {"raft_multiplier": 1, "node_lease_ttl": "6s", "rebalance_interval": "600s"}}


class NamesOfAnAgent(dns_test.Names):
    """Everything that a server's DNS answers."""

    @classmethod
    def begin(cls):
        cls.cluster = Cluster(1).start()
        cls.addClassCleanup(cls.cluster.close)
        cls.server = cls.cluster.members[0]
        cls.asked = cls.cluster.add_agent("agent-1")
        cls.asked.start(wait=False)
        cls.asked.wait_until_listed()
        cls.port = cls.asked.ports["dns"]

    def becomes(self, holds):
        """As soon as the agent was told."""
        began = time.monotonic()
        wait_until(holds)
        print(f"seen after {(time.monotonic() - began) * 1000:.0f} ms")


class Agents(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, config=FAST).start()
        self.addCleanup(self.cluster.close)
        self.servers = list(self.cluster.members)
        self.agents = [self.cluster.add_agent(f"agent-{n}") for n in (1, 2)]
        for agent in self.agents:
            agent.start(wait=False)
        for agent in self.agents:
            agent.wait_until_listed()

    def eventually(self, condition, complaint):
        return eventually(condition, complaint, self.cluster)

    def found(self, agent, name, *words):
        return dig(agent.ports["dns"], f"{name}.consul", *words).addresses()

    def waiting(self):
        """Blocking queries at servers."""
        texts = [server.get("/metrics").text() for server in self.cluster.running()]
        return sum(float(re.search(r"(?m)^consul_watch_waiters (\S+)$", text)[1])
                   for text in texts)

    def reload(self, agent, **config):
        agent.extra = config
        agent.command()
        agent.signal(signal.SIGHUP)

    def test_near_the_agent_that_is_asked(self):
        for agent, address in zip(self.agents, ("10.9.0.1", "10.9.0.2")):
            body = {"Name": "web", "Port": 80, "Address": address}
            self.assertEqual(agent.put("/v1/agent/service/register", body).status, 200)
        query = {"Name": "near", "Service": {"Service": "web", "Near": "_agent"}}
        self.assertEqual(self.servers[0].request("POST", "/v1/query", query).status, 200)
        for agent, address in zip(self.agents, ("10.9.0.1", "10.9.0.2")):
            self.eventually(lambda: len(self.found(agent, "near.query")) == 2, "not found")
            for _ in range(5):
                answer = dig(agent.ports["dns"], "near.query.consul")
                self.assertEqual(answer.answer[0][4], address)

    def test_a_change_is_seen_through_the_loss_of_a_server(self):
        agent = self.agents[0]
        register(self.servers[0], "n1", "10.0.0.1", {"Service": "web", "Port": 80})
        self.eventually(lambda: self.found(agent, "web.service") == ["10.0.0.1"], "not found")
        used = agent.server()
        victim = next(server for server in self.servers if server.rpc_address == used)
        victim.kill()
        # Not for a moment is there no answer.
        while agent.server() == used:
            self.assertEqual(self.found(agent, "web.service"), ["10.0.0.1"])
        self.cluster.wait_for_leader()
        rest = next(server for server in self.servers if server is not victim)
        register(rest, "n1", "10.0.0.2", {"Service": "web", "Port": 80})
        self.eventually(lambda: self.found(agent, "web.service") == ["10.0.0.2"], "not changed")

    def test_all_servers_down_and_back(self):
        agent = self.agents[0]
        for n in range(5):
            register(self.servers[0], f"n{n}", f"10.0.0.{n}", {"Service": "web", "Port": 80})
        everybody = [f"10.0.0.{n}" for n in range(5)]
        self.eventually(lambda: self.found(agent, "web.service", "A", "+tcp") == everybody, "?")
        for server in self.servers:
            server.kill()
        # Before and after the agent knows that there is none any more.
        end = time.monotonic() + 12
        while time.monotonic() < end:
            self.assertEqual(self.found(agent, "web.service", "A", "+tcp"), everybody)
            self.assertEqual(drill(agent.ports["dns"], "web.service.consul", "SRV",
                                   "-t").count("IN\tSRV\t"), 5)
            time.sleep(0.5)
        self.assertEqual(dig(agent.ports["dns"], "db.service.consul").status, "SERVFAIL")
        for server in self.servers:
            server.start(wait=False)
        self.cluster.wait_for_leader()
        register(self.cluster.leader(), "n9", "10.0.0.9", {"Service": "web", "Port": 80})
        self.eventually(lambda: len(self.found(agent, "web.service", "A", "+tcp")) == 6,
                        "the return of the servers is not noticed")

    def test_views_cost_servers_a_query_each_until_they_are_dropped(self):
        agent = self.agents[0]
        for name in "abcde":
            register(self.servers[0], f"n{name}", "10.0.0.1", {"Service": name, "Port": 80})
        before = self.waiting()
        for name in "abcde":
            self.eventually(lambda: self.found(agent, f"{name}.service"), "not found")
            self.assertEqual(self.found(agent, f"no-{name}.service"), [])
        self.eventually(lambda: self.waiting() == before + 5, f"{self.waiting()} at servers")
        # A reload with other settings begins anew.
        self.reload(agent, dns_config={"udp_answer_limit": 2})
        self.eventually(lambda: self.waiting() == before, f"{self.waiting()} at servers")

    def test_settings_follow_a_reload(self):
        agent = self.agents[0]
        for n in range(3):
            register(self.servers[0], f"n{n}", f"10.0.0.{n}", {"Service": "web", "Port": 80},
                     "warning" if n else "passing")
        self.eventually(lambda: len(self.found(agent, "web.service")) == 3, "not found")
        self.reload(agent, dns_config={"service_ttl": {"*": "7s"}, "only_passing": True})
        self.eventually(lambda: self.found(agent, "web.service") == ["10.0.0.0"], "not reloaded")
        answer = dig(agent.ports["dns"], "web.service.consul").answer[0]
        self.assertEqual(answer[1], "7")
        # As the leader knows it, each time: a write is seen at once.
        self.reload(agent, dns_config={"allow_stale": False})
        self.eventually(lambda: len(self.found(agent, "web.service")) == 3, "not reloaded")
        for n in range(10):
            register(self.servers[0], "n0", f"10.0.1.{n}", {"Service": "web", "Port": 80})
            self.assertIn(f"10.0.1.{n}", self.found(agent, "web.service", "A", "+tcp"))

    def test_of_a_large_service_each_agent_knows_a_part(self):
        def send(numbers):
            for n in numbers:
                register(self.servers[0], f"m{n}", f"10.1.{n >> 8}.{n & 255}",
                         {"Service": "large", "Port": 80})

        count = 2500
        senders = [threading.Thread(target=send, args=(range(first, count, 8),))
                   for first in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        for server in self.servers:
            self.eventually(lambda: len(self.found(server, "large.service", "A", "+tcp")) == count,
                            f"{server.node} does not know all")
        parts = []
        for agent in self.agents:
            self.eventually(lambda: len(self.found(agent, "large.service", "A", "+tcp")) == 1024,
                            f"{agent.node} knows another number of them")
            parts.append(set(self.found(agent, "large.service", "A", "+tcp")))
        self.assertNotEqual(parts[0], parts[1])
        gone = next(n for n in range(count) if f"10.1.{n >> 8}.{n & 255}" in parts[0])
        self.servers[0].put("/v1/catalog/deregister", {"Node": f"m{gone}"})
        self.eventually(lambda: f"10.1.{gone >> 8}.{gone & 255}" not in self.found(
            self.agents[0], "large.service", "A", "+tcp"), "it is shown still")
        self.assertEqual(len(self.found(self.agents[0], "large.service", "A", "+tcp")), 1024)

    def test_what_is_for_agents_is_for_nobody_else(self):
        for node in (self.servers[0], self.agents[0]):
            self.assertEqual(node.get("/v1/internal/dns/service/web").status, 404)


if __name__ == "__main__":
    unittest.main()
