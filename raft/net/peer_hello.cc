#include "raft/net/peer_hello.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/core/bytes.h"
#include "base/core/hash.h"
#include "base/core/uuid.h"

namespace conclave::raft {
namespace {

constexpr std::uint8_t hello_version = 1;
constexpr std::size_t id_bytes_max = 64;
constexpr std::size_t address_bytes_max = 512;

std::string_view as_text(const std::array<std::uint8_t, 16>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::array<std::uint8_t, 16> take_16(ByteReader& in) {
  std::array<std::uint8_t, 16> out{};
  std::ranges::copy(in.take(out.size()), out.begin());
  return out;
}

std::string take_short(ByteReader& in, std::size_t bytes_min, std::size_t bytes_max) {
  const std::string_view text = in.sized();
  if (text.size() < bytes_min || text.size() > bytes_max) in.set_failed();
  return std::string(text);
}

Refusal refuse_epoch(const PeerIdentity& sender, const PeerIdentity& self) {
  if (sender.recovery_epoch < self.recovery_epoch) {
    return {RefusalCode::lower_epoch,
            fmt::format("this cluster was recovered without server {} (epoch {}, the server has "
                        "epoch {}): move its data directory away and let it join as a new one",
                        sender.node_id.value, self.recovery_epoch, sender.recovery_epoch)};
  }
  return {RefusalCode::higher_epoch,
          fmt::format("server {} belongs to the cluster before its recovery (epoch {}, the caller "
                      "has epoch {}): its data directory must be moved away",
                      self.node_id.value, self.recovery_epoch, sender.recovery_epoch)};
}

Refusal two_processes(const PeerIdentity& sender) {
  return {RefusalCode::copied_directory,
          fmt::format("two processes run as server {}: one data directory is a copy of the other. "
                      "The one that was here first stays; move the other's directory away",
                      sender.node_id.value)};
}

}  // namespace

std::string encode_peer_hello(const PeerHello& hello) {
  const PeerIdentity& sender = hello.sender;
  std::string out;
  append_u8(out, hello_version);
  out.append(as_text(sender.cluster_id));
  append_u32_le(out, sender.recovery_epoch);
  out.append(as_text(sender.incarnation));
  append_u64_le(out, sender.boot_counter);
  append_u64_le(out, sender.run_id);
  append_sized(out, sender.node_id.value);
  append_sized(out, hello.receiver.value);
  append_sized(out, sender.address);
  return out;
}

Result<PeerHello> decode_peer_hello(std::string_view bytes) {
  ByteReader in(bytes);
  const std::uint8_t version = in.u8();
  if (in.ok() && version != hello_version) {
    return fail(ErrorCode::corrupt, fmt::format("a hello of version {}", version));
  }
  PeerHello hello;
  PeerIdentity& sender = hello.sender;
  sender.cluster_id = take_16(in);
  sender.recovery_epoch = in.u32_le();
  sender.incarnation = take_16(in);
  sender.boot_counter = in.u64_le();
  sender.run_id = in.u64_le();
  sender.node_id.value = take_short(in, 1, id_bytes_max);
  hello.receiver.value = take_short(in, 1, id_bytes_max);
  sender.address = take_short(in, 0, address_bytes_max);
  if (!in.ok() || !in.at_end() || encode_peer_hello(hello) != bytes) {
    return fail(ErrorCode::corrupt, "a hello that cannot be read");
  }
  return hello;
}

std::optional<Refusal> judge(const PeerHello& hello, const PeerIdentity& self,
                             const std::optional<SeenPeer>& seen) {
  constexpr ClusterId none{};
  const PeerIdentity& sender = hello.sender;
  if (self.cluster_id == none) {
    return Refusal{RefusalCode::not_ready,
                   fmt::format("server {} is in no cluster yet", self.node_id.value)};
  }
  if (sender.cluster_id != self.cluster_id) {
    return Refusal{RefusalCode::other_cluster,
                   fmt::format("server {} belongs to cluster {}, server {} to cluster {}",
                               sender.node_id.value, format_uuid(sender.cluster_id),
                               self.node_id.value, format_uuid(self.cluster_id))};
  }
  if (sender.recovery_epoch != self.recovery_epoch) return refuse_epoch(sender, self);
  const bool is_self = sender.node_id == self.node_id;
  if (is_self && sender.run_id != self.run_id) return two_processes(sender);
  if (is_self || hello.receiver != self.node_id) {
    return Refusal{RefusalCode::wrong_receiver,
                   fmt::format("server {} answers at this address, not server {}",
                               self.node_id.value, hello.receiver.value)};
  }
  if (!seen || (sender.boot_counter == seen->boot_counter && sender.run_id == seen->run_id)) {
    return std::nullopt;
  }
  if (sender.boot_counter == seen->boot_counter || seen->is_alive) return two_processes(sender);
  if (sender.boot_counter < seen->boot_counter) {
    return Refusal{RefusalCode::older_boot,
                   fmt::format("server {} has been started again since (start {}, the caller is "
                               "start {}): two processes run on copies of one data directory, or "
                               "an old copy was put back; move it away and let it join as a new "
                               "one",
                               sender.node_id.value, seen->boot_counter, sender.boot_counter)};
  }
  return std::nullopt;
}

std::uint32_t frame_seed(const PeerHello& hello) {
  std::string text(as_text(hello.sender.cluster_id));
  append_u32_le(text, hello.sender.recovery_epoch);
  text.append(as_text(hello.sender.incarnation));
  append_sized(text, hello.sender.node_id.value);
  append_sized(text, hello.receiver.value);
  const std::uint64_t hash = hash64(text);
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

}  // namespace conclave::raft
