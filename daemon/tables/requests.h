#pragma once

/// Request ids and the outcomes kept under them, so that a retry is applied at most once. The
/// oldest are forgotten.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "api/model/field.h"

namespace conclave::daemon {

/// At most so many outcomes are kept, none longer than this in cluster time: a client that retries
/// later than that has no promise.
inline constexpr std::uint64_t requests_max = 8192;
inline constexpr std::uint64_t request_age_ms_max = 10 * 60 * 1000;
/// An outcome whose record is larger is kept as an error that says so.
inline constexpr std::size_t request_outcome_bytes_max = 64 * 1024;

struct RequestRow {
  std::string outcome;  ///< Record of the Outcome.
  std::uint64_t sequence = 0;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Outcome", &RequestRow::outcome),
                      api::field(2, "Sequence", &RequestRow::sequence)};
  }
};

/// In the order of arrival, for forgetting.
struct RequestOrderRow {
  std::string id;
  std::uint64_t time_ms = 0;  ///< Cluster time of arrival.
  static constexpr auto fields() {
    return std::tuple{api::field(1, "ID", &RequestOrderRow::id),
                      api::field(2, "Time", &RequestOrderRow::time_ms)};
  }
};

/// Exact bytes, however long: unlike names, ids keep their case.
std::string request_key(std::string_view request_id);
std::string request_order_key(std::uint64_t sequence);

}  // namespace conclave::daemon
