#include "agent/http/machine.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "api/codec/writer.h"
#include "base/core/text.h"
#include "base/run/clock.h"

namespace conclave::agent {

namespace {

using api::JsonObject;

/// Files of /proc have no size: they are read to their end.
std::string read_text(const char* path) {
  std::ifstream file(path);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string first_line(const char* path) {
  const std::string text = read_text(path);
  return std::string(trim_spaces(std::string_view(text).substr(0, text.find('\n'))));
}

/// Calls `visit(name, value)` for each line of `text` that has the separator.
template <class Visit>
void for_each_pair(std::string_view text, char separator, Visit&& visit) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto at = line.find(separator);
    if (at == std::string_view::npos) continue;
    visit(trim_spaces(line.substr(0, at)), trim_spaces(line.substr(at + 1)));
  }
}

std::uint64_t leading_number(std::string_view text) {
  const auto end = std::ranges::find_if(text, [](char c) { return c < '0' || c > '9'; });
  return parse_u64(std::string_view(text.begin(), end)).value_or(0);
}

double percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t count_processes() {
  std::uint64_t count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (std::isdigit(static_cast<unsigned char>(name.front())) != 0) ++count;
  }
  return count;
}

/// "[cpu ]btime 1700000000" and the like of /proc/stat.
std::uint64_t boot_time() {
  std::uint64_t seconds = 0;
  for_each_pair(read_text("/proc/stat"), ' ', [&](std::string_view name, std::string_view value) {
    if (name == "btime") seconds = leading_number(value);
  });
  return seconds;
}

/// The type of the filesystem that `path` is on: of the mount with the longest prefix.
std::string filesystem_type(const std::string& path) {
  std::ifstream mounts("/proc/self/mounts");
  std::string device, directory, type, rest, best, found;
  while (mounts >> device >> directory >> type && std::getline(mounts, rest)) {
    const bool inside = directory == "/" || path == directory || path.starts_with(directory + "/");
    if (inside && directory.size() >= best.size()) {
      best = directory;
      found = type;
    }
  }
  return found;
}

std::string host_object() {
  const api::StringMap release = parse_os_release(read_text("/etc/os-release"));
  const auto of_release = [&](const char* name) {
    const auto at = release.find(name);
    return at == release.end() ? std::string() : at->second;
  };
  utsname kernel{};
  ::uname(&kernel);
  const std::uint64_t booted = boot_time();
  std::string out;
  JsonObject object(out);
  object.add("hostname", kernel.nodename)
      .add("uptime", leading_number(first_line("/proc/uptime")))
      .add("bootTime", booted)
      .add("procs", count_processes())
      .add("os", "linux")
      .add("platform", of_release("ID"))
      .add("platformFamily",
           of_release("ID_LIKE").empty() ? of_release("ID") : of_release("ID_LIKE"))
      .add("platformVersion", of_release("VERSION_ID"))
      .add("kernelVersion", kernel.release)
      .add("kernelArch", kernel.machine)
      .add("virtualizationSystem", "")
      .add("virtualizationRole", "")
      .add("hostid", first_line("/etc/machine-id"));
  object.end();
  return out;
}

/// nullopt: the directory is not there, or its filesystem does not answer.
std::optional<std::string> disk_object(const std::string& path) {
  struct statvfs disk{};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  const std::uint64_t block = disk.f_frsize;
  const std::uint64_t total = disk.f_blocks * block;
  const std::uint64_t free = disk.f_bavail * block;
  const std::uint64_t used = (disk.f_blocks - disk.f_bfree) * block;
  const std::uint64_t inodes_used = disk.f_files - disk.f_ffree;
  std::string out;
  JsonObject object(out);
  object.add("path", path)
      .add("fstype", filesystem_type(path))
      .add("total", total)
      .add("free", free)
      .add("used", used)
      .add("usedPercent", percent(used, used + free))
      .add("inodesTotal", std::uint64_t{disk.f_files})
      .add("inodesUsed", inodes_used)
      .add("inodesFree", std::uint64_t{disk.f_ffree})
      .add("inodesUsedPercent", percent(inodes_used, disk.f_files));
  object.end();
  return out;
}

}  // namespace

std::string memory_json(std::string_view meminfo) {
  static constexpr std::pair<std::string_view, std::string_view> names[] = {
      {"free", "MemFree"},          {"active", "Active"},         {"inactive", "Inactive"},
      {"buffers", "Buffers"},       {"cached", "Cached"},         {"writeBack", "Writeback"},
      {"dirty", "Dirty"},           {"shared", "Shmem"},          {"slab", "Slab"},
      {"pageTables", "PageTables"}, {"swapCached", "SwapCached"}, {"commitLimit", "CommitLimit"},
      {"swapTotal", "SwapTotal"},   {"swapFree", "SwapFree"},     {"committedAS", "Committed_AS"}};
  std::map<std::string_view, std::uint64_t> bytes;
  for_each_pair(meminfo, ':', [&](std::string_view name, std::string_view value) {
    bytes[name] = leading_number(value) * 1024;
  });
  const std::uint64_t total = bytes["MemTotal"];
  const std::uint64_t available = bytes["MemAvailable"];
  const std::uint64_t cached = bytes["MemFree"] + bytes["Buffers"] + bytes["Cached"];
  const std::uint64_t used = total > cached ? total - cached : 0;
  std::string out;
  JsonObject object(out);
  object.add("total", total)
      .add("available", available)
      .add("used", used)
      .add("usedPercent", percent(used, total));
  for (const auto& [shown, name] : names) object.add(shown, bytes[name]);
  object.end();
  return out;
}

std::string processors_json(std::string_view cpuinfo) {
  static constexpr std::pair<std::string_view, std::string_view> texts[] = {
      {"vendorId", "vendor_id"},     {"family", "cpu family"}, {"model", "model"},
      {"physicalId", "physical id"}, {"coreId", "core id"},    {"modelName", "model name"},
      {"microcode", "microcode"}};
  std::vector<api::StringMap> processors;
  for_each_pair(cpuinfo, ':', [&](std::string_view name, std::string_view value) {
    if (name == "processor") processors.emplace_back();
    if (!processors.empty()) processors.back()[std::string(name)] = value;
  });
  std::string out = "[";
  for (api::StringMap& processor : processors) {
    if (out.size() > 1) out += ',';
    JsonObject object(out);
    object.add("cpu", leading_number(processor["processor"]));
    for (const auto& [shown, name] : texts) object.add(shown, processor[std::string(name)]);
    object.add("stepping", leading_number(processor["stepping"]))
        .add("cores", std::int64_t{1})
        .add("mhz", static_cast<double>(leading_number(processor["cpu MHz"])))
        .add("cacheSize", leading_number(processor["cache size"]));
    std::vector<std::string> flags;
    std::string_view words = processor["flags"];
    while (!words.empty()) {
      const auto end = words.find(' ');
      flags.emplace_back(words.substr(0, end));
      words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    }
    object.add("flags", flags);
    object.end();
  }
  return out + "]";
}

api::StringMap parse_os_release(std::string_view text) {
  api::StringMap values;
  for_each_pair(text, '=', [&](std::string_view name, std::string_view value) {
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    values.insert_or_assign(std::string(name), std::string(value));
  });
  return values;
}

std::string host_name() {
  utsname kernel{};
  ::uname(&kernel);
  return kernel.nodename;
}

std::string host_json(const std::string& data_dir) {
  std::string out;
  JsonObject object(out);
  object.add_raw("Memory", memory_json(read_text("/proc/meminfo")))
      .add_raw("CPU", processors_json(read_text("/proc/cpuinfo")))
      .add_raw("Host", host_object());
  const auto disk = disk_object(data_dir);
  const std::string trouble = disk ? "" : std::strerror(errno);
  object.add_raw("Disk", disk.value_or("null"))
      .add("CollectionTime", static_cast<std::int64_t>(system_clock().wall_now().count()));
  if (disk) {
    object.add_raw("Errors", "null");
  } else {
    object.add("Errors", std::vector<std::string>{"statfs " + data_dir + ": " + trouble});
  }
  object.end();
  return out;
}

}  // namespace conclave::agent
