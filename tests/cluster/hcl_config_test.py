"""A server from HCL files with address templates; services in HCL at the agent and from files."""

import pathlib
import shutil
import tempfile
import unittest

from server_process import ServerProcess

SERVICES = """
# Two services of this host
service {
  name = "web"
  port = 80
  tags = ["blue", "primary"]
  meta { version = "7" }
  check {
    id  = "web-alive"
    ttl = "10m"
  }
}
services {
  name = "db"
  port = 5432
}
"""


class HclConfig(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-hcl-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def write(self, name, text):
        (self.directory / name).write_text(text, encoding="utf-8")
        return str(self.directory / name)

    def serve(self, *arguments):
        server = ServerProcess(arguments=list(arguments)).start()
        self.addCleanup(server.close)
        return server

    def test_a_directory_of_hcl_and_json_makes_a_server(self):
        self.write("a.hcl", 'datacenter = "hcl"\nnode_meta { rack = "r1" }\n')
        self.write("b.json", '{"node_meta": {"zone": "z"}}')
        self.write("services.hcl", SERVICES)
        server = self.serve("-config-dir", str(self.directory))
        self.assertEqual(server.get("/v1/agent/self").json()["Config"]["Datacenter"], "hcl")
        services = server.get("/v1/agent/services").json()
        self.assertEqual(sorted(services), ["db", "web"])
        self.assertEqual(services["web"]["Tags"], ["blue", "primary"])
        self.assertEqual(services["web"]["Meta"], {"version": "7"})
        self.assertIn("web-alive", server.get("/v1/agent/checks").json())

    def test_services_are_registered_from_hcl_files(self):
        server = self.serve()
        path = self.write("shop.hcl", SERVICES)
        done = server.run("services", "register", path)
        self.assertEqual((done.returncode, done.stdout),
                         (0, "Registered service: web\nRegistered service: db\n"), done.stderr)
        self.assertEqual(sorted(server.get("/v1/agent/services").json()), ["db", "web"])
        done = server.run("services", "deregister", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(server.get("/v1/agent/services").json(), {})

    def test_an_error_has_file_line_and_column(self):
        server = self.serve()
        path = self.write("bad.hcl", "service {\n  name = web\n}\n")
        done = server.run("services", "register", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.hcl: 2:10: web is no value: texts stand in quotes", done.stderr)
        done = server.run("validate", path)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.hcl:2:10: web is no value: texts stand in quotes", done.stderr)

    def test_templates_stand_for_addresses_of_this_machine(self):
        good = self.write("good.hcl", r'bind_addr = "{{ GetInterfaceIPs \"^lo$\" | . }}"')
        server = self.serve()
        self.assertIn("nothing can be piped into a value", server.run("validate", good).stderr)
        good = self.write(
            "good.hcl",
            r'client_addr = "{{ GetAllInterfaces | include \"name\" \"^lo$\" | '
            r'include \"type\" \"ipv4\" | attr \"address\" }}"')
        done = server.run("validate", good)
        self.assertEqual((done.returncode, done.stdout), (0, "Configuration is valid!\n"),
                         done.stderr)
        bad = self.write("bad.hcl", r'bind_addr = "{{ GetInterfaceIP \"nothing0\" }}"')
        self.assertIn("no addresses found (interfaces of this machine: ",
                      server.run("validate", bad).stderr)


if __name__ == "__main__":
    unittest.main()
