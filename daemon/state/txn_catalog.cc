#include "daemon/state/txn_catalog.h"

#include <optional>
#include <utility>

#include "base/core/assert.h"
#include "daemon/state/catalog.h"
#include "daemon/state/check.h"
#include "daemon/state/kv.h"
#include "daemon/state/node.h"
#include "daemon/state/removal.h"
#include "daemon/state/service.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {
namespace {

constexpr const char* missing_node = "Missing node registration";

/// One operation with the kind of its object, "node", "service" or "check": each kind says how it
/// is called in errors, found, stored and removed.
struct NodeOp {
  const api::Node& wanted;

  std::string name() const { return "node " + quoted(wanted.node); }
  std::optional<api::Node> find(const ReadRows& rows) const {
    return wanted.id.empty() ? find_node(rows, wanted.node) : find_node_by_id(rows, wanted.id);
  }
  std::string objection() const {
    if (wanted.node.empty() && wanted.id.empty()) return "Must provide node";
    return id_objection(wanted.id);
  }
  std::string ensure(Step& step) const {
    if (wanted.node.empty()) return "Must provide node";
    if (wanted.address.empty()) return "Must provide address if SkipNodeUpdate is not set";
    return ensure_node(step, wanted);
  }
  Removal removal(const api::Node& found, std::uint64_t begun) const {
    return {.kind = RemovalKind::node, .name = found.node, .begun = begun};
  }
  static CatalogResult result(api::Node found) { return {.node = std::move(found)}; }
};

struct ServiceOp {
  const std::string& node;
  const api::NodeService& wanted;

  std::string id() const { return wanted.id.empty() ? wanted.service : wanted.id; }
  std::string name() const { return "service " + quoted(id()) + " on node " + quoted(node); }
  std::optional<api::NodeService> find(const ReadRows& rows) const {
    return find_service(rows, node, id());
  }
  std::string objection() const {
    if (node.empty()) return "Must provide node";
    return id().empty() ? "Must provide service ID or name" : "";
  }
  std::string ensure(Step& step) const {
    const auto known = find_node(step.rows(), node);
    if (!known) return missing_node;
    api::NodeService service = wanted;
    if (std::string error = complete_service(service); !error.empty()) return error;
    ensure_service(step, known->node, service);
    return {};
  }
  Removal removal(const api::NodeService& found, std::uint64_t begun) const {
    return {.kind = RemovalKind::service, .name = node, .second = found.id, .begun = begun};
  }
  static CatalogResult result(api::NodeService found) { return {.service = std::move(found)}; }
};

struct CheckOp {
  const api::HealthCheck& wanted;

  std::string id() const { return wanted.check_id.empty() ? wanted.name : wanted.check_id; }
  std::string name() const { return "check " + quoted(id()) + " on node " + quoted(wanted.node); }
  std::optional<api::HealthCheck> find(const ReadRows& rows) const {
    return find_check(rows, wanted.node, id());
  }
  std::string objection() const {
    if (wanted.node.empty()) return "Must provide node";
    return id().empty() ? "Must provide check name or ID" : "";
  }
  std::string ensure(Step& step) const {
    const auto known = find_node(step.rows(), wanted.node);
    if (!known) return missing_node;
    api::HealthCheck check = wanted;
    if (std::string error = complete_check(check, known->node); !error.empty()) return error;
    return ensure_check(step, check);
  }
  Removal removal(const api::HealthCheck& found, std::uint64_t begun) const {
    return {
        .kind = RemovalKind::check, .name = wanted.node, .second = found.check_id, .begun = begun};
  }
  static CatalogResult result(api::HealthCheck found) { return {.check = std::move(found)}; }
};

template <class Visit>
CatalogAnswer with_kind(const CatalogOp& op, Visit visit) {
  if (op.node) return visit(NodeOp{*op.node});
  if (op.service) return visit(ServiceOp{op.service_node, *op.service});
  if (op.check) return visit(CheckOp{*op.check});
  return std::unexpected("no operation specified");
}

template <class Op>
CatalogAnswer get(const ReadRows& rows, const Op& op) {
  if (std::string error = op.objection(); !error.empty()) return std::unexpected(error);
  auto found = op.find(rows);
  if (!found) return std::unexpected(op.name() + " doesn't exist");
  return Op::result(std::move(*found));
}

/// Removals are done at once: a transaction has no job that would go on with them.
std::string finish_removals(Step& step, const std::string& name) {
  run_removals(step);
  if (step.pending().empty()) return {};
  step.pending().clear();  // dropped with the overlay
  return "failed to change " + name +
         ", too much hangs on it for one transaction: do it outside of transactions";
}

template <class Op>
CatalogAnswer store(Step& step, const Op& op) {
  if (std::string error = op.ensure(step); !error.empty()) return std::unexpected(error);
  if (std::string error = finish_removals(step, op.name()); !error.empty()) {
    return std::unexpected(error);
  }
  auto stored = op.find(step.rows());
  CONCLAVE_ASSERT(stored.has_value());
  return Op::result(std::move(*stored));
}

template <class Op, class Found>
CatalogAnswer remove(Step& step, const Op& op, const std::optional<Found>& found) {
  if (!found) return CatalogResult{};
  step.pending().push_back(op.removal(*found, step.revision()));
  if (std::string error = finish_removals(step, op.name()); !error.empty()) {
    return std::unexpected(error);
  }
  return CatalogResult{};
}

template <class Op>
CatalogAnswer run(Step& step, const Op& op, CatalogVerb verb) {
  if (verb == CatalogVerb::get) return get(step.rows(), op);
  if (std::string error = op.objection(); !error.empty()) return std::unexpected(error);
  const auto found = op.find(step.rows());
  const std::uint64_t index = found ? found->modify_index : 0;
  const bool is_stale = index != op.wanted.modify_index;
  switch (verb) {
    case CatalogVerb::cas:
      if (is_stale) return std::unexpected("failed to set " + op.name() + ", index is stale");
      return store(step, op);
    case CatalogVerb::remove_cas:
      // What is gone is as it should be, as for keys.
      if (found && is_stale) {
        return std::unexpected("failed to delete " + op.name() + ", index is stale");
      }
      return remove(step, op, found);
    case CatalogVerb::remove:
      return remove(step, op, found);
    default:
      return store(step, op);
  }
}

}  // namespace

CatalogAnswer read_catalog(const ReadRows& rows, const CatalogOp& op) {
  return with_kind(op, [&](const auto& kind) { return get(rows, kind); });
}

CatalogAnswer run_catalog(Step& step, const CatalogOp& op) {
  return with_kind(op, [&](const auto& kind) { return run(step, kind, op.verb); });
}

bool shows_something(const CatalogResult& result) {
  return result.node || result.service || result.check;
}

}  // namespace conclave::daemon
