#pragma once

/// One connection of the HTTP server, on its loop. While requests are read and answered it is a
/// coroutine; while a blocking query is parked the coroutine, the parser and the buffers are gone
/// and only this object is left, with an armed wait that notices when the client goes away.
/// Internal to api/http.

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "api/http/message.h"
#include "api/http/request_parser.h"
#include "api/http/response_head.h"
#include "base/core/duration.h"
#include "base/run/loop.h"

namespace conclave::api {

struct ServerState;

using StreamSocket =
    boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, Executor>;
using ConnectionHook =
    boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

class Connection final : public std::enable_shared_from_this<Connection>, public ConnectionHook {
 public:
  /// `counted`: the address holds a place in the ClientTable that is given back on closing.
  Connection(std::shared_ptr<ServerState> server, StreamSocket socket, std::string address,
             bool counted);
  ~Connection();

  /// Serves until the connection closes or a query parks. `first`: a response that is due before
  /// the next request.
  static Task<void> run(std::shared_ptr<Connection> self, std::unique_ptr<Response> first);
  /// Over the limit of connections: says so and closes.
  static Task<void> refuse(std::shared_ptr<Connection> self);

  /// Lets go of everything at once; what is suspended wakes with an error. May be called
  /// repeatedly.
  void close();
  /// Closes if the present phase has lasted too long.
  void sweep(Nanos now);
  /// The server stops: closes unless a response is being made or written.
  void close_if_waiting();

 private:
  enum class Phase : std::uint8_t {
    idle,
    head,
    body,
    handling,
    writing,
    streaming,
    parked,
    lingering
  };
  enum class Next : std::uint8_t { read, parked, linger, close };
  enum class Reading : std::uint8_t { more, complete, refused };
  /// What the kernel did not take at once.
  struct Unsent {
    std::string head;
    std::variant<std::string, SharedBody> body;
    std::size_t offset = 0;  ///< Into the body.
  };

  // Reading (connection.cc).
  Task<Next> serve_one();
  Reading advance(RequestParser& parser, std::string_view fresh);
  Reading judge_head(RequestParser& parser);
  Reading refuse_request(Response response);
  /// What has arrived, in the server's buffer: valid until the next receive on this loop. Empty:
  /// nothing yet, or closed (closed_).
  std::string_view receive();

  // Waiting (connection.cc).
  void park();
  void answer_parked(Response response);
  void watch_client();
  void client_readable(std::uint32_t watch);
  void stop_watching();

  // Writing (connection_write.cc).
  Task<Next> write(Response response);
  Task<Next> write_stream(Response response, Framing framing);
  Task<bool> write_rest(Unsent unsent);
  /// Hands over as much as the kernel takes; false: the connection failed.
  bool send(std::string_view head, std::string_view body, std::size_t& sent);
  Framing frame(const Response& response);
  Next next_after(const Framing& framing) const;
  Task<void> linger();

  void enter(Phase phase, Nanos now);
  Nanos idle_since() const;
  /// A slow body or reader that gets on keeps its connection: the phase begins again after each 64
  /// KiB.
  void note_progress(std::size_t bytes);

  std::shared_ptr<ServerState> server_;
  StreamSocket socket_;
  /// Received and not parsed yet; mostly empty.
  std::string input_;
  const std::string address_;
  std::unique_ptr<Parked> parked_;
  /// Keeps a parked connection alive: no coroutine does.
  std::shared_ptr<Connection> keep_;
  /// A response to a request that no handler sees.
  std::unique_ptr<Response> refusal_;
  BodyStream* streaming_ = nullptr;
  Nanos phase_since_{};
  std::uint32_t progress_ = 0;
  std::uint32_t watch_ =
      0;  ///< Number of the present watch; an older one that comes late does nothing.
  Phase phase_ = Phase::idle;
  bool counted_;
  bool closed_ = false;
  // Of the request that is being answered.
  bool keep_alive_ = true;
  bool http11_ = true;
  bool head_only_ = false;
};

}  // namespace conclave::api
