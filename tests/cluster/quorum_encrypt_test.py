"""The cluster key: with it servers form a cluster as without, and nobody joins who lacks it."""

import base64
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


if __name__ == "__main__":
    unittest.main()
