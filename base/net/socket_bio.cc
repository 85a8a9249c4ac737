#include "base/net/socket_bio.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace conclave {
namespace {

constexpr std::size_t record_header_bytes = 5;

SocketBio& state_of(BIO* bio) { return *static_cast<SocketBio*>(BIO_get_data(bio)); }

/// What a failed call means: wait, or give up.
void note_failure(BIO* bio, int flag) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    BIO_set_flags(bio, flag | BIO_FLAGS_SHOULD_RETRY);
  } else {
    state_of(bio).error = errno;
  }
}

int write_bytes(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent =
      ::send(state_of(bio).descriptor(), bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0) note_failure(bio, BIO_FLAGS_WRITE);
  return static_cast<int>(sent);
}

int read_bytes(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  SocketBio& state = state_of(bio);
  const ssize_t got = ::recv(state.descriptor(), into, static_cast<std::size_t>(size), 0);
  if (got < 0) note_failure(bio, BIO_FLAGS_READ);
  if (got == 0) state.ended = true;
  if (got > 0 && state.opening.size() < record_header_bytes) {
    state.opening.append(
        into, std::min(static_cast<std::size_t>(got), record_header_bytes - state.opening.size()));
  }
  return static_cast<int>(got);
}

long control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return state_of(bio).ended ? 1 : 0;
    default:
      return 0;
  }
}

/// Made once and never freed: sessions may end as late as the process.
const BIO_METHOD* method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* fresh = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (fresh != nullptr) {
      BIO_meth_set_write(fresh, write_bytes);
      BIO_meth_set_read(fresh, read_bytes);
      BIO_meth_set_ctrl(fresh, control);
    }
    return fresh;
  }();
  return made;
}

}  // namespace

bool attach(ssl_st* session, SocketBio& bio) {
  if (method() == nullptr) return false;
  BIO* made = BIO_new(method());
  if (made == nullptr) return false;
  BIO_set_data(made, &bio);
  BIO_set_init(made, 1);
  // For both directions; the session frees it once.
  SSL_set_bio(session, made, made);
  return true;
}

}  // namespace conclave
