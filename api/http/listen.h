#pragma once

/// Listening sockets. listen_tcp and listen_unix are declared in server.h; this is what the server
/// itself needs. Internal to api/http.

namespace conclave::api {

/// Non-blocking, and for TCP without Nagle's delay and with keep-alive probes, which accepted
/// sockets inherit: no system call per connection. Also for descriptors that others opened
/// (systemd).
void prepare_listener(int descriptor);

}  // namespace conclave::api
