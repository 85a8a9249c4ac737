#pragma once

/// How many connections each client address holds, over all HTTP servers of the process: the only
/// table that loops share (design section 3). Any thread; the lock is held for one look-up.

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace conclave::api {

class ClientTable {
 public:
  /// Counts one more connection; false, and nothing counted, when the address already holds `max`.
  /// 0 = no limit.
  bool enter(const std::string& address, std::uint32_t max);
  void leave(const std::string& address);

  /// The one table of the process.
  static ClientTable& of_process();

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> counts_;  ///< Guarded by mutex_.
};

}  // namespace conclave::api
