#include "tests/bench/fleet_agent.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/http/target.h"
#include "base/core/assert.h"
#include "base/core/text.h"
#include "base/core/version.h"
#include "base/run/log.h"
#include "base/run/random.h"
#include "base/run/sleep.h"

namespace conclave::bench {
namespace {

constexpr Nanos query_pause = std::chrono::seconds(1);
constexpr std::int64_t first_port = 20'000;
constexpr std::int64_t agent_port = 8301;

daemon::NodeCard card_of(std::size_t number) {
  daemon::NodeCard card;
  card.node.id = random_uuid();
  card.node.node = fmt::format("agent-{:06}", number);
  card.node.address = fmt::format("10.{}.{}.{}", number >> 16, number >> 8 & 0xff, number & 0xff);
  card.node.datacenter = "dc1";
  card.server = false;
  card.build = std::string(compatible_version) + ":";
  card.rpc_address = fmt::format("{}:{}", card.node.address, agent_port);
  return card;
}

agent::LinkOptions link_options(const daemon::NodeCard& card) {
  agent::LinkOptions options;
  options.node = card.node.node;
  return options;
}

agent::LocalOptions local_options(const daemon::NodeCard& card) {
  agent::LocalOptions options;
  options.node = card.node;
  return options;
}

std::string id_of(std::size_t nth) { return fmt::format("instance-{}", nth); }

api::ServiceDefinition definition(const FleetPlan& plan, std::size_t agent, std::size_t nth) {
  api::CheckDefinition check;
  check.check_id = "check:" + id_of(nth);
  check.name = "it answers";
  check.status = "passing";
  check.ttl = std::chrono::hours(24);
  api::ServiceDefinition service;
  service.id = id_of(nth);
  service.name = service_name(plan, agent, nth);
  service.tags = {"primary", "v1.2.3"};
  service.meta = {{"version", "1.2.3"}};
  service.port = first_port + static_cast<std::int64_t>(nth);
  service.checks = {std::move(check)};
  return service;
}

/// Answers of servers come whole.
std::string_view text_of(const api::Response& response) {
  const auto* text = std::get_if<std::string>(&response.body);
  return text == nullptr ? std::string_view() : *text;
}

std::uint64_t index_of(const api::Response& response) {
  for (const api::Header& header : response.headers) {
    if (to_lower_ascii(header.name) == "x-consul-index") return parse_u64(header.value).value_or(0);
  }
  return 0;
}

}  // namespace

std::string service_name(const FleetPlan& plan, std::size_t agent, std::size_t nth) {
  const std::size_t names = std::max<std::size_t>(plan.agents / plan.instances, 1);
  return fmt::format("service-{:02}-{:05}", nth, agent % names);
}

FleetAgent::FleetAgent(Loop& loop, Metrics& metrics, const FleetPlan& plan, std::size_t number)
    : loop_(loop),
      plan_(plan),
      number_(number),
      card_(card_of(number)),
      servers_(std::string()),
      rpc_(
          loop, {}, [this] { return rpc_identity(); },
          [this](const api::RpcIdentity& other) { met(other); }, nullptr, metrics),
      membership_(loop, system_clock(), rpc_, handlers_, {.card = card_},
                  {.learnt = [this](const std::vector<std::string>& addresses,
                                    bool all) { servers_.learn(addresses, all); },
                   .connected = [this] { return link_.is_connected(); },
                   .give_up = [](const std::string&) {}}),
      link_(loop, system_clock(), rpc_, *this, servers_, link_options(card_), Rng(random_u64()),
            metrics),
      local_(loop, system_clock(), local_options(card_), Rng(random_u64())),
      catalog_(link_),
      syncer_(loop, system_clock(), local_, catalog_,
              {.cluster_size = [this] { return count_members(); }}, Rng(random_u64())) {
  servers_.learn(plan.servers, true);
}

void FleetAgent::stop() {
  if (std::exchange(stopped_, true)) return;
  syncer_.stop();
  membership_.stop();
  link_.stop();
  rpc_.stop();
}

api::RpcIdentity FleetAgent::rpc_identity() const {
  api::RpcIdentity self;
  self.node_id = card_.node.id;
  self.name = card_.node.node;
  self.datacenter = card_.node.datacenter;
  self.cluster_id = servers_.cluster_id();
  self.recovery_epoch = servers_.recovery_epoch();
  return self;
}

void FleetAgent::met(const api::RpcIdentity& other) {
  servers_.met(other.cluster_id, other.recovery_epoch);
  membership_.met(other);
}

Task<std::size_t> FleetAgent::count_members() { co_return link_.members(); }

Task<Result<void>> FleetAgent::greet(std::string address) {
  const auto said = co_await membership_.greet(std::move(address));
  if (!said) co_return std::unexpected(said.error());
  co_return Result<void>();
}

Task<Result<agent::ServerCalls::Standing>> FleetAgent::renew(std::string address) {
  const auto reply = co_await membership_.renew(std::move(address));
  if (!reply) co_return std::unexpected(reply.error());
  co_return Standing{
      .listed = reply->listed, .passed_on = reply->passed_on, .members = reply->members};
}

Task<Result<void>> FleetAgent::present(std::string address) {
  return membership_.present(std::move(address));
}

void FleetAgent::register_services() {
  if (std::exchange(registered_, true)) return;
  for (std::size_t nth = 0; nth < plan_.services; ++nth) {
    const auto done = local_.register_service(definition(plan_, number_, nth), agent::Origin::api);
    CONCLAVE_ASSERT_WHY(done.has_value(), "the fleet's own definitions are valid");
  }
  link_.on_reached([this] { syncer_.sync_soon(); });
  syncer_.start();
}

std::size_t FleetAgent::unsynced() const {
  return local_.image().unsynced_services.size() + local_.image().unsynced_checks.size();
}

void FleetAgent::set_first_check(agent::CheckStatus status) {
  local_.update_check("check:" + id_of(0), status, "");
}

void FleetAgent::watch(const std::string& service, std::function<void(const Answer&)> told) {
  loop_.spawn("watch",
              keep_watching("/v1/health/service/" + service + "?wait=10m&index=", std::move(told)));
}

Task<void> FleetAgent::keep_watching(std::string target, std::function<void(const Answer&)> told) {
  std::uint64_t index = 0;
  while (!stopped_) {
    api::Request request;
    request.method_text = "GET";
    parse_target(target + std::to_string(index), request);
    const api::Response response = co_await link_.call(std::move(request));
    if (response.status != 200) {
      ++failed_queries_;
      log_error("fleet", "{}: status {}: {}", card_.node.node, response.status, text_of(response));
      co_await sleep_for(loop_, query_pause);
      continue;
    }
    const std::uint64_t seen = index_of(response);
    if (seen != index) told({.index = seen, .body_bytes = text_of(response).size()});
    index = seen;
  }
}

}  // namespace conclave::bench
