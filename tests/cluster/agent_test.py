"""Agents without a copy of the state: three servers and two agents as processes."""

import base64
import json
import pathlib
import re
import socket
import threading
import time
import unittest

from cluster import Cluster, eventually
from dns_tools import dig

FAST = {"performance": {"raft_multiplier": 1, "node_lease_ttl": "6s", "rebalance_interval": "2s"}}
WEB = {"ID": "web-1", "Name": "web", "Port": 80, "Check": {"TTL": "10m"}}


def health(node, name="web"):
    """Instances with their state, as one node's HTTP API shows them."""
    answer = node.get(f"/v1/health/service/{name}")
    if answer.status != 200:
        return None
    return {entry["Node"]["Node"]: [check["Status"] for check in entry["Checks"]]
            for entry in answer.json()}


def serf_health(node, name):
    answer = node.get(f"/v1/health/node/{name}")
    checks = answer.json() if answer.status == 200 else []
    return next((check["Status"] for check in checks if check["CheckID"] == "serfHealth"), None)


def member_status(node, name):
    return next((member["Status"] for member in node.get("/v1/agent/members").json()
                 if member["Name"] == name), None)


class Agents(unittest.TestCase):
    config = FAST

    def setUp(self):
        self.cluster = Cluster(3, config=self.config).start()
        self.addCleanup(self.cluster.close)
        self.servers = list(self.cluster.members)
        self.first = self.cluster.add_agent("agent-1")
        # Its reads of catalog and health need no leader (contract 2.1).
        self.second = self.cluster.add_agent("agent-2", {"discovery_max_stale": "10s"})
        for agent in (self.first, self.second):
            agent.start(wait=False)
        for agent in (self.first, self.second):
            agent.wait_until_listed()

    def eventually(self, condition, complaint):
        return eventually(condition, complaint, self.cluster)

    def register(self, agent, body=None):
        answer = agent.put("/v1/agent/service/register", body or WEB)
        self.assertEqual(answer.status, 200, answer.text())

    def test_what_an_agent_answers_by_itself_and_what_by_a_server(self):
        agent = self.first
        own = agent.get("/v1/agent/self").json()
        self.assertIs(own["Config"]["Server"], False)
        self.assertEqual(own["Member"]["Tags"]["role"], "node")
        self.assertEqual(own["Stats"]["consul"], {"server": "false", "known_servers": "3"})
        for node in (agent, self.servers[0]):
            members = {one["Name"]: one for one in node.get("/v1/agent/members").json()}
            self.assertEqual(set(members), {"server-0", "server-1", "server-2", "agent-1",
                                            "agent-2"})
            self.assertEqual(members["agent-1"]["Status"], 1)
            self.assertIn(own["Member"], members.values())
        listed = agent.run("members").stdout
        row = next(line for line in listed.splitlines() if line.startswith("agent-2"))
        self.assertIn("client", row)
        self.assertIn("alive", row)
        # Writes, reads, their headers and their refusals are the servers'.
        self.assertEqual(agent.put("/v1/kv/a", "b").text(), "true")
        read = agent.get("/v1/kv/a?raw")
        self.assertEqual(read.text(), "b")
        for name in ("X-Consul-Index", "X-Consul-KnownLeader", "X-Consul-LastContact", "Vary"):
            self.assertIn(name, read.headers)
        self.assertEqual(len(read.headers.get_all("Vary")), 1)
        self.assertEqual(agent.get("/v1/kv/none").status, 404)
        self.assertEqual(agent.get("/v1/kv/a?dc=elsewhere").text(), "No path to datacenter")
        self.assertEqual(agent.request("PATCH", "/v1/kv/a").status, 405)
        self.assertEqual(agent.get("/v1/no/such").status, 404)
        self.assertEqual(agent.put("/v1/kv/big", "x" * 600_000).status, 413)
        pretty = agent.get("/v1/catalog/nodes?pretty").text()
        self.assertIn("\n    ", pretty)
        for node, mode in ((agent, "leader"), (self.second, "stale")):
            for target in ("/v1/catalog/nodes", "/v1/health/state/any?index=1"):
                headers = node.get(target).headers
                self.assertEqual(headers["X-Consul-Effective-Consistency"], mode, target)
        # Only a leader answers this one: the server that is asked passes it on.
        self.assertEqual(agent.get("/v1/operator/autopilot/health").json()["Healthy"], True)

    def test_sessions_distances_and_events_are_those_of_the_asked_agent(self):
        for agent in (self.first, self.second):
            session = agent.put("/v1/session/create", {"TTL": "30s"}).json()["ID"]
            info = self.servers[0].get(f"/v1/session/info/{session}").json()[0]
            self.assertEqual(info["Node"], agent.node)
            self.register(agent)
        for agent in (self.first, self.second):
            near = agent.get("/v1/catalog/service/web?near=_agent")
            self.assertEqual(near.status, 200, near.text())
        fired = self.first.put("/v1/event/fire/deploy?node=agent-2")
        self.assertEqual(fired.status, 200, fired.text())
        self.eventually(lambda: self.second.get("/v1/event/list").json(), "no event")
        self.assertEqual(self.first.get("/v1/event/list").json(), [])

    def test_a_service_on_an_agent_is_found_everywhere_and_put_right(self):
        self.register(self.first)
        self.first.put("/v1/agent/check/pass/service:web-1")
        for node in (*self.servers, self.second):
            self.eventually(lambda: health(node) == {"agent-1": ["passing", "passing"]},
                            f"{node.node} does not see it")
        # Somebody edits the catalog behind the agent's back.
        gone = {"Node": "agent-1", "ServiceID": "web-1"}
        self.assertEqual(self.servers[0].put("/v1/catalog/deregister", gone).status, 200)
        self.first.put("/v1/agent/reload")
        # Compared with the catalog about once a minute (contract 6.5).
        eventually(lambda: health(self.second) == {"agent-1": ["passing", "passing"]},
                   "it is not put right", self.cluster, deadline_s=180)

    def test_a_host_that_dies_turns_critical_and_comes_back(self):
        self.register(self.first)
        self.first.put("/v1/agent/check/pass/service:web-1")
        self.eventually(lambda: health(self.second) == {"agent-1": ["passing", "passing"]}, "?")
        before = self.servers[0].get("/v1/health/service/web").json()
        self.first.kill()
        died = time.monotonic()
        self.eventually(lambda: serf_health(self.second, "agent-1") == "critical",
                        "it does not turn critical")
        took = time.monotonic() - died
        # The lease of this test lasts 6 s and is renewed every 1.5 s.
        self.assertGreater(took, 3.5)
        self.assertEqual(member_status(self.servers[0], "agent-1"), 4)
        self.assertEqual(serf_health(self.second, "agent-2"), "passing")
        self.first.start(wait=False)
        self.eventually(lambda: serf_health(self.second, "agent-1") == "passing",
                        "it does not come back")
        after = self.servers[0].get("/v1/health/service/web").json()
        self.assertEqual([one["Service"]["CreateIndex"] for one in before],
                         [one["Service"]["CreateIndex"] for one in after])

    def test_kill_and_restart_of_an_agent_is_invisible(self):
        # One that a client keeps alive, one that was said to pass, and one that is looked at.
        checks = [{"CheckID": "beat", "TTL": "10m"},
                  {"CheckID": "said", "TTL": "10m", "Status": "passing"},
                  {"CheckID": "seen", "HTTP": f"http://{self.servers[0].address}/v1/status/leader",
                   "Interval": "3s"}]
        self.register(self.first, {"ID": "web-1", "Name": "web", "Port": 80, "Checks": checks})
        self.first.put("/v1/agent/check/pass/beat")
        self.eventually(lambda: health(self.second) == {"agent-1": ["passing"] * 4}, "?")
        before = self.second.get("/v1/health/service/web")
        self.first.kill()
        self.first.start(wait=False)
        self.eventually(lambda: self.first.get("/v1/kv/x").status == 404, "no server")
        self.eventually(lambda: member_status(self.second, "agent-1") == 1, "?")
        time.sleep(2)  # For what it pushes at its start.
        after = self.second.get("/v1/health/service/web")
        self.assertEqual(before.body, after.body)
        self.assertEqual(before.index(), after.index())

    def test_leaving_deregisters_and_forcing_takes_out_who_is_dead(self):
        self.register(self.first)
        self.assertEqual(self.first.run("leave").returncode, 0)
        self.assertEqual(self.first.wait(), 0)
        self.eventually(lambda: not self.second.get("/v1/health/node/agent-1").json(), "it stays")
        self.assertEqual(member_status(self.servers[0], "agent-1"), 3)
        # A live one objects to being forced.
        self.assertEqual(self.servers[0].run("force-leave", "agent-2").returncode, 0)
        self.eventually(lambda: member_status(self.servers[0], "agent-2") == 1, "no objection")
        self.second.kill()
        self.eventually(lambda: member_status(self.servers[0], "agent-2") == 4, "not failed")
        forced = self.servers[1].run("force-leave", "-prune", "agent-2")
        self.assertEqual(forced.returncode, 0, forced.stderr)
        self.eventually(lambda: member_status(self.servers[0], "agent-2") is None, "not pruned")
        self.first.start(wait=False)
        self.eventually(lambda: serf_health(self.servers[0], "agent-1") == "passing",
                        "it may not come back")

    def test_a_blocked_client_does_not_see_its_agent_move(self):
        self.cluster.write("watched", "one")
        index = self.first.get("/v1/kv/watched").index()
        answers = []

        def watch():
            answers.append(self.first.get(f"/v1/kv/watched?index={index}&wait=120s", timeout=150))

        waiting = [threading.Thread(target=watch) for _ in range(5)]
        for thread in waiting:
            thread.start()
        time.sleep(0.5)
        used = self.first.server()
        victim = next(one for one in self.servers if one.rpc_address == used)
        victim.kill()
        self.eventually(lambda: self.first.server() != used, "it does not move")
        self.cluster.write("watched", "two", self.second)
        for thread in waiting:
            thread.join(60)
        self.assertEqual([answer.status for answer in answers], [200] * 5)
        self.assertEqual({answer.json()[0]["Value"] for answer in answers}, {"dHdv"})
        # No node was taken for dead meanwhile, and a server that comes back gets its share.
        for name in ("agent-1", "agent-2"):
            self.assertEqual(serf_health(self.second, name), "passing")
        victim.start(wait=False)
        self.eventually(lambda: used in (self.first.server(), self.second.server()),
                        "nobody uses the server that came back")

    def test_the_same_blocking_queries_are_one_at_the_servers_for_each_token(self):
        for number in range(5):
            self.cluster.write(f"shared/{number}", "x")
        index = self.first.get("/v1/kv/shared/?recurse").index()

        def waiting_at_servers():
            return sum(server.parked_queries() for server in self.servers)

        for tokens in (1, 2):
            before = waiting_at_servers()
            sockets = []
            for number in range(50):
                target = f"/v1/kv/shared/{number % 5}?index={index}&wait=5m"
                token = f"X-Consul-Token: token-{number // 5 % tokens}"
                opened = socket.create_connection(("127.0.0.1", self.first.http_port))
                opened.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n{token}\r\n\r\n".encode())
                sockets.append(opened)
            wanted = 5 * tokens
            self.eventually(lambda: waiting_at_servers() - before == wanted,
                            f"not {wanted} queries at the servers")
            time.sleep(0.5)
            self.assertEqual(waiting_at_servers() - before, wanted)
            shown = re.search(r"(?m)^consul_client_blocking_upstream (\S+)$",
                              self.first.get("/metrics").text())
            self.assertEqual(float(shown[1]), wanted)
            for opened in sockets:
                opened.close()
            self.eventually(lambda: waiting_at_servers() == before, "they stay")

    def test_servers_restarted_one_after_another_raise_no_alarm(self):
        self.register(self.first)
        self.first.put("/v1/agent/check/pass/service:web-1")
        self.eventually(lambda: health(self.second) == {"agent-1": ["passing", "passing"]}, "?")
        stop = threading.Event()
        bad = []

        def look():
            while not stop.wait(0.1):
                for agent in (self.first, self.second):
                    try:
                        answer = agent.get("/v1/health/state/critical?stale", timeout=20)
                        if answer.status == 200 and answer.json():
                            bad.append(answer.json())
                    except OSError as problem:
                        bad.append(problem)

        looking = threading.Thread(target=look)
        looking.start()
        for server in self.servers:
            server.stop()
            time.sleep(1)
            server.start()
        stop.set()
        looking.join()
        agents = [check for answer in bad for check in (answer if isinstance(answer, list) else [
            answer]) if not isinstance(check, dict) or check["Node"].startswith("agent")]
        self.assertEqual(agents, [])

    def test_everything_down_and_back(self):
        self.register(self.first)
        self.assertEqual(len(self.first.get("/v1/agent/members").json()), 5)
        cached = "/v1/health/service/web?cached"
        self.assertEqual(self.first.get(cached).headers["X-Cache"], "MISS")
        self.assertEqual(self.first.get(cached).headers["X-Cache"], "HIT")
        self.first.put("/v1/agent/check/pass/service:web-1")
        self.eventually(lambda: self.found_by_dns("web.service") == ["127.0.0.1"], "not in DNS")
        self.assertEqual(self.found_by_dns("agent-2.node"), ["127.0.0.1"])
        for server in self.servers:
            server.kill()
        changed = {**WEB, "Port": 81}
        self.assertEqual(self.first.put("/v1/agent/service/register", changed).status, 200)
        self.assertEqual(self.first.get("/v1/agent/services").json()["web-1"]["Port"], 81)
        self.assertEqual(self.first.get("/v1/agent/self").status, 200)
        self.assertEqual(len(self.first.get("/v1/agent/members").json()), 5)
        refused = self.eventually(
            lambda: (lambda answer: answer if answer.status == 500 else None)(
                self.first.get("/v1/kv/a")), "no refusal")
        self.assertIn("No known Consul servers", refused.text())
        kept = self.first.get(cached)
        self.assertEqual((kept.status, kept.headers["X-Cache"]), (200, "HIT"))
        self.assertGreaterEqual(int(kept.headers["Age"]), 1)
        self.assertEqual(kept.json()[0]["Node"]["Node"], "agent-1")
        # DNS goes on with what it was asked for before; of the rest it cannot say anything.
        self.assertEqual(self.found_by_dns("web.service"), ["127.0.0.1"])
        self.assertEqual(self.found_by_dns("agent-2.node"), ["127.0.0.1"])
        unknown = dig(self.first.ports["dns"], "other.service.consul")
        self.assertEqual(unknown.status, "SERVFAIL")
        # Its list is remembered: it needs no join list to come back.
        self.first.kill()
        self.first.formation = lambda: []
        self.first.start(wait=False)
        for server in self.servers:
            server.start(wait=False)

        def port():
            answer = self.second.get("/v1/catalog/service/web")
            return answer.json()[0]["ServicePort"] if answer.status == 200 else None

        self.eventually(lambda: port() == 81, "it is not synchronised")

    def found_by_dns(self, name):
        return dig(self.first.ports["dns"], f"{name}.consul").addresses()

    def test_joins_are_symmetric(self):
        third = self.cluster.add_agent("agent-3")
        third.formation = lambda: []
        third.start(wait=False)
        self.eventually(lambda: third.get("/v1/agent/self").status == 200, "it does not start")
        alone = third.get("/v1/agent/members").json()
        self.assertEqual([one["Name"] for one in alone], ["agent-3"])
        # By an agent that knows servers.
        joined = third.run("join", self.first.join_address)
        self.assertEqual(joined.returncode, 0, joined.stderr)
        self.assertEqual(member_status(self.servers[0], "agent-3"), 1)
        # A server is told of an agent that knows nobody.
        fourth = self.cluster.add_agent("agent-4")
        fourth.formation = lambda: []
        fourth.start(wait=False)
        self.eventually(lambda: fourth.get("/v1/agent/self").status == 200, "it does not start")
        joined = self.servers[1].run("join", fourth.join_address)
        self.assertEqual(joined.returncode, 0, joined.stderr)
        self.eventually(lambda: member_status(self.servers[0], "agent-4") == 1, "not a member")


class EncryptedAgents(unittest.TestCase):
    def test_keys_change_under_an_agent(self):
        old, new = (base64.b64encode(bytes([byte] * 32)).decode() for byte in (1, 2))
        cluster = Cluster(3, config={**FAST, "encrypt": old}).start()
        self.addCleanup(cluster.close)
        server = cluster.leader()
        agent = cluster.add_agent("agent-1")
        agent.start(wait=False)
        agent.wait_until_listed()

        def does(*words):
            eventually(lambda: server.run("keyring", *words).returncode == 0, str(words), cluster)

        does("-install", new)
        does("-use", new)
        # Refused for as long as an agent may not have heard of the new one.
        does("-remove", old)
        kept = pathlib.Path(agent.data_dir, "keyring")
        eventually(lambda: json.loads(kept.read_text())["Keys"] == [new], "the old key stays",
                   cluster)
        agent.kill()
        agent.start(wait=False)
        eventually(lambda: agent.put("/v1/kv/a", "b").text() == "true", "it is shut out", cluster)


if __name__ == "__main__":
    unittest.main()
