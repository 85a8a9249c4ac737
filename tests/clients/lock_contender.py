"""One contender for the lock `fight/lock`: acquires, enters the critical section, leaves, releases.

What it does is appended to a journal, a line an event: `<monotonic ns> <pid> enter|leave <fence>`.
It obeys the rule of leases: work is done only while less than one TTL has passed since the last
acknowledged renewal was sent.
"""

import http.client
import json
import os
import random
import sys
import time

TTL_S = 1.0


def call(port, method, target, body=None):
    """(status, headers, body), or None when the server could not be asked."""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request(method, target, body=body)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except OSError:
        return None
    except http.client.HTTPException:
        return None


def write(journal, word, fence):
    os.write(journal, f"{time.monotonic_ns()} {os.getpid()} {word} {fence}\n".encode())


def open_session(port):
    body = json.dumps({"Name": "contender", "TTL": f"{TTL_S}s", "LockDelay": "0s", "Checks": []})
    while True:
        sent = time.monotonic()
        answer = call(port, "PUT", "/v1/session/create", body)
        if answer and answer[0] == 200:
            return json.loads(answer[2])["ID"], sent
        time.sleep(0.05)


def work(port, journal, chance):
    session, renewed = open_session(port)
    while True:
        sent = time.monotonic()
        answer = call(port, "PUT", f"/v1/session/renew/{session}")
        if not answer or answer[0] != 200:
            session, renewed = open_session(port)
            continue
        renewed = sent
        answer = call(port, "PUT", f"/v1/kv/fight/lock?acquire={session}", str(os.getpid()))
        if not answer or answer[0] != 200 or answer[2].strip() != b"true":
            time.sleep(0.02)
            continue
        if time.monotonic() - renewed > TTL_S / 2:
            continue  # Too late to be sure of the rest of the critical section.
        fence = answer[1]["X-Conclave-Fence"]
        write(journal, "enter", fence)
        time.sleep(chance.uniform(0.01, TTL_S / 4))
        write(journal, "leave", fence)
        call(port, "PUT", f"/v1/kv/fight/lock?release={session}")


if __name__ == "__main__":
    descriptor = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    work(int(sys.argv[1]), descriptor, random.Random(int(sys.argv[3])))
