#pragma once

/// The filters of catalog and health reads as query parameters.

#include "api/http/message.h"
#include "daemon/http/context.h"
#include "daemon/read/distance.h"
#include "daemon/read/instance_filter.h"
#include "daemon/watch/hub.h"

namespace conclave::daemon {

/// `tag` (repeatable) and `node-meta` (repeatable, key:value; the value may contain colons, a
/// missing one means an empty value: contract 1.3).
InstanceFilter instance_filter(const api::Request& request);

/// `near`, with `_agent` put as the asked agent's name. That, and `_ip <address>`, stands in the
/// request too, because such a query is another one for each node or address that asks.
Viewpoint take_viewpoint(api::Request& request, const ServerSettings& settings);

/// Waiting for one topic, or for any of several tables.
Interest wait_for(TopicKind kind, std::string_view name);
Interest wait_for_tables(std::initializer_list<TopicKind> kinds);

}  // namespace conclave::daemon
