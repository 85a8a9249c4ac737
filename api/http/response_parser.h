#pragma once

/// One response on its way in, for the client. Internal to api/http; names Beast.

#include <boost/beast/http/basic_parser.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "api/http/client.h"

namespace conclave::api {

class ResponseParser final : private boost::beast::http::basic_parser<false> {
  using Base = boost::beast::http::basic_parser<false>;

 public:
  enum class State : std::uint8_t { more, complete, failed };

  /// `no_body`: the request was a HEAD. `sink`, if there is one, gets the body of a 200.
  ResponseParser(std::uint64_t body_bytes_max, bool no_body,
                 std::function<Result<void>(std::string_view)> sink = {});

  /// Bytes that arrived. Keeps what it could not use yet.
  State feed(std::string_view bytes);
  /// The server closed: complete for bodies that end so.
  State end();

  bool head_done() const { return Base::is_header_done(); }
  bool got_some() const { return Base::got_some(); }
  ClientResponse& response() { return response_; }
  const std::string& reason() const { return reason_; }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb, View, View, int, ErrorCode&) override {}
  void on_response_impl(int status, View reason, int version, ErrorCode& error) override;
  void on_field_impl(boost::beast::http::field, View name, View value, ErrorCode& error) override;
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View bytes, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t, View, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}

  void keep(View bytes, ErrorCode& error);

  const std::uint64_t body_bytes_max_;
  const std::function<Result<void>(std::string_view)> sink_;
  ClientResponse response_;
  std::string input_;
  std::string reason_;
};

}  // namespace conclave::api
