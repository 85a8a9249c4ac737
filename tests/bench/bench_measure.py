"""Runs workloads of bench_load against ensembles, keeps their figures, makes tables of medians."""

import json
import statistics
import subprocess
import sys

from bench_servers import WORK

KEYS = 100_000


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """One run of the bench: all results and canaries."""

    def __init__(self, arguments):
        self.seconds = arguments.seconds or (1.0 if arguments.quick else 3.0)
        self.rounds = arguments.rounds or (1 if arguments.quick else 3)
        self.quick = arguments.quick
        self.program = str(arguments.built / "tests" / "bench" / "bench_load")
        self.results = []
        self.canaries = []
        self.creations = 0

    def command(self, ensemble, workload, connections, to="leader", **options):
        """bench_load against the leader, its followers or all servers; CPU is that of all."""
        leader = ensemble.leader()
        running = [member for member in ensemble.members if member.process is not None]
        others = [member for member in running if member is not leader]
        targets = {"leader": [leader], "followers": others, "all": [leader, *others]}[to]
        options = {"seconds": self.seconds, "keys": KEYS, **options}
        command = [self.program, "--server", ensemble.protocol, "--workload", workload,
                   "--connections", str(connections)]
        command += ["--port", *(str(member.port) for member in targets)]
        command += ["--pid", *(str(member.pid) for member in [leader, *others])]
        for option, value in options.items():
            command += [f"--{option.replace('_', '-')}", str(value)]
        return command

    def load(self, ensemble, workload, connections, to="leader", name=None, **options):
        command = self.command(ensemble, workload, connections, to, **options)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"scripts/bench: {ensemble.name} {workload}: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        result.update(server=ensemble.name, workload=name or workload, to=to)
        self.results.append(result)
        return result

    def create(self, ensembles, connections):
        """New keys, in every round others."""
        for _ in range(self.rounds):
            self.canary()
            self.creations += 1
            for ensemble in ensembles:
                self.load(ensemble, "create", connections, first_key=1_000_000 * self.creations)
        say(f"  create at {connections} connections")

    def interleave(self, ensembles, workload, connections, to="leader"):
        for number in range(self.rounds):
            self.canary()
            for ensemble in ensembles:
                self.load(ensemble, workload, connections, to=to, seed=number + 1)
        say(f"  {workload} at {connections} connections to {to}")

    def canary(self):
        done = subprocess.run([self.program, "--workload", "canary", "--folder", str(WORK)],
                              capture_output=True, text=True, check=True)
        self.canaries.append(json.loads(done.stdout)["fdatasync_per_second"])

    def medians(self):
        """(workload, to, connections) -> server -> figure -> median over the rounds."""
        rows = {}
        for result in self.results:
            row = rows.setdefault((result["workload"], result["to"], result["connections"]), {})
            row.setdefault(result["server"], []).append(result)
        return {
            key: {
                server: {
                    figure: statistics.median(run[figure] for run in runs)
                    for figure, value in runs[0].items() if isinstance(value, (int, float))
                }
                for server, runs in by_server.items()
            }
            for key, by_server in rows.items()
        }

    def print_canaries(self):
        lost = [result["lost_cpu_share"] for result in self.results if "lost_cpu_share" in result]
        print(f"canaries: {statistics.median(self.canaries):.0f} fdatasync/s "
              f"({min(self.canaries):.0f} to {max(self.canaries):.0f}), "
              f"lost CPU {100 * max(lost):.1f} % at worst")

    def save(self, path):
        path.write_text(json.dumps({"runs": self.results, "canaries": self.canaries}, indent=1)
                        + "\n")
        say(f"all figures: {path}")


def print_table(table, servers):
    """Ours first; a ratio beside each peer's rate; "-" where a server has no such workload."""
    ours, *peers = servers
    head = ["workload", "to", "conns"]
    for server in servers:
        head.append(f"{server}/s")
        if server != ours:
            head.append("ratio")
    head += [f"{server} {figure}" for figure in ("p50", "p99", "cpu") for server in servers]
    rows = [head]
    for (workload, to, connections), row in table.items():
        if ours not in row or not any(peer in row for peer in peers):
            continue
        if "per_second" not in row[ours]:
            continue
        cells = [workload, to, str(connections), f"{row[ours]['per_second']:.0f}"]
        for peer in peers:
            if peer in row:
                ratio = row[ours]["per_second"] / max(row[peer]["per_second"], 1)
                cells += [f"{row[peer]['per_second']:.0f}", f"{ratio:.2f}"]
            else:
                cells += ["-", "-"]
        for figure in ("p50_us", "p99_us", "cpu_us_per_op"):
            cells += [f"{row[server][figure]:.0f}" if server in row else "-" for server in servers]
        rows.append(cells)
    widths = [max(len(row[column]) for row in rows) + 2 for column in range(len(head))]
    for row in rows:
        print("".join(cell.rjust(width) for cell, width in zip(row, widths)))
    print("p50, p99: microseconds; cpu: microseconds of all servers' CPU for one operation")


def print_memory(table):
    for server, figures in table.get(("fill", "leader", 64), {}).items():
        print(f"memory after 100k keys: {server} {figures['anonymous_bytes'] / 1e6:.1f} MB "
              f"anonymous, {figures['resident_bytes'] / 1e6:.1f} MB resident")
