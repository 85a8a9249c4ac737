#include "base/net/dial.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/net/address.h"
#include "base/net/connection.h"
#include "base/run/clock.h"

namespace conclave {
namespace {

/// The part that TLS and the hello take, on a stream that is already there.
Task<Result<HelloAnswer>> introduce(std::shared_ptr<FramedStream> stream, DialWish wish) {
  if (wish.keyring != nullptr) {
    const Result<void> done = co_await stream->start_tls(wish.keyring, false);
    if (!done) co_return std::unexpected(done.error());
  }
  const std::string hello = encode_hello(wish.hello);
  const Result<void> sent = co_await stream->write(hello);
  if (!sent) co_return std::unexpected(sent.error());
  const Result<std::string_view> body = co_await stream->read_frame();
  if (!body && body.error().code != ErrorCode::io) {
    co_return fail("whoever answers there does not speak this protocol", body.error());
  }
  if (!body) co_return std::unexpected(body.error());
  co_return decode_answer(*body);
}

/// ErrorCode::denied when the other side does not have the key in use.
Task<Result<Dialled>> dial_once(Loop* loop, DialWish wish, Nanos deadline) {
  const auto at = parse_host_port(wish.address);
  if (!at) co_return std::unexpected(at.error());
  const auto connection = Connection::create(*loop, deadline);
  const Result<void> reached = co_await connection->dial_tcp(at->host, at->port);
  if (!reached) co_return std::unexpected(reached.error());
  const auto stream = FramedStream::create(*loop, connection->take_socket());
  stream->set_deadline(deadline - system_clock().boot_now());
  stream->set_silence_max(wish.silence_max);
  stream->set_meter(wish.meter);
  Result<HelloAnswer> answer = co_await introduce(stream, wish);
  stream->lift_deadline();
  if (!answer) {
    stream->close();
    co_return fail("dial " + wish.address, answer.error());
  }
  if (answer->refusal) stream->close();
  co_return Dialled{stream, std::move(*answer)};
}

/// The key in use first. Whoever was away when it was installed has one of the others, and learns
/// of it once there is a connection.
Task<Result<Dialled>> dial_on(Loop* loop, DialWish wish) {
  const Nanos deadline = system_clock().boot_now() + wish.timeout;
  const Result<Dialled> first = co_await dial_once(loop, wish, deadline);
  if (first || first.error().code != ErrorCode::denied || wish.keyring == nullptr) co_return first;
  std::vector<std::string> keys = wish.keyring->keys();
  for (std::size_t nth = 1; nth < keys.size(); ++nth) {
    std::rotate(keys.begin(), keys.begin() + 1, keys.end());
    wish.keyring = std::make_shared<TlsKeyring>(keys);
    const Result<Dialled> done = co_await dial_once(loop, wish, deadline);
    if (done || done.error().code != ErrorCode::denied) co_return done;
  }
  // What is wrong with the key in use says more than what is wrong with old ones.
  co_return first;
}

}  // namespace

Task<Result<Dialled>> dial(Loop& loop, DialWish wish) { return dial_on(&loop, std::move(wish)); }

}  // namespace conclave
