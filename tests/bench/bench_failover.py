"""Three servers whose leader is killed every five seconds while 64 clients write."""

import os
import statistics
import sys

from bench_measure import say
from bench_servers import ROOT, WORK

sys.path.insert(0, str(ROOT / "tests" / "support"))

KILL_EVERY_S = 5.0
GOAL_MEDIAN_S = 1.2
GOAL_WORST_S = 2.5


def run(arguments):
    # Where the test's servers find the program, and put their files: on the disk of the bench.
    os.environ["CONCLAVE_BINARY"] = str(arguments.built / "conclave")
    os.environ["TMPDIR"] = str(WORK)
    from cluster import Cluster
    from failover import Failover
    seconds = arguments.seconds or (20 if arguments.quick else 180)
    say(f"kill -9 of the leader every {KILL_EVERY_S:.0f} s for {seconds:.0f} s")
    with Cluster(3, config={"log_level": "warn"}) as cluster:
        program = arguments.built / "tests" / "bench" / "bench_failover"
        failover = Failover(cluster, program, seconds, kill_every=KILL_EVERY_S).run()
    print(failover.summary())
    median, worst = statistics.median(failover.gaps()), max(failover.gaps())
    print(f"median gap {median:.2f} s, goal < {GOAL_MEDIAN_S} s: "
          f"{'met' if median < GOAL_MEDIAN_S else 'MISSED'}")
    print(f"worst gap {worst:.2f} s, goal < {GOAL_WORST_S} s: "
          f"{'met' if worst < GOAL_WORST_S else 'MISSED'}")
