"""Hosts of a cluster as network namespaces on one bridge, in a network of the test's own.

    if __name__ == "__main__":
        enter_own_network()
        unittest.main()

The program starts itself again in namespaces of user, network and mounts, so that nothing of the
machine is touched and no rights are needed beyond making these. Hosts are 10.77.0.<number>.
"""

import os
import shutil
import subprocess
import sys

from cluster import Agent, Cluster, Member

INSIDE = "CONCLAVE_OWN_NETWORK"
BRIDGE = "cb0"


def ip(*words):
    subprocess.run(["ip", *words], check=True, capture_output=True)


def enter_own_network():
    """Does not return outside; a machine that has no such namespaces skips the program."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
        ip("link", "set", "lo", "up")
        ip("link", "add", BRIDGE, "type", "bridge")
        ip("addr", "add", "10.77.0.254/24", "dev", BRIDGE)
        ip("link", "set", BRIDGE, "up")
        return
    unshare = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    tried = shutil.which("ip") and subprocess.run([*unshare, "true"], check=False).returncode == 0
    if not tried:
        print("skipped: this machine lets nobody make network namespaces, or has no ip(8)")
        sys.exit(0)
    os.execvpe(unshare[0], [*unshare, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


class OnHost:
    """Mixed into a member: its process runs on a host of its own."""

    def place(self, number):
        self.host = f"h{number}"
        self.ip = f"10.77.0.{number}"
        self.plug = f"p{number}"
        ip("netns", "add", self.host)
        ip("link", "add", self.plug, "type", "veth", "peer", "name", "eth0", "netns", self.host)
        ip("link", "set", self.plug, "master", BRIDGE)
        ip("link", "set", self.plug, "up")
        ip("-n", self.host, "addr", "add", f"{self.ip}/24", "dev", "eth0")
        for device in ("eth0", "lo"):
            ip("-n", self.host, "link", "set", device, "up")

    def remove(self):
        # With its namespace it would go too, but some time later: the next test has the same names.
        ip("link", "del", self.plug)
        ip("netns", "del", self.host)

    def cut_off(self):
        ip("link", "set", self.plug, "down")

    def reconnect(self):
        ip("link", "set", self.plug, "up")

    @property
    def address(self):
        return f"{self.ip}:{self.http_port}"

    @property
    def rpc_address(self):
        return f"{self.ip}:{self.ports['server']}"

    @property
    def join_address(self):
        return f"{self.ip}:{self.ports['serf_lan']}"

    def command(self):
        words = super().command()
        words[words.index("127.0.0.1")] = self.ip
        return ["ip", "netns", "exec", self.host, *words, "-client", "0.0.0.0"]


class ServerHost(OnHost, Member):
    pass


class AgentHost(OnHost, Agent):
    pass


class HostCluster(Cluster):
    """A cluster each of whose members has its own host."""

    def add(self, node, config=None, data_dir=None):
        return self._placed(ServerHost(node, self, config, data_dir), self.members)

    def add_agent(self, node, config=None, data_dir=None):
        return self._placed(AgentHost(node, self, config, data_dir), self.agents)

    def _placed(self, member, group):
        member.place(len(self.members) + len(self.agents) + 1)
        group.append(member)
        return member

    def close(self):
        try:
            super().close()
        finally:
            for member in self.members + self.agents:
                member.remove()
