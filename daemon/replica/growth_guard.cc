#include "daemon/replica/growth_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

/// A row, and its copy in the table of changes.
constexpr std::uint64_t copies_in_state = 2;
/// These, and the log.
constexpr std::uint64_t copies_on_disk = 3;

bool adds(const KvOp& op) {
  return op.verb == KvVerb::set || op.verb == KvVerb::cas || op.verb == KvVerb::lock;
}
bool adds(const CatalogOp& op) {
  return op.verb == CatalogVerb::set || op.verb == CatalogVerb::cas;
}
bool adds(const Txn& txn) {
  const auto one_adds = [](const auto& op) { return adds(op); };
  return std::ranges::any_of(txn.ops, one_adds) || std::ranges::any_of(txn.catalog_ops, one_adds);
}
bool adds(const SessionCreate&) { return true; }
bool adds(const Register&) { return true; }
bool adds(const WriteQuery& command) { return command.op != QueryOp::remove; }
template <class Other>
bool adds(const Other&) {
  return false;
}

}  // namespace

bool adds_to_state(const Command& command) {
  return visit_body([](const auto& body) { return adds(body); }, command.body);
}

bool GrowthGuard::sample(const Store::Usage& usage, std::uint64_t pending_bytes) {
  const bool refused = refusal_.has_value();
  usage_ = usage;
  grown_bytes_ = pending_bytes;
  refusal_ = judge();
  return refused != refusal_.has_value();
}

std::optional<std::string> GrowthGuard::judge() const {
  if (!usage_) return std::nullopt;
  const std::uint64_t taken = usage_->data_bytes + copies_in_state * grown_bytes_;
  const std::uint64_t used_up = std::min(usage_->disk_free_bytes, copies_on_disk * grown_bytes_);
  const std::uint64_t free = usage_->disk_free_bytes - used_up;
  if (quota_bytes_ != 0 && taken > quota_bytes_) {
    return fmt::format(
        "the state takes {} bytes and its quota is {} (quota_bytes): delete keys, sessions or "
        "services, which still works, or raise the quota",
        taken, quota_bytes_);
  }
  if (free < free_space_min_bytes_) {
    return fmt::format(
        "{} bytes are free on the disk of the data directory and {} must stay free "
        "(free_space_min_bytes): free some space, or delete keys, which still works",
        free, free_space_min_bytes_);
  }
  return std::nullopt;
}

Result<void> GrowthGuard::admit(const Command& command, std::uint64_t bytes) {
  if (!adds_to_state(command)) return {};
  grown_bytes_ += bytes;
  const auto refusal = refusal_ ? refusal_ : judge();
  if (!refusal) return {};
  grown_bytes_ -= bytes;
  return fail(ErrorCode::failed, "write refused: " + *refusal);
}

}  // namespace conclave::daemon
