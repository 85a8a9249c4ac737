"""200,000 keys below one prefix and 2,000 instances of one service, listed whole by the running
server in every form, while it answers others and its memory stays where it was.

Oracle: design section 4, "Large bodies"; contract 2.2 and 3.
"""

import base64
import gzip
import http.client
import json
import os
import threading
import unittest

from server_process import ServerProcess, wait_until

KEYS = 200_000
OPERATIONS = 64
# The list of all is about 40 MB, and as objects in memory several times that. The bound is on what
# lists add, and generous: a sanitizer keeps what was freed for a while.
GROWTH_MAX = 24 << 20
QUARANTINE = "quarantine_size_mb=1:malloc_context_size=2"


def key(number):
    return f"big/{number:06}"


def value(number):
    return f"value of {number} " + "x" * 80


class LargeLists(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        options = os.environ.get("ASAN_OPTIONS", "")
        os.environ["ASAN_OPTIONS"] = ":".join(filter(None, [options, QUARANTINE]))
        cls.server = ServerProcess().start()
        connection = http.client.HTTPConnection("127.0.0.1", cls.server.http_port, timeout=120)
        for first in range(0, KEYS, OPERATIONS):
            numbers = range(first, min(first + OPERATIONS, KEYS))
            operations = [{"KV": {"Verb": "set", "Key": key(n),
                                  "Value": base64.b64encode(value(n).encode()).decode()}}
                          for n in numbers]
            connection.request("PUT", "/v1/txn", json.dumps(operations))
            response = connection.getresponse()
            body = response.read()
            if response.status != 200:
                raise AssertionError(body)
        connection.close()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def anonymous_bytes(self):
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no RssAnon")

    def list(self, target, **kwargs):
        """An answer that is not 503: a machine that is very busy takes longer than lists may."""
        answers = []

        def is_answered():
            answers.append(self.server.get(target, timeout=600, **kwargs))
            return answers[-1].status != 503

        wait_until(is_answered)
        return answers[-1]

    def check_growth(self, target):
        """Lists it once to have everything in place, then three times: that must not add up."""
        self.list(target)
        before = self.anonymous_bytes()
        answers = [self.list(target) for _ in range(3)]
        grown = self.anonymous_bytes() - before
        self.assertLess(grown, GROWTH_MAX, target)
        return answers[-1]

    def test_every_entry_is_listed_once_in_order(self):
        answer = self.check_growth("/v1/kv/big/?recurse")
        self.assertEqual(int(answer.headers["Content-Length"]), len(answer.body))
        entries = answer.json()
        self.assertEqual(len(entries), KEYS)
        newest = 0
        for number, entry in enumerate(entries):
            self.assertEqual(entry["Key"], key(number))
            self.assertEqual(base64.b64decode(entry["Value"]).decode(), value(number))
            newest = max(newest, entry["ModifyIndex"])
        self.assertEqual(answer.index(), newest)

    def test_every_key_is_listed_once_in_order(self):
        answer = self.check_growth("/v1/kv/big/?keys")
        self.assertEqual(answer.json(), [key(number) for number in range(KEYS)])

    def test_indented_and_compressed_it_is_the_same(self):
        plain = self.list("/v1/kv/big/?keys").json()
        pretty = self.list("/v1/kv/big/?keys&pretty")
        self.assertTrue(pretty.body.startswith(b'[\n    "big/000000",\n'))
        self.assertEqual(pretty.json(), plain)
        packed = self.list("/v1/kv/big/?keys&pretty", headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.body), pretty.body)
        self.assertLess(len(packed.body), len(pretty.body) // 4)

    def test_others_are_answered_while_a_client_reads_slowly(self):
        slow = http.client.HTTPConnection("127.0.0.1", self.server.http_port, timeout=600)
        response = None
        while response is None or response.status == 503:
            if response is not None:
                response.read()
            slow.request("GET", "/v1/kv/big/?recurse")
            response = slow.getresponse()
        first = response.read(1000)
        # The whole is rendered, most of it is not sent, and no read transaction is held for it.
        for number in range(200):
            self.assertEqual(self.server.put(f"/v1/kv/small/{number}", "x").body, b"true")
            self.assertEqual(self.server.get(f"/v1/kv/small/{number}?raw").body, b"x")
        rest = response.read()
        self.assertEqual(len(json.loads(first + rest)), KEYS)
        slow.close()

    def test_a_blocking_query_of_all_is_woken_by_one_of_them_alone(self):
        index = self.list("/v1/kv/big/?recurse").index()
        told = []
        waiter = threading.Thread(
            target=lambda: told.append(
                self.list(f"/v1/kv/big/?recurse&wait=10m&index={index}")))
        waiter.start()
        for number in range(20):
            self.server.put(f"/v1/kv/beside/{number}", "x")
        self.assertEqual(told, [])
        self.server.put(f"/v1/kv/{key(7)}", value(7) + "!")
        waiter.join(600)
        entries = told[0].json()
        self.assertEqual(len(entries), KEYS)
        self.assertEqual(base64.b64decode(entries[7]["Value"]).decode(), value(7) + "!")
        self.assertGreater(told[0].index(), index)
        self.server.put(f"/v1/kv/{key(7)}", value(7))

    def test_many_instances_with_filter(self):
        for number in range(2_000):
            body = {"Node": f"node-{number // 4:04}", "Address": "10.0.0.1",
                    "Service": {"ID": f"web-{number}", "Service": "web", "Port": number},
                    "Check": {"Node": f"node-{number // 4:04}", "CheckID": f"web-{number}",
                              "Name": "alive", "ServiceID": f"web-{number}",
                              "Status": "passing" if number % 2 else "critical"}}
            self.assertEqual(self.server.put("/v1/catalog/register", json.dumps(body)).body,
                             b"true")
        entries = self.check_growth("/v1/health/service/web").json()
        self.assertEqual({entry["Service"]["Port"] for entry in entries}, set(range(2_000)))
        self.assertEqual(len(self.list("/v1/health/service/web?passing").json()), 1_000)
        one = self.list("/v1/catalog/service/web?filter=ServicePort==1234").json()
        self.assertEqual([entry["ServiceID"] for entry in one], ["web-1234"])
        self.assertEqual(len(self.list("/v1/catalog/service/web").json()), 2_000)


if __name__ == "__main__":
    unittest.main()
