"""kill -9 of the leader every five seconds under load: nothing acknowledged is lost, nothing is
made twice. For longer, and with figures: scripts/bench failover."""

import os
import unittest

from cluster import Cluster
from failover import Failover

PROGRAM = os.environ["CONCLAVE_FAILOVER_LOAD"]


class KillLeaders(unittest.TestCase):
    def test_no_write_is_lost_or_made_twice(self):
        with Cluster(3) as cluster:
            run = Failover(cluster, PROGRAM, seconds=20, connections=24).run()
            print(run.summary())
            self.assertGreaterEqual(len(run.kills), 2)
            self.assertGreater(run.report["acknowledged"], 100)
            cluster.wait_until_complete()


if __name__ == "__main__":
    unittest.main()
