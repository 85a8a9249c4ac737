"""The judge is judged: bench_failover against a key-value store in this process that is honest,
that loses acknowledged writes, that carries one out twice, or that ends connections."""

import base64
import http.server
import json
import os
import random
import subprocess
import threading
import unittest
import urllib.parse

PROGRAM = os.environ["CONCLAVE_FAILOVER_LOAD"]


class Store:
    """Consul's KV as far as the writers use it. `misdeed` is called for each write that is about to
    be acknowledged and may change the rows once more."""

    def __init__(self, misdeed=None):
        self.lock = threading.Lock()
        self.rows, self.index, self.misdeed = {}, 1, misdeed
        self.drops = 0.0   # Share of requests whose connection ends without an answer.

    def put(self, key, value, cas):
        with self.lock:
            if cas is not None and cas != self.rows.get(key, (0, 0))[1]:
                return "false"
            before = self.rows.get(key)
            self.index += 1
            self.rows[key] = (value, self.index)
            if self.misdeed:
                self.misdeed(self, key, before)
            return "true"

    def get(self, key, query):
        with self.lock:
            if "keys" in query:
                found = sorted(name for name in self.rows if name.startswith(key))
                return json.dumps(found) if found else None
            if key not in self.rows:
                return None
            value, index = self.rows[key]
            if "raw" in query:
                return value
            encoded = base64.b64encode(value.encode()).decode()
            return json.dumps([{"Key": key, "Value": encoded, "ModifyIndex": index}],
                              separators=(",", ":"))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body):
        store = self.server.store
        if random.random() < store.drops:
            self.close_connection = True
            return
        payload = b"" if body is None else body.encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def parts(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        return url.path.removeprefix("/v1/kv/"), query

    def do_GET(self):
        self.answer(self.server.store.get(*self.parts()))

    def do_PUT(self):
        key, query = self.parts()
        value = self.rfile.read(int(self.headers["Content-Length"])).decode()
        cas = int(query["cas"]) if "cas" in query else None
        self.answer(self.server.store.put(key, value, cas))


class Judge(unittest.TestCase):
    def run_against(self, store, seconds=1):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.store = store
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            command = [PROGRAM, "--seconds", str(seconds), "--connections", "8",
                       "--port", str(server.server_address[1])]
            return subprocess.run(command, capture_output=True, text=True, timeout=120,
                                  check=False)
        finally:
            server.shutdown()
            serving.join()
            server.server_close()

    def check_found(self, prefix, label, change):
        """The change to one key of that prefix, made once, is found and named."""
        done = []

        def misdeed(store, key, before):
            if not done and key.startswith(prefix) and change(store, key, before):
                done.append(key)
        ran = self.run_against(Store(misdeed))
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        self.assertIn(label, ran.stderr)
        self.assertTrue(done)

    def test_honest_store(self):
        ran = self.run_against(Store())
        self.assertEqual(ran.returncode, 0, ran.stderr)
        report = json.loads(ran.stdout)
        self.assertGreater(report["acknowledged"], 0)
        self.assertEqual((report["lost"], report["twice"], report["unknown"]), (0, 0, 0))

    def test_honest_store_that_ends_connections(self):
        store = Store()
        store.drops = 0.05
        ran = self.run_against(store, seconds=2)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertGreater(json.loads(ran.stdout)["unknown"], 0)

    def test_a_key_that_was_written_once_is_lost(self):
        def forget(store, key, _):
            del store.rows[key]
            return True
        self.check_found("unique/", "lost", forget)

    def test_an_overwrite_is_lost(self):
        def put_back(store, key, before):
            if before is None:
                return False
            store.rows[key] = before
            return True
        self.check_found("overwritten/", "lost", put_back)

    def test_a_counter_is_raised_twice(self):
        def raise_again(store, key, _):
            value, index = store.rows[key]
            store.rows[key] = (str(int(value) + 1), index)
            return True
        self.check_found("counted/", "twice", raise_again)

    def test_a_counter_is_not_raised(self):
        def put_back(store, key, before):
            if before is None:
                return False
            store.rows[key] = before
            return True
        self.check_found("counted/", "lost", put_back)


if __name__ == "__main__":
    unittest.main()
