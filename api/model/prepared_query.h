#pragma once

/// Prepared queries (contract section 13): /v1/query, their rows and log entries.

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/catalog.h"
#include "api/model/field.h"

namespace conclave::api {

struct QueryTemplate {
  std::string type;    ///< "" = no template, else "name_prefix_match".
  std::string regexp;  ///< Over the name that is asked for; what it captured is match(n).
  bool remove_empty_tags = false;

  friend bool operator==(const QueryTemplate&, const QueryTemplate&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Type", &QueryTemplate::type),
                      field(2, "Regexp", &QueryTemplate::regexp),
                      field(3, "RemoveEmptyTags", &QueryTemplate::remove_empty_tags)};
  }
};

struct QueryFailoverTarget {
  std::string peer;
  std::string datacenter;

  friend bool operator==(const QueryFailoverTarget&, const QueryFailoverTarget&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Peer", &QueryFailoverTarget::peer),
                      field(2, "Datacenter", &QueryFailoverTarget::datacenter)};
  }
};

/// Where else to look. Kept and shown; with one datacenter there is nowhere else.
struct QueryFailover {
  std::int64_t nearest_n = 0;
  std::vector<std::string> datacenters;
  std::vector<QueryFailoverTarget> targets;

  friend bool operator==(const QueryFailover&, const QueryFailover&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "NearestN", &QueryFailover::nearest_n),
                      field(2, "Datacenters", &QueryFailover::datacenters, Show::null_if_empty),
                      field(3, "Targets", &QueryFailover::targets, Show::null_if_empty)};
  }
};

struct ServiceQuery {
  std::string service;
  std::string sameness_group;
  QueryFailover failover;
  bool only_passing = false;  ///< Otherwise instances with warnings count as well.
  std::vector<std::string> ignore_check_ids;
  std::string near;               ///< A node, "_agent" or "_ip"; "" = in any order.
  std::vector<std::string> tags;  ///< All of them, without case; none of those after a "!".
  StringMap node_meta;            ///< All of them, exactly; so the next.
  StringMap service_meta;
  bool connect = false;
  std::string peer;

  friend bool operator==(const ServiceQuery&, const ServiceQuery&) = default;
  static constexpr auto fields() {
    using Q = ServiceQuery;
    return std::tuple{
        field(1, "Service", &Q::service),
        field(2, "SamenessGroup", &Q::sameness_group),
        field(3, "Failover", &Q::failover),
        field(4, "OnlyPassing", &Q::only_passing),
        field(5, "IgnoreCheckIDs", &Q::ignore_check_ids, Show::null_if_empty),
        field(6, "Near", &Q::near),
        field(7, "Tags", &Q::tags, Show::null_if_empty),
        field(8, "NodeMeta", &Q::node_meta, Show::null_if_empty),
        field(9, "ServiceMeta", &Q::service_meta, Show::null_if_empty),
        field(10, "Connect", &Q::connect),
        field(11, "Peer", &Q::peer),
    };
  }
};

struct QueryDns {
  std::string ttl;  ///< Go duration text, "" = the agent's setting.

  friend bool operator==(const QueryDns&, const QueryDns&) = default;
  static constexpr auto fields() { return std::tuple{field(1, "TTL", &QueryDns::ttl)}; }
};

struct PreparedQuery {
  std::string id;
  std::string name;     ///< Compared without case; "" = found by its id only.
  std::string session;  ///< It ends with this one; "" = it stays.
  std::string token;
  QueryTemplate query_template;
  ServiceQuery service;
  QueryDns dns;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  friend bool operator==(const PreparedQuery&, const PreparedQuery&) = default;
  static constexpr auto fields() {
    using Q = PreparedQuery;
    return std::tuple{
        field(1, "ID", &Q::id),
        field(2, "Name", &Q::name),
        field(3, "Session", &Q::session),
        field(4, "Token", &Q::token),
        field(5, "Template", &Q::query_template),
        field(6, "Service", &Q::service),
        field(7, "DNS", &Q::dns),
        field(8, "CreateIndex", &Q::create_index),
        field(9, "ModifyIndex", &Q::modify_index),
    };
  }
  bool is_template() const { return !query_template.type.empty(); }
};

/// The only kind of template there is.
inline constexpr std::string_view name_prefix_match = "name_prefix_match";

}  // namespace conclave::api
