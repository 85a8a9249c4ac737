#include "agent/dns/udp_service.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/run/sleep.h"

namespace conclave::dns {

namespace asio = boost::asio;

namespace {

using Descriptor = asio::posix::basic_stream_descriptor<Executor>;

constexpr std::size_t batch_max = 64;
/// Longer ones are cut off, and are a format error then: no question is that long.
constexpr std::size_t question_bytes_max = 4096;
/// Of the kernel, for bursts.
constexpr int buffer_bytes = 4 << 20;
/// Batches in one go before others on the loop get their turn.
constexpr int batches_max = 4;

/// Whom to answer, and from which of our addresses.
struct Peer {
  sockaddr_storage address{};
  socklen_t address_size = 0;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};
  std::size_t control_size = 0;
};

/// The kernel says to which address the question went; the answer comes from there, by any way.
void keep_own_address(msghdr& header, Peer& peer) {
  peer.control_size = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(part));
      info->ipi_ifindex = 0;
      info->ipi_spec_dst = info->ipi_addr;
    } else if (part->cmsg_level != IPPROTO_IPV6 || part->cmsg_type != IPV6_PKTINFO) {
      continue;
    }
    std::memcpy(peer.control.data(), part, part->cmsg_len);
    peer.control_size = CMSG_SPACE(part->cmsg_len - CMSG_LEN(0));
    return;
  }
}

msghdr header_for(Peer& peer, iovec& bytes) {
  msghdr header{};
  header.msg_name = &peer.address;
  header.msg_namelen = peer.address_size;
  header.msg_iov = &bytes;
  header.msg_iovlen = 1;
  header.msg_control = peer.control_size == 0 ? nullptr : peer.control.data();
  header.msg_controllen = peer.control_size;
  return header;
}

std::string_view ip_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(address);
    return {reinterpret_cast<const char*>(&in.sin_addr), sizeof in.sin_addr};
  }
  const auto& in = reinterpret_cast<const sockaddr_in6&>(address);
  return {reinterpret_cast<const char*>(&in.sin6_addr), sizeof in.sin6_addr};
}

/// Buffers for one batch; one set for each socket.
struct Batch {
  std::array<mmsghdr, batch_max> messages{};
  std::array<iovec, batch_max> places{};
  std::array<Peer, batch_max> peers{};
  std::array<std::array<char, question_bytes_max>, batch_max> questions;

  void prepare() {
    for (std::size_t i = 0; i < batch_max; ++i) {
      places[i] = {questions[i].data(), questions[i].size()};
      peers[i].address_size = sizeof peers[i].address;
      peers[i].control_size = peers[i].control.size();
      messages[i].msg_hdr = header_for(peers[i], places[i]);
    }
  }
};

}  // namespace

struct UdpService::State : std::enable_shared_from_this<State> {
  State(Loop& on_loop, Resolver& with_resolver, Pending& with_pending, Metrics& metrics)
      : loop(on_loop),
        resolver(with_resolver),
        pending(with_pending),
        questions(metrics.counter("consul.dns.udp_queries", "Questions over UDP")),
        unsent(metrics.counter("consul.dns.udp_unsent", "Answers that the kernel did not take")) {}

  Loop& loop;
  Resolver& resolver;
  Pending& pending;
  Counter& questions;
  Counter& unsent;
  std::vector<std::shared_ptr<Descriptor>> sockets;
  bool stopping = false;

  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<Descriptor> socket);
  static Task<void> answer_later(std::shared_ptr<State> self, std::shared_ptr<Descriptor> socket,
                                 std::string question, Asker asker, Peer peer);
  /// False: there was nothing.
  bool answer_batch(const std::shared_ptr<Descriptor>& socket, Batch& batch);
  std::string answer(const std::shared_ptr<Descriptor>& socket, std::string_view question,
                     const Peer& peer);
};

Task<void> UdpService::State::serve(std::shared_ptr<State> self,
                                    std::shared_ptr<Descriptor> socket) {
  const auto batch = std::make_unique_for_overwrite<Batch>();
  while (!self->stopping) {
    auto [error] = co_await socket->async_wait(Descriptor::wait_read, as_result);
    if (error || self->stopping) co_return;
    for (int n = 0; n < batches_max; ++n) {
      if (!self->answer_batch(socket, *batch)) break;
    }
  }
}

bool UdpService::State::answer_batch(const std::shared_ptr<Descriptor>& socket, Batch& batch) {
  batch.prepare();
  const int received =
      ::recvmmsg(socket->native_handle(), batch.messages.data(), batch_max, MSG_DONTWAIT, nullptr);
  // An error is one of an earlier answer (nobody listens there any more), and is gone with this.
  if (received <= 0) return false;
  questions.add(static_cast<std::uint64_t>(received));
  std::array<std::string, batch_max> answers;
  std::array<mmsghdr, batch_max> sending{};
  std::array<iovec, batch_max> places{};
  unsigned count = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    mmsghdr& message = batch.messages[i];
    Peer& peer = batch.peers[i];
    peer.address_size = message.msg_hdr.msg_namelen;
    keep_own_address(message.msg_hdr, peer);
    answers[i] = answer(socket, {batch.questions[i].data(), message.msg_len}, peer);
    if (answers[i].empty()) continue;
    places[count] = {answers[i].data(), answers[i].size()};
    sending[count].msg_hdr = header_for(peer, places[count]);
    ++count;
  }
  for (unsigned sent = 0; sent < count;) {
    const int done =
        ::sendmmsg(socket->native_handle(), sending.data() + sent, count - sent, MSG_DONTWAIT);
    if (done <= 0) unsent.add();
    // What is refused concerns the first of them alone.
    sent += done <= 0 ? 1u : static_cast<unsigned>(done);
  }
  return static_cast<std::size_t>(received) == batch_max;
}

std::string UdpService::State::answer(const std::shared_ptr<Descriptor>& socket,
                                      std::string_view question, const Peer& peer) {
  const Asker asker{.transport = Transport::udp, .is_neighbour = is_neighbour(ip_of(peer.address))};
  Resolver::Now now = resolver.now(question, asker);
  if (now.known) return std::move(now.bytes);
  if (pending.count >= pending.most) return resolver.unavailable(question);
  ++pending.count;
  loop.spawn("dns query",
             answer_later(shared_from_this(), socket, std::string(question), asker, peer));
  return {};
}

Task<void> UdpService::State::answer_later(std::shared_ptr<State> self,
                                           std::shared_ptr<Descriptor> socket, std::string question,
                                           Asker asker, Peer peer) {
  std::string bytes = co_await self->resolver.later(std::move(question), asker);
  --self->pending.count;
  if (bytes.empty() || !socket->is_open()) co_return;
  iovec place{bytes.data(), bytes.size()};
  const msghdr header = header_for(peer, place);
  if (::sendmsg(socket->native_handle(), &header, MSG_DONTWAIT) < 0) self->unsent.add();
}

UdpService::UdpService(Loop& loop, Resolver& resolver, Pending& pending, Metrics& metrics)
    : state_(std::make_shared<State>(loop, resolver, pending, metrics)) {}

UdpService::~UdpService() { stop(); }

void UdpService::serve(int descriptor) {
  const auto socket = std::make_shared<Descriptor>(state_->loop.executor(), descriptor);
  state_->sockets.push_back(socket);
  state_->loop.spawn("dns over udp", State::serve(state_, socket));
}

void UdpService::stop() {
  state_->stopping = true;
  for (const auto& socket : state_->sockets) {
    boost::system::error_code ignored;
    socket->close(ignored);
  }
}

Result<int> bind_udp(const std::string& ip, std::uint16_t port) {
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_in);
  auto& v4 = reinterpret_cast<sockaddr_in&>(address);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
  if (inet_pton(AF_INET, ip.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
  } else if (inet_pton(AF_INET6, ip.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    size = sizeof v6;
  } else {
    return fail(ErrorCode::bad_request, fmt::format("\"{}\" is not an IP address", ip));
  }
  const auto refuse = [&](int descriptor) {
    const int error = errno;
    if (descriptor >= 0) ::close(descriptor);
    std::string why = std::strerror(error);
    if (error == EADDRINUSE) {
      why =
          "address already in use: another process listens there; choose another port with "
          "-dns-port, or none with -dns-port=-1";
    }
    return fail(ErrorCode::io, fmt::format("listen udp {} port {}: {}", ip, port, why));
  };
  const int descriptor = ::socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return refuse(descriptor);
  const auto set = [&](int level, int option, int value) {
    ::setsockopt(descriptor, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_RCVBUF, buffer_bytes);
  set(SOL_SOCKET, SO_SNDBUF, buffer_bytes);
  if (address.ss_family == AF_INET) {
    set(IPPROTO_IP, IP_PKTINFO, 1);
  } else {
    set(IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
  }
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), size) != 0) {
    return refuse(descriptor);
  }
  return descriptor;
}

}  // namespace conclave::dns
