"""What cannot start says in one sentence why, exits 1, and damages nothing."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import unittest

from server_process import ServerProcess, binary, free_port, peer_flags


class StartErrors(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.mkdtemp(prefix="conclave-errors-")
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def refused(self, *flags, **kwargs):
        """Runs an agent that must not start; its one sentence."""
        ended = subprocess.run([binary(), "agent", *flags], capture_output=True, text=True,
                               timeout=60, check=False, **kwargs)
        self.assertEqual(ended.returncode, 1, ended.stdout + ended.stderr)
        sentences = [line for line in ended.stderr.splitlines() if line.startswith("==> ")]
        self.assertEqual(len(sentences), 1, ended.stderr)
        return sentences[0]

    def server_flags(self, directory, *more):
        return ["-server", "-bootstrap", "-bind", "127.0.0.1", "-data-dir", directory,
                "-http-port", str(free_port()), *peer_flags(), *more]

    def test_a_port_in_use(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            for setting in ("-http-port", "-server-port", "-serf-lan-port"):
                sentence = self.refused("-dev", "-http-port", str(free_port()), *peer_flags(),
                                        setting, str(port))
                self.assertIn(f"127.0.0.1:{port}", sentence)
                self.assertIn("in use", sentence)

    def test_a_data_directory_in_use(self):
        with ServerProcess() as server:
            server.put("/v1/kv/a", "b")
            sentence = self.refused(*self.server_flags(server.data_dir))
            self.assertIn(server.data_dir, sentence)
            self.assertIn("in use by another process", sentence)
            self.assertEqual(server.get("/v1/kv/a").status, 200)

    def test_a_data_directory_that_is_a_file(self):
        pathlib.Path(self.path("file")).touch()
        self.assertIn("is not a directory", self.refused(*self.server_flags(self.path("file"))))

    def test_a_missing_data_directory_setting(self):
        self.assertIn("data_dir cannot be empty", self.refused("-server", "-bootstrap"))

    @unittest.skipUnless(os.geteuid() == 0, "mounting a file system needs root")
    def test_a_read_only_data_directory(self):
        mount = self.path("ro")
        os.mkdir(mount)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,ro", "none", mount],
                              capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest("this machine does not let us mount")
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=False)
        sentence = self.refused(*self.server_flags(os.path.join(mount, "data")))
        self.assertIn("read-only", sentence.lower())

    @unittest.skipUnless(os.geteuid() == 0, "mounting a file system needs root")
    def test_a_full_disk(self):
        mount = self.path("full")
        os.mkdir(mount)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", mount],
                              capture_output=True, check=False)
        if made.returncode != 0:
            self.skipTest("this machine does not let us mount")
        self.addCleanup(subprocess.run, ["umount", "-l", mount], check=False)
        sentence = self.refused(*self.server_flags(os.path.join(mount, "data")))
        self.assertIn("space", sentence.lower())

    def test_bad_configuration(self):
        cases = [
            ({"data_dri": "x"}, "invalid config key data_dri"),
            ({"ports": {"http": "abc"}}, "ports.http must be a whole number"),
            ({"bind_addr": "nowhere"}, "is not an IP address"),
            ({"encrypt": "c2hvcnQ="}, "encrypt has invalid key"),
            ({"service": {"port": 1}}, "service.name is missing"),
        ]
        for config, text in cases:
            file = pathlib.Path(self.path("bad.json"))
            file.write_text(json.dumps(config))
            sentence = self.refused("-dev", "-config-file", str(file))
            self.assertIn("bad.json", sentence)
            self.assertIn(text, sentence)
            checked = subprocess.run([binary(), "validate", str(file)], capture_output=True,
                                     text=True, check=False)
            self.assertEqual(checked.returncode, 1)
            self.assertIn(text, checked.stderr)

    def test_a_good_configuration_is_called_valid(self):
        file = pathlib.Path(self.path("good.json"))
        file.write_text('{"server": true, "bootstrap": true, "services": [{"name": "web"}]}')
        checked = subprocess.run([binary(), "validate", self.scratch], capture_output=True,
                                 text=True, check=False)
        self.assertEqual((checked.returncode, checked.stdout), (0, "Configuration is valid!\n"))

    def test_flags_that_are_not_there_yet_say_so(self):
        self.assertIn("flag provided but not defined: -nope", self.refused("-nope"))

    def test_another_node_id_than_the_directorys_is_refused(self):
        with ServerProcess() as server:
            directory = server.data_dir
            server.stop()
            sentence = self.refused(*self.server_flags(
                directory, "-node-id", "11111111-2222-3333-4444-555555555555"))
            self.assertIn("belongs to node", sentence)
            server.start()


if __name__ == "__main__":
    unittest.main()
