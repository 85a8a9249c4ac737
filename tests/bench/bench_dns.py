"""DNS of one Conclave server beside unbound with the same names, asked by Debian's dnsperf.

Per round each server gets each workload once, one after the other. dnsperf shares the two cores
with them, so the rate that counts is that of one core: answers for each second of the server's own
CPU time.
"""

import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import time
import urllib.request

from bench_measure import say
from bench_servers import Conclave, Ensemble, WORK

SERVICES = 100
INSTANCES = 3
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")

# Name -> type and dnsperf's options beside.
WORKLOADS = {
    "a": ("A", []),
    "srv": ("SRV", ["-e"]),
    "nxdomain": ("A", []),
    "a-tcp": ("A", ["-m", "tcp"]),
}


def address(service, instance):
    return f"10.1.{service}.{instance + 1}"


class Unbound(Ensemble):
    """One thread, the zone as local data, which it answers without any recursion."""

    def command(self, member):
        lines = ["server:", "  interface: 127.0.0.1", f"  port: {member.ports[0]}",
                 "  num-threads: 1", "  do-daemonize: no", '  username: ""', '  chroot: ""',
                 f'  directory: "{member.data}"', '  pidfile: ""', "  use-syslog: no",
                 "  do-not-query-localhost: no", "  module-config: \"iterator\"",
                 "  incoming-num-tcp: 100", "  rrset-roundrobin: yes", "  minimal-responses: no",
                 '  local-zone: "consul." static',
                 '  local-data: "consul. 0 SOA ns.consul. hostmaster.consul. 1 3600 600 86400 0"']
        for service in range(SERVICES):
            for instance in range(INSTANCES):
                node = f"n{service}-{instance}.node.dc1.consul."
                ip = address(service, instance)
                for record in (f"s{service}.service.consul. 0 A {ip}",
                               f"s{service}.service.consul. 0 SRV 1 1 80 {node}",
                               f"{node} 0 A {ip}"):
                    lines.append(f'  local-data: "{record}"')
        lines += ["remote-control:", "  control-enable: no"]
        path = member.data / "unbound.conf"
        path.write_text("\n".join(lines) + "\n")
        program = shutil.which("unbound") or "/usr/sbin/unbound"
        return [program, "-d", "-c", str(path)]

    def is_ready(self, member):
        return answers(member.ports[0])


def answers(port):
    done = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+short", "+tries=1", "+time=1",
                           "s0.service.consul"], capture_output=True, text=True, check=False)
    return len(done.stdout.split()) == INSTANCES


def register_all(member):
    for service in range(SERVICES):
        for instance in range(INSTANCES):
            body = {"Node": f"n{service}-{instance}", "Address": address(service, instance),
                    "Service": {"Service": f"s{service}", "Port": 80}}
            request = urllib.request.Request(f"http://127.0.0.1:{member.port}/v1/catalog/register",
                                             data=json.dumps(body).encode(), method="PUT")
            with urllib.request.urlopen(request, timeout=10) as answer:
                answer.read()


def write_questions():
    files = {}
    for workload, (kind, _) in WORKLOADS.items():
        name = "missing{}.service.consul" if workload == "nxdomain" else "s{}.service.consul"
        path = WORK / f"questions-{workload}"
        path.write_text("".join(f"{name.format(n)} {kind}\n" for n in range(SERVICES)))
        files[workload] = path
    return files


def cpu_seconds(pid):
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / CLOCK_TICKS


def lost_share(before, after):
    spent = [b - a for a, b in zip(before, after)]
    return spent[7] / max(sum(spent), 1)


def machine_ticks():
    first = pathlib.Path("/proc/stat").read_text().split("\n")[0]
    return [int(word) for word in first.split()[1:9]]


def canary():
    """Rounds of a fixed piece of work in a second: how much of a core there is."""
    end, rounds = time.perf_counter() + 0.25, 0
    while time.perf_counter() < end:
        sum(range(1000))
        rounds += 1
    return rounds * 4


def measure(server, port, pid, workload, questions, seconds):
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(questions), "-l",
               str(seconds), "-c", "8", "-q", "400", *WORKLOADS[workload][1]]
    before, ticks = cpu_seconds(pid), machine_ticks()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = cpu_seconds(pid) - before

    def figure(pattern):
        return float(re.search(pattern, done.stdout).group(1))

    completed = figure(r"Queries completed:\s+(\d+)")
    return {"server": server, "workload": workload,
            "per_second": figure(r"Queries per second:\s+([\d.]+)"),
            "per_core_second": completed / max(spent, 0.01),
            "cpu_us_per_answer": 1e6 * spent / max(completed, 1),
            "lost": figure(r"Queries lost:\s+(\d+)"),
            "latency_us": 1e6 * figure(r"Average Latency \(s\):\s+([\d.]+)"),
            "lost_cpu_share": lost_share(ticks, machine_ticks())}


def print_results(results, canaries):
    print(f"{'workload':<10}{'server':<10}{'answers/s':>11}{'per core':>11}{'us CPU':>8}"
          f"{'latency us':>12}{'lost':>6}{'ratio per core':>16}")
    for workload in WORKLOADS:
        rows = {}
        for server in ("conclave", "unbound"):
            runs = [run for run in results
                    if (run["server"], run["workload"]) == (server, workload)]
            rows[server] = {key: statistics.median(run[key] for run in runs)
                            for key, value in runs[0].items() if isinstance(value, float)}
        ratio = rows["conclave"]["per_core_second"] / rows["unbound"]["per_core_second"]
        for server, row in rows.items():
            print(f"{workload:<10}{server:<10}{row['per_second']:>11.0f}"
                  f"{row['per_core_second']:>11.0f}{row['cpu_us_per_answer']:>8.1f}"
                  f"{row['latency_us']:>12.0f}{row['lost']:>6.0f}"
                  f"{ratio if server == 'conclave' else 1:>16.2f}")
    lost = max(run["lost_cpu_share"] for run in results)
    print(f"canaries: {statistics.median(canaries):.0f} rounds of work/s ({min(canaries)} to "
          f"{max(canaries)}), lost CPU {100 * lost:.1f} % at worst")


def run(arguments):
    seconds = arguments.seconds or (2 if arguments.quick else 5)
    rounds = arguments.rounds or (1 if arguments.quick else 5)
    conclave = Conclave("conclave", 1, arguments.built)
    unbound = Unbound("unbound", 1)
    results, canaries = [], []
    try:
        conclave.start()
        unbound.start()
        [ours], [theirs] = conclave.members, unbound.members
        register_all(ours)
        questions = write_questions()
        ports = {"conclave": (ours.ports[3], ours.pid), "unbound": (theirs.ports[0], theirs.pid)}
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            for workload, path in questions.items():
                canaries.append(canary())
                for server, (port, pid) in ports.items():
                    results.append(measure(server, port, pid, workload, path, seconds))
    finally:
        for server in (conclave, unbound):
            server.stop()
            server.remove_files()
    print_results(results, canaries)
    arguments.json.write_text(json.dumps({"runs": results, "canaries": canaries}, indent=1) + "\n")
    say(f"all figures: {arguments.json}")
