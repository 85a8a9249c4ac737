"""Watches of the configuration run their handlers. Oracle: contract 16.2 (watches)."""

import http.server
import json
import pathlib
import shutil
import signal
import tempfile
import threading
import unittest

from server_process import ServerProcess, wait_until


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what is sent to it; the first request is refused."""

    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), json.loads(body)))
        self.send_response(503 if len(self.server.received) == 1 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class ConfigWatches(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-watches-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.server = ServerProcess(arguments=["-config-dir", str(self.directory)])
        self.addCleanup(self.server.close)

    def configure(self, *watches):
        (self.directory / "watches.json").write_text(json.dumps({"watches": watches}))

    def wait(self, holds):
        try:
            wait_until(holds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.server.log()[-6000:]}") from late

    def path(self, name):
        return self.directory / name

    def lines(self, name):
        return self.path(name).read_text().splitlines() if self.path(name).exists() else []

    def appends_to(self, name):
        return ["/bin/sh", "-c", f"cat >> {self.path(name)}; "
                                 f"echo $CONSUL_INDEX >> {self.path(name)}.index"]

    def test_a_program_runs_at_the_start_and_at_each_change(self):
        self.configure({"type": "key", "key": "a", "args": self.appends_to("seen")},
                       {"type": "service", "service": "web", "tag": "x",
                        "handler": f"cat >> {self.path('web')} && false"})
        self.server.start()
        self.wait(lambda: self.lines("seen") == ["null"] and self.lines("web") == ["[]"])
        self.server.put("/v1/kv/a", "v")
        self.wait(lambda: len(self.lines("seen")) == 2)
        pair = json.loads(self.lines("seen")[1])
        self.assertEqual((pair["Key"], pair["Value"]), ("a", "dg=="))
        self.wait(lambda: self.lines("seen.index")[1:] == [str(pair["ModifyIndex"])])
        # One that failed runs again at the next change.
        self.wait(lambda: "Failed to run watch handler" in self.server.log())
        self.server.put("/v1/agent/service/register", {"Name": "web", "Tags": ["x"]})
        self.wait(lambda: len(self.lines("web")) == 2)
        self.assertEqual(json.loads(self.lines("web")[1])[0]["Service"]["ID"], "web")

    def test_it_is_posted_to_an_address(self):
        receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        receiver.received = []
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        self.addCleanup(receiver.server_close)
        self.addCleanup(receiver.shutdown)
        self.configure({"type": "keyprefix", "prefix": "p/", "handler_type": "http",
                        "http_handler_config": {
                            "path": f"http://127.0.0.1:{receiver.server_port}/hook",
                            "method": "PUT", "header": {"X-Shop": ["blue"]}}})
        self.server.start()
        self.wait(lambda: receiver.received)
        self.wait(lambda: "it answered 503" in self.server.log())
        self.server.put("/v1/kv/p/a", "1")
        self.wait(lambda: len(receiver.received) > 1)
        headers, pairs = receiver.received[1]
        self.assertEqual(headers["X-Shop"], "blue")
        self.assertEqual(headers["X-Consul-Index"], str(pairs[0]["ModifyIndex"]))
        self.assertEqual([pair["Key"] for pair in pairs], ["p/a"])

    def test_they_follow_a_reload_and_end_with_the_agent(self):
        kept = {"type": "key", "key": "kept", "args": self.appends_to("kept")}
        self.configure(kept, {"type": "key", "key": "gone", "args": self.appends_to("gone")})
        self.server.start()
        self.wait(lambda: self.lines("kept") == ["null"] and self.lines("gone") == ["null"])
        sleeper = ["/bin/sh", "-c", f"trap 'echo ended > {self.path('ended')}; exit' TERM; "
                                    f"echo began > {self.path('began')}; "
                                    "for _ in $(seq 1200); do sleep 0.1; done"]
        self.configure(kept, {"type": "nodes", "args": sleeper},
                       {"type": "agent_service", "service_id": "web",
                        "args": self.appends_to("own")})
        self.assertEqual(self.server.run("reload").returncode, 0)
        self.wait(lambda: self.lines("began") == ["began"])
        self.server.put("/v1/kv/gone", "1")
        self.server.put("/v1/kv/kept", "1")
        self.wait(lambda: len(self.lines("kept")) == 2)
        self.assertEqual(len(self.lines("gone")), 1)
        self.server.signal(signal.SIGTERM)
        self.wait(lambda: self.lines("ended") == ["ended"])
        self.server.wait()

    def test_events_are_given_once_and_an_own_service_by_its_hash(self):
        self.configure({"type": "event", "name": "deploy", "args": self.appends_to("events")},
                       {"type": "agent_service", "service_id": "web",
                        "args": self.appends_to("own")})
        self.server.start()
        self.server.put("/v1/agent/service/register", {"Name": "web", "Port": 1})
        self.wait(lambda: self.lines("events") == ["[]"])
        self.server.put("/v1/event/fire/deploy", "one")
        self.wait(lambda: len(self.lines("events")) == 2)
        self.server.put("/v1/event/fire/deploy", "two")
        self.wait(lambda: len(self.lines("events")) == 3)
        for line, payload in zip(self.lines("events")[1:], ("b25l", "dHdv")):
            self.assertEqual([one["Payload"] for one in json.loads(line)], [payload])
        # It was not there at the start, so it is asked for again after some seconds.
        self.wait(lambda: self.lines("own"))
        self.server.put("/v1/agent/service/register", {"Name": "web", "Port": 2})
        self.wait(lambda: len(self.lines("own")) == 2)
        self.assertEqual([json.loads(line)["Port"] for line in self.lines("own")], [1, 2])


if __name__ == "__main__":
    unittest.main()
