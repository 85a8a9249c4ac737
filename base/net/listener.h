#pragma once

/// The port that nodes speak to each other on: accepts, counts, shakes hands and reads the hello;
/// what comes then is for whom the hello asks for. Loop thread only.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/core/result.h"
#include "base/net/framed_stream.h"
#include "base/net/hello.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"

namespace conclave {

struct ListenerLimits {
  /// Connections at once, in all and from one address; those beyond are closed at once, in case
  /// their number is an attack. All: the agents of a large cluster, when one of three servers is
  /// away.
  std::uint32_t connections_max = 65'536;
  std::uint32_t connections_per_address_max = 256;
  /// From accept to the end of the hello, TLS included; closed then.
  std::uint32_t hello_timeout_ms = 5'000;
};

/// Binds and listens at an IP address, "0.0.0.0" and "::" for all. Errors name the address and what
/// to do. `setting`: what chooses the port, for the text: "ports.server".
Result<int> listen_on(const std::string& ip, std::uint16_t port, std::string_view setting);

class Listener {
 public:
  /// Gets a stream whose hello is read and not answered yet.
  using Handler = std::function<void(std::shared_ptr<FramedStream> stream, Hello hello)>;

  /// With a keyring, whoever has none of its keys is refused. Streams may outlive the listener and
  /// count in `metrics` until their loop ends.
  Listener(Loop& loop, ListenerLimits limits, std::shared_ptr<TlsKeyring> keyring, Handler handler,
           Metrics& metrics);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Accepts from an open, bound, listening TCP descriptor, which is the listener's from now on.
  void serve(int listening_descriptor);
  /// Accepts no more, and ends the hellos under way; connections that were handed out stay.
  void stop();
  std::uint32_t open_connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Tells the peer why it is not let in, and closes. To be spawned.
Task<void> refuse(std::shared_ptr<FramedStream> stream, Refusal refusal);

}  // namespace conclave
