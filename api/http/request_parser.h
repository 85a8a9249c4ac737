#pragma once

/// One request on its way in: Beast's basic_parser fed from the connection's own bytes, writing
/// straight into a Request. A header that no handler looks at is never copied. Internal to
/// api/http; not for other folders (it names Beast).

#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http/message.h"

namespace conclave::api {

class RequestParser final : private boost::beast::http::basic_parser<true> {
  using Base = boost::beast::http::basic_parser<true>;

 public:
  enum class State : std::uint8_t {
    head,       ///< Needs more bytes of the head.
    head_done,  ///< Reported once: the caller decides about the body, then calls allow_body().
    body,       ///< Needs more bytes of the body.
    complete,
    failed,  ///< status() and reason() say what to answer; the connection cannot go on.
  };

  explicit RequestParser(std::uint32_t header_bytes_max);

  /// Takes what it can from `bytes`; `consumed` says how much. What is left over belongs before the
  /// bytes that follow, or to the next request.
  State feed(std::string_view bytes, std::size_t& consumed);
  /// After head_done: bodies longer than `limit` fail with 413, counted while they arrive if no
  /// length was declared.
  void allow_body(std::uint64_t limit);

  int status() const { return status_; }
  const std::string& reason() const { return reason_; }
  /// True when the failure is the body's length.
  bool body_over_limit() const { return body_over_limit_; }

  Request& request() { return request_; }
  std::optional<std::uint64_t> declared_length() const;
  bool expects_continue() const { return expects_continue_; }
  bool keep_alive() const { return Base::keep_alive(); }
  bool http11() const { return http11_; }
  bool got_some() const { return Base::got_some(); }

 private:
  using ErrorCode = boost::beast::error_code;
  using View = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, View method_text, View target, int version,
                       ErrorCode& error) override;
  void on_response_impl(int, View, int, ErrorCode&) override {}
  void on_field_impl(boost::beast::http::field field, View name, View value,
                     ErrorCode& error) override;
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode& error) override;
  std::size_t on_body_impl(View bytes, ErrorCode& error) override;
  void on_chunk_header_impl(std::uint64_t size, View extensions, ErrorCode& error) override;
  std::size_t on_chunk_body_impl(std::uint64_t left, View bytes, ErrorCode& error) override;
  void on_finish_impl(ErrorCode&) override {}

  void take_body(View bytes);
  State fail_with(int status, std::string reason);
  State fail_for(const ErrorCode& error);

  Request request_;
  std::string reason_;
  int status_ = 0;
  const std::uint32_t header_bytes_max_;
  std::uint32_t header_bytes_ = 0;
  std::uint32_t fields_ = 0;
  bool http11_ = true;
  bool expects_continue_ = false;
  bool head_reported_ = false;
  bool body_over_limit_ = false;
};

}  // namespace conclave::api
