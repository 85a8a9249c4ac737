#pragma once

/// What is read off the machine: a server's CPU time and memory, and the two canaries that tell
/// whether a comparison is worth anything.

#include <cstdint>
#include <string>

namespace conclave::bench {

/// User and system time of a process so far, from /proc/<pid>/stat; 0 when there is no such
/// process.
double cpu_seconds(int pid);
/// Anonymous resident memory, RssAnon of /proc/<pid>/status, and all of it, VmRSS.
std::uint64_t anonymous_bytes(int pid);
std::uint64_t resident_bytes(int pid);

/// fdatasyncs of 4 KiB overwrites per second in `folder`, over about half a second.
double fdatasync_rate(const std::string& folder);
/// Share of all CPU time that the hypervisor gave to others since `before`; see steal_ticks.
struct CpuTicks {
  std::uint64_t stolen = 0;
  std::uint64_t total = 0;
};
CpuTicks cpu_ticks();
double lost_share(const CpuTicks& before, const CpuTicks& after);

}  // namespace conclave::bench
