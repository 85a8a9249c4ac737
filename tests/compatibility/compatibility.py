"""Renders the last part of docs/compatibility.md: what Consul has (consul.txt beside this file),
against what the program says of itself. Endpoints are asked with OPTIONS of a running server,
commands and flags with -h. Configuration keys and what becomes of them are in
docs/configuration.md, which has a test of its own beside the table of keys.
"""

import collections
import pathlib
import re

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCUMENT = ROOT / "docs" / "compatibility.md"
# Between them stands what is rendered.
BEGIN = "<!-- rendered by tests/compatibility/compatibility_test.py --rewrite -->\n"
END = "<!-- end of what is rendered -->\n"
# Where the paths of our own routes stand, so that none is left out of the document.
ROUTES = [*sorted((ROOT / "agent" / "http").glob("*.cc")),
          *sorted((ROOT / "daemon" / "http").glob("*.cc"))]

Known = collections.namedtuple("Known", "name words remark missing")

def known(kind):
    """The lines of consul.txt of one kind, by name."""
    found = {}
    for line in (HERE / "consul.txt").read_text(encoding="utf-8").splitlines():
        line, *remarks = line.split(" | ")
        word, _, rest = line.partition(" ")
        if word != kind:
            continue
        flags = tuple(part for part in rest.split() if part.startswith("-"))
        name = rest if kind != "command" else " ".join(
            part for part in rest.split() if not part.startswith("-"))
        why = [one.removeprefix("missing: ") for one in remarks if one.startswith("missing: ")]
        remark = [one for one in remarks if not one.startswith("missing: ")]
        found[name] = Known(name, flags, "; ".join(remark), "; ".join(why or remark))
    return found


def own_paths():
    """Every path under /v1/ that our sources route."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROUTES)
    return set(re.findall(r'"(/v1/[^"?\\ ]*)"', text))


def methods(server, path):
    """What the server allows on the path; none where it has no such endpoint."""
    asked = path.replace("*", "name") + ("name" if path.endswith("/") else "")
    answer = server.request("OPTIONS", asked)
    if answer.status == 404:
        return []
    return answer.headers["Allow"].replace(" ", "").removeprefix("OPTIONS,").split(",")


def shown_path(path):
    return path.replace("*", ":name") + (":name" if path.endswith("/") else "")


def is_agents(path):
    """Agent endpoints are rendered; those of servers have a table by hand, held against the router
    by a unit test."""
    return path.startswith("/v1/agent/") and "/connect/" not in path


def endpoints(server):
    listed = known("endpoint")
    for path in sorted(own_paths() - listed.keys()):
        if methods(server, path):
            listed[path] = Known(path, (), "", "")
    for path in sorted(listed):
        allowed = methods(server, path)
        remark = listed[path].remark
        if not allowed and not listed[path].missing:
            raise AssertionError(f"{path} is not there, and consul.txt does not say why")
        if allowed and is_agents(path):
            yield " ".join(allowed), f"`{shown_path(path)}`", remark
        elif not allowed:
            yield "", f"`{shown_path(path)}`", f"not there: {listed[path].missing}"


def documented_methods():
    """The table of servers' endpoints in the document: path and methods."""
    text = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[0]
    return re.findall(r"^\| `(/v1/[^`]*)` \| ([A-Z]+(?: [A-Z]+)*) \|", text, re.MULTILINE)


def help_of(server, words):
    return server.run(*words, "-h").stdout


def flags_of(text):
    return re.findall(r"^  (-[\w-]+)", text, re.MULTILINE)


def own_commands(server):
    return [match.strip() for match in
            re.findall(r"^    ((?:\S+ )+) ", server.run("-h").stdout, re.MULTILINE)]


def commands(server):
    listed, own = known("command"), own_commands(server)
    for name in sorted({*listed, *own}):
        wanted = listed.get(name, Known(name, (), "not in Consul", ""))
        if name not in own:
            if not wanted.missing:
                raise AssertionError(f"{name} is not there, and consul.txt does not say why")
            yield f"`{name}`", "", f"not there: {wanted.missing}"
            continue
        text = help_of(server, name.split()).partition("Flags for reaching the agent:")[0]
        has = [] if name == "agent" else flags_of(text)
        lacks = [flag for flag in wanted.words if flag not in has]
        remarks = [wanted.remark] if wanted.remark else []
        if lacks:
            remarks.append("without " + ", ".join(f"`{flag}`" for flag in lacks))
        yield (f"`{name}`", " ".join(f"`{flag}`" for flag in has),
               "; ".join(["there", *remarks]))


def client_flags(server):
    text = help_of(server, ["members"]).partition("Flags for reaching the agent:")[2]
    return flags_of(text)


def missing_agent_flags(server):
    """Those of Consul that `agent` does not take."""
    return sorted(known("agent-flag").keys() - set(flags_of(help_of(server, ["agent"]))))


def table(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines, ""]


def render(server):
    """What stands between the marks of the document."""
    reach = ", ".join(f"`{flag}`" for flag in client_flags(server))
    lines = [
        "## Endpoints of agents, and those that are not there", "",
        *table(("methods", "path", "remarks"), endpoints(server)),
        "## Commands", "", f"Commands that ask an agent also have {reach}.", "",
        *table(("command", "flags", "state"), commands(server)),
        "## Configuration keys and flags of `agent`", "",
        "`agent` takes every flag that Consul's takes. [configuration.md](configuration.md) says "
        "what", "becomes of each of them, and of each configuration key; a test compares it with "
        "the program's tables.", "",
    ]
    return "\n".join(lines)


def rendered_part():
    return DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def rewrite(server):
    head, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    DOCUMENT.write_text(head + BEGIN + render(server) + END + tail, encoding="utf-8")
