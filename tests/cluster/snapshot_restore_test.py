"""A state saved, inspected and put back; and a server rebuilt from its own files."""

import base64
import hashlib
import io
import json
import os
import pathlib
import tarfile
import threading
import time
import unittest

from server_process import ServerProcess

REVISION_STEP = 2**40


def archive_of(files):
    """A gzip-compressed tar of (name, bytes)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def files_of(archive):
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


class SaveAndRestore(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)
        self.file = str(pathlib.Path(self.server.data_dir).parent / "saved.tgz")

    def value(self, key):
        answer = self.server.get(f"/v1/kv/{key}")
        return base64.b64decode(answer.json()[0]["Value"]) if answer.status == 200 else None

    def test_the_archive_is_what_the_contract_says(self):
        """Oracle: contract 12."""
        self.server.put("/v1/kv/a", "1")
        answer = self.server.get("/v1/snapshot")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/x-gzip")
        self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")
        self.assertGreater(answer.index(), 0)
        files = files_of(answer.body)
        self.assertEqual(list(files), ["meta.json", "state.bin", "SHA256SUMS"])
        meta = json.loads(files["meta.json"])
        self.assertEqual(meta["Size"], len(files["state.bin"]))
        self.assertEqual(meta["ID"], hashlib.sha256(files["state.bin"]).hexdigest())
        self.assertEqual(meta["Index"], answer.index())
        self.assertEqual(len(meta["Configuration"]["Servers"]), 1)
        lines = files["SHA256SUMS"].decode().splitlines()
        sums = dict(reversed(line.split("  ")) for line in lines)
        for name in ("meta.json", "state.bin"):
            self.assertEqual(sums[name], hashlib.sha256(files[name]).hexdigest())

    def test_what_was_saved_comes_back_and_wakes_everybody(self):
        for i in range(200):
            self.server.put(f"/v1/kv/many/{i}", "x" * 3000)
        session = self.server.put("/v1/session/create", {"TTL": "60s"}).json()["ID"]
        self.server.put(f"/v1/kv/lock?acquire={session}", "holder")
        saved = self.server.run("snapshot", "save", self.file)
        self.assertRegex(saved.stdout, r"^Saved and verified snapshot to index \d+\n$")
        inspected = self.server.run("snapshot", "inspect", self.file)
        self.assertEqual(inspected.returncode, 0, inspected.stderr)
        self.assertRegex(inspected.stdout, r"(?m)^ KVS +201 ")
        printed = self.server.run("snapshot", "inspect", "-format=json", self.file).stdout
        as_json = json.loads(printed)
        self.assertEqual(as_json["Meta"]["Version"], 1)

        self.server.put("/v1/kv/many/0", "changed")
        self.server.put("/v1/kv/later", "gone after the restore")
        self.server.request("DELETE", "/v1/kv/many/1")
        before = self.server.get("/v1/kv/many/0").index()
        woken = []
        waiter = threading.Thread(target=lambda: woken.append(
            self.server.get(f"/v1/kv/many/0?index={before}&wait=60s")))
        waiter.start()
        time.sleep(0.5)
        restored = self.server.run("snapshot", "restore", self.file)
        self.assertEqual((restored.returncode, restored.stdout), (0, "Restored snapshot\n"),
                         restored.stderr)
        waiter.join(30)
        self.assertGreaterEqual(woken[0].index(), REVISION_STEP)
        self.assertEqual(base64.b64decode(woken[0].json()[0]["Value"]), b"x" * 3000)
        self.assertEqual(self.value("many/1"), b"x" * 3000)
        self.assertIsNone(self.value("later"))
        self.assertEqual(self.server.get("/v1/kv/lock").json()[0]["Session"], session)
        self.assertEqual(self.server.put(f"/v1/session/renew/{session}").status, 200)
        self.assertGreater(self.server.get("/v1/kv/later").index(), before)
        self.server.put("/v1/kv/after", "works")

        self.server.stop()
        self.server.start()
        self.assertEqual(self.value("after"), b"works")
        self.assertEqual(self.value("many/0"), b"x" * 3000)
        self.assertGreaterEqual(self.server.get("/v1/kv/after").index(), REVISION_STEP)

    def test_a_kill_right_after_a_restore_loses_nothing(self):
        self.server.put("/v1/kv/a", "saved")
        archive = self.server.get("/v1/snapshot").body
        self.server.put("/v1/kv/a", "later")
        self.assertEqual(self.server.request("PUT", "/v1/snapshot", archive).status, 200)
        self.server.put("/v1/kv/b", "after")
        self.server.kill()
        self.server.start()
        self.assertEqual((self.value("a"), self.value("b")), (b"saved", b"after"))

    def test_another_clusters_snapshot_is_taken(self):
        self.server.put("/v1/kv/a", "from there")
        archive = self.server.get("/v1/snapshot").body
        with ServerProcess() as other:
            other.put("/v1/kv/b", "here")
            members = other.get("/v1/agent/members").json()
            self.assertEqual(other.request("PUT", "/v1/snapshot", archive).status, 200)
            self.assertEqual(other.get("/v1/kv/a").status, 200)
            self.assertEqual(other.get("/v1/kv/b").status, 404)
            self.assertEqual([m["Name"] for m in other.get("/v1/agent/members").json()],
                             [m["Name"] for m in members])

    def test_what_is_no_snapshot_is_refused_and_changes_nothing(self):
        self.server.put("/v1/kv/a", "1")
        good = files_of(self.server.get("/v1/snapshot").body)
        index = self.server.get("/v1/kv/a").index()
        in_order = [(name, good[name]) for name in ("meta.json", "state.bin", "SHA256SUMS")]
        wrong_state = bytearray(good["state.bin"])
        wrong_state[100] ^= 1
        bad = {
            "no gzip": b"hello",
            "empty": b"",
            "cut": archive_of(in_order)[:200],
            "a path": archive_of([("../../escape", b"x")]),
            "another order": archive_of(in_order[::-1]),
            "another state": archive_of([in_order[0], ("state.bin", bytes(wrong_state)),
                                         in_order[2]]),
            "no state at all": self.with_right_sums(good["meta.json"], b"nonsense"),
        }
        for what, body in bad.items():
            with self.subTest(what):
                answer = self.server.request("PUT", "/v1/snapshot", body)
                self.assertIn(answer.status, (400, 500), answer.body)
                self.assertNotEqual(answer.body, b"")
        self.assertEqual(self.server.get("/v1/kv/a").index(), index)
        self.assertEqual([name for name in os.listdir(self.server.data_dir + "/snapshots")
                          if name.startswith("new-")], [])

    @staticmethod
    def with_right_sums(meta, state):
        meta = json.loads(meta) | {"Size": len(state)}
        meta = json.dumps(meta).encode()
        sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n"
                       for name, data in (("meta.json", meta), ("state.bin", state))).encode()
        return archive_of([("meta.json", meta), ("state.bin", state), ("SHA256SUMS", sums)])


class Recover(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def recover(self, *more, **kwargs):
        return self.server.run("operator", "recover", "-data-dir", self.server.data_dir, *more,
                               **kwargs)

    def test_everything_that_the_survivor_had_is_there(self):
        for i in range(50):
            self.server.put(f"/v1/kv/k{i}", str(i))
        refused = self.recover("-yes")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("stop the server first", refused.stderr)
        self.server.kill()
        asked = self.recover(input_text="no\n")
        self.assertEqual(asked.returncode, 1)
        self.assertIn("What may be lost", asked.stdout)
        done = self.recover("-yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Recovered", done.stdout)
        self.server.start()
        answer = self.server.get("/v1/kv/k49")
        self.assertEqual(base64.b64decode(answer.json()[0]["Value"]), b"49")
        self.assertGreaterEqual(answer.index(), REVISION_STEP)
        self.server.put("/v1/kv/more", "works")
        self.server.stop()
        self.server.start()
        self.assertEqual(self.server.get("/v1/kv/more").status, 200)
        kept = [name for name in os.listdir(self.server.data_dir)
                if name.startswith("before-recovery-")]
        self.assertEqual(len(kept), 1)

    def test_a_damaged_log_is_taken_up_as_far_as_it_can_be_read(self):
        for i in range(50):
            self.server.put(f"/v1/kv/k{i}", "x" * 500)
        self.server.stop()
        wal = pathlib.Path(self.server.data_dir, "raft", "wal")
        segment = sorted(wal.glob("*.wal"))[0]
        data = bytearray(segment.read_bytes())
        data[20_000:20_100] = b"\xff" * 100
        segment.write_bytes(data)
        done = self.recover("-yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("damaged", done.stdout)
        self.server.start()
        self.assertEqual(self.server.get("/v1/kv/k49").status, 200)


if __name__ == "__main__":
    unittest.main()
