#include "agent/sync/syncer.h"

#include <algorithm>
#include <utility>

#include "agent/rules/sync_timing.h"
#include "base/run/log.h"

namespace conclave::agent {

namespace {

constexpr Nanos turn_patience = std::chrono::minutes(1);

}  // namespace

Syncer::Syncer(Loop& loop, const Clock& clock, LocalState& local, CatalogClient& catalog,
               SyncOptions options, Rng rng)
    : loop_(loop),
      clock_(clock),
      local_(local),
      catalog_(catalog),
      options_(std::move(options)),
      rng_(rng),
      turns_(loop) {}

void Syncer::start() {
  next_full_ = clock_.boot_now();
  loop_.spawn("sync", run(this, stopped_));
}

void Syncer::stop() {
  if (std::exchange(*stopped_, true)) return;
  local_.changes().notify_all();
}

void Syncer::sync_soon() {
  const bool told = nodes_ > 0 && failures_ == 0;
  const Nanos delay = told ? reached_delay(nodes_, rng_.next()) : Nanos{};
  next_full_ = std::min(next_full_, clock_.boot_now() + delay);
  local_.changes().notify_all();
}

Task<void> Syncer::run(Syncer* self, std::shared_ptr<bool> stopped) {
  bool woken = false;
  while (!*stopped) {
    const std::optional<Nanos> output_due = self->local_.release_due_outputs();
    if (self->clock_.boot_now() >= self->next_full_) {
      co_await self->full_sync();
      continue;
    }
    // What failed waits for the next full sync, but a change of something else does not wait for
    // that.
    if ((self->failures_ == 0 || woken) && !self->local_.image().in_sync()) {
      woken = false;
      co_await self->push();
      continue;
    }
    const Nanos until = std::min(self->next_full_, output_due.value_or(self->next_full_));
    woken = co_await self->local_.changes().wait_for(until - self->clock_.boot_now());
  }
}

Task<void> Syncer::take_turn() {
  while (busy_) co_await turns_.wait_for(turn_patience);
  busy_ = true;
}

void Syncer::end_turn(std::uint64_t covers) {
  completed_ = std::max(completed_, covers);
  busy_ = false;
  turns_.notify_all();
}

Task<void> Syncer::push() {
  const std::uint64_t mine = ++requested_;
  while (completed_ < mine) {
    if (busy_) {
      co_await turns_.wait_for(turn_patience);
      continue;
    }
    busy_ = true;
    // Whoever asked before this moment is served by this pass, even if it fails: nobody waits for
    // two.
    const std::uint64_t covers = requested_;
    if (!co_await pass()) note_failure();
    end_turn(covers);
  }
}

Task<bool> Syncer::full_sync() {
  co_await take_turn();
  const std::uint64_t covers = requested_;
  const std::string node = local_.image().node.node;
  Result<CatalogImage> image = co_await catalog_.node_image(node);
  bool done = image.has_value();
  if (done) {
    local_.reconcile_with(*image);
    done = co_await pass();
  } else {
    log_warn("agent", "Failed to read this node from the catalog, will try again: {}",
             image.error().message);
  }
  if (done) {
    failures_ = 0;
    const std::size_t nodes = options_.cluster_size ? co_await options_.cluster_size() : 1;
    nodes_ = std::max<std::size_t>(nodes, 1);
    next_full_ = clock_.boot_now() + full_sync_delay(options_.full_interval, nodes_, rng_.next());
  } else {
    note_failure();
  }
  end_turn(covers);
  co_return done;
}

void Syncer::note_failure() {
  failures_ += 1;
  next_full_ = clock_.boot_now() + retry_delay(failures_, rng_.next());
}

Task<bool> Syncer::pass() {
  bool all = true;
  const std::vector<SyncOperation> operations = plan(local_.image());
  for (const SyncOperation& operation : operations) {
    const Result<void> done = co_await carry_out(operation);
    if (done) continue;
    all = false;
    log_warn("agent", "Failed to tell the catalog of {}, will try again: {}",
             operation.id.empty() ? "this node" : operation.id, done.error().message);
    // The others would wait in vain as well, and each for its own timeout.
    if (done.error().code == ErrorCode::no_leader) break;
  }
  co_return all;
}

Task<Result<void>> Syncer::carry_out(SyncOperation operation) {
  switch (operation.kind) {
    case SyncOperation::Kind::register_service:
      co_return co_await send_service(std::move(operation));
    case SyncOperation::Kind::register_check:
      co_return co_await send_check(std::move(operation));
    case SyncOperation::Kind::node:
      co_return co_await send_node();
    case SyncOperation::Kind::deregister_service:
    case SyncOperation::Kind::deregister_check:
      break;
  }
  co_return co_await send_removal(std::move(operation));
}

CatalogRegistration Syncer::registration() const {
  const api::Node& node = local_.image().node;
  CatalogRegistration body;
  body.datacenter = node.datacenter;
  body.id = node.id;
  body.node = node.node;
  body.address = node.address;
  body.tagged_addresses = node.tagged_addresses;
  body.node_meta = node.meta;
  body.skip_node_update = local_.image().node_in_sync;
  return body;
}

Task<Result<void>> Syncer::send(CatalogRegistration body, std::string token) {
  const api::Node node = local_.image().node;
  const std::optional<api::NodeService> service = body.service;
  const std::vector<api::HealthCheck> checks = body.checks;
  const bool with_node = !body.skip_node_update;
  Result<void> done = co_await catalog_.register_node(std::move(body), std::move(token));
  if (!done && done.error().code != ErrorCode::denied) co_return done;
  if (!done) {
    // Contract 6.5: what may not be registered counts as in sync until the next full sync, or it
    // would be tried without end.
    const std::string what = service          ? "service=" + service->id
                             : checks.empty() ? "node info"
                                              : "check=" + checks.front().check_id;
    log_warn("agent", "Registration blocked by ACLs: {}", what);
  } else if (with_node) {
    local_.node_sent(node);
  }
  if (service) local_.service_sent(*service);
  for (const api::HealthCheck& check : checks) local_.check_sent(check);
  if (!service && checks.empty()) local_.node_sent(node);
  if (!done) co_return Result<void>{};
  if (service) {
    log_info("agent", "Synced service: service={}", service->id);
  } else if (!checks.empty()) {
    log_info("agent", "Synced check: check={}", checks.front().check_id);
  }
  if (with_node) log_info("agent", "Synced node info");
  co_return done;
}

Task<Result<void>> Syncer::send_service(SyncOperation operation) {
  const LocalImage& image = local_.image();
  const auto service = image.services.find(operation.id);
  // Gone, or sent by now: while earlier operations ran, the state went on.
  if (service == image.services.end() || !image.unsynced_services.contains(operation.id)) {
    co_return Result<void>{};
  }
  CatalogRegistration body = registration();
  body.service = service->second.service;
  for (const std::string& id : operation.checks) {
    const auto check = image.checks.find(id);
    if (check != image.checks.end()) body.checks.push_back(check->second.check);
  }
  co_return co_await send(std::move(body), std::move(operation.token));
}

Task<Result<void>> Syncer::send_check(SyncOperation operation) {
  const LocalImage& image = local_.image();
  const auto check = image.checks.find(operation.id);
  if (check == image.checks.end() || !image.unsynced_checks.contains(operation.id)) {
    co_return Result<void>{};
  }
  CatalogRegistration body = registration();
  body.checks.push_back(check->second.check);
  co_return co_await send(std::move(body), std::move(operation.token));
}

Task<Result<void>> Syncer::send_node() {
  if (local_.image().node_in_sync) co_return Result<void>{};
  co_return co_await send(registration(), {});
}

Task<Result<void>> Syncer::send_removal(SyncOperation operation) {
  const LocalImage& image = local_.image();
  const bool service = operation.kind == SyncOperation::Kind::deregister_service;
  const bool due = service ? image.removed_services.contains(operation.id)
                           : image.removed_checks.contains(operation.id);
  if (!due) co_return Result<void>{};
  CatalogDeregistration body{image.node.datacenter, image.node.node, {}, {}};
  (service ? body.service_id : body.check_id) = operation.id;
  Result<void> done = co_await catalog_.deregister(std::move(body), std::move(operation.token));
  const std::string_view what = service ? "service" : "check";
  if (done) {
    log_info("agent", "Deregistered {}: {}={}", what, what, operation.id);
  } else if (done.error().code == ErrorCode::denied) {
    log_warn("agent", "Deregistration blocked by ACLs: {}={}", what, operation.id);
  } else {
    co_return done;
  }
  if (service) {
    local_.service_removal_sent(operation.id);
  } else {
    local_.check_removal_sent(operation.id);
  }
  co_return Result<void>{};
}

}  // namespace conclave::agent
