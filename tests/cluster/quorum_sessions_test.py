"""Sessions and locks in a cluster: kept alive through any server, not ended early by a change of
leader, and a lock that passes from one holder to the next once."""

import time
import unittest

from cluster import Cluster, eventually

TTL_S = 3
# Shorter than the least of the contract, so that an expiry does not take half a minute.
CONFIG = {"session_ttl_min": "1s"}


def create_session(member, ttl=TTL_S, **more):
    body = {"TTL": f"{ttl}s", "NodeChecks": [], "LockDelay": "0s", **more}
    answer = member.put("/v1/session/create", body)
    assert answer.status == 200, answer.text()
    return answer.json()["ID"]


def is_there(member, session):
    return member.get(f"/v1/session/info/{session}").json() != []


class Sessions(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, config=CONFIG).start()
        self.addCleanup(self.cluster.close)

    def test_renewed_through_a_follower_it_outlives_its_time(self):
        follower = self.cluster.followers()[0]
        session = create_session(follower)
        end = time.monotonic() + 2.5 * TTL_S
        while time.monotonic() < end:
            self.assertEqual(follower.put(f"/v1/session/renew/{session}").status, 200)
            time.sleep(TTL_S / 3)
        self.assertTrue(is_there(follower, session))
        self.assertEqual(follower.put(f"/v1/session/destroy/{session}").text(), "true")
        gone = follower.put(f"/v1/session/renew/{session}")
        self.assertEqual((gone.status, gone.text()), (404, f"Session id '{session}' not found"))

    def test_after_a_change_of_leader_it_has_its_full_time_again_and_then_ends(self):
        leader, follower = self.cluster.leader(), self.cluster.followers()[0]
        session = create_session(follower)
        renewed = time.monotonic()
        self.assertEqual(follower.put(f"/v1/session/renew/{session}").status, 200)
        self.assertEqual(follower.put(f"/v1/kv/held?acquire={session}", "x").text(), "true")
        leader.kill()
        self.cluster.wait_for_leader()
        while is_there(follower, session):
            self.assertLess(time.monotonic() - renewed, 60, "it never ends")
            time.sleep(0.05)
        # It was still there at some moment after which the whole time had passed.
        self.assertGreaterEqual(time.monotonic() - renewed, 2 * TTL_S)
        self.assertNotIn("Session", follower.get("/v1/kv/held").json()[0])

    def test_a_lock_passes_to_the_next_with_a_higher_fence(self):
        first, second = self.cluster.followers()
        holder, heir = create_session(first, ttl=60), create_session(second, ttl=60)
        self.assertEqual(first.put(f"/v1/kv/lock?acquire={holder}", "one").text(), "true")
        self.assertEqual(second.put(f"/v1/kv/lock?acquire={heir}", "two").text(), "false")
        before = second.get("/v1/kv/lock")
        self.cluster.leader().kill()
        self.cluster.wait_for_leader()
        self.assertEqual(second.get("/v1/kv/lock").json()[0]["Session"], holder)
        self.assertEqual(second.put(f"/v1/kv/lock?acquire={heir}", "two").text(), "false")
        self.assertEqual(first.put(f"/v1/session/destroy/{holder}").text(), "true")

        def taken():
            return second.put(f"/v1/kv/lock?acquire={heir}", "two").text() == "true"
        eventually(taken, "the lock is not free", self.cluster)
        entry = first.get("/v1/kv/lock").json()[0]
        self.assertEqual(entry["Session"], heir)
        self.assertEqual(entry["LockIndex"], before.json()[0]["LockIndex"] + 1)
        self.assertGreater(entry["ModifyIndex"], before.json()[0]["ModifyIndex"])

    def test_a_lock_delay_survives_a_change_of_leader(self):
        first, second = self.cluster.followers()
        holder = create_session(first, ttl=60, LockDelay="60s")
        heir = create_session(second, ttl=60)
        self.assertEqual(first.put(f"/v1/kv/delayed?acquire={holder}", "one").text(), "true")
        self.assertEqual(first.put(f"/v1/session/destroy/{holder}").text(), "true")
        self.assertEqual(second.put(f"/v1/kv/delayed?acquire={heir}", "two").text(), "false")
        self.cluster.leader().kill()
        self.cluster.wait_for_leader()
        self.assertEqual(second.put(f"/v1/kv/delayed?acquire={heir}", "two").text(), "false")


if __name__ == "__main__":
    unittest.main()
