"""What was acknowledged is there after a restart, and indexes go on rising."""

import unittest

from server_process import ServerProcess


class Restart(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def restart(self):
        self.server.stop()
        self.server.start()

    def test_keys_flags_and_indexes_survive(self):
        for n in range(50):
            self.server.put(f"/v1/kv/r/{n:02}?flags={n}", f"value {n}")
        before = self.server.get("/v1/kv/r/?recurse")
        self.restart()
        after = self.server.get("/v1/kv/r/?recurse")
        self.assertEqual(after.json(), before.json())
        self.server.put("/v1/kv/r/more", "x")
        self.assertGreater(self.server.get("/v1/kv/r/more").index(), before.index())

    def test_a_lock_and_its_session_survive(self):
        session = self.server.put("/v1/session/create", {"TTL": "600s"}).json()["ID"]
        acquired = self.server.put(f"/v1/kv/lock?acquire={session}", "me")
        self.assertEqual(acquired.body.strip(), b"true")
        self.restart()
        self.assertEqual(self.server.get("/v1/kv/lock").json()[0]["Session"], session)
        self.assertEqual(self.server.put(f"/v1/session/renew/{session}").status, 200)

    def test_the_node_keeps_its_id_and_its_services(self):
        self.server.put("/v1/agent/service/register",
                        {"Name": "web", "Port": 80, "Check": {"TTL": "10m"}})
        self.server.put("/v1/agent/check/pass/service:web?note=fine")
        node = self.server.get("/v1/agent/self").json()["Config"]["NodeID"]
        self.restart()
        self.assertEqual(self.server.get("/v1/agent/self").json()["Config"]["NodeID"], node)
        self.assertEqual(list(self.server.get("/v1/agent/services").json()), ["web"])
        check = self.server.get("/v1/agent/checks").json()["service:web"]
        self.assertEqual((check["Status"], check["Output"]), ("passing", "fine"))

    def test_after_a_leave_it_comes_back_as_it_was(self):
        self.server.put("/v1/kv/kept", "x")
        self.server.run("leave")
        self.assertEqual(self.server.wait(), 0)
        self.server.start()
        self.assertEqual(self.server.get("/v1/kv/kept").status, 200)
        self.assertIn("alive", self.server.run("members").stdout)

    def test_many_restarts_in_a_row(self):
        for n in range(5):
            self.server.put(f"/v1/kv/turn/{n}", "x")
            self.restart()
        self.assertEqual(len(self.server.get("/v1/kv/turn/?keys").json()), 5)


if __name__ == "__main__":
    unittest.main()
