#include "base/net/dial.h"

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

Task<Result<Dialled>> dial_on(Loop* loop, DialWish wish) {
  const auto at = parse_host_port(wish.address);
  if (!at) co_return std::unexpected(at.error());
  const auto connection = Connection::create(*loop, system_clock().boot_now() + wish.timeout);
  const Nanos began = system_clock().boot_now();
  const Result<void> reached = co_await connection->dial_tcp(at->host, at->port);
  if (!reached) co_return std::unexpected(reached.error());
  const auto stream = FramedStream::create(*loop, connection->take_socket());
  stream->set_deadline(wish.timeout - (system_clock().boot_now() - began));
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

}  // namespace

Task<Result<Dialled>> dial(Loop& loop, DialWish wish) { return dial_on(&loop, std::move(wish)); }

}  // namespace conclave
