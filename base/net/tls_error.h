#pragma once

/// Failures of connections in the words that Consul's users know, those of Go.

#include <string>

namespace conclave {

/// An errno: "connection refused", "i/o timeout" for what a closed socket interrupts.
std::string system_error(int code);

/// An entry of OpenSSL's error queue: `remote error: tls: handshake failure`, `tls: first record
/// does not look like a TLS handshake`.
std::string tls_error(unsigned long code);

}  // namespace conclave
