# Configuration of Conclave on this host. Every key is Consul's; what becomes of each is in
# /usr/share/doc/conclave/configuration.md. All .hcl and .json files of this directory are read in the
# order of their names, and later ones win. `conclave validate /etc/conclave` looks at them;
# `systemctl reload conclave-server` (or conclave-agent) makes a running one read them again.
#
# Whether this host is a server is decided by the unit that is started, not here:
#
#   systemctl enable --now conclave-server     one, three or five hosts of a cluster
#   systemctl enable --now conclave-agent      all the others

data_dir = "/var/lib/conclave"

# A restart keeps this node and its services registered. `conclave leave` is for a host that goes.
leave_on_terminate = false

# datacenter = "dc1"

# What the others reach this host under. Has to be said where there are several addresses.
# advertise_addr = "{{ GetPrivateIP }}"

# Who may use the HTTP API: this host only, unless said otherwise. There is no access control yet.
# client_addr = "127.0.0.1"

# On servers: how many of them found the cluster together. 1 for a single one.
# server = true
# bootstrap_expect = 3

# Where the servers are, the same list on every host.
# retry_join = ["10.0.0.1", "10.0.0.2", "10.0.0.3"]

# One key for all hosts of a cluster; `conclave keygen` makes it. Without one, whoever reaches port
# 8300 can read along and take part.
# encrypt = ""

# Script checks, those of files in this directory only. They need the drop-in that
# /usr/share/doc/conclave/script-checks.conf shows.
# enable_local_script_checks = true

# Redirects do not lead HTTP checks to other hosts.
# check_redirects_same_host = true

# log_level = "info"
