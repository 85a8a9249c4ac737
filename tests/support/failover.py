"""kill -9 of the leader again and again while bench_failover writes to all servers: what was lost,
what happened twice, and for how long nobody could write."""

import json
import statistics
import subprocess
import threading
import time


class Failover:
    """One run. `cluster` is started; `program` is bench_failover."""

    def __init__(self, cluster, program, seconds, kill_every=5.0, restart_after=1.0,
                 connections=64):
        self.cluster = cluster
        self.command = [str(program), "--seconds", str(seconds), "--connections", str(connections)]
        for member in cluster.members:
            self.command += ["--port", str(member.http_port)]
        self.seconds = seconds
        self.kill_every, self.restart_after = kill_every, restart_after
        self.kills = []   # Times of CLOCK_MONOTONIC.
        self.report = {}

    def run(self):
        """Runs it; raises when an acknowledged write was lost or one happened twice."""
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as load:
            try:
                self.kill_leaders(time.monotonic() + self.seconds)
                output, complaints = load.communicate(timeout=self.seconds + 180)
            except BaseException:
                load.kill()
                raise
        if load.returncode != 0:
            raise AssertionError(f"{complaints}{output}\n{self.cluster.logs()}")
        self.report = json.loads(output)
        return self

    def kill_leaders(self, end):
        """The last kill leaves the writers time to see the next leader."""
        pause = threading.Event()
        next_kill = time.monotonic() + min(2.0, self.kill_every)
        while next_kill + self.kill_every <= end:
            pause.wait(max(0.0, next_kill - time.monotonic()))
            leader = self.cluster.wait_for_leader()
            self.kills.append(time.monotonic())
            leader.kill()
            pause.wait(self.restart_after)
            leader.start(wait=False)
            next_kill += self.kill_every

    def gaps(self):
        """For each kill the longest time without an acknowledged write before the next kill."""
        longest = []
        for kill, following in zip(self.kills, self.kills[1:] + [float("inf")]):
            overlapping = [end - begin for begin, end in self.report["gaps"]
                           if end > kill and begin < following]
            longest.append(max(overlapping, default=0.0))
        return longest

    def summary(self):
        gaps = self.gaps()
        return (f"{len(gaps)} kills, {self.report['acknowledged']} writes acknowledged, "
                f"{self.report['unknown']} with unknown outcome, {self.report['lost']} lost, "
                f"{self.report['twice']} twice; gap in writes per kill: median "
                f"{statistics.median(gaps):.2f} s, worst {max(gaps):.2f} s")
