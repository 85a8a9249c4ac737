/// bench_fleet: the agents of many hosts in one process, for scripts/bench fleet. Commands come on
/// standard input, one a line; each is answered by one JSON object on standard output.
///
///   link        all agents find a server and become members
///   register    all agents register their services
///   watch       every agent waits for news of one service, the same for all
///   change N    the check of an instance of it turns N times; until everybody was told
///   count       how things stand
///   end N       N more agents are never heard of again
///
/// The end of the input ends the fleet.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <thread>

#include "base/run/log.h"
#include "base/run/sleep.h"
#include "tests/bench/fleet_agent.h"

namespace conclave::bench {
namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr Nanos look_again = 20ms;
/// A change is not followed by the next one before everything it caused has come to rest.
constexpr Nanos between_changes = 1s;
constexpr auto patience = 300s;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

class Fleet {
 public:
  Fleet(Loop& loop, Metrics& metrics, FleetPlan plan) : loop_(loop), plan_(std::move(plan)) {
    for (std::size_t number = 0; number < plan_.agents; ++number) {
      agents_.push_back(std::make_unique<FleetAgent>(loop_, metrics, plan_, number));
    }
  }

  Task<void> carry_out(std::string line) {
    std::istringstream words(line);
    std::string command;
    std::size_t number = 1;
    words >> command >> number;
    std::string answer = R"({"error":"unknown command"})";
    if (command == "link") answer = co_await link();
    if (command == "register") answer = co_await register_services();
    if (command == "watch") answer = co_await watch();
    if (command == "change") answer = co_await change(number);
    if (command == "count") answer = count();
    if (command == "end") answer = end(number);
    fmt::print("{}\n", answer);
    std::fflush(stdout);
  }

  void stop() {
    for (const auto& agent : agents_) agent->stop();
  }

 private:
  template <class Done>
  Task<bool> wait_until(Done done) {
    const Clock::time_point began = Clock::now();
    while (!done()) {
      if (Clock::now() - began > patience) co_return false;
      co_await sleep_for(loop_, look_again);
    }
    co_return true;
  }

  std::size_t listed() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(agents_, [](const auto& agent) { return agent->is_listed(); }));
  }
  std::size_t unsynced() const {
    std::size_t sum = 0;
    for (const auto& agent : agents_) sum += agent->unsynced();
    return sum;
  }

  Task<std::string> link() {
    const Clock::time_point began = Clock::now();
    for (const auto& agent : agents_) agent->start();
    const bool done = co_await wait_until([this] { return listed() == agents_.size(); });
    co_return fmt::format(R"({{"done":{},"listed":{},"seconds":{:.3f}}})", done, listed(),
                          seconds_since(began));
  }

  Task<std::string> register_services() {
    const Clock::time_point began = Clock::now();
    for (const auto& agent : agents_) agent->register_services();
    const bool done = co_await wait_until([this] { return unsynced() == 0; });
    co_return fmt::format(R"({{"done":{},"instances":{},"seconds":{:.3f}}})", done,
                          plan_.agents * plan_.services, seconds_since(began));
  }

  Task<std::string> watch() {
    const std::string service = service_name(plan_, 0, 0);
    for (const auto& agent : agents_) {
      agent->watch(service, [this](const FleetAgent::Answer& answer) {
        told_after_.push_back(1e3 * seconds_since(changed_));
        body_bytes_ = answer.body_bytes;
      });
    }
    const bool done = co_await wait_until([this] { return told_after_.size() == agents_.size(); });
    co_return fmt::format(R"({{"done":{},"watching":{},"body_bytes":{}}})", done,
                          told_after_.size(), body_bytes_);
  }

  /// Milliseconds from a change at one agent, to half of all, and to the last of all.
  Task<std::string> change(std::size_t rounds) {
    std::vector<double> half;
    std::vector<double> all;
    bool done = true;
    for (std::size_t round = 0; round < rounds && done; ++round) {
      co_await sleep_for(loop_, between_changes);
      told_after_.clear();
      changed_ = Clock::now();
      turned_ = !turned_;
      agents_.front()->set_first_check(turned_ ? agent::CheckStatus::critical
                                               : agent::CheckStatus::passing);
      done = co_await wait_until([this] { return told_after_.size() >= agents_.size(); });
      if (!done) break;
      half.push_back(told_after_[told_after_.size() / 2]);
      all.push_back(told_after_.back());
    }
    co_return fmt::format(R"({{"done":{},"half_ms":[{:.1f}],"all_ms":[{:.1f}]}})", done,
                          fmt::join(half, ","), fmt::join(all, ","));
  }

  std::string count() const {
    std::map<std::string, std::size_t> at;
    std::size_t failed = 0;
    for (const auto& agent : agents_) {
      failed += agent->failed_queries();
      if (agent->is_connected()) ++at[agent->server()];
    }
    std::string servers;
    for (const auto& [address, agents] : at) {
      servers += fmt::format(R"({}"{}":{})", servers.empty() ? "" : ",", address, agents);
    }
    return fmt::format(R"({{"listed":{},"unsynced":{},"failed_queries":{},"servers":{{{}}}}})",
                       listed(), unsynced(), failed, servers);
  }

  std::string end(std::size_t number) {
    for (; number > 0 && ended_ < agents_.size(); --number) {
      agents_[agents_.size() - ++ended_]->pause();
    }
    return fmt::format(R"({{"ended":{}}})", ended_);
  }

  Loop& loop_;
  const FleetPlan plan_;
  std::vector<std::unique_ptr<FleetAgent>> agents_;
  std::vector<double> told_after_;  ///< Milliseconds since the last change.
  Clock::time_point changed_ = Clock::now();
  std::size_t body_bytes_ = 0;
  bool turned_ = false;
  std::size_t ended_ = 0;
};

void raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(FleetPlan plan) {
  raise_file_limit();
  set_log_level(LogLevel::error);
  // What dies with the loop still counts.
  Metrics metrics;
  Loop loop("fleet");
  Fleet fleet(loop, metrics, std::move(plan));
  std::jthread reader([&loop, &fleet] {
    for (std::string line; std::getline(std::cin, line);) {
      loop.post([&loop, &fleet, line] { loop.spawn("command", fleet.carry_out(line)); });
    }
    loop.post([&loop, &fleet] {
      fleet.stop();
      loop.stop();
    });
  });
  loop.run();
  return 0;
}

}  // namespace
}  // namespace conclave::bench

int main(int argc, char** argv) {
  conclave::bench::FleetPlan plan;
  CLI::App app("The agents of many hosts in one process; commands come on standard input.");
  app.add_option("--server", plan.servers, "Servers, as \"ip:port\" of their RPC")->required();
  app.add_option("--agents", plan.agents, "Agents, one connection each")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--services", plan.services, "Services of each agent")
      ->check(CLI::Range(1, 1'000));
  app.add_option("--instances", plan.instances, "Instances of each service")
      ->check(CLI::Range(1, 1'000'000));
  CLI11_PARSE(app, argc, argv);
  return conclave::bench::run(std::move(plan));
}
