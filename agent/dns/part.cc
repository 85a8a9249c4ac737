#include "agent/dns/part.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/core/hash.h"

namespace conclave::dns {
namespace {

/// Where in the circle of all 64-bit numbers the instance is; the same at every server.
std::uint64_t place_of(const Instance& instance) {
  std::string identity = instance.node;
  identity.append(1, '\0').append(instance.reached_at()).append(1, '\0');
  return hash64(identity + std::to_string(instance.port));
}

/// From the part's begin on around the circle.
void turn_to(std::vector<Instance>& instances, std::uint32_t part) {
  const std::uint64_t begin = part * (UINT64_MAX / parts + 1);
  std::vector<std::pair<std::uint64_t, std::size_t>> order;
  order.reserve(instances.size());
  for (std::size_t i = 0; i < instances.size(); ++i) {
    order.emplace_back(place_of(instances[i]) - begin, i);
  }
  std::ranges::sort(order);
  std::vector<Instance> turned;
  turned.reserve(instances.size());
  for (const auto& [distance, i] : order) turned.push_back(std::move(instances[i]));
  instances = std::move(turned);
}

}  // namespace

std::uint32_t part_of(std::string_view node) {
  return static_cast<std::uint32_t>(hash64(node) % parts);
}

void take_part(ServiceFinding& found, std::uint32_t part, const PartLimits& limits) {
  std::vector<Instance>& instances = found.instances;
  std::uint64_t bytes = 0;
  for (const Instance& instance : instances) bytes += bytes_of(instance);
  if (instances.size() <= limits.instances_max && bytes <= limits.bytes_max) return;
  if (!found.nearest_first) turn_to(instances, part);
  std::size_t count = 0;
  for (bytes = 0; count < std::min(instances.size(), limits.instances_max); ++count) {
    bytes += bytes_of(instances[count]);
    if (bytes > limits.bytes_max && count > 0) break;
  }
  found.is_part = count < instances.size();
  instances.resize(count);
}

}  // namespace conclave::dns
