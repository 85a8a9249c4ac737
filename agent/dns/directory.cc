#include "agent/dns/directory.h"

#include <arpa/inet.h>

#include <algorithm>
#include <unordered_map>

#include "base/core/text.h"

namespace conclave::dns {
namespace {

std::string address_bytes(const std::string& text) {
  char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return {bytes, sizeof(in_addr)};
  if (inet_pton(AF_INET6, text.c_str(), bytes) == 1) return {bytes, sizeof(in6_addr)};
  return {};
}

/// What an allocation takes besides, and what strings keep within themselves.
constexpr std::uint64_t overhead = 16;
constexpr std::size_t short_string = 15;

std::uint64_t bytes_of(const std::string& text) {
  return sizeof text + (text.capacity() > short_string ? text.capacity() + overhead : 0);
}

std::uint64_t bytes_of(const Meta& meta) {
  std::uint64_t bytes = sizeof meta + overhead;
  for (const auto& [name, value] : meta) bytes += bytes_of(name) + bytes_of(value);
  return bytes;
}

}  // namespace

bool has_tag(const Instance& instance, std::string_view tag) {
  return tag.empty() || std::ranges::any_of(instance.tags, [&](const std::string& own) {
           return equal_ignoring_case(own, tag);
         });
}

std::vector<Host> hosts_of(const std::vector<Instance>& instances, std::string_view tag) {
  std::vector<Host> hosts;
  std::unordered_map<std::string_view, std::size_t> places;
  for (const Instance& instance : instances) {
    if (instance.ip.empty() || !has_tag(instance, tag)) continue;
    const auto [place, is_new] = places.try_emplace(instance.ip, hosts.size());
    if (is_new) hosts.push_back({.ip = instance.ip});
    hosts[place->second].weight += instance.weight;
  }
  return hosts;
}

std::uint64_t bytes_of(const Instance& instance) {
  std::uint64_t bytes = sizeof instance + bytes_of(instance.node_meta) - sizeof(Meta);
  for (const std::string& tag : instance.tags) bytes += bytes_of(tag);
  for (const std::string* text :
       {&instance.node, &instance.node_address, &instance.address, &instance.ip}) {
    bytes += bytes_of(*text) - sizeof(std::string);
  }
  return bytes;
}

std::uint64_t bytes_of(const Finding& finding) {
  std::uint64_t bytes = sizeof finding;
  if (const auto* service = std::get_if<ServiceFinding>(&finding.what)) {
    for (const Instance& instance : service->instances) bytes += bytes_of(instance);
    for (const Host& host : service->hosts) bytes += sizeof(Host) + bytes_of(host.ip);
  } else if (const auto* node = std::get_if<NodeFinding>(&finding.what)) {
    bytes += bytes_of(node->meta);
  }
  return bytes;
}

void settle(Finding& finding, bool only_passing) {
  auto* service = std::get_if<ServiceFinding>(&finding.what);
  if (service == nullptr) return;
  if (only_passing) {
    std::erase_if(service->instances, [](const Instance& instance) { return instance.warning; });
  }
  if (service->instances.empty()) {
    finding.what = std::monostate{};
    return;
  }
  for (Instance& instance : service->instances) instance.ip = address_bytes(instance.reached_at());
  service->hosts = hosts_of(service->instances, "");
}

}  // namespace conclave::dns
