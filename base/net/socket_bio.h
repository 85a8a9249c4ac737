#pragma once

/// How OpenSSL reaches one of our sockets. Its own (SSL_set_fd) writes with write(2), which raises
/// SIGPIPE when the peer has gone, and keeps the descriptor's number, which after a close may be
/// somebody else's. Internal to base/net.

#include <functional>
#include <string>

struct ssl_st;

namespace conclave {

/// One connection's end; must outlive the session it is attached to.
struct SocketBio {
  std::function<int()> descriptor;  ///< -1 once closed.
  int error = 0;                    ///< errno of what failed for good.
  bool ended = false;               ///< The peer has closed.
  std::string opening{};            ///< The first five bytes that came: a record's header.
};

/// False for lack of memory only.
bool attach(ssl_st* session, SocketBio& bio);

}  // namespace conclave
