#pragma once

/// Connecting to another node's port: dial, shake hands where the cluster has a key, say hello, and
/// read the answer.

#include <memory>
#include <string>

#include "base/core/result.h"
#include "base/net/framed_stream.h"
#include "base/net/hello.h"
#include "base/run/loop.h"

namespace conclave {

struct DialWish {
  std::string address;  ///< "host:port"; a name is looked up each time.
  Hello hello;
  Nanos timeout{};  ///< For all of it.
  std::shared_ptr<TlsKeyring> keyring{};
  Nanos silence_max = std::chrono::seconds(5);  ///< Of the connection: set_link_options().
  StreamMeter meter{};
};

struct Dialled {
  std::shared_ptr<FramedStream> stream;  ///< Open unless refused.
  HelloAnswer answer;
};

/// Errors name the address: nobody was reached, or nobody who speaks this protocol.
Task<Result<Dialled>> dial(Loop& loop, DialWish wish);

}  // namespace conclave
