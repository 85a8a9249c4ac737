#include "api/query/options.h"

#include <algorithm>

#include "base/core/text.h"

namespace conclave::api {

namespace {

/// At most a sixteenth of the wait is added: clients size their socket timeouts by it
/// (contract 2.2).
constexpr std::int64_t jitter_divisor = 16;

std::unexpected<Error> bad(std::string text) {
  return fail(ErrorCode::bad_request, std::move(text));
}

/// "rack:r1:a" is ("rack", "r1:a"); no colon means an empty value.
std::pair<std::string, std::string> split_node_meta(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return {std::string(text), {}};
  return {std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

Result<void> check_enterprise(std::string_view name, std::string_view value,
                              std::string_view feature) {
  if (value.empty() || value == "default" || value == "*") return {};
  return bad("Invalid query parameter: \"" + std::string(name) + "\" - " + std::string(feature) +
             " are a Consul Enterprise feature");
}

Nanos clamp_wait(Nanos wait, const WaitLimits& limits) {
  return wait <= Nanos{} ? limits.default_wait : std::min(wait, limits.max_wait);
}

/// The first of several equal parameters counts, as in Go's url.Values.Get.
struct Seen {
  bool index = false, wait = false, max_stale = false, dc = false, near = false, filter = false;
  bool stale = false, consistent = false, leader = false;
};

Result<void> read_timing(std::string_view name, std::string_view value, Seen& seen,
                         ReadOptions& options) {
  if (name == "index" && !std::exchange(seen.index, true) && !value.empty()) {
    const auto index = parse_u64(value);
    if (!index) return bad("Invalid index");
    options.index = *index;
  } else if (name == "wait" && !std::exchange(seen.wait, true) && !value.empty()) {
    const Result<Nanos> wait = parse_duration(value);
    if (!wait) return bad("Invalid wait time");
    options.wait = *wait;
  } else if (name == "max_stale" && !std::exchange(seen.max_stale, true) && !value.empty()) {
    const Result<Nanos> max_stale = parse_duration(value);
    if (!max_stale) return bad("Invalid max_stale value \"" + std::string(value) + "\"");
    options.max_stale = *max_stale;
  }
  return {};
}

Result<void> read_one(std::string_view name, std::string_view value, Seen& seen,
                      ReadOptions& options) {
  if (name == "dc") {
    if (!std::exchange(seen.dc, true)) options.datacenter = value;
  } else if (name == "near") {
    if (!std::exchange(seen.near, true)) options.near = value;
  } else if (name == "filter") {
    if (!std::exchange(seen.filter, true)) options.filter = value;
  } else if (name == "node-meta") {
    options.node_meta.push_back(split_node_meta(value));
  } else if (name == "stale") {
    seen.stale = true;
  } else if (name == "consistent") {
    seen.consistent = true;
  } else if (name == "leader") {
    seen.leader = true;
  } else if (name == "cached") {
    options.cached = true;
  } else if (name == "ns") {
    return check_enterprise(name, value, "Namespaces");
  } else if (name == "partition") {
    return check_enterprise(name, value, "Partitions");
  } else {
    return read_timing(name, value, seen, options);
  }
  return {};
}

}  // namespace

Result<ReadOptions> parse_read_options(
    const std::vector<std::pair<std::string_view, std::string_view>>& parameters,
    const WaitLimits& limits) {
  ReadOptions options;
  Seen seen;
  for (const auto& [name, value] : parameters) {
    CONCLAVE_TRY(read_one(name, value, seen, options));
  }
  const bool stale = seen.stale || options.max_stale.has_value();
  if (stale && seen.consistent) {
    return bad("Cannot specify ?stale with ?consistent, conflicting semantics.");
  }
  if (options.cached && seen.consistent) {
    return bad("Cannot specify ?cached with ?consistent, conflicting semantics.");
  }
  if (seen.consistent) {
    options.mode = ConsistencyMode::consistent;
  } else if (stale && !seen.leader) {
    options.mode = ConsistencyMode::stale;
  }
  options.wait = clamp_wait(options.wait, limits);
  return options;
}

Nanos with_jitter(Nanos wait, std::uint64_t random) {
  const std::int64_t span = wait.count() / jitter_divisor;
  if (span <= 0) return wait;
  return wait + Nanos(static_cast<std::int64_t>(random % static_cast<std::uint64_t>(span)));
}

}  // namespace conclave::api
