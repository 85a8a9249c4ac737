"""A small fleet in one process (bench_fleet), as scripts/bench fleet runs it with many agents."""

import os
import unittest

from cluster import Cluster, eventually
from fleet import SERVER_CONFIG, Alarms, Fleet

PROGRAM = os.environ["CONCLAVE_FLEET"]
AGENTS, SERVICES, INSTANCES = 12, 4, 6


class SmallFleet(unittest.TestCase):
    def test_everybody_hears_of_a_change_and_nobody_of_a_restart(self):
        with (Cluster(3, config=SERVER_CONFIG) as cluster,
              Fleet(PROGRAM, cluster, AGENTS, SERVICES, INSTANCES) as fleet):
            self.assertEqual(fleet.ask("link")["listed"], AGENTS)
            self.assertEqual(fleet.ask("register")["instances"], AGENTS * SERVICES)
            entries = cluster.any_running().get("/v1/health/service/service-03-00001").json()
            self.assertEqual(len(entries), INSTANCES)
            self.assertEqual(fleet.ask("watch")["watching"], AGENTS)
            self.assertEqual(len(fleet.ask("change 2")["all_ms"]), 2)
            alarms = Alarms(cluster)
            self.assertEqual(len(alarms.indexes), AGENTS + len(cluster.members))
            leader = cluster.wait_for_leader()
            leader.stop()
            leader.start(wait=False)
            fleet.wait_until_listed()
            cluster.wait_until_complete()
            self.assertEqual(alarms.find(), (0, []))
            self.assertEqual(fleet.ask("count")["failed_queries"], 0)
            self.assertEqual(len(fleet.ask("change 1")["all_ms"]), 1)

    def test_an_agent_that_dies_is_an_alarm(self):
        config = {**SERVER_CONFIG, "performance": {"raft_multiplier": 1, "node_lease_ttl": "5s"}}
        with (Cluster(1, config=config) as cluster, Fleet(PROGRAM, cluster, 2, 1) as fleet):
            fleet.ask("link")
            alarms = Alarms(cluster)
            fleet.ask("end 1")
            eventually(lambda: alarms.find() == (1, ["agent-000001"]), "nobody notices", cluster)


if __name__ == "__main__":
    unittest.main()
