"""dig and drill as resolvers, and a DNS server of ours that knows a few names of other domains."""

import shutil
import socket
import subprocess
import threading


class Answer:
    """What dig shows: status, flags, and the records of each section as lists of words."""

    def __init__(self, text):
        self.text = text
        self.status, self.flags = "", set()
        self.question, self.answer, self.authority, self.additional = [], [], [], []
        section = None
        for line in text.splitlines():
            if "status:" in line:
                self.status = line.split("status:")[1].split(",")[0].strip()
            elif line.startswith(";; flags:"):
                self.flags = set(line.split(":")[1].split(";")[0].split())
            elif line.startswith(";; ") and line.endswith(" SECTION:"):
                section = line.split()[1].lower()
            elif not line.strip():
                section = None
            elif section in ("answer", "authority", "additional") and not line.startswith(";"):
                getattr(self, section).append(line.split())

    def data(self, section="answer"):
        """The records without owner, TTL and class: ["A 10.0.0.1"]."""
        return [" ".join(words[3:]) for words in getattr(self, section)]

    def addresses(self):
        return sorted(words[4] for words in self.answer if words[3] in ("A", "AAAA"))


def dig(port, name, kind="A", *options, server="127.0.0.1"):
    """Without EDNS unless an option says otherwise; an answer that was cut is shown as it is."""
    words = ["dig", f"@{server}", "-p", str(port), "+noedns", "+nocookie", "+ignore", "+tries=1",
             "+time=10", *options, name, kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    return Answer(done.stdout)


def drill(port, name, kind="A", *options):
    words = ["drill", "-p", str(port), *options, name, "@127.0.0.1", kind]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def missing_tools(*tools):
    return [tool for tool in tools if not shutil.which(tool)]


def name_end(message):
    """Where the question's name ends."""
    at = 12
    while message[at]:
        at += message[at] + 1
    return at + 1


class OtherServer:
    """Answers A questions, over UDP and TCP, from a table name -> address; NXDOMAIN for others.
    With `silent`, or another response code, it is of no use."""

    def __init__(self, table, silent=False, code=0):
        self.table = {name.lower(): address for name, address in table.items()}
        self.silent, self.code = silent, code
        self.questions = 0
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        for work in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=work, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def answer(self, question):
        self.questions += 1
        end = name_end(question)
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += question[at] + 1
        address = self.table.get(".".join(labels).lower())
        is_a = question[end:end + 2] == b"\0\1"
        code = self.code or (0 if address else 3)
        found = code == 0 and is_a
        counts = b"\0\1" + bytes([0, int(found)]) + b"\0" * 4
        head = question[:2] + bytes([0x81, 0x80 | code]) + counts
        record = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(address) if found else b""
        return head + question[12:end + 4] + record

    def serve_udp(self):
        while True:
            try:
                question, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            answer = self.answer(question)
            if not self.silent:
                self.udp.sendto(answer, peer)

    def serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            with connection:
                question = connection.recv(4096)
                if len(question) > 14 and not self.silent:
                    answer = self.answer(question[2:])
                    connection.sendall(len(answer).to_bytes(2, "big") + answer)

    def close(self):
        self.tcp.close()
        self.udp.close()
