"""The traps of contract section 20 that concern reads, keys, sessions and locks, each against the
running server. Those of the catalog, agent and configuration are in traps_catalog_test.py; the
table of all is in tests/README.md.

Oracle: contract section 20, and the sections that each test names.
"""

import threading
import time
import unittest

from server_process import ServerProcess, wait_until

LOCK_FLAG = 3304740253564472344
SEMAPHORE_FLAG = 16210313421097356768
U64_MAX = 2**64 - 1


class TrapsKeys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess(config={"session_ttl_min": "1s"}).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def put(self, key, value="x", query=""):
        return self.server.put(f"/v1/kv/{key}?{query}", value)

    def entry(self, key):
        return self.server.get(f"/v1/kv/{key}").json()[0]

    def session(self, **body):
        made = self.server.put("/v1/session/create", {"LockDelay": 0, **body})
        self.assertEqual(made.status, 200, made.text())
        return made.json()["ID"]

    def timed(self, target):
        began = time.monotonic()
        answer = self.server.get(target)
        return answer, time.monotonic() - began

    def in_background(self, target):
        """A list that will hold the answer of a query that waits already, and its thread."""
        answers = []
        before = self.server.parked_queries()
        thread = threading.Thread(target=lambda: answers.append(self.server.get(target)))
        thread.start()
        wait_until(lambda: self.server.parked_queries() > before)
        return answers, thread

    def test_trap_01_numbers_are_64_bits_without_sign(self):
        """Sections 0, 3."""
        for flags in (LOCK_FLAG, SEMAPHORE_FLAG, U64_MAX):
            self.put("t01", query=f"flags={flags}")
            self.assertIn(f'"Flags":{flags},', self.server.get("/v1/kv/t01").text())
        refused = self.put("t01", query=f"flags={U64_MAX + 1}")
        self.assertEqual((refused.status, refused.text()), (500, 'strconv.ParseUint: parsing '
                         f'"{U64_MAX + 1}": value out of range'))

    def test_trap_02_the_index_is_never_0(self):
        """Section 1.5."""
        for target in ("/v1/kv/none", "/v1/kv/?recurse", "/v1/session/list", "/v1/catalog/nodes",
                       "/v1/catalog/services", "/v1/catalog/service/none", "/v1/catalog/node/none",
                       "/v1/health/service/none", "/v1/health/checks/none", "/v1/health/node/none",
                       "/v1/health/state/critical"):
            self.assertGreater(self.server.get(target).index(), 0, target)

    def test_trap_03_a_missing_key_is_a_404_with_an_index(self):
        """Sections 1.5, 3: clients block on keys that are not there."""
        answer = self.server.get("/v1/kv/t03")
        self.assertEqual((answer.status, answer.body), (404, b""))
        self.assertGreater(answer.index(), 0)
        self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")
        self.assertEqual(answer.headers["X-Consul-LastContact"], "0")
        self.assertEqual(self.server.get("/v1/kv/t03/?recurse").status, 404)

    def test_trap_04_an_empty_value_is_null(self):
        """Section 3."""
        self.put("t04", "")
        self.assertIn('"Value":null', self.server.get("/v1/kv/t04").text())
        raw = self.server.get("/v1/kv/t04?raw")
        self.assertEqual((raw.status, raw.body), (200, b""))

    def test_trap_05_the_session_is_there_only_while_locked(self):
        """Section 3."""
        session = self.session()
        self.put("t05", query=f"acquire={session}")
        self.assertEqual(self.entry("t05")["Session"], session)
        self.put("t05", query=f"release={session}")
        self.assertNotIn("Session", self.entry("t05"))

    def test_trap_06_a_deleted_child_raises_the_index_of_its_prefix(self):
        """Section 2.3: through its tombstone."""
        self.put("t06/a")
        self.put("t06/b")
        before = self.server.get("/v1/kv/t06/?recurse").index()
        answers, thread = self.in_background(f"/v1/kv/t06/?recurse&index={before}&wait=60s")
        self.server.delete("/v1/kv/t06/b")
        thread.join()
        [answer] = answers
        self.assertGreater(answer.index(), before)
        self.assertEqual([one["Key"] for one in answer.json()], ["t06/a"])
        self.server.delete("/v1/kv/t06/a")
        gone = self.server.get("/v1/kv/t06/?recurse")
        self.assertEqual(gone.status, 404)
        self.assertGreater(gone.index(), answer.index())

    def test_trap_07_a_session_lives_for_twice_its_ttl(self):
        """Section 5.3. That a new leader gives each its full time: quorum_sessions_test.py."""
        began = time.monotonic()
        session = self.session(TTL="1s", NodeChecks=[])
        wait_until(lambda: self.server.get(f"/v1/session/info/{session}").json() == [])
        self.assertGreaterEqual(time.monotonic() - began, 2.0)

    def test_trap_08_only_invalidation_arms_the_lock_delay(self):
        """Section 5.4. That it survives a change of leader: quorum_sessions_test.py."""
        released, ended, other = (self.session(LockDelay="60s") for _ in range(3))
        self.put("t08/released", query=f"acquire={released}")
        self.put("t08/released", query=f"release={released}")
        self.assertEqual(self.put("t08/released", query=f"acquire={other}").json(), True)
        self.put("t08/ended", query=f"acquire={ended}")
        self.server.put(f"/v1/session/destroy/{ended}")
        self.assertEqual(self.put("t08/ended", query=f"acquire={other}").json(), False)
        # Plain writes are exempt.
        self.assertEqual(self.put("t08/ended", "plain").json(), True)
        self.assertEqual(self.server.delete("/v1/kv/t08/ended").json(), True)

    def test_trap_09_checks_that_are_empty_or_null_drop_serf_health(self):
        """Section 5.1."""
        for body, checks in (({}, ["serfHealth"]), ({"Checks": []}, []), ({"Checks": None}, []),
                             ({"NodeChecks": []}, []), ({"NodeChecks": None}, []),
                             ({"NodeChecks": ["serfHealth"]}, ["serfHealth"])):
            [session] = self.server.get(f"/v1/session/info/{self.session(**body)}").json()
            self.assertEqual(session["NodeChecks"] or [], checks, body)

    def test_trap_10_small_lock_delays_are_seconds(self):
        """Section 5.1."""
        for given, nanoseconds in ((5, 5 * 10**9), (999, 999 * 10**9), (1000, 1000),
                                   (15 * 10**9, 15 * 10**9), ("0.001s", 10**6), ("15s", 15 * 10**9),
                                   (0, 0)):
            [session] = self.server.get(
                f"/v1/session/info/{self.session(LockDelay=given)}").json()
            self.assertEqual(session["LockDelay"], nanoseconds, given)

    def test_trap_11_the_holder_acquires_again_without_counting_and_release_writes(self):
        """Section 5.4."""
        session = self.session()
        self.put("t11", "one", f"acquire={session}")
        self.assertEqual(self.put("t11", "two", f"acquire={session}").json(), True)
        entry = self.entry("t11")
        self.assertEqual((entry["LockIndex"], entry["Value"]), (1, "dHdv"))
        self.assertEqual(self.put("t11", "three", f"release={session}&flags=7").json(), True)
        entry = self.entry("t11")
        self.assertEqual((entry["LockIndex"], entry["Value"], entry["Flags"]), (1, "dGhyZWU=", 7))

    def test_trap_12_a_write_that_changes_nothing_moves_no_index(self):
        """Section 2.2."""
        self.put("t12", "same", "flags=3")
        index = self.entry("t12")["ModifyIndex"]
        self.assertEqual(self.put("t12", "same", "flags=3").json(), True)
        self.assertEqual(self.entry("t12")["ModifyIndex"], index)
        body = {"Node": "t12", "Address": "10.0.0.12", "Service": {"Service": "t12", "Port": 1}}
        self.server.put("/v1/catalog/register", body)
        before = self.server.get("/v1/catalog/service/t12").index()
        self.server.put("/v1/catalog/register", body)
        self.assertEqual(self.server.get("/v1/catalog/service/t12").index(), before)

    def test_trap_13_no_wait_is_longer_than_17_sixteenths(self):
        """Section 2.2. The default of five minutes and the limit of ten: api/query's own tests."""
        self.put("t13")
        index = self.entry("t13")["ModifyIndex"]
        for _ in range(3):
            answer, seconds = self.timed(f"/v1/kv/t13?index={index}&wait=800ms")
            self.assertEqual((answer.status, answer.index()), (200, index))
            self.assertGreaterEqual(seconds, 0.8)
            # The jitter is 50 ms at most; the rest is what a busy machine adds.
            self.assertLess(seconds, 10)
        self.assertLess(self.timed("/v1/kv/t13?index=0&wait=60s")[1], 30)

    def test_trap_14_who_waits_for_a_missing_key_sleeps_through_other_writes(self):
        """Section 2.2."""
        index = self.server.get("/v1/kv/t14").index()
        answers, thread = self.in_background(f"/v1/kv/t14?index={index}&wait=60s")
        for number in range(20):
            self.put(f"t14-other/{number}")
        self.assertEqual(answers, [])
        self.put("t14", "there")
        thread.join()
        self.assertEqual((answers[0].status, answers[0].json()[0]["Key"]), (200, "t14"))

    def test_trap_24_a_parameter_without_a_value_counts(self):
        """Section 1.3."""
        self.put("t24/a")
        for flag in ("recurse", "recurse=", "recurse=true", "recurse=1"):
            found = self.server.get(f"/v1/kv/t24/?{flag}")
            self.assertEqual([one["Key"] for one in found.json()], ["t24/a"], flag)
        for flag in ("stale", "stale=", "stale=1"):
            answer = self.server.get(f"/v1/catalog/nodes?{flag}")
            self.assertEqual(answer.headers["X-Consul-Effective-Consistency"], "stale", flag)

    def test_trap_25_delete_with_cas_of_a_missing_key_is_true(self):
        """Section 3."""
        self.assertEqual(self.server.delete("/v1/kv/t25?cas=7").json(), True)
        self.put("t25")
        self.assertEqual(self.server.delete("/v1/kv/t25?cas=0").json(), False)

    def test_trap_26_a_body_with_nothing_to_say_is_empty(self):
        """Section 1.2."""
        self.server.put("/v1/agent/service/register", {"Name": "t26", "Check": {"TTL": "1h"}})
        for target, body in (("service/register", {"Name": "t26-more"}),
                             ("check/register", {"Name": "t26-check", "TTL": "1h"}),
                             ("check/pass/service:t26", None), ("check/warn/t26-check", None),
                             ("check/update/t26-check", {"Status": "passing"}),
                             ("maintenance?enable=true", None), ("maintenance?enable=false", None),
                             ("check/deregister/t26-check", None),
                             ("service/deregister/t26", None), ("reload", None)):
            answer = self.server.put(f"/v1/agent/{target}", body)
            self.assertEqual((answer.status, answer.body), (200, b""), target)
            self.assertEqual(answer.headers["Content-Length"], "0", target)


if __name__ == "__main__":
    unittest.main()
