#include "cli/commands/rtt.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <ostream>
#include <tuple>
#include <vector>

#include "api/model/coordinate.h"
#include "cli/commands/client_flags.h"

namespace conclave::cli {
namespace {

constexpr std::string_view usage = R"(Usage: conclave rtt [flags] <node> [<node>]

  Estimates the round trip time between two nodes from their network coordinates, without sending
  anything. The second node is the agent's own unless it is given. With -wan, servers of datacenters
  are compared, which are named <node>.<datacenter>.

      $ conclave rtt host-1 host-2
      $ conclave rtt -wan host-1.dc1 host-2.dc1)";

using Coordinates = std::map<std::string, api::Coordinate>;

struct DatacenterCoordinates {
  std::string datacenter;
  std::string area;
  std::vector<api::NodeCoordinate> coordinates;

  static constexpr auto fields() {
    using api::field;
    using D = DatacenterCoordinates;
    return std::tuple{field(0, "Datacenter", &D::datacenter), field(0, "AreaID", &D::area),
                      field(0, "Coordinates", &D::coordinates)};
  }
};

Result<Coordinates> read_lan(const AgentClient& client) {
  CONCLAVE_TRY_ASSIGN(const auto nodes,
                      client.get<std::vector<api::NodeCoordinate>>("/v1/coordinate/nodes"));
  Coordinates found;
  for (const api::NodeCoordinate& node : nodes) found[node.node] = node.coord;
  return found;
}

Result<Coordinates> read_wan(const AgentClient& client) {
  CONCLAVE_TRY_ASSIGN(const auto datacenters,
                      client.get<std::vector<DatacenterCoordinates>>("/v1/coordinate/datacenters"));
  Coordinates found;
  for (const DatacenterCoordinates& datacenter : datacenters) {
    if (datacenter.area != "WAN") continue;
    for (const api::NodeCoordinate& node : datacenter.coordinates) found[node.node] = node.coord;
  }
  return found;
}

/// In seconds, as Vivaldi has it; nullopt when the two cannot be compared.
std::optional<double> distance(const api::Coordinate& a, const api::Coordinate& b) {
  if (a.vec.size() != b.vec.size()) return std::nullopt;
  double squares = 0;
  for (std::size_t n = 0; n < a.vec.size(); ++n) {
    squares += (a.vec[n] - b.vec[n]) * (a.vec[n] - b.vec[n]);
  }
  const double raw = std::sqrt(squares) + a.height + b.height;
  const double adjusted = raw + a.adjustment + b.adjustment;
  return adjusted > 0 ? adjusted : raw;
}

int failed(Terminal& terminal, const std::string& sentence) {
  terminal.err << sentence << "\n";
  return exit_failed;
}

/// What -wan calls this agent: <node>.<datacenter>.
Result<std::string> own_wan_name(const AgentClient& client, const std::string& node) {
  CONCLAVE_TRY_ASSIGN(const auto self, client.get<api::JsonValue>("/v1/agent/self"));
  const api::JsonValue* config = self.find("Config");
  const api::JsonValue* datacenter = config == nullptr ? nullptr : config->find("Datacenter");
  const std::string* name = datacenter == nullptr ? nullptr : datacenter->if_string();
  if (name == nullptr) return fail(ErrorCode::corrupt, "the agent does not say its datacenter");
  return node + "." + *name;
}

}  // namespace

int run_rtt(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, usage,
                                      {{"wan", true, "compare servers of datacenters"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  std::vector<std::string> nodes = command.flags->positionals();
  const bool wan = command.flags->is_on("wan");
  if (nodes.empty() || nodes.size() > 2) {
    return failed(terminal, "One or two node names must be specified");
  }
  if (nodes.size() == 1) {
    auto own = command.client->node_name();
    if (own && wan) own = own_wan_name(*command.client, *own);
    if (!own) {
      return failed(terminal, "Unable to look up agent info: " + own.error().message);
    }
    nodes.push_back(std::move(*own));
  }
  const auto coordinates = wan ? read_wan(*command.client) : read_lan(*command.client);
  if (!coordinates) {
    return failed(terminal, "Error getting coordinates: " + coordinates.error().message);
  }
  for (const std::string& node : nodes) {
    if (!coordinates->contains(node)) {
      return failed(terminal, fmt::format("Could not find a coordinate for node \"{}\"", node));
    }
  }
  const auto seconds = distance(coordinates->at(nodes[0]), coordinates->at(nodes[1]));
  if (!seconds) return failed(terminal, "the two coordinates cannot be compared");
  terminal.out << fmt::format("Estimated {} <-> {} rtt: {:.3f} ms (using {} coordinates)\n",
                              nodes[0], nodes[1], *seconds * 1000, wan ? "WAN" : "LAN");
  return exit_ok;
}

}  // namespace conclave::cli
