#pragma once

/// Questions about other domains, asked of the servers in `recursors`: one after the other, or
/// beginning with any, until one answers or says that the name does not exist. Each over a socket
/// of its own with an id of its own, so that an answer can hardly be forged. Loop of DNS only.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agent/dns/message.h"
#include "agent/dns/options.h"
#include "base/core/result.h"
#include "base/core/rng.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave::dns {

/// "ip", "ip:port", "v6", "[v6]:port" -> "ip:53", ...; names are not allowed: who would look them
/// up?
Result<std::string> recursor_address(std::string_view text);

class Recursor {
 public:
  Recursor(Loop& loop, Metrics& metrics);

  void set_options(const DnsOptions& options);

  /// Passes a client's message on as it is, but for its id; the answer has the client's id.
  Task<Result<std::string>> pass_on(std::string message, Query query, bool tcp);
  /// The A or AAAA records of a name and the CNAMEs on the way; none when nobody knows.
  Task<std::vector<Record>> look_up(std::string name, Type type);

 private:
  struct Setting {
    std::vector<std::string> servers;
    RecursorStrategy strategy = RecursorStrategy::sequential;
    Nanos timeout{};
  };
  Task<Result<std::string>> ask(std::string message, std::string name, Type type,
                                std::uint16_t record_class, bool tcp);

  Loop& loop_;
  std::shared_ptr<const Setting> setting_;
  Counter& asked_;
  Counter& failed_;
};

}  // namespace conclave::dns
