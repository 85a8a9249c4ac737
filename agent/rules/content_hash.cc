#include "agent/rules/content_hash.h"

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "base/core/bytes.h"

namespace conclave::agent {
namespace {

using Hash = std::uint64_t;

Hash fnv1(std::string_view bytes) {
  Hash hash = 0xcbf29ce484222325;
  for (const char byte : bytes) {
    hash *= 0x100000001b3;
    hash ^= static_cast<unsigned char>(byte);
  }
  return hash;
}

Hash hash_of(const std::string& text) { return fnv1(text); }
Hash hash_of(bool value) { return fnv1(std::string_view(value ? "\1" : "\0", 1)); }

Hash hash_of(std::uint64_t number) {
  std::string bytes;
  append_u64_le(bytes, number);
  return fnv1(bytes);
}

Hash hash_of(std::int64_t number) { return hash_of(static_cast<std::uint64_t>(number)); }

Hash in_order(Hash first, Hash second) {
  std::string bytes;
  append_u64_le(bytes, first);
  append_u64_le(bytes, second);
  return fnv1(bytes);
}

/// A Go struct: its type's name, and pairs of name and value in any order.
class StructHash {
 public:
  explicit StructHash(std::string_view type) : hash_(fnv1(type)) {}
  StructHash& add(std::string_view name, Hash value) {
    hash_ ^= in_order(fnv1(name), value);
    return *this;
  }
  Hash hash() const { return hash_; }

 private:
  Hash hash_;
};

Hash hash_of(const api::Weights& weights) {
  return StructHash("AgentWeights")
      .add("Passing", hash_of(weights.passing))
      .add("Warning", hash_of(weights.warning))
      .hash();
}

Hash hash_of(const api::ServiceAddress& address) {
  return StructHash("ServiceAddress")
      .add("Address", hash_of(address.address))
      .add("Port", hash_of(address.port))
      .hash();
}

Hash hash_of(const std::vector<std::string>& list) {
  Hash hash = 0;
  for (const std::string& text : list) hash = in_order(hash, fnv1(text));
  return hash;
}

template <class T>
Hash hash_of(const std::map<std::string, T>& map) {
  Hash hash = 0;
  for (const auto& [key, value] : map) hash ^= in_order(fnv1(key), hash_of(value));
  return hash;
}

}  // namespace

std::string content_hash(const api::AgentService& service) {
  constexpr std::uint64_t not_shown = 0;
  constexpr std::int64_t no_pointer = 0;
  const Hash hash = StructHash("AgentService")
                        .add("Kind", hash_of(service.kind))
                        .add("ID", hash_of(service.id))
                        .add("Service", hash_of(service.service))
                        .add("Tags", hash_of(service.tags))
                        .add("Meta", hash_of(service.meta))
                        .add("Port", hash_of(service.port))
                        .add("Address", hash_of(service.address))
                        .add("SocketPath", hash_of(service.socket_path))
                        .add("TaggedAddresses", hash_of(service.tagged_addresses))
                        .add("Weights", hash_of(service.weights))
                        .add("EnableTagOverride", hash_of(service.enable_tag_override))
                        .add("CreateIndex", hash_of(not_shown))
                        .add("ModifyIndex", hash_of(not_shown))
                        .add("ContentHash", hash_of(std::string()))
                        .add("Proxy", hash_of(no_pointer))
                        .add("Connect", hash_of(no_pointer))
                        .add("PeerName", hash_of(std::string()))
                        .hash();
  return fmt::format("{:x}", hash);
}

}  // namespace conclave::agent
