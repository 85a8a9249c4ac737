"""What transactions say, row by row, against the running server.

Oracle: contract section 4; the table is written from it, not from the program.
"""

import base64
import json
import unittest

from server_process import ServerProcess

UNKNOWN = "00000000-0000-0000-0000-00000000dead"
# Operations of one transaction each, and what is said of the only one; a text that ends in * is how
# it begins.
KEY = base64.b64encode(b"v").decode()
NODE = {"Node": "ext", "Address": "10.0.0.1", "ModifyIndex": 1}
NODE_SERVICE = {"ID": "s", "Service": "s", "ModifyIndex": 1}
NODE_CHECK = {"Node": "test-node", "CheckID": "critical", "Status": "passing", "ModifyIndex": 1}


def kv(verb, key="t", **fields):
    return {"KV": {"Verb": verb, "Key": key, **fields}}


TXN_ROWS = [
    ([{}], "no operation specified"),
    ([kv("set", "")], "Must provide key"),
    ([kv("fly")], 'unknown KV verb "fly"'),
    ([kv("get", "none")], 'key "none" doesn\'t exist'),
    ([kv("cas", "locked", Value=KEY, Index=1)], 'failed to set key "locked", index is stale'),
    ([kv("delete-cas", "locked", Index=1)], 'failed to delete key "locked", index is stale'),
    ([kv("lock", Session=UNKNOWN)], f'invalid session "{UNKNOWN}"'),
    ([kv("lock", "locked", Session="$second")],
     'failed to lock key "locked", lock is already held'),
    ([kv("lock", "delayed", Session="$second")],
     'failed to lock key "delayed" due to lock delay'),
    ([kv("unlock", "locked", Session="$second")],
     'failed to unlock key "locked", lock isn\'t held, or is held by another session'),
    ([kv("check-index", "locked", Index=1)],
     'failed index check for key "locked", current modify *'),
    ([kv("check-index", "none", Index=1)],
     'failed to check index, key "none" doesn\'t exist'),
    ([kv("check-session", "locked", Session="$second")],
     'failed session check for key "locked", current session "*'),
    ([kv("check-session", "none", Session="$second")],
     'failed to check session, key "none" doesn\'t exist'),
    ([kv("check-not-exists", "locked")], 'key "locked" exists'),
    ([{"Node": {"Verb": "get", "Node": {"Node": "nobody"}}}], 'node "nobody" doesn\'t exist'),
    ([{"Node": {"Verb": "cas", "Node": {**NODE, "Node": "test-node"}}}],
     'failed to set node "test-node", index is stale'),
    ([{"Node": {"Verb": "delete-cas", "Node": {**NODE, "Node": "test-node"}}}],
     'failed to delete node "test-node", index is stale'),
    ([{"Node": {"Verb": "fly", "Node": NODE}}], 'unknown Node verb "fly"'),
    ([{"Service": {"Verb": "get", "Node": "test-node", "Service": {"ID": "none"}}}],
     'service "none" on node "test-node" doesn\'t exist'),
    ([{"Service": {"Verb": "cas", "Node": "test-node", "Service": {**NODE_SERVICE, "ID": "web",
                                                                  "Service": "web"}}}],
     'failed to set service "web" on node "test-node", index is stale'),
    ([{"Service": {"Verb": "delete-cas", "Node": "test-node",
                   "Service": {**NODE_SERVICE, "ID": "web"}}}],
     'failed to delete service "web" on node "test-node", index is stale'),
    ([{"Check": {"Verb": "get", "Check": {"Node": "test-node", "CheckID": "none"}}}],
     'check "none" on node "test-node" doesn\'t exist'),
    ([{"Check": {"Verb": "cas", "Check": NODE_CHECK}}],
     'failed to set check "critical" on node "test-node", index is stale'),
    ([{"Check": {"Verb": "delete-cas", "Check": NODE_CHECK}}],
     'failed to delete check "critical" on node "test-node", index is stale'),
]


class ContractOfTransactions(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()
        cls.put("/v1/agent/service/register", {"Name": "web"})
        cls.put("/v1/agent/check/register", {"Name": "critical", "TTL": "10m"})
        first, second, gone = (cls.put("/v1/session/create", {"LockDelay": "60s"}).json()["ID"]
                               for _ in range(3))
        cls.names = {"$second": second}
        cls.put(f"/v1/kv/locked?acquire={first}", "v")
        cls.put(f"/v1/kv/delayed?acquire={gone}", "v")
        cls.put(f"/v1/session/destroy/{gone}")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    @classmethod
    def put(cls, target, body=None):
        answer = cls.server.put(target, body)
        assert answer.status == 200, answer.text()
        return answer

    def txn(self, operations):
        text = json.dumps(operations)
        for name, value in self.names.items():
            text = text.replace(name, value)
        return self.server.put("/v1/txn", text)

    def test_what_transactions_say(self):
        for operations, what in TXN_ROWS:
            with self.subTest(what=what):
                answer = self.txn(operations)
                self.assertEqual(answer.status, 409, answer.text())
                self.assertIsNone(answer.json()["Results"])
                [error] = answer.json()["Errors"]
                self.assertEqual(error["OpIndex"], 0)
                if what.endswith("*"):
                    self.assertTrue(error["What"].startswith(what[:-1]), error)
                else:
                    self.assertEqual(error["What"], what)
        many = self.txn([kv("get-or-empty")] * 129)
        self.assertEqual((many.status, many.text()),
                         (413, "Transaction contains too many operations (129 > 128)"))
        bad = self.server.put("/v1/txn", "{")
        self.assertEqual((bad.status, bad.text()[:22]), (400, "Failed to parse body: "))
        both = self.txn([kv("get", "none"), kv("set", "t", Value=KEY), kv("get", "none2")])
        self.assertEqual([one["OpIndex"] for one in both.json()["Errors"]], [0, 2])
        self.assertEqual(self.server.get("/v1/kv/t").status, 404, "nothing of it was done")
        read = self.txn([kv("get", "locked"), kv("get-or-empty", "none"), kv("get-tree", "zz")])
        self.assertEqual(read.headers["X-Consul-KnownLeader"], "true")
        self.assertIsNone(read.headers["X-Consul-Index"])
        self.assertEqual(len(read.json()["Results"]), 2)


if __name__ == "__main__":
    unittest.main()
