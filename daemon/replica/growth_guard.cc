#include "daemon/replica/growth_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace conclave::daemon {
namespace {

bool adds(const KvOp& op) {
  return op.verb == KvVerb::set || op.verb == KvVerb::cas || op.verb == KvVerb::lock;
}
bool adds(const Txn& txn) {
  return std::ranges::any_of(txn.ops, [](const KvOp& op) { return adds(op); });
}
bool adds(const SessionCreate&) { return true; }
bool adds(const Register&) { return true; }
template <class Other>
bool adds(const Other&) {
  return false;
}

}  // namespace

bool adds_to_state(const Command& command) {
  return std::visit([](const auto& body) { return adds(body); }, command.body);
}

bool GrowthGuard::sample(const Store::Usage& usage) {
  const bool refused = refusal_.has_value();
  refusal_.reset();
  if (quota_bytes_ != 0 && usage.data_bytes > quota_bytes_) {
    refusal_ = fmt::format(
        "the state takes {} bytes and its quota is {} (quota_bytes): delete keys, sessions or "
        "services, which still works, or raise the quota",
        usage.data_bytes, quota_bytes_);
  } else if (usage.disk_free_bytes < free_space_min_bytes_) {
    refusal_ = fmt::format(
        "{} bytes are free on the disk of the data directory and {} must stay free "
        "(free_space_min_bytes): free some space, or delete keys, which still works",
        usage.disk_free_bytes, free_space_min_bytes_);
  }
  return refused != refusal_.has_value();
}

Result<void> GrowthGuard::admit(const Command& command) const {
  if (!refusal_ || !adds_to_state(command)) return {};
  return fail(ErrorCode::failed, "write refused: " + *refusal_);
}

}  // namespace conclave::daemon
