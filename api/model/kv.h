#pragma once

/// Keys, sessions and locks as stored and shown (contract sections 3 and 5).

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "base/core/duration.h"

namespace conclave::api {

struct KvEntry {
  std::uint64_t lock_index = 0;  ///< Consul's counter: how often the key was acquired.
  std::string key;
  std::uint64_t flags = 0;
  Bytes value;
  std::string session;  ///< Holder, "" when not locked.
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;
  /// Revision of the acquisition by the present or last holder: strictly rising over the whole
  /// cluster, so a resource that remembers the largest one it saw can refuse late holders.
  std::uint64_t fence = 0;

  friend bool operator==(const KvEntry&, const KvEntry&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "LockIndex", &KvEntry::lock_index),
        field(2, "Key", &KvEntry::key),
        field(3, "Flags", &KvEntry::flags),
        field(4, "Value", &KvEntry::value),
        field(5, "Session", &KvEntry::session, Show::omit_empty),
        field(6, "CreateIndex", &KvEntry::create_index),
        field(7, "ModifyIndex", &KvEntry::modify_index),
        field(8, "Fence", &KvEntry::fence, Show::never),
    };
  }
};

struct SessionServiceCheck {
  std::string id;
  std::string name_space;

  friend bool operator==(const SessionServiceCheck&, const SessionServiceCheck&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "ID", &SessionServiceCheck::id),
                      field(2, "Namespace", &SessionServiceCheck::name_space)};
  }
};

struct Session {
  std::string id;
  std::string name;
  std::string node;
  Nanos lock_delay{};
  std::string behavior;  ///< "release" or "delete".
  std::string ttl;       ///< As the client wrote it, "" = lives without renewal.
  std::vector<std::string> node_checks;
  std::vector<SessionServiceCheck> service_checks;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  friend bool operator==(const Session&, const Session&) = default;
  static constexpr auto fields() {
    return std::tuple{
        field(1, "ID", &Session::id),
        field(2, "Name", &Session::name),
        field(3, "Node", &Session::node),
        field(4, "LockDelay", &Session::lock_delay),
        field(5, "Behavior", &Session::behavior),
        field(6, "TTL", &Session::ttl),
        field(7, "NodeChecks", &Session::node_checks),
        field(8, "ServiceChecks", &Session::service_checks, Show::null_if_empty),
        field(9, "CreateIndex", &Session::create_index),
        field(10, "ModifyIndex", &Session::modify_index),
    };
  }
};

}  // namespace conclave::api
