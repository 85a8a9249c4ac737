#pragma once

/// `?cached` on catalog, health and query reads (contract 2.1). Consul's agents keep answers and
/// refresh them in the background; here the replicated state beside the handler is what is kept.
/// The first time that something is asked it is read as always and answered `X-Cache: MISS`; from
/// then on it is read from this server's state without asking the leader, and answered `HIT` with
/// the `Age` of that state, the time since the leader was last heard. `Cache-Control` is honoured.

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave::daemon {

/// How old an answer may be, as the request says.
struct CacheControl {
  bool must_revalidate = false;
  std::optional<Nanos> max_age;
  Nanos stale_if_error{};  ///< And when no leader can be asked; 0 = not at all.
};

/// The value of a Cache-Control header. ErrorCode::bad_request `Invalid Cache-Control header.` for
/// a number that is none.
Result<CacheControl> parse_cache_control(std::string_view header);

/// The questions that were asked with ?cached, of one loop: at most `capacity`, the least recently
/// asked are forgotten.
class CachedReads {
 public:
  static constexpr std::size_t capacity = 1024;

  /// True if the question was asked before; notes it.
  bool note(const std::string& identity);

 private:
  std::list<std::string> recent_;  ///< Most recent first.
  std::map<std::string, std::list<std::string>::iterator, std::less<>> places_;
};

}  // namespace conclave::daemon
