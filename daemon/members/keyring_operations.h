#pragma once

/// What operators ask about and of the cluster's keys (contract 12): the port between daemon/http
/// and KeyringChanges. Any loop may call and is resumed; the work is done on main.

#include <cstdint>
#include <map>
#include <string>

#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::daemon {

struct KeyringReport {
  std::map<std::string, std::string> messages;        ///< Of servers that did not answer, by name.
  std::map<std::string, std::uint64_t> keys;          ///< By raw key: so many servers accept it.
  std::map<std::string, std::uint64_t> primary_keys;  ///< So many use it.
  std::uint64_t servers = 0;
};

/// Keys are raw, of a length that is allowed.
class KeyringOperations {
 public:
  virtual ~KeyringOperations() = default;
  virtual Task<KeyringReport> list_keys() = 0;
  // The leader's: ErrorCode::no_leader elsewhere. Errors are sentences for the operator.
  virtual Task<Result<void>> install_key(std::string key) = 0;
  virtual Task<Result<void>> use_key(std::string key) = 0;
  virtual Task<Result<void>> remove_key(std::string key) = 0;
};

}  // namespace conclave::daemon
