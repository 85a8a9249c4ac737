"""The cluster key: with it servers form a cluster as without, and nobody joins who lacks it."""

import base64
import json
import secrets
import unittest

from cluster import Cluster, eventually


def new_key(size=32):
    return base64.b64encode(secrets.token_bytes(size)).decode()


class ClusterKey(unittest.TestCase):
    def test_servers_with_one_key_form_a_cluster(self):
        for size in (16, 32):
            with Cluster(3, config={"encrypt": new_key(size)}) as cluster:
                follower = cluster.followers()[0]
                cluster.write("secret", "kept", follower)
                self.assertEqual(cluster.leader().get("/v1/kv/secret?raw").text(), "kept")

    def test_a_server_with_another_key_or_none_stays_outside(self):
        with Cluster(3, config={"encrypt": new_key()}) as cluster:
            names = [member.node for member in cluster.members]
            cluster.write("inside", "x")
            for node, key in (("other-key", new_key()), ("no-key", "")):
                stranger = cluster.add(node, config={"encrypt": key})
                stranger.start(wait=False)

                def complains(stranger=stranger):
                    return "encrypt" in stranger.log() or not stranger.is_running()
                eventually(complains, f"{node} says nothing of the key", cluster)
                if stranger.is_running():
                    self.assertNotEqual(stranger.get("/v1/kv/inside?stale").status, 200)
                stranger.kill()
            self.assertEqual(cluster.voters(), names)
            cluster.write("still", "served")

    # Oracle: contract 12 (keyring).
    def test_the_key_is_exchanged_while_servers_run(self):
        old, new = new_key(16), new_key()
        with Cluster(3, config={"encrypt": old}) as cluster:
            away = cluster.followers()[0]
            cluster.write("before", "x")
            away.kill()
            self.assertEqual(self.change(cluster, "POST", new).status, 500)
            refused = self.change(cluster, "PUT", new)
            self.assertIn("nodes reported success", refused.text())
            # It has the old key only, and hears of the new one from those that accept both.
            away.start()
            cluster.wait_until_complete()
            eventually(lambda: self.change(cluster, "POST", new).status == 200,
                       "not all get the key", cluster)
            self.assertEqual(self.change(cluster, "PUT", new).status, 200)
            self.assertEqual(self.change(cluster, "DELETE", old).status, 200)
            for member in cluster.members:
                for ring in member.get("/v1/operator/keyring").json():
                    self.assertEqual(ring["Keys"], {new: 3})
                    self.assertEqual(ring["PrimaryKeys"], {new: 3})
            # Its configuration still names the old key, which nobody accepts any more.
            for member in cluster.members:
                member.kill()
                member.start()
                cluster.wait_until_complete()
            cluster.write("after", "y", away)
            self.assertEqual(cluster.leader().get("/v1/kv/before?raw").text(), "x")
            stranger = cluster.add("old-key")
            stranger.start(wait=False)
            eventually(lambda: "encrypt" in stranger.log(), "the old key still opens", cluster)
            stranger.kill()

    @staticmethod
    def change(cluster, method, key):
        return cluster.leader().request(method, "/v1/operator/keyring",
                                        json.dumps({"Key": key}), timeout=30)


if __name__ == "__main__":
    unittest.main()
