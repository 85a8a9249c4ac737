#pragma once

/// A blocking HTTP client for one thread, to servers that come and go: it knows of each request
/// whether it was answered, certainly never sent, or sent without an answer.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/core/rng.h"

namespace conclave::bench {

struct Reply {
  enum class Kind : std::uint8_t {
    answered,
    refused,  ///< No connection: the server has seen nothing of it.
    unknown,  ///< Sent, in part or whole, and no answer: it may have been carried out, or will be.
  };
  Kind kind = Kind::refused;
  int status = 0;
  std::uint64_t modify_index = 0;  ///< The first "ModifyIndex" of the body; 0 when there is none.
  std::string body;

  bool is(int wanted) const { return kind == Kind::answered && status == wanted; }
};

class RetryClient {
 public:
  /// Connects to a port drawn by chance, and to another one when that one fails: so clients spread
  /// over the servers again after one has been away.
  RetryClient(std::vector<std::uint16_t> ports, std::uint64_t seed);
  ~RetryClient() { disconnect(); }
  RetryClient(const RetryClient&) = delete;
  RetryClient& operator=(const RetryClient&) = delete;

  /// One request, never repeated.
  Reply send(std::string_view method, std::string_view target, std::string_view body);

 private:
  bool connect();
  void disconnect();
  bool write_all(std::string_view bytes);
  /// False when the connection ended before a whole answer.
  bool read_answer(Reply& reply);

  const std::vector<std::uint16_t> ports_;
  Rng rng_;
  int descriptor_ = -1;
  std::string input_;
};

}  // namespace conclave::bench
