"""DNS of the real program, asked by dig and drill.

Oracle: contract 15, and section 20, trap 27.
"""

import json
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import unittest

from cluster import Cluster
from dns_tools import OtherServer, dig, drill, missing_tools
from server_process import ServerProcess, wait_until

if missing_tools("dig", "drill"):
    sys.exit(f"missing: {missing_tools('dig', 'drill')} (scripts/deps test)")


def dns_port(server):
    return server.peer_ports[2]


def register(server, node, address, service=None, status="passing", meta=None):
    """In the catalog, with one check of the service if there is one."""
    body = {"Node": node, "Address": address, "NodeMeta": meta or {}}
    if service:
        body["Service"] = service
        body["Check"] = {"CheckID": f"check:{node}", "Name": "check", "Status": status,
                         "ServiceID": service.get("ID", service["Service"])}
    answer = server.put("/v1/catalog/register", body)
    assert answer.status == 200, answer.text()


class Names(unittest.TestCase):
    """Of a server; agent_dns_test.py has the same of an agent."""

    @classmethod
    def begin(cls):
        """Starts whom the catalog is told, and whose DNS is asked."""
        cls.server = cls.asked = ServerProcess(dev=True).start()
        cls.addClassCleanup(cls.server.close)
        cls.port = dns_port(cls.server)

    @classmethod
    def setUpClass(cls):
        cls.begin()
        register(cls.server, "alpha", "10.0.0.1", {"Service": "web", "Port": 80, "Tags": ["v1"]},
                 meta={"rack": "r1"})
        register(cls.server, "beta", "10.0.0.2",
                 {"Service": "web", "Port": 81, "Address": "10.1.0.2",
                  "Weights": {"Passing": 7, "Warning": 1}})
        register(cls.server, "gamma.rack2", "10.0.0.3", {"Service": "web", "Port": 82}, "critical")
        register(cls.server, "delta", "2001:db8::4", {"Service": "six", "Port": 6})
        for n in range(10):
            register(cls.server, f"many{n}", f"10.2.0.{n}", {"Service": "many", "Port": 80})

    def dig(self, *words):
        return dig(self.port, *words)

    def becomes(self, holds):
        """After a change that its writer was told of: at once."""
        self.assertTrue(holds())

    def test_a_service_is_found_by_name_and_tag(self):
        answer = self.dig("web.service.consul")
        self.assertEqual(answer.status, "NOERROR")
        self.assertIn("aa", answer.flags)
        self.assertNotIn("ra", answer.flags)
        self.assertEqual(answer.addresses(), ["10.0.0.1", "10.1.0.2"])
        self.assertEqual(self.dig("WEB.service.dc1.CONSUL").addresses(), ["10.0.0.1", "10.1.0.2"])
        self.assertEqual(self.dig("v1.web.service.consul").addresses(), ["10.0.0.1"])
        self.assertEqual(self.dig("six.service.consul", "AAAA").addresses(), ["2001:db8::4"])

    def test_srv_says_where(self):
        answer = self.dig("_web._tcp.service.consul", "SRV")
        self.assertEqual(sorted(answer.data()), ["SRV 1 1 80 alpha.node.dc1.consul.",
                                                 "SRV 1 7 81 0a010002.addr.dc1.consul."])
        self.assertIn("A 10.0.0.1", answer.data("additional"))
        self.assertIn("A 10.1.0.2", answer.data("additional"))
        self.assertIn('TXT "rack=r1"', answer.data("additional"))
        self.assertEqual(self.dig("0a010002.addr.dc1.consul").addresses(), ["10.1.0.2"])

    def test_a_node_is_found(self):
        self.assertEqual(self.dig("alpha.node.consul").addresses(), ["10.0.0.1"])
        self.assertEqual(self.dig("gamma.rack2.node.dc1.consul").addresses(), ["10.0.0.3"])
        self.assertEqual(self.dig("alpha.node.consul", "TXT").data(), ['TXT "rack=r1"'])

    def test_what_is_not_there_is_negative_and_what_is_empty_is_not(self):
        for name in ("nothing.service.consul", "v9.web.service.consul", "web.service.dc2.consul",
                     "nobody.node.consul", "strange.consul"):
            answer = self.dig(name)
            self.assertEqual((name, answer.status), (name, "NXDOMAIN"))
            self.assertEqual(answer.authority[0][3], "SOA")
        answer = self.dig("web.service.consul", "AAAA")
        self.assertEqual((answer.status, answer.answer), ("NOERROR", []))
        self.assertEqual(answer.authority[0][3], "SOA")

    def test_addresses_have_names(self):
        self.assertEqual(self.dig("1.0.0.10.in-addr.arpa", "PTR").data(),
                         ["PTR alpha.node.dc1.consul."])
        self.assertEqual(self.dig("2.0.1.10.in-addr.arpa", "PTR").data(),
                         ["PTR web.service.dc1.consul."])
        self.assertEqual(self.dig("9.9.9.9.in-addr.arpa", "PTR").status, "NXDOMAIN")

    def test_the_zone_has_a_head_and_servers(self):
        answer = self.dig("consul", "SOA")
        self.assertTrue(answer.data()[0].startswith("SOA ns.consul. hostmaster.consul. "))
        self.assertEqual(answer.data("authority"), [f"NS {self.server.node}.node.dc1.consul."])
        self.assertEqual(self.dig("consul", "NS").data(),
                         [f"NS {self.server.node}.node.dc1.consul."])

    def test_trap_27_random_order_three_answers_over_udp_no_truncation_bit(self):
        seen = set()
        for _ in range(40):
            answer = self.dig("many.service.consul")
            self.assertEqual(len(answer.answer), 3)
            self.assertNotIn("tc", answer.flags)
            seen.add(tuple(words[4] for words in answer.answer))
        self.assertGreater(len(seen), 5)
        self.assertEqual(len(self.dig("many.service.consul", "A", "+tcp").answer), 10)
        self.assertEqual(len(self.dig("many.service.consul", "A", "+bufsize=4096").answer), 10)

    def test_drill_understands_it(self):
        text = drill(self.port, "many.service.consul", "SRV", "-t")
        self.assertEqual(text.count("IN\tSRV\t1 1 80 "), 10)
        self.assertIn("rcode: NXDOMAIN", drill(self.port, "nothing.service.consul"))

    def test_other_domains_are_refused(self):
        self.assertEqual(self.dig("example.com").status, "REFUSED")

    def test_a_prepared_query_is_answered(self):
        self.server.request("POST", "/v1/query", {"Name": "fast.web", "DNS": {"TTL": "11s"},
                                                  "Service": {"Service": "web", "Tags": ["v1"]}})
        answer = self.dig("fast.web.query.consul")
        self.assertEqual([words[1:] for words in answer.answer], [["11", "IN", "A", "10.0.0.1"]])
        self.assertEqual(self.dig("_fast.web._tcp.query.consul", "SRV").data(),
                         ["SRV 1 1 80 alpha.node.dc1.consul."])
        self.assertEqual(self.dig("slow.query.consul").status, "NXDOMAIN")

    def test_every_change_shows_at_once(self):
        for n in range(30):
            register(self.server, "mover", f"10.3.0.{n}", {"Service": "moving", "Port": 1})
            self.becomes(lambda n=n: self.dig(
                "moving.service.consul").addresses() == [f"10.3.0.{n}"])
        self.server.put("/v1/catalog/deregister", {"Node": "mover"})
        self.becomes(lambda: self.dig("moving.service.consul").status == "NXDOMAIN")
        register(self.server, "mover", "10.3.1.1", {"Service": "moving", "Port": 1})
        wait_until(lambda: self.dig("moving.service.consul").addresses() == ["10.3.1.1"])

    def test_health_decides(self):
        register(self.server, "sick", "10.4.0.1", {"Service": "frail", "Port": 1}, "warning")
        self.assertEqual(self.dig("frail.service.consul").addresses(), ["10.4.0.1"])
        register(self.server, "sick", "10.4.0.1", {"Service": "frail", "Port": 1}, "critical")
        self.becomes(lambda: self.dig("frail.service.consul").status == "NXDOMAIN")

    def test_many_questions_on_one_connection(self):
        question = (b"\0\1\1\0\0\1\0\0\0\0\0\0" + b"\3web\7service\6consul\0" + b"\0\1\0\1")
        framed = len(question).to_bytes(2, "big") + question
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(framed * 20)
            received = connection.makefile("rb")
            for _ in range(20):
                size = int.from_bytes(received.read(2), "big")
                answer = received.read(size)
                self.assertEqual(answer[6:8], b"\0\2")

    def test_strange_packets_get_an_error_or_nothing(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            client.connect(("127.0.0.1", self.port))
            for packet in (b"", b"x", b"\xff" * 500, b"\0" * 12,
                           b"\0\1\1\0\0\1" + b"\0" * 6 + b"\xc0\x0c"):
                client.send(packet)
            client.send(b"\0\x2a\1\0\0\2" + b"\0" * 6)
            while True:
                answer = client.recv(4096)
                if answer[:2] == b"\0\x2a":
                    break
            self.assertEqual(answer[3] & 15, 1)
        self.assertEqual(self.dig("alpha.node.consul").addresses(), ["10.0.0.1"])

    def test_it_is_counted(self):
        self.dig("alpha.node.consul")
        text = self.asked.get("/metrics").text()
        self.assertRegex(text, r"consul_dns_domain_query_count [1-9]")
        self.assertRegex(text, r"consul_dns_udp_queries(_total)? [1-9]")


class Configured(unittest.TestCase):
    def start(self, **config):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-dns-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        self.file = directory / "dns.json"
        self.file.write_text(json.dumps(config))
        self.server = ServerProcess(dev=True, arguments=["-config-file", str(self.file)]).start()
        self.addCleanup(self.server.close)

    def reload(self, **config):
        self.file.write_text(json.dumps(config))
        self.server.signal(signal.SIGHUP)

    def dig(self, *words, **more):
        return dig(dns_port(self.server), *words, **more)

    def other(self, *arguments, **more):
        other = OtherServer(*arguments, **more)
        self.addCleanup(other.close)
        return other

    def test_settings_count_and_follow_a_reload(self):
        self.start(alt_domain="shop.test.", dns_config={
            "service_ttl": {"web*": "5s", "*": "7s"}, "node_ttl": "9s", "enable_truncate": True,
            "udp_answer_limit": 1, "soa": {"min_ttl": 3, "refresh": 11}})
        for n in range(3):
            register(self.server, f"n{n}", f"10.0.0.{n}", {"Service": "web", "Port": 80})
        answer = self.dig("web.service.shop.test")
        self.assertEqual((len(answer.answer), answer.answer[0][1]), (1, "5"))
        self.assertIn("tc", answer.flags)
        self.assertEqual(self.dig("n1.node.consul").answer[0][1], "9")
        soa = self.dig("no.node.consul").authority[0]
        self.assertEqual((soa[1], soa[7], soa[10]), ("3", "11", "3"))
        self.reload(dns_config={"udp_answer_limit": 2, "only_passing": True})
        wait_until(lambda: len(self.dig("web.service.consul").answer) == 2)
        self.assertEqual(self.dig("web.service.shop.test").status, "REFUSED")
        register(self.server, "n1", "10.0.0.1", {"Service": "web", "Port": 80}, "warning")
        register(self.server, "n2", "10.0.0.2", {"Service": "web", "Port": 80}, "warning")
        self.assertEqual(self.dig("web.service.consul").addresses(), ["10.0.0.0"])

    def test_other_names_are_passed_on(self):
        silent, broken = self.other({}, silent=True), self.other({}, code=2)
        good = self.other({"db.example.com": "192.0.2.7"})
        self.start(recursors=[silent.address, broken.address, good.address],
                   dns_config={"recursor_timeout": "300ms"})
        answer = self.dig("db.example.com")
        self.assertEqual((answer.status, answer.addresses()), ("NOERROR", ["192.0.2.7"]))
        self.assertIn("ra", answer.flags)
        self.assertEqual((silent.questions, broken.questions, good.questions), (1, 1, 1))
        self.assertEqual(self.dig("db.example.com", "A", "+tcp").addresses(), ["192.0.2.7"])
        self.assertEqual(self.dig("nobody.example.com").status, "NXDOMAIN")
        self.assertIn("ra", self.dig("no.service.consul").flags)
        self.assertEqual(self.dig("1.2.0.192.in-addr.arpa", "PTR").status, "NXDOMAIN")
        # An instance whose address is a name.
        register(self.server, "cloud", "10.0.0.9",
                 {"Service": "outside", "Port": 5432, "Address": "db.example.com"})
        self.assertEqual(self.dig("outside.service.consul").data(),
                         ["CNAME db.example.com.", "A 192.0.2.7"])
        answer = self.dig("outside.service.consul", "SRV")
        self.assertEqual(answer.data(), ["SRV 1 1 5432 db.example.com."])
        self.assertIn("A 192.0.2.7", answer.data("additional"))
        # One of ours behind another of ours.
        register(self.server, "front", "10.0.0.8",
                 {"Service": "alias", "Port": 1, "Address": "cloud.node.consul"})
        self.assertEqual(self.dig("alias.service.consul").data(),
                         ["CNAME cloud.node.consul.", "A 10.0.0.9"])

    def test_nobody_can_be_asked(self):
        broken = self.other({}, code=5)
        self.start(recursors=[broken.address])
        self.assertEqual(self.dig("db.example.com").status, "SERVFAIL")

    def test_the_port_can_be_off(self):
        self.start(ports={"dns": -1})
        server = ServerProcess(dev=True, arguments=["-dns-port", "-1"])
        with server:
            self.assertEqual(dig(dns_port(server), "consul").status, "")

    def test_every_address_of_the_host_answers_from_itself(self):
        self.start(addresses={"dns": "0.0.0.0"})
        register(self.server, "n1", "10.0.0.1")
        for own in ("127.0.0.1", "127.0.0.2"):
            self.assertEqual(self.dig("n1.node.consul", server=own).addresses(), ["10.0.0.1"])


class WithoutALeader(unittest.TestCase):
    def test_answers_go_on_unless_they_must_be_fresh(self):
        with Cluster(3) as cluster:
            cluster.wait_for_leader()
            leader = cluster.leader()
            register(leader, "n1", "10.0.0.1", {"Service": "web", "Port": 80})
            members = cluster.members
            for member in members:
                wait_until(lambda member=member: dig(
                    member.ports["dns"], "web.service.consul").addresses() == ["10.0.0.1"])
            last = next(member for member in members if member is not leader)
            for member in members:
                if member is not last:
                    member.kill()
            for name in ("web.service.consul", "n1.node.consul"):
                self.assertEqual(dig(last.ports["dns"], name).addresses(), ["10.0.0.1"])


if __name__ == "__main__":
    unittest.main()
