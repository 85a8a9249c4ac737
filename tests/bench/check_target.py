"""What the checks of scripts/bench agent look at: a port that accepts, and one that answers HTTP. A
process of its own, so that its CPU is not the agent's. Prints the two ports."""

import selectors
import socket

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok"
BACKLOG = 1024


def listen():
    opened = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    opened.setblocking(False)
    return opened


def accept_all(selector, listener):
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ, answer)


def answer(selector, connection):
    try:
        asked = connection.recv(4096)
        if asked and connection.send(ANSWER) == len(ANSWER):
            return
    except OSError:
        pass
    selector.unregister(connection)
    connection.close()


def main():
    selector = selectors.DefaultSelector()
    listeners = [listen(), listen()]
    for listener in listeners:
        selector.register(listener, selectors.EVENT_READ, accept_all)
    print(*(listener.getsockname()[1] for listener in listeners), flush=True)
    while True:
        for key, _ in selector.select():
            key.data(selector, key.fileobj)


if __name__ == "__main__":
    main()
