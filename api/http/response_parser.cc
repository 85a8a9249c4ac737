#include "api/http/response_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>

#include "api/http/chunked_rest.h"
#include "base/core/text.h"

namespace conclave::api {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_bytes_max = 64 * 1024;

}  // namespace

ResponseParser::ResponseParser(std::uint64_t body_bytes_max, bool no_body,
                               std::function<Result<void>(std::string_view)> sink)
    : body_bytes_max_(body_bytes_max), sink_(std::move(sink)) {
  Base::header_limit(header_bytes_max);
  Base::body_limit(boost::none);
  Base::eager(true);
  Base::skip(no_body);
}

ResponseParser::State ResponseParser::feed(std::string_view bytes) {
  input_.append(bytes);
  if (Base::is_header_done() && Base::chunked() && input_.size() < chunked_rest_bytes_min) {
    return State::more;
  }
  ErrorCode error;
  const std::size_t used = Base::put({input_.data(), input_.size()}, error);
  input_.erase(0, used);
  if (error && error != http::error::need_more) {
    if (reason_.empty()) reason_ = error.message();
    return State::failed;
  }
  if (error == http::error::need_more && input_.size() > header_bytes_max) {
    reason_ = "header or chunk header too long";
    return State::failed;
  }
  // More than is kept: nobody needs the rest.
  return Base::is_done() || response_.truncated ? State::complete : State::more;
}

ResponseParser::State ResponseParser::end() {
  ErrorCode error;
  Base::put_eof(error);
  if (error) {
    reason_ = "unexpected EOF";
    return State::failed;
  }
  return State::complete;
}

void ResponseParser::on_response_impl(int status, View reason, int, ErrorCode&) {
  response_.status = status;
  response_.reason.assign(reason.data(), reason.size());
}

void ResponseParser::on_field_impl(http::field, View name, View value, ErrorCode&) {
  response_.headers.push_back(
      {to_lower_ascii({name.data(), name.size()}), std::string(value.data(), value.size())});
}

std::size_t ResponseParser::on_body_impl(View bytes, ErrorCode& error) {
  keep(bytes, error);
  return bytes.size();
}

std::size_t ResponseParser::on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode& error) {
  keep(bytes, error);
  return bytes.size();
}

void ResponseParser::keep(View bytes, ErrorCode& error) {
  if (sink_ && response_.status == 200) {
    if (const Result<void> taken = sink_({bytes.data(), bytes.size()}); !taken) {
      reason_ = taken.error().message;
      error = boost::system::errc::make_error_code(boost::system::errc::io_error);
    }
    return;
  }
  const std::size_t room = static_cast<std::size_t>(
      body_bytes_max_ - std::min<std::uint64_t>(response_.body.size(), body_bytes_max_));
  response_.body.append(bytes.data(), std::min(room, bytes.size()));
  if (bytes.size() > room) response_.truncated = true;
}

}  // namespace conclave::api
