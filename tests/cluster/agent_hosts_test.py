"""Three servers and five agents, each on a host of its own that can be cut off the network."""

import concurrent.futures
import time
import unittest

from cluster import eventually
from dns_tools import dig
from hosts import HostCluster, enter_own_network

# The usual leases: 13 s.
CONFIG = {"performance": {"raft_multiplier": 1}}


def instances(node):
    return {entry["Node"]["Node"]: {check["Status"] for check in entry["Checks"]}
            for entry in node.get("/v1/health/service/web", timeout=15).json()}


def addresses(node):
    """Of the instances, as the node's DNS tells everybody on the network."""
    return dig(node.ports["dns"], "web.service.consul", "A", "+tcp", server=node.ip).addresses()


class Hosts(unittest.TestCase):
    def setUp(self):
        self.cluster = HostCluster(3, config=CONFIG)
        self.addCleanup(self.cluster.close)
        self.cluster.start()
        self.agents = [self.cluster.add_agent(f"agent-{n}") for n in range(5)]
        for agent in self.agents:
            agent.start(wait=False)
        for agent in self.agents:
            agent.wait_until_listed()
            body = {"Name": "web", "Port": 80, "Check": {"TTL": "10m", "Status": "passing"}}
            self.assertEqual(agent.put("/v1/agent/service/register", body).status, 200)

    def eventually(self, condition, complaint):
        return eventually(condition, complaint, self.cluster)

    def everybody_passes(self, node):
        return instances(node) == {agent.node: {"passing"} for agent in self.agents}

    def test_found_from_everywhere(self):
        for node in (*self.cluster.members, *self.agents):
            self.eventually(lambda: self.everybody_passes(node), f"{node.node} misses some")
        own = sorted(agent.ip for agent in self.agents)
        for node in (*self.cluster.members, *self.agents):
            self.eventually(lambda: addresses(node) == own, f"{node.node}'s DNS misses some")
            for agent in self.agents:
                found = dig(node.ports["dns"], f"{agent.node}.node.consul", server=node.ip)
                self.assertEqual(found.addresses(), [agent.ip])

    def test_a_host_that_is_cut_off_turns_critical_and_comes_back(self):
        victim, witness = self.agents[:2]
        self.eventually(lambda: self.everybody_passes(witness), "not registered")
        victim.cut_off()
        cut = time.monotonic()
        self.eventually(lambda: "critical" in instances(witness)[victim.node], "not critical")
        took = time.monotonic() - cut
        print(f"critical after {took:.1f} s")
        self.assertGreater(took, 9)
        rest = sorted(agent.ip for agent in self.agents if agent is not victim)
        self.eventually(lambda: addresses(witness) == rest, "DNS shows it still")
        # Its own endpoints are answered all the while; on its host, where nobody is cut off.
        others = {name: states for name, states in instances(witness).items()
                  if name != victim.node}
        self.assertEqual(set.union(*others.values()), {"passing"})
        victim.reconnect()
        back = time.monotonic()
        self.eventually(lambda: self.everybody_passes(witness), "it does not come back")
        print(f"passing {time.monotonic() - back:.1f} s after its return")
        self.eventually(lambda: len(addresses(witness)) == 5, "DNS does not show it")
        self.eventually(lambda: len(addresses(victim)) == 5, "its own DNS does not")

    def test_sessions_restarts_and_edits(self):
        witness, restarted, edited = self.agents[:3]
        self.eventually(lambda: self.everybody_passes(witness), "not registered")
        for agent in self.agents:
            session = agent.put("/v1/session/create", {"TTL": "60s"}).json()["ID"]
            info = witness.get(f"/v1/session/info/{session}").json()[0]
            self.assertEqual(info["Node"], agent.node)
        before = witness.get("/v1/health/service/web")
        restarted.kill()
        restarted.start(wait=False)
        self.eventually(lambda: restarted.get("/v1/kv/none").status == 404, "no server")
        time.sleep(2)  # For what it pushes at its start.
        after = witness.get("/v1/health/service/web")
        self.assertEqual((after.index(), after.body), (before.index(), before.body))
        # Somebody edits the catalog behind an agent's back, who compares about once a minute.
        gone = {"Node": edited.node, "ServiceID": "web"}
        self.assertEqual(witness.put("/v1/catalog/deregister", gone).status, 200)
        eventually(lambda: self.everybody_passes(witness), "it is not put right", self.cluster,
                   deadline_s=180)

    def test_a_blocked_client_does_not_see_its_server_cut_off(self):
        agent, writer = self.agents[:2]
        self.cluster.write("watched", "one", writer)
        index = agent.get("/v1/kv/watched").index()
        with concurrent.futures.ThreadPoolExecutor() as clients:
            target = f"/v1/kv/watched?index={index}&wait=2m"
            waiting = [clients.submit(agent.get, target, timeout=150) for _ in range(5)]
            time.sleep(0.5)
            used = agent.server()
            victim = next(one for one in self.cluster.members if one.rpc_address == used)
            victim.cut_off()
            self.eventually(lambda: agent.server() != used, "it does not move")
            self.eventually(lambda: writer.put("/v1/kv/watched", "two").text() == "true",
                            "cannot write")
            answers = [client.result() for client in waiting]
        self.assertEqual([answer.status for answer in answers], [200] * 5)
        self.assertEqual({answer.json()[0]["Value"] for answer in answers}, {"dHdv"})
        victim.reconnect()

    def test_a_server_that_is_cut_off_raises_no_alarm(self):
        witness = self.agents[0]
        self.eventually(lambda: self.everybody_passes(witness), "not registered")
        leader = self.cluster.leader()
        leader.cut_off()
        rest = [member for member in self.cluster.members if member is not leader]
        end = time.monotonic() + 20
        while time.monotonic() < end:
            critical = [check["Node"] for check in
                        rest[0].get("/v1/health/state/critical?stale", timeout=15).json()]
            self.assertEqual([name for name in critical if name.startswith("agent")], [])
            time.sleep(0.5)
        for agent in self.agents:
            self.eventually(lambda: agent.put("/v1/kv/a", "b").text() == "true",
                            f"{agent.node} does not write")
        leader.reconnect()
        self.eventually(lambda: self.everybody_passes(leader), "the server does not come back")


if __name__ == "__main__":
    enter_own_network()
    unittest.main()
