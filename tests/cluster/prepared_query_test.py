"""Prepared queries and network coordinates against real servers.

Oracle: contract sections 13 and 12; the calls are those of the official Go client's
TestAPI_PreparedQuery and TestAPI_CoordinateUpdate.
"""

import unittest

from cluster import Cluster, eventually
from server_process import ServerProcess, wait_until


def create(server, body):
    answer = server.request("POST", "/v1/query", body)
    assert answer.status == 200, answer.text()
    return answer.json()["ID"]


def found(server, target):
    """Node names of what an execution finds, in its order."""
    return [one["Node"]["Node"] for one in server.get(target).json()["Nodes"]]


def register(server, node, address, service, **more):
    body = {"Node": node, "Address": address, "Service": {"Service": service, **more}}
    assert server.put("/v1/catalog/register", body).text() == "true"


def coordinate(x):
    return {"Vec": [x, 0, 0, 0, 0, 0, 0, 0], "Error": 1.5, "Adjustment": 0, "Height": 1e-05}


class OneServer(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def test_the_life_of_a_query(self):
        register(self.server, "foobar", "192.168.10.10", "redis", ID="redis1",
                 Tags=["master", "v1"], Port=8000)
        session = self.server.put("/v1/session/create", {}).json()["ID"]
        definition = {"Name": "test", "Session": session,
                      "Service": {"Service": "redis", "Tags": ["master"],
                                  "Failover": {"NearestN": 2}}}
        query = create(self.server, definition)
        stored = self.server.get(f"/v1/query/{query}").json()
        self.assertEqual([one["Name"] for one in stored], ["test"])
        self.assertEqual(self.server.get("/v1/query").json(), stored)
        for target in (query, "test", "TEST"):
            self.assertEqual(found(self.server, f"/v1/query/{target}/execute"), ["foobar"])
        updated = self.server.put(f"/v1/query/{query}", {**definition, "DNS": {"TTL": "5s"}})
        self.assertEqual((updated.status, updated.body), (200, b""))
        executed = self.server.get("/v1/query/test/execute").json()
        self.assertEqual(executed["DNS"], {"TTL": "5s"})
        self.assertEqual((executed["Datacenter"], executed["Failovers"]), ("dc1", 0))
        self.assertEqual(self.server.delete(f"/v1/query/{query}").status, 200)
        gone = self.server.get(f"/v1/query/{query}")
        self.assertEqual((gone.status, gone.text()), (404, "Query not found"))

    def test_queries_outlive_a_restart_and_go_with_their_session(self):
        session = self.server.put("/v1/session/create", {}).json()["ID"]
        bound = create(self.server, {"Session": session, "Service": {"Service": "web"}})
        free = create(self.server, {"Name": "free", "Service": {"Service": "web"}})
        before = self.server.get("/v1/query").body
        self.server.kill()
        self.server.start()
        self.assertEqual(self.server.get("/v1/query").body, before)
        self.server.put(f"/v1/session/destroy/{session}")
        self.assertEqual([one["ID"] for one in self.server.get("/v1/query").json()], [free])
        self.assertEqual(self.server.get(f"/v1/query/{bound}").status, 404)

    def test_queries_and_coordinates_are_in_a_snapshot(self):
        create(self.server, {"Name": "kept", "Service": {"Service": "web"}})
        archive = self.server.get("/v1/snapshot").body
        late = create(self.server, {"Name": "late", "Service": {"Service": "web"}})
        self.assertEqual(self.server.put("/v1/snapshot", archive).status, 200)
        names = [one["Name"] for one in self.server.get("/v1/query").json()]
        self.assertEqual(names, ["kept"])
        self.assertEqual(self.server.get(f"/v1/query/{late}").status, 404)

    def test_a_template_serves_every_name_that_it_fits(self):
        register(self.server, "n1", "10.0.0.1", "db")
        create(self.server, {"Name": "geo-",
                             "Template": {"Type": "name_prefix_match", "Regexp": "^geo-(.*)$"},
                             "Service": {"Service": "${match(1)}"}})
        self.assertEqual(found(self.server, "/v1/query/geo-db/execute"), ["n1"])
        explained = self.server.get("/v1/query/geo-db/explain").json()
        self.assertEqual(explained["Query"]["Service"]["Service"], "db")

    def test_coordinates_are_taken_and_sort(self):
        for number, node in enumerate(("near", "far", "middle")):
            register(self.server, node, f"10.0.0.{number}", "web")
        for node, x in (("near", 0), ("far", 1), ("middle", 0.5)):
            sent = self.server.put("/v1/coordinate/update",
                                   {"Node": node, "Segment": "", "Coord": coordinate(x)})
            self.assertEqual((sent.status, sent.body), (200, b""))
        wait_until(lambda: len(self.server.get("/v1/coordinate/nodes").json()) == 3)
        shown = self.server.get("/v1/coordinate/node/far").json()
        self.assertEqual(shown, [{"Node": "far", "Segment": "", "Coord": coordinate(1)}])
        create(self.server, {"Name": "q", "Service": {"Service": "web", "Near": "near"}})
        expected = ["near", "middle", "far"]
        self.assertEqual(found(self.server, "/v1/query/q/execute"), expected)
        listed = self.server.get("/v1/health/service/web?near=near").json()
        self.assertEqual([one["Node"]["Node"] for one in listed], expected)


class ThreeServers(unittest.TestCase):
    def test_what_one_server_takes_the_others_know(self):
        with Cluster(3) as cluster:
            here, there = cluster.followers()
            register(there, "n1", "10.0.0.1", "web")
            query = create(here, {"Name": "shared", "Service": {"Service": "web"}})
            for member in cluster.members:
                self.assertEqual(found(member, "/v1/query/shared/execute"), ["n1"])
            there.put("/v1/coordinate/update", {"Node": "n1", "Coord": coordinate(3)})
            eventually(lambda: here.get("/v1/coordinate/node/n1").status == 200,
                       "the coordinate does not arrive", cluster)
            roots = [member.get("/v1/agent/connect/ca/roots").json() for member in cluster.members]
            self.assertEqual(roots[0], roots[1])
            self.assertEqual(roots[0], roots[2])
            self.assertEqual(here.delete(f"/v1/query/{query}").status, 200)
            self.assertEqual(there.get(f"/v1/query/{query}").status, 404)


if __name__ == "__main__":
    unittest.main()
