#include "api/rpc/identity.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/bytes.h"

namespace conclave::api {
namespace {

constexpr std::uint8_t identity_version = 1;
constexpr std::uint8_t server_role = 1;
constexpr std::size_t text_bytes_max = 512;

std::string take_text(ByteReader& in) {
  const std::string_view text = in.sized();
  if (text.size() > text_bytes_max) in.set_failed();
  return std::string(text);
}

std::string name_of(const RpcIdentity& node) {
  return fmt::format("{} {} ({})", node.is_server ? "server" : "agent", node.name, node.node_id);
}

Refusal left_behind(const RpcIdentity& older, const RpcIdentity& newer, RefusalCode code) {
  return {code,
          fmt::format("the cluster was recovered without {} (it has epoch {}, {} knows of "
                      "epoch {}): move its data directory away and let it join as a new one",
                      name_of(older), older.recovery_epoch, name_of(newer), newer.recovery_epoch)};
}

}  // namespace

std::string encode_rpc_identity(const RpcIdentity& identity) {
  std::string out;
  append_u8(out, identity_version);
  append_u8(out, identity.is_server ? server_role : 0);
  out.append(reinterpret_cast<const char*>(identity.cluster_id.data()), identity.cluster_id.size());
  append_u32_le(out, identity.recovery_epoch);
  append_sized(out, identity.node_id);
  append_sized(out, identity.name);
  append_sized(out, identity.datacenter);
  return out;
}

Result<RpcIdentity> decode_rpc_identity(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.ok() && version != identity_version) {
    return fail(ErrorCode::corrupt, fmt::format("a hello of version {}", version));
  }
  RpcIdentity identity;
  identity.is_server = in.u8() == server_role;
  std::ranges::copy(in.take(identity.cluster_id.size()), identity.cluster_id.begin());
  identity.recovery_epoch = in.u32_le();
  identity.node_id = take_text(in);
  identity.name = take_text(in);
  identity.datacenter = take_text(in);
  if (!in.ok() || !in.at_end() || encode_rpc_identity(identity) != bytes) {
    return fail(ErrorCode::corrupt, "a hello that cannot be read");
  }
  return identity;
}

std::optional<Refusal> judge(const RpcIdentity& other, const RpcIdentity& self) {
  if (other.datacenter != self.datacenter) {
    return Refusal{RefusalCode::other_datacenter,
                   fmt::format("{} belongs to datacenter {}, {} to datacenter {}; joining several "
                               "datacenters is not possible",
                               name_of(other), other.datacenter, name_of(self), self.datacenter)};
  }
  constexpr UuidBytes none{};
  if (other.cluster_id == none || self.cluster_id == none) return std::nullopt;
  if (other.cluster_id != self.cluster_id) {
    return Refusal{
        RefusalCode::other_cluster,
        fmt::format("{} belongs to cluster {}, {} to cluster {}; to change cluster, move "
                    "the data directory away",
                    name_of(other), format_uuid(other.cluster_id), name_of(self),
                    format_uuid(self.cluster_id))};
  }
  if (other.is_server && other.recovery_epoch < self.recovery_epoch) {
    return left_behind(other, self, RefusalCode::lower_epoch);
  }
  if (self.is_server && self.recovery_epoch < other.recovery_epoch) {
    return left_behind(self, other, RefusalCode::higher_epoch);
  }
  return std::nullopt;
}

}  // namespace conclave::api
