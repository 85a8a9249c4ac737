#include "agent/dns/finding_record.h"

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "api/model/field.h"
#include "api/model/record.h"

namespace conclave::dns {
namespace {

struct PairRecord {
  std::string name;
  std::string value;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Name", &PairRecord::name),
                      api::field(2, "Value", &PairRecord::value)};
  }
};
using MetaRecord = std::vector<PairRecord>;

struct InstanceRecord {
  std::string node;
  std::string node_address;
  MetaRecord node_meta;
  std::string address;
  std::uint64_t port = 0;
  std::uint64_t weight = 0;
  bool warning = false;
  std::vector<std::string> tags;
  static constexpr auto fields() {
    using R = InstanceRecord;
    return std::tuple{
        api::field(1, "Node", &R::node),          api::field(2, "NodeAddress", &R::node_address),
        api::field(3, "NodeMeta", &R::node_meta), api::field(4, "Address", &R::address),
        api::field(5, "Port", &R::port),          api::field(6, "Weight", &R::weight),
        api::field(7, "Warning", &R::warning),    api::field(8, "Tags", &R::tags)};
  }
};

struct ServiceRecord {
  std::string service;
  std::string ttl;
  bool nearest_first = false;
  bool is_part = false;
  std::vector<InstanceRecord> instances;
  static constexpr auto fields() {
    using R = ServiceRecord;
    return std::tuple{api::field(1, "Service", &R::service), api::field(2, "TTL", &R::ttl),
                      api::field(3, "NearestFirst", &R::nearest_first),
                      api::field(4, "IsPart", &R::is_part),
                      api::field(5, "Instances", &R::instances)};
  }
};

struct NodeRecord {
  std::string node;
  std::string address;
  MetaRecord meta;
  static constexpr auto fields() {
    using R = NodeRecord;
    return std::tuple{api::field(1, "Node", &R::node), api::field(2, "Address", &R::address),
                      api::field(3, "Meta", &R::meta)};
  }
};

struct OwnerRecord {
  std::string node;
  std::string service;
  static constexpr auto fields() {
    return std::tuple{api::field(1, "Node", &OwnerRecord::node),
                      api::field(2, "Service", &OwnerRecord::service)};
  }
};

/// At most one of the three is there.
struct FindingRecord {
  std::uint64_t revision = 0;
  std::optional<ServiceRecord> service;
  std::optional<NodeRecord> node;
  std::optional<OwnerRecord> owner;
  static constexpr auto fields() {
    using R = FindingRecord;
    return std::tuple{api::field(1, "Revision", &R::revision),
                      api::field(2, "Service", &R::service), api::field(3, "Node", &R::node),
                      api::field(4, "Owner", &R::owner)};
  }
};

MetaRecord meta_record(const Meta& meta) {
  MetaRecord record;
  for (const auto& [name, value] : meta) record.push_back({name, value});
  return record;
}

Meta meta_of(MetaRecord record) {
  Meta meta;
  meta.reserve(record.size());
  for (PairRecord& pair : record) meta.emplace_back(std::move(pair.name), std::move(pair.value));
  return meta;
}

InstanceRecord instance_record(const Instance& instance) {
  return {.node = instance.node,
          .node_address = instance.node_address,
          .node_meta = meta_record(instance.node_meta),
          .address = instance.address,
          .port = instance.port,
          .weight = instance.weight,
          .warning = instance.warning,
          .tags = instance.tags};
}

Instance instance_of(InstanceRecord record) {
  Instance instance;
  instance.node = std::move(record.node);
  instance.node_address = std::move(record.node_address);
  instance.node_meta = meta_of(std::move(record.node_meta));
  instance.address = std::move(record.address);
  instance.port = static_cast<std::uint16_t>(record.port);
  instance.weight = static_cast<std::uint16_t>(record.weight);
  instance.warning = record.warning;
  instance.tags = std::move(record.tags);
  return instance;
}

ServiceFinding service_of(ServiceRecord record) {
  ServiceFinding found;
  found.service = std::move(record.service);
  found.ttl = std::move(record.ttl);
  found.nearest_first = record.nearest_first;
  found.is_part = record.is_part;
  found.instances.reserve(record.instances.size());
  for (InstanceRecord& instance : record.instances) {
    found.instances.push_back(instance_of(std::move(instance)));
  }
  return found;
}

}  // namespace

std::string encode_finding(const Finding& finding) {
  FindingRecord record{.revision = finding.revision};
  if (const auto* service = std::get_if<ServiceFinding>(&finding.what)) {
    ServiceRecord& found = record.service.emplace();
    found.service = service->service;
    found.ttl = service->ttl;
    found.nearest_first = service->nearest_first;
    found.is_part = service->is_part;
    found.instances.reserve(service->instances.size());
    for (const Instance& instance : service->instances) {
      found.instances.push_back(instance_record(instance));
    }
  } else if (const auto* node = std::get_if<NodeFinding>(&finding.what)) {
    record.node = NodeRecord{node->node, node->address, meta_record(node->meta)};
  } else if (const auto* owner = std::get_if<OwnerFinding>(&finding.what)) {
    record.owner = OwnerRecord{owner->node, owner->service};
  }
  return api::encode_record(record);
}

Result<Finding> decode_finding(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(FindingRecord record, api::decode_record<FindingRecord>(bytes));
  if (record.service.has_value() + record.node.has_value() + record.owner.has_value() > 1) {
    return fail(ErrorCode::corrupt, "a finding of more than one kind");
  }
  Finding finding{.revision = record.revision, .what = {}};
  if (record.service) {
    finding.what = service_of(std::move(*record.service));
  } else if (record.node) {
    NodeRecord& node = *record.node;
    finding.what =
        NodeFinding{std::move(node.node), std::move(node.address), meta_of(std::move(node.meta))};
  } else if (record.owner) {
    finding.what = OwnerFinding{std::move(record.owner->node), std::move(record.owner->service)};
  }
  return finding;
}

}  // namespace conclave::dns
