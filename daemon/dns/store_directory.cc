#include "daemon/dns/store_directory.h"

#include <algorithm>
#include <utility>

#include "base/run/run_on.h"
#include "daemon/dns/look.h"

namespace conclave::daemon {
namespace {

/// Whether anything that DNS shows depends on it.
bool concerns_dns(const Topic& topic) {
  switch (topic.kind) {
    case TopicKind::nodes:
    case TopicKind::node:
    case TopicKind::services:
    case TopicKind::service:
    case TopicKind::checks:
    case TopicKind::restore:
    case TopicKind::queries:
    case TopicKind::coordinates:
      return true;
    case TopicKind::key:
    case TopicKind::sessions:
    case TopicKind::members:
    case TopicKind::events:
      return false;
  }
  return true;
}

}  // namespace

StoreDirectory::StoreDirectory(Loop& main, Loop& dns_loop, const Clock& clock, Replica& replica,
                               Reader& reader, std::string node_name, Rng rng)
    : main_(main),
      dns_loop_(dns_loop),
      clock_(clock),
      replica_(replica),
      reader_(reader),
      node_name_(std::move(node_name)),
      rng_(rng) {}

void StoreDirectory::publish(const std::shared_ptr<const ChangeSet>& changes) {
  if (std::ranges::none_of(changes->topics, concerns_dns)) return;
  dns_loop_.post([this, changes] { pass_on(*changes); });
}

void StoreDirectory::pass_on(const ChangeSet& changes) {
  if (listener_ == nullptr) return;
  if (changes.is_restore()) return listener_->everything_changed();
  for (const Topic& topic : changes.topics) {
    if (topic.kind == TopicKind::service) {
      listener_->changed({dns::Subject::Kind::service, topic.name}, changes.revision);
    } else if (topic.kind == TopicKind::node) {
      listener_->changed({dns::Subject::Kind::node, topic.name}, changes.revision);
    }
  }
  // Queries depend on all of them.
  listener_->queries_changed(changes.revision);
}

Task<Result<dns::Finding>> StoreDirectory::find(dns::Subject subject, dns::Freshness freshness) {
  const Nanos silence = clock_.boot_now() - last_contact();
  if (!freshness.allow_stale || silence > freshness.max_stale) {
    const auto permit = co_await replica_.read_permit(Consistency::standard);
    if (!permit) co_return std::unexpected(permit.error());
  }
  co_return co_await run_on(main_, look(std::move(subject)));
}

Task<dns::Finding> StoreDirectory::look(dns::Subject subject) {
  const ReadSnapshot snapshot = reader_.open();
  co_return look_up(snapshot.rows(), subject, node_name_, rng_);
}

Nanos StoreDirectory::last_contact() const {
  ReadPermit permit;
  replica_.read_permit_now(Consistency::stale, permit);
  return clock_.boot_now() - std::chrono::milliseconds(permit.last_contact_ms);
}

}  // namespace conclave::daemon
