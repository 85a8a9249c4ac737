#pragma once

/// Members that Consul adds to some bodies: what is known of the read itself (its QueryMeta).

#include <cstdint>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"

namespace conclave::daemon {

void add_query_meta(api::JsonObject& object, std::uint64_t index, const ReadTurn& turn);

}  // namespace conclave::daemon
