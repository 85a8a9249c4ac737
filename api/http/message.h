#pragma once

/// HTTP requests and responses as handlers see them. Beast stays inside api/http's sources.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/run/loop.h"

namespace conclave::api {

enum class Method : std::uint8_t { get, put, post, del, head, options, other };

struct Header {
  std::string name;
  std::string value;
};

struct QueryParameter {
  std::string name;
  std::string value;
};

/// Takes a request's body as it arrives, when it is too large for memory.
class BodySink {
 public:
  virtual ~BodySink() = default;
  /// The next bytes, on the connection's loop; must not block. What goes wrong with them is said
  /// when the handler asks.
  virtual void take(std::string_view bytes) = 0;
  /// True: the connection reads nothing more before drain() has returned.
  virtual bool is_full() const = 0;
  virtual Task<void> drain() = 0;
};

/// One parsed request. Owned by the connection while its handler runs.
struct Request {
  Method method = Method::get;
  std::string method_text;            ///< As sent, for the 405 body.
  std::string target;                 ///< As sent, path and query.
  std::string path;                   ///< Percent-decoded once.
  std::vector<QueryParameter> query;  ///< Decoded, in order.
  bool query_valid = true;            ///< False: the query string cannot be parsed (contract 1.1).
  std::vector<Header> headers;        ///< Those a handler may look at; names in lower case.
  std::string body;
  std::shared_ptr<BodySink> sink;  ///< Has the body instead, if the route gave one.
  std::string client_address;      ///< IP without port.

  /// Value of the first parameter of that name; nullopt when absent. Presence counts even when
  /// empty.
  std::optional<std::string_view> parameter(std::string_view name) const;
  bool has_parameter(std::string_view name) const { return parameter(name).has_value(); }
  /// Value of the header of that (lower-case) name, "" when absent.
  std::string_view header(std::string_view name) const;
};

/// A body that is shared between responses: identical blocking queries serialise once.
using SharedBody = std::shared_ptr<const std::string>;

/// A blocking query whose answer is not due yet. The handler is done, its frames and buffers are
/// gone; what is left of the request is this object and the socket. `complete` is called once, on
/// the loop of the connection, with the response.
class Parked {
 public:
  virtual ~Parked() = default;
  /// Called once by the connection, on its loop.
  virtual void start(std::function<void(struct Response)> complete) = 0;
  // Destruction before completion: the client went away; nothing may be called any more.
};

/// Produces a body piece by piece, for what is endless (monitor) or too large for memory (spool
/// files, snapshots).
class BodyStream {
 public:
  virtual ~BodyStream() = default;
  /// The next piece; empty = end. Runs on the connection's loop; the connection awaits the write
  /// before asking again.
  virtual Task<std::string> next() = 0;
  /// Known length, or nullopt for chunked encoding.
  virtual std::optional<std::uint64_t> length() const = 0;
  /// The client went away while next() is running: it must return soon, with anything.
  virtual void client_gone() {}
};

struct Response {
  int status = 200;
  std::string content_type;  ///< "" = no Content-Type header.
  std::vector<Header> headers;
  std::variant<std::string, SharedBody, std::unique_ptr<BodyStream>> body;
  /// Whole header lines, each ended by CR LF, that many responses share; besides `headers`.
  SharedBody shared_headers;
  std::unique_ptr<Parked> parked;  ///< Set: the rest of this struct is not used.
  bool close = false;              ///< Close the connection afterwards.

  void set_header(std::string name, std::string value) {
    headers.push_back({std::move(name), std::move(value)});
  }
};

}  // namespace conclave::api
