#pragma once

/// The table of cli/config/key_entry.h in pieces: one function and one file for each subject.

#include <span>

#include "cli/config/key_entry.h"

namespace conclave::cli {

std::span<const KeyEntry> identity_keys();
std::span<const KeyEntry> network_keys();
std::span<const KeyEntry> cluster_keys();
std::span<const KeyEntry> server_keys();
std::span<const KeyEntry> agent_keys();
std::span<const KeyEntry> dns_keys();
std::span<const KeyEntry> security_keys();
std::span<const KeyEntry> tls_keys();
std::span<const KeyEntry> telemetry_keys();
std::span<const KeyEntry> mesh_keys();

}  // namespace conclave::cli
