#pragma once

/// A finding as a server tells it to an agent: a record (docs/protocol.md).

#include <string>
#include <string_view>

#include "agent/dns/directory.h"
#include "base/core/result.h"

namespace conclave::dns {

/// Without what settle() works out.
std::string encode_finding(const Finding& finding);
/// ErrorCode::corrupt.
Result<Finding> decode_finding(std::string_view bytes);

}  // namespace conclave::dns
