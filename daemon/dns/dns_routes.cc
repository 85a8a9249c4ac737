#include "daemon/dns/dns_routes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "agent/dns/finding_record.h"
#include "agent/dns/part.h"
#include "base/core/text.h"
#include "daemon/dns/look.h"
#include "daemon/http/asked_node.h"
#include "daemon/http/blocking.h"
#include "daemon/http/instance_parameters.h"
#include "daemon/http/route_set.h"
#include "daemon/read/prepared_query_read.h"
#include "daemon/state/state_machine.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {
namespace {

using Kind = dns::Subject::Kind;

/// What a prepared query looks at.
struct Sight {
  std::string service;  ///< "" = there is no such query.
  bool distances = false;
};

Sight sight_of(const ReadRows& rows, const std::string& name) {
  const auto query = resolve_query(rows, name);
  if (!query || !*query) return {};
  const api::ServiceQuery& service = (*query)->service;
  return {.service = service.service, .distances = !service.near.empty()};
}

struct LookUp {
  static constexpr ReadStyle style{};
  dns::Subject subject;
  std::string agent_node;
  std::uint32_t part = 0;
  Sight sight;  ///< Of a prepared query, when the question came.

  Interest interest() const {
    switch (subject.kind) {
      case Kind::service:
        return wait_for(TopicKind::service, subject.name);
      case Kind::node:
        return wait_for(TopicKind::node, subject.name);
      case Kind::query: {
        // When it looks at something else from now on, a query has changed.
        Interest interest = wait_for_tables({TopicKind::queries});
        interest.topics.push_back({TopicKind::service, to_lower_ascii(sight.service)});
        if (sight.distances) interest.topics.push_back({TopicKind::coordinates, ""});
        return interest;
      }
      case Kind::owner:
        return wait_for_tables({TopicKind::nodes, TopicKind::services});
    }
    return {};
  }

  std::uint64_t index(const ReadRows& rows) const {
    switch (subject.kind) {
      case Kind::service:
        return service_index(rows, subject.name);
      case Kind::node:
        return node_index(rows, subject.name);
      case Kind::query: {
        const Sight now = sight_of(rows, subject.name);
        const std::uint64_t distances = now.distances ? read_meta(rows).coordinates_index : 0;
        return std::max({query_index(rows), service_index(rows, now.service), distances});
      }
      case Kind::owner: {
        const Meta meta = read_meta(rows);
        return std::max(meta.nodes_index, meta.services_index);
      }
    }
    return 0;
  }

  ReadResult operator()(const ReadRows& rows) const {
    // The same for everybody who shares it; DNS puts it into another order each time.
    Rng rng(stored_revision(rows));
    dns::Finding finding = look_up(rows, subject, agent_node, rng);
    if (auto* found = std::get_if<dns::ServiceFinding>(&finding.what)) take_part(*found, part);
    return {.index = index(rows),
            .body = dns::encode_finding(finding),
            .content_type = "application/octet-stream"};
  }
};

template <Kind kind>
Task<api::Response> look(ServerContext* context, api::Request request, std::string name) {
  if (name.empty()) return refused(ErrorCode::bad_request, "Missing name");
  LookUp query{.subject = {kind, to_lower_ascii(name)}, .agent_node = {}, .sight = {}};
  const auto part = parse_u64(request.parameter("part").value_or("0"));
  if (!part || *part >= dns::parts) return refused(ErrorCode::bad_request, "Invalid part");
  query.part = static_cast<std::uint32_t>(*part);
  if constexpr (kind == Kind::query) {
    query.agent_node = asked_node(request, *context->settings);
    query.sight = sight_of(context->reader.open().rows(), query.subject.name);
    // It tells queries apart: each node may find something else.
    request.query.push_back({"node", query.agent_node});
  }
  return serve_read(context, std::move(request), std::move(query));
}

}  // namespace

void add_dns_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  const RouteSet routes{router, context};
  routes.add(Method::get, "/v1/internal/dns/service/", look<Kind::service>);
  routes.add(Method::get, "/v1/internal/dns/node/", look<Kind::node>);
  routes.add(Method::get, "/v1/internal/dns/query/", look<Kind::query>);
  routes.add(Method::get, "/v1/internal/dns/owner/", look<Kind::owner>);
}

}  // namespace conclave::daemon
