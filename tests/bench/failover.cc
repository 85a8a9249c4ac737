/// bench_failover: writers on all servers of a cluster while somebody else kills them; then checks
/// that every acknowledged write is there and none happened twice. One JSON object on standard
/// output: counts, findings, and every gap in the acknowledgements, in seconds of CLOCK_MONOTONIC,
/// so that it can be laid beside the times of the kills (tests/support/failover.py).

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <thread>

#include "tests/bench/writer.h"

namespace conclave::bench {

namespace {

using namespace std::chrono_literals;

/// How long the servers may take to serve again once nobody kills them any more.
constexpr auto recovery_max = 60s;

struct Options {
  std::vector<std::uint16_t> ports;
  std::size_t connections = 64;
  double seconds = 20;
};

using Writers = std::vector<std::unique_ptr<Writer>>;

Writers make_writers(const Options& options, Acknowledgements& acknowledgements) {
  Writers writers;
  for (std::size_t i = 0; i < options.connections; ++i) {
    const auto make =
        i % 4 == 0 ? make_counter : (i % 4 == 1 ? make_overwriter : make_unique_writer);
    writers.push_back(make(options.ports, i + 1, acknowledgements));
  }
  return writers;
}

void write_for_a_while(const Options& options, const Writers& writers) {
  std::atomic<bool> over = false;
  std::vector<std::jthread> threads;
  for (const auto& writer : writers) {
    threads.emplace_back([&writer, &over] { writer->run(over); });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(options.seconds));
  over = true;
}

bool verify(Writer& writer, Acknowledgements::Clock::time_point deadline) {
  while (!writer.verify()) {
    if (Acknowledgements::Clock::now() > deadline) return false;
    std::this_thread::sleep_for(100ms);
  }
  return true;
}

/// The sentences go to standard error; their number is what counts.
std::size_t show(std::string_view label, const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) fmt::print(stderr, "{}: {}\n", label, sentence);
  return sentences.size();
}

double seconds_of(Acknowledgements::Clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

int run(const Options& options) {
  Acknowledgements acknowledgements;
  const Writers writers = make_writers(options, acknowledgements);
  write_for_a_while(options, writers);
  const auto deadline = Acknowledgements::Clock::now() + recovery_max;
  std::size_t lost = 0;
  std::size_t repeated = 0;
  for (const auto& writer : writers) {
    if (!verify(*writer, deadline)) {
      fmt::print(stderr, "bench_failover: no server serves reads {} s after the last kill\n",
                 recovery_max.count());
      return 1;
    }
    lost += show("lost", writer->lost());
    repeated += show("twice", writer->repeated());
  }
  std::string gaps;
  for (const Acknowledgements::Gap& gap : acknowledgements.gaps()) {
    gaps += fmt::format("{}[{:.4f},{:.4f}]", gaps.empty() ? "" : ",", seconds_of(gap.begin),
                        seconds_of(gap.end));
  }
  fmt::print(
      "{{\"acknowledged\":{},\"unknown\":{},\"refused\":{},\"lost\":{},\"twice\":{},\"gaps\":[{}]}}"
      "\n",
      acknowledgements.count(), acknowledgements.unknown(), acknowledgements.refused(), lost,
      repeated, gaps);
  return lost + repeated == 0 ? 0 : 1;
}

}  // namespace

}  // namespace conclave::bench

int main(int argc, char** argv) {
  conclave::bench::Options options;
  CLI::App app("Writes to servers that are killed meanwhile; prints one JSON object.");
  app.add_option("--port", options.ports, "HTTP ports of all servers, on 127.0.0.1")->required();
  app.add_option("--connections", options.connections, "Writers, one connection each");
  app.add_option("--seconds", options.seconds, "How long they write");
  CLI11_PARSE(app, argc, argv);
  return conclave::bench::run(options);
}
