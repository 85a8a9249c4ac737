#include "cli/sockaddr/arithmetic.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>

#include "base/core/text.h"

namespace conclave::cli::sockaddr {
namespace {

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::bad_request, std::move(message));
}

struct Amount {
  bool negative = false;
  std::uint64_t size = 0;
};

Result<Amount> read_amount(std::string_view operation, std::string_view value) {
  value = trim_spaces(value);
  if (!value.starts_with('+') && !value.starts_with('-')) {
    return refuse(fmt::format("sign (+/-) is required for operation \"{}\"", operation));
  }
  const auto size = parse_u64(value.substr(1));
  if (!size || *size > std::numeric_limits<std::int64_t>::max()) {
    return refuse(fmt::format("math \"{}\": \"{}\" is no whole number", operation, value));
  }
  return Amount{value.starts_with('-'), *size};
}

/// What of an amount fits into the host part of a network.
std::uint64_t within(std::uint64_t amount, const Network& network) {
  const int bits = network.address.width() - network.prefix;
  return bits >= 64 ? amount : amount & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

Result<Network> calculate(std::string_view operation, std::string_view value,
                          const Network& network) {
  const std::string name = to_lower_ascii(operation);
  if (name == "mask") {
    const auto bits = parse_u64(value);
    const auto width = static_cast<std::uint64_t>(network.address.width());
    if (!bits || *bits > width) {
      return refuse(fmt::format("math \"mask\" \"{}\": 0 to {} is meant", value, width));
    }
    const auto prefix = static_cast<int>(*bits);
    return Network{Network{network.address, prefix}.first(), std::min(prefix, network.prefix)};
  }
  if (name != "address" && name != "network") {
    return refuse(
        fmt::format("math \"{}\": address, mask and network are known operations", operation));
  }
  CONCLAVE_TRY_ASSIGN(const Amount amount, read_amount(name, value));
  Network result = network;
  if (name == "address") {
    result.address = amount.negative ? subtract(network.address, amount.size)
                                     : add(network.address, amount.size);
  } else if (amount.negative && amount.size > 0) {
    result.address = subtract(network.last(), within(amount.size - 1, network));
  } else {
    result.address = add(network.first(), within(amount.size, network));
  }
  return result;
}

}  // namespace conclave::cli::sockaddr
