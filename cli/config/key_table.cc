#include "cli/config/key_tables.h"

#include <algorithm>
#include <vector>

namespace conclave::cli {

std::span<const KeySubject> key_subjects() {
  static const KeySubject subjects[] = {
      {"Who this agent is and what it does", identity_keys()},
      {"Addresses and ports", network_keys()},
      {"Joining, the quorum, encryption", cluster_keys()},
      {"The state: Raft, storage, limits of requests", server_keys()},
      {"Services, checks and watches", agent_keys()},
      {"DNS", dns_keys()},
      {"Access control and TLS", security_keys()},
      {"TLS by listener", tls_keys()},
      {"Metrics", telemetry_keys()},
      {"The service mesh, other products", mesh_keys()},
  };
  return subjects;
}

std::span<const KeyRule> key_rules() {
  static const std::vector<KeyRule> rules = [] {
    std::vector<KeyRule> all;
    for (const KeySubject& subject : key_subjects()) {
      for (const KeyEntry& entry : subject.entries) {
        all.push_back({entry.path, entry.type, entry.key_class, entry.why});
      }
    }
    std::ranges::sort(all, {}, &KeyRule::path);
    return all;
  }();
  return rules;
}

}  // namespace conclave::cli
