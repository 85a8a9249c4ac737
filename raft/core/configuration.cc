#include "raft/core/configuration.h"

#include <algorithm>

#include "base/core/bytes.h"

namespace conclave::raft {
namespace {

constexpr std::uint8_t version = 1;

void append_servers(std::string& out, const std::vector<Server>& servers) {
  append_varint(out, servers.size());
  for (const Server& server : servers) {
    append_sized(out, server.id.value);
    out.append(reinterpret_cast<const char*>(server.incarnation.data()), server.incarnation.size());
    append_sized(out, server.address);
    append_u8(out, static_cast<std::uint8_t>(server.suffrage));
  }
}

bool read_servers(ByteReader& in, std::vector<Server>& servers) {
  const std::uint64_t count = in.varint();
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    Server server;
    server.id.value = std::string(in.sized());
    const std::string_view incarnation = in.take(server.incarnation.size());
    std::copy(incarnation.begin(), incarnation.end(), server.incarnation.begin());
    server.address = std::string(in.sized());
    const std::uint8_t suffrage = in.u8();
    const bool known = suffrage <= static_cast<std::uint8_t>(Suffrage::learner);
    const bool again = std::ranges::find(servers, server.id, &Server::id) != servers.end();
    if (!in.ok() || !known || again || server.id.value.empty()) return false;
    server.suffrage = static_cast<Suffrage>(suffrage);
    servers.push_back(std::move(server));
  }
  return in.ok();
}

const Server* find_in(const std::vector<Server>& servers, const NodeId& id) {
  const auto at = std::ranges::find(servers, id, &Server::id);
  return at == servers.end() ? nullptr : &*at;
}

bool matches(const Incarnation& a, const Incarnation& b) {
  constexpr Incarnation not_said{};
  return a == not_said || b == not_said || a == b;
}

bool votes_in(const std::vector<Server>& servers, const NodeId& id) {
  const Server* server = find_in(servers, id);
  return server != nullptr && server->suffrage == Suffrage::voter;
}

/// The value that a majority of the list's voters reach; UINT64_MAX for a list without voters.
std::uint64_t majority_value(const std::vector<Server>& servers,
                             const std::function<std::uint64_t(const NodeId&)>& value_of) {
  std::vector<std::uint64_t> values;
  for (const Server& server : servers) {
    if (server.suffrage == Suffrage::voter) values.push_back(value_of(server.id));
  }
  if (values.empty()) return UINT64_MAX;
  std::ranges::sort(values, std::greater<>());
  // Of n voters, n/2 + 1 are a majority: for even n that is one more than half (rule 15).
  return values[values.size() / 2];
}

}  // namespace

std::string encode_configuration(const Configuration& configuration) {
  std::string out;
  append_u8(out, version);
  append_servers(out, configuration.servers);
  append_servers(out, configuration.outgoing);
  return out;
}

Result<Configuration> decode_configuration(std::string_view bytes) {
  ByteReader in(bytes);
  Configuration configuration;
  if (in.u8() != version || !read_servers(in, configuration.servers) ||
      !read_servers(in, configuration.outgoing) || !in.at_end()) {
    return fail(ErrorCode::corrupt,
                "a configuration entry of " + std::to_string(bytes.size()) +
                    " bytes cannot be read: it was damaged, or written by a later version");
  }
  return configuration;
}

Entry first_entry(const Configuration& configuration) {
  return {first_term, Index{1}, EntryKind::configuration, encode_configuration(configuration)};
}

const Server* find_server(const Configuration& configuration, const NodeId& id) {
  const Server* server = find_in(configuration.servers, id);
  return server != nullptr ? server : find_in(configuration.outgoing, id);
}

const Server* find_member(const Configuration& configuration, const NodeId& id,
                          const Incarnation& incarnation) {
  for (const auto* list : {&configuration.servers, &configuration.outgoing}) {
    const Server* server = find_in(*list, id);
    if (server != nullptr && !matches(server->incarnation, incarnation)) return nullptr;
  }
  return find_server(configuration, id);
}

bool is_voter(const Configuration& configuration, const NodeId& id) {
  return votes_in(configuration.servers, id) || votes_in(configuration.outgoing, id);
}

bool is_voter(const Configuration& configuration, const NodeId& id,
              const Incarnation& incarnation) {
  return is_voter(configuration, id) && find_member(configuration, id, incarnation) != nullptr;
}

bool is_alone(const Configuration& configuration, const NodeId& id) {
  return configuration.servers.size() == 1 && configuration.outgoing.empty() &&
         votes_in(configuration.servers, id);
}

bool has_quorum(const Configuration& configuration,
                const std::function<bool(const NodeId&)>& agrees) {
  return quorum_value(configuration, [&](const NodeId& id) { return agrees(id) ? 1U : 0U; }) == 1;
}

std::uint64_t quorum_value(const Configuration& configuration,
                           const std::function<std::uint64_t(const NodeId&)>& value_of) {
  const std::uint64_t incoming = majority_value(configuration.servers, value_of);
  if (incoming == UINT64_MAX) return 0;
  if (configuration.outgoing.empty()) return incoming;
  return std::min(incoming, majority_value(configuration.outgoing, value_of));
}

}  // namespace conclave::raft
