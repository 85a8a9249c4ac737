#include "agent/link/server_list.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "api/codec/json_value.h"
#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/field.h"
#include "base/run/file.h"
#include "base/run/log.h"

namespace conclave::agent {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{64} << 10;

struct Remembered {
  std::string cluster_id;
  std::uint64_t recovery_epoch = 0;
  std::vector<std::string> servers;

  static constexpr auto fields() {
    using R = Remembered;
    return std::tuple{api::field(0, "ClusterID", &R::cluster_id),
                      api::field(0, "RecoveryEpoch", &R::recovery_epoch),
                      api::field(0, "Servers", &R::servers)};
  }
};

Result<Remembered> parse(const std::string& text) {
  CONCLAVE_TRY_ASSIGN(const api::JsonValue json, api::parse_json(text));
  Remembered remembered;
  CONCLAVE_TRY(api::read_json(json, remembered));
  return remembered;
}

}  // namespace

Result<void> ServerList::load() {
  if (path_.empty() || !path_exists(path_)) return {};
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(path_, file_bytes_max));
  auto remembered = parse(text);
  const auto cluster = remembered ? parse_uuid(remembered->cluster_id) : std::nullopt;
  if (!cluster) {
    return fail(ErrorCode::corrupt,
                path_ +
                    " does not say which servers this agent knew: remove the file, and start "
                    "with -retry-join");
  }
  cluster_id_ = *cluster;
  recovery_epoch_ = static_cast<std::uint32_t>(remembered->recovery_epoch);
  addresses_ = std::move(remembered->servers);
  std::ranges::sort(addresses_);
  return {};
}

void ServerList::learn(const std::vector<std::string>& addresses, bool all) {
  std::vector<std::string> known = all ? std::vector<std::string>() : addresses_;
  known.insert(known.end(), addresses.begin(), addresses.end());
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  if (known.size() > servers_max) known.resize(servers_max);
  if (std::exchange(addresses_, known) != known) save();
}

void ServerList::met(const UuidBytes& cluster_id, std::uint32_t recovery_epoch) {
  if (cluster_id == UuidBytes{}) return;
  if (cluster_id == cluster_id_ && recovery_epoch <= recovery_epoch_) return;
  cluster_id_ = cluster_id;
  recovery_epoch_ = recovery_epoch;
  save();
}

std::vector<std::string> ServerList::shuffled(const std::string& last, Rng& rng) const {
  std::vector<std::string> order = addresses_;
  for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[rng.below(n)]);
  std::ranges::partition(order, [&](const std::string& one) { return one != last; });
  return order;
}

/// What cannot be remembered costs a join list at the next start, nothing now.
void ServerList::save() {
  if (path_.empty()) return;
  const Remembered remembered{.cluster_id = format_uuid(cluster_id_),
                              .recovery_epoch = recovery_epoch_,
                              .servers = addresses_};
  const auto written = write_file_atomically(path_, api::to_json(remembered) + "\n");
  if (!written) log_warn("agent", "cannot remember the servers: {}", written.error().message);
}

}  // namespace conclave::agent
