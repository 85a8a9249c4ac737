"""One Conclave server beside one etcd server."""

from bench_measure import Bench, print_memory, print_table, say
from bench_servers import Conclave, Etcd


def compare(bench, conclave, etcd):
    servers = [conclave, etcd]
    counts = [64] if bench.quick else [1, 64, 256]
    say("filling 100,000 keys")
    for server in servers:
        bench.load(server, "fill", 64)
    say("reads, each server in a fresh process")
    for server in servers:
        server.restart()
    for workload in ["get", "stale"]:
        for connections in counts:
            bench.interleave(servers, workload, connections)
    say("writes: a first round apart, in which both stores grow their files, then the others")
    for server in servers:
        bench.load(server, "put", 64, name="put-cold")
    for connections in counts:
        bench.interleave(servers, "put", connections)
    for connections in counts:
        bench.create(servers, connections)
    say("watch fan-out")
    bench.interleave(servers, "watch", 100)
    say("parked queries")
    for workload in ["parked-hot", "parked"]:
        conclave.restart()
        bench.load(conclave, workload, 1_000 if bench.quick else 9_000)


def print_parked(table):
    for (workload, _, connections), row in table.items():
        if workload.startswith("parked"):
            print(f"{workload}: {row['conclave']['bytes_per_query']:.0f} bytes of anonymous "
                  f"memory a query at {connections} queries")


def run(arguments):
    bench = Bench(arguments)
    conclave = Conclave("conclave", 1, arguments.built)
    etcd = Etcd("etcd", 1)
    try:
        conclave.start()
        etcd.start()
        compare(bench, conclave, etcd)
    finally:
        for server in (conclave, etcd):
            server.stop()
            server.remove_files()
    table = bench.medians()
    print_table(table, ["conclave", "etcd"])
    print_memory(table)
    print_parked(table)
    bench.print_canaries()
    bench.save(arguments.json)
