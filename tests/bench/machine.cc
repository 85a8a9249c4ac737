#include "tests/bench/machine.h"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace conclave::bench {

namespace {

std::uint64_t status_bytes(int pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(name + ":")) {
      return std::strtoull(line.c_str() + name.size() + 1, nullptr, 10) * 1024;
    }
  }
  return 0;
}

}  // namespace

double cpu_seconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  // After the name: state is field 3, utime 14, stime 15.
  std::istringstream fields(text.substr(name_end + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::uint64_t anonymous_bytes(int pid) { return status_bytes(pid, "RssAnon"); }
std::uint64_t resident_bytes(int pid) { return status_bytes(pid, "VmRSS"); }

double fdatasync_rate(const std::string& folder) {
  const std::string path = folder + "/bench-canary";
  const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return 0;
  constexpr std::size_t block = 4096;
  constexpr std::size_t blocks = 4096;
  const std::string zeros(block, '\0');
  for (std::size_t i = 0; i < blocks; ++i) {
    if (::pwrite(file, zeros.data(), block, static_cast<off_t>(i * block)) < 0) break;
  }
  ::fsync(file);
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t syncs = 0;
  double seconds = 0;
  while (seconds < 0.5) {
    const auto at = static_cast<off_t>((syncs % blocks) * block);
    if (::pwrite(file, zeros.data(), block, at) < 0 || ::fdatasync(file) != 0) break;
    ++syncs;
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  ::close(file);
  ::unlink(path.c_str());
  return seconds > 0 ? static_cast<double>(syncs) / seconds : 0;
}

CpuTicks cpu_ticks() {
  std::ifstream file("/proc/stat");
  std::string word;
  file >> word;
  CpuTicks ticks;
  // user nice system idle iowait irq softirq steal; guest time is part of user.
  for (int i = 0; i < 8; ++i) {
    std::uint64_t value = 0;
    file >> value;
    ticks.total += value;
    if (i == 7) ticks.stolen = value;
  }
  return ticks;
}

double lost_share(const CpuTicks& before, const CpuTicks& after) {
  const std::uint64_t total = after.total - before.total;
  return total == 0
             ? 0
             : static_cast<double>(after.stolen - before.stolen) / static_cast<double>(total);
}

}  // namespace conclave::bench
