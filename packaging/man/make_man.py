#!/usr/bin/python3
"""The man page conclave(1), made of the program's own help texts:

  make_man.py <conclave binary>  > conclave.1
"""

import re
import subprocess
import sys

INTRODUCTION = """\
Conclave keeps a registry of services with their health, keys and values, sessions and locks,
behind an HTTP API with watches. It speaks Consul's API, configuration keys and command line. A
cluster is one, three or five servers (\\fBconclave agent \\-server\\fR) and an agent on every other
host; all other commands ask an agent. A flag may be written with one dash or two, its value after
\\fB=\\fR or a space.
"""

FILES = """\
.SH FILES
.TP
.I /etc/conclave/*.hcl, /etc/conclave/*.json
configuration, read in the order of the names
.TP
.I /var/lib/conclave
everything that must survive a restart
.SH ENVIRONMENT
.TP
.B CONSUL_HTTP_ADDR
address of the agent that commands ask [127.0.0.1:8500]
.SH SEE ALSO
.I /usr/share/doc/conclave
has the configuration keys, the HTTP API and the procedures of operation. \
.BR systemctl (1)
starts
.B conclave-server
or
.BR conclave-agent .
"""


def help_of(binary, *command):
    """What `conclave COMMAND -h` prints; some commands answer an asked-for help with a code."""
    ran = subprocess.run([binary, *command, "-h"], capture_output=True, text=True, check=False)
    return ran.stdout or ran.stderr


def commands_of(overview):
    """(name, one line) of each command."""
    after = overview.split("Available commands are:\n")[1]
    return [tuple(part.strip() for part in line.strip().split("  ", 1))
            for line in after.splitlines() if line.startswith("    ")]


def escape(text):
    """Plain text for roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return re.sub(r"^\.", r"\\&.", text)


def section_of(text):
    """The help of one command as roff: paragraphs, examples, flags."""
    out = []
    usage, _, rest = text.partition("\n")
    out.append(".B " + escape(usage.removeprefix("Usage: ")) + "\n")
    flag_open = False
    paragraph_next = True
    for line in rest.splitlines():
        flag = re.match(r"  (-[\w-]+)(=<value>)?$", line)
        if flag:
            value = "=\\fIvalue\\fR" if flag.group(2) else ""
            out.append(f".TP\n\\fB{escape(flag.group(1))}\\fR{value}\n")
            flag_open = True
        elif not line.strip():
            paragraph_next = True
        elif flag_open and line.startswith("      "):
            out.append(escape(line.strip()) + "\n")
        elif not line.startswith(" "):
            out.append(f".PP\n.I {escape(line.strip())}\n")
            flag_open = False
        elif line.startswith("      "):
            start = ".PP\n.nf\n" if paragraph_next else ".nf\n"
            out.append(f"{start}    {escape(line.strip())}\n.fi\n")
            flag_open = paragraph_next = False
        else:
            if paragraph_next:
                out.append(".PP\n")
            out.append(escape(line.strip()) + "\n")
            flag_open = paragraph_next = False
    return "".join(out)


def page(binary):
    """The whole page."""
    version = subprocess.run([binary, "version"], capture_output=True, text=True,
                             check=True).stdout.splitlines()[0]
    out = [f'.TH CONCLAVE 1 "" "{escape(version)}" "User Commands"\n',
           ".SH NAME\nconclave \\- service discovery and distributed locks\n",
           ".SH SYNOPSIS\n.B conclave\n.I command\n[\\fIflags\\fR] [\\fIarguments\\fR]\n",
           ".SH DESCRIPTION\n", INTRODUCTION, ".SH COMMANDS\n"]
    for name, _ in commands_of(help_of(binary)):
        out.append(f'.SS "{escape(name)}"\n')
        out.append(section_of(help_of(binary, *name.split())))
    out.append(FILES)
    return "".join(out)


if __name__ == "__main__":
    sys.stdout.write(page(sys.argv[1]))
