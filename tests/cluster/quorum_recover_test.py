"""Two of three servers lose their disks: `operator recover` on the survivor (design section 7)."""

import base64
import shutil
import tempfile
import unittest

from cluster import Cluster, eventually

KEEP_DEAD = {"autopilot": {"cleanup_dead_servers": False}}
REVISION_STEP = 1_000_000_000


class Recovery(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, config=KEEP_DEAD).start()
        self.addCleanup(self.cluster.close)
        self.copies = tempfile.mkdtemp(prefix="conclave-copies-")
        self.addCleanup(shutil.rmtree, self.copies, ignore_errors=True)

    def recover(self, survivor):
        done = survivor.run("operator", "recover", "-data-dir", survivor.data_dir, "-yes")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def fill(self, survivor):
        """A session of the survivor, because those of lost nodes end with their node."""
        for n in range(100):
            self.cluster.write(f"kept/{n}", f"value {n}")
        session = survivor.put("/v1/session/create", {"LockDelay": "0s"}).json()["ID"]
        self.assertEqual(survivor.put(f"/v1/kv/lock?acquire={session}", "mine").text(), "true")
        service = {"Node": "elsewhere", "Address": "10.1.1.1", "Service": {"Service": "web"}}
        self.assertEqual(survivor.put("/v1/catalog/register", service).text(), "true")
        return session

    def check_filled(self, member, session):
        listed = member.get("/v1/kv/kept/?recurse&consistent")
        values = {entry["Key"]: base64.b64decode(entry["Value"]).decode()
                  for entry in listed.json()}
        self.assertEqual(values, {f"kept/{n}": f"value {n}" for n in range(100)})
        self.assertGreater(listed.index(), REVISION_STEP)
        self.assertEqual(member.get("/v1/kv/lock").json()[0]["Session"], session)
        self.assertEqual(len(member.get("/v1/catalog/service/web").json()), 1)

    def test_the_survivor_goes_on_and_the_old_members_are_refused(self):
        cluster = self.cluster
        survivor = cluster.followers()[0]
        agent = cluster.add_agent("agent")
        agent.start(wait=False)
        agent.wait_until_listed()
        session = self.fill(survivor)
        # The other two are a majority: what they acknowledge the survivor may not have yet.
        cluster.write("the", "last")
        cluster.wait_for_index(survivor, "the", "last")
        lost = [member for member in cluster.members if member is not survivor]
        for member in cluster.members:
            member.kill()
        old = []
        for member in lost:
            copy = cluster.add(member.node, data_dir=f"{self.copies}/{member.node}")
            copy.ports = member.ports
            shutil.move(member.data_dir, copy.data_dir)
            old.append(copy)
            cluster.members.remove(copy)  # Not yet one of those that are to be there.
        self.recover(survivor)
        survivor.start(wait=False)
        cluster.wait_for_leader()
        self.assertEqual(cluster.voters(), [survivor.node])
        self.check_filled(survivor, session)
        eventually(lambda: agent.get("/v1/kv/the?raw").text() == "last",
                   "the agent does not find the survivor", cluster)

        self.old_members_are_refused(survivor, old, agent)
        for member in old:
            member.kill()

        for member in lost:
            member.start(wait=False)
        cluster.wait_for_voters(*(member.node for member in cluster.members))
        cluster.write("with-three", "again", lost[0])
        for member in cluster.members:
            self.check_filled(member, session)

    def old_members_are_refused(self, survivor, old, agent):
        """They find each other and are a majority of what once was, but nobody else listens."""
        for member in old:
            self.addCleanup(member.close)
            member.start(wait=False)
        for member in old:
            eventually(lambda member=member: "before its recovery" in member.log()
                       or "without server" in member.log(),
                       f"{member.node} is not refused", self.cluster)
        def refused_by_both_kinds_of_connection():
            log = survivor.log()
            return all(f"[WARN]  {part}: " in log for part in ("raft", "rpc"))
        eventually(refused_by_both_kinds_of_connection, "the survivor does not say so",
                   self.cluster)
        # They may go on among themselves; nothing of that reaches the recovered cluster.
        for member in old:
            try:
                member.put("/v1/kv/from-the-past", "x", timeout=30)
            except OSError:
                pass
        self.assertEqual(self.cluster.voters(), [survivor.node])
        self.assertEqual(survivor.get("/v1/kv/from-the-past").status, 404)
        for writer in (survivor, agent):
            self.cluster.write(f"by-{writer.node}", "yes", writer)
            self.assertEqual(survivor.get(f"/v1/kv/by-{writer.node}?raw").text(), "yes")
        self.an_agent_does_without_them(survivor, agent)

    def an_agent_does_without_them(self, survivor, agent):
        """They are all that its join list finds; it remembers that there was a recovery."""
        survivor.kill()
        agent.kill()
        agent.start(wait=False)
        eventually(lambda: "the cluster was recovered without server" in agent.log(),
                   "the agent does not refuse them", self.cluster)
        self.assertEqual(agent.get("/v1/kv/the?stale", timeout=30).status, 500)
        survivor.start(wait=False)
        self.cluster.wait_for_leader()
        eventually(lambda: agent.get("/v1/kv/by-agent?raw").text() == "yes",
                   "the agent does not find the survivor again", self.cluster)


if __name__ == "__main__":
    unittest.main()
