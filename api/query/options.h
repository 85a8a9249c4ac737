#pragma once

/// The query parameters that every read understands (contract 1.3, 2.1, 2.2).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave::api {

enum class ConsistencyMode : std::uint8_t { standard, consistent, stale };

struct ReadOptions {
  ConsistencyMode mode = ConsistencyMode::standard;
  std::optional<Nanos> max_stale;  ///< Given: stale, redone as standard beyond it.
  bool cached = false;             ///< ?cached: answered X-Cache: MISS.
  std::uint64_t index = 0;         ///< 0 = answer at once.
  Nanos wait{};            ///< After default and cap, before jitter; meaningful when index > 0.
  std::string datacenter;  ///< "" = own.
  std::string near;
  std::string filter;
  std::vector<std::pair<std::string, std::string>> node_meta;
};

struct WaitLimits {
  Nanos default_wait{std::chrono::minutes(5)};
  Nanos max_wait{std::chrono::minutes(10)};
};

/// From decoded parameters; errors carry the contract's texts with ErrorCode::bad_request.
Result<ReadOptions> parse_read_options(
    const std::vector<std::pair<std::string_view, std::string_view>>& parameters,
    const WaitLimits& limits);

/// wait + uniform [0, wait/16), from 64 random bits (contract 2.2).
Nanos with_jitter(Nanos wait, std::uint64_t random);

}  // namespace conclave::api
