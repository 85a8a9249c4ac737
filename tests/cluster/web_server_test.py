"""A real web server with an HTTP check: found while it answers, gone while it does not, and a
blocking query that wakes once for each change, in order, and for nothing else."""

import http.server
import threading
import time
import unittest

from server_process import ServerProcess, free_port


class WebServer:
    """Python's own web server on a fixed port, stopped and started at will."""

    def __init__(self):
        self.port = free_port()
        self.server = None

    def start(self):
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Quiet)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Watcher(threading.Thread):
    """Waits with blocking queries and writes down every answer that differs from asking."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.seen = []  # (index, ports that pass)
        first = server.get("/v1/health/service/web?passing")
        self.index = first.index()
        self.ending = False

    def run(self):
        while not self.ending:
            try:
                answer = self.server.get(
                    f"/v1/health/service/web?passing&index={self.index}&wait=60s")
            except OSError:
                return
            if answer.index() == self.index:
                continue  # The wait ran out.
            self.index = answer.index()
            self.seen.append((self.index, [e["Service"]["Port"] for e in answer.json()]))


class Health(unittest.TestCase):
    def eventually(self, condition, message):
        deadline = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertTrue(condition(), message() if callable(message) else message)

    def test_a_web_server_comes_goes_and_comes_back(self):
        web = WebServer()
        web.start()
        with ServerProcess(config={"log_level": "info"}) as server:
            registered = server.put("/v1/agent/service/register", {
                "Name": "web", "Port": web.port,
                "Check": {"HTTP": f"http://127.0.0.1:{web.port}/", "Interval": "1s", "Timeout": "1s"},
            })
            self.assertEqual(registered.status, 200)

            def passing():
                return [e["Service"]["Port"] for e in
                        server.get("/v1/health/service/web?passing").json()]

            self.eventually(lambda: passing() == [web.port], "never passing")
            watcher = Watcher(server)
            watcher.start()

            # What is none of its business must not wake it: keys, sessions, other services.
            for n in range(20):
                server.put(f"/v1/kv/noise/{n}", "x")
            server.put("/v1/session/create", {})
            server.put("/v1/agent/service/register", {"Name": "other", "Port": 1})
            self.assertEqual(watcher.seen, [])

            web.stop()
            self.eventually(lambda: len(watcher.seen) == 1, lambda: str(watcher.seen))
            web.start()
            self.eventually(lambda: len(watcher.seen) == 2, lambda: str(watcher.seen))
            server.put("/v1/agent/service/deregister/web")
            self.eventually(lambda: len(watcher.seen) == 3, lambda: str(watcher.seen))

            watcher.ending = True
            self.assertEqual([ports for _, ports in watcher.seen], [[], [web.port], []])
            indexes = [index for index, _ in watcher.seen]
            self.assertEqual(indexes, sorted(set(indexes)))
        web.stop()


if __name__ == "__main__":
    unittest.main()
