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
