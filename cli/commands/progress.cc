#include "cli/commands/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <ostream>

#include "base/run/clock.h"

namespace conclave::cli {
namespace {

constexpr Nanos show_every = std::chrono::milliseconds(200);
constexpr std::string_view clear_line = "\r\x1b[K";

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1 << 20); }

}  // namespace

Progress::Progress(std::ostream& err, std::string doing, std::uint64_t total)
    : err_(err),
      doing_(std::move(doing)),
      total_(total),
      shown_(&err == &std::cerr && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (shown_ && last_ != Nanos::zero()) err_ << clear_line << std::flush;
}

void Progress::add(std::uint64_t bytes) {
  done_ += bytes;
  const Nanos now = system_clock().boot_now();
  if (!shown_ || now - last_ < show_every) return;
  last_ = now;
  err_ << clear_line << doing_ << " "
       << (total_ == 0 ? fmt::format("{:.1f} MiB", mib(done_))
                       : fmt::format("{:.1f} of {:.1f} MiB", mib(done_), mib(total_)))
       << std::flush;
}

}  // namespace conclave::cli
