// Which server: connecting, leases, moving.

#include "agent/link/link.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/run/log.h"

namespace conclave::agent {
namespace {

constexpr Nanos back_off_min = std::chrono::milliseconds(200);
constexpr Nanos back_off_max = std::chrono::seconds(4);
/// A server that does not reach the leader is left after so many renewals.
constexpr std::uint32_t cut_off_max = 2;

/// Between 0 and `most`, at random.
Nanos up_to(Nanos most, Rng& rng) {
  return Nanos(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

/// Between half of it and all.
Nanos with_spread(Nanos time, Rng& rng) { return time / 2 + up_to(time / 2, rng); }

}  // namespace

Link::Link(Loop& main, const Clock& clock, api::LastingRpc& rpc, ServerCalls& calls,
           ServerList& servers, LinkOptions options, Rng rng, Metrics& metrics)
    : main_(main),
      clock_(clock),
      rpc_(rpc),
      calls_(calls),
      servers_(servers),
      options_(std::move(options)),
      rng_(rng),
      moves_(metrics.counter("consul.client.moves", "Times another server was chosen")),
      repeated_(metrics.counter("consul.client.repeated",
                                "Requests sent again because their server was lost")),
      under_way_(metrics.gauge("consul.client.requests", "Requests at servers")),
      wake_(main),
      looked_(main) {}

void Link::start() {
  down_since_ = clock_.boot_now();
  main_.spawn("link", keep_linked());
}

void Link::stop() {
  stopped_ = true;
  wake_.notify_all();
  looked_.notify_all();
}

void Link::resume() {
  paused_ = false;
  look_now();
}

void Link::look_now() {
  poked_ = true;
  wake_.notify_all();
}

Task<void> Link::keep_linked() {
  while (!stopped_) {
    if (server_.empty()) {
      co_await connect();
      continue;
    }
    if (!poked_) co_await wake_.wait_for(with_spread(options_.renew_period, rng_));
    poked_ = false;
    if (stopped_ || paused_) continue;
    co_await renew();
    if (!server_.empty() && clock_.boot_now() >= next_rebalance_) co_await rebalance();
  }
}

/// One round over all servers; when none answers, a pause that grows.
Task<void> Link::connect() {
  poked_ = false;
  // The last round takes a server that does not reach the leader too: it can be read from.
  for (const bool choosy : {true, false}) {
    for (const std::string& address : servers_.shuffled(lost_, rng_)) {
      if (stopped_) co_return;
      if (co_await try_server(address, choosy)) co_return;
    }
    if (servers_.addresses().size() < 2) break;
  }
  if (servers_.addresses().empty()) why_.clear();
  const Nanos longest = std::min(back_off_max, back_off_min * (1 << std::min(failures_, 5u)));
  ++failures_;
  if (!poked_) co_await wake_.wait_for(with_spread(longest, rng_));
}

/// Whether it is the one in use from now on.
Task<bool> Link::try_server(std::string address, bool choosy) {
  const auto greeted = co_await calls_.greet(address);
  if (!greeted) {
    why_ = greeted.error().message;
    co_return false;
  }
  auto standing = co_await calls_.renew(address);
  if (!standing) {
    why_ = standing.error().message;
    co_return false;
  }
  if (choosy && !standing->passed_on) {
    why_ = address + " does not reach the leader";
    co_return false;
  }
  if (stopped_) co_return false;
  settle_on(address, *standing);
  co_return true;
}

void Link::settle_on(const std::string& address, const ServerCalls::Standing& standing) {
  const bool was_down = server_.empty();
  const bool moves = server_ != address;
  if (moves) {
    moves_.add();
    log_info("agent", "using server: address={}", address);
  }
  server_ = address;
  failures_ = 0;
  cut_off_ = 0;
  members_ = standing.members;
  listed_ = standing.listed;
  note_contact(standing);
  const Nanos spread = options_.rebalance_max - options_.rebalance_min;
  next_rebalance_ = clock_.boot_now() + options_.rebalance_min + up_to(spread, rng_);
  ++looks_;
  looked_.notify_all();
  if (moves && moved_) moved_();
  if (!listed_ || !presented_) main_.spawn("presenting", present(address));
  if (presented_ && was_down && reached_) reached_();
}

Task<void> Link::renew() {
  const std::string address = server_;
  auto standing = co_await calls_.renew(address);
  if (!standing) {
    lose(standing.error().message);
    co_return;
  }
  members_ = standing->members;
  listed_ = standing->listed;
  note_contact(*standing);
  cut_off_ = standing->passed_on ? 0 : cut_off_ + 1;
  ++looks_;
  looked_.notify_all();
  if (cut_off_ >= cut_off_max && servers_.addresses().size() > 1) {
    lose(address + " does not reach the leader");
    co_return;
  }
  if ((!listed_ || !presented_) && !presenting_) main_.spawn("presenting", present(address));
}

/// The old connection stays until the calls on it have been answered.
Task<void> Link::rebalance() {
  const Nanos now = clock_.boot_now();
  next_rebalance_ = now + options_.rebalance_min;
  if (auto greeted = co_await calls_.greet(server_); !greeted) co_return;
  const std::vector<std::string> order = servers_.shuffled({}, rng_);
  if (order.empty() || order.front() == server_) co_return;
  co_await try_server(order.front(), true);
}

Task<void> Link::present(std::string address) {
  if (presenting_ || paused_) co_return;
  presenting_ = true;
  const auto done = co_await calls_.present(address);
  presenting_ = false;
  if (stopped_) co_return;
  if (!done) {
    log_warn("agent", "this node is not listed yet: {}", done.error().message);
    co_return;
  }
  presented_ = true;
  listed_ = true;
  looked_.notify_all();
  if (reached_) reached_();
}

void Link::lose(const std::string& why) {
  log_warn("agent", "lost server: address={} error={}", server_, why);
  lost_ = std::exchange(server_, {});
  why_ = why;
  down_since_ = clock_.boot_now();
  ++looks_;
  looked_.notify_all();
}

/// Something went wrong there: look whether it is still alive, before anything else is asked.
void Link::suspect(const std::string& address) {
  if (server_ == address) look_now();
}

void Link::note_contact(const ServerCalls::Standing& standing) {
  if (standing.passed_on) contact_.store(clock_.boot_now().count(), std::memory_order_relaxed);
}

Task<bool> Link::wait_for_server(Nanos timeout) {
  const Nanos deadline = clock_.boot_now() + timeout;
  while (server_.empty() && !stopped_) {
    const Nanos left = deadline - clock_.boot_now();
    if (left <= Nanos{}) break;
    co_await looked_.wait_for(left);
  }
  co_return !server_.empty();
}

}  // namespace conclave::agent
