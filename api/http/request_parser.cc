#include "api/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

#include "api/http/chunked_rest.h"
#include "api/http/target.h"
#include "base/core/text.h"

namespace conclave::api {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t header_fields_max = 100;
/// A chunk's head and extensions, or the trailer, may not be longer: they are waited for as a
/// whole.
constexpr std::size_t unconsumed_body_bytes_max = 16 * 1024;
/// A body's string is prepared for at most this much, whatever length was declared.
constexpr std::uint64_t body_reserve_max = 64 * 1024;

Method method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::put:
      return Method::put;
    case http::verb::post:
      return Method::post;
    case http::verb::delete_:
      return Method::del;
    case http::verb::head:
      return Method::head;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

/// Handlers see these, our own, and nothing else.
bool is_kept(http::field field, std::string_view name) {
  switch (field) {
    case http::field::accept:
    case http::field::accept_encoding:
    case http::field::authorization:
    case http::field::cache_control:
    case http::field::content_encoding:
    case http::field::content_type:
    case http::field::host:
    case http::field::if_modified_since:
    case http::field::if_none_match:
    case http::field::origin:
    case http::field::range:
      return true;
    case http::field::unknown:
      return name.size() > 2 && (equal_ignoring_case(name.substr(0, 9), "x-consul-") ||
                                 equal_ignoring_case(name.substr(0, 11), "x-conclave-") ||
                                 equal_ignoring_case(name, "sec-fetch-site") ||
                                 equal_ignoring_case(name, "last-event-id"));
    default:
      return false;
  }
}

std::string_view as_std(boost::beast::string_view view) { return {view.data(), view.size()}; }

}  // namespace

RequestParser::RequestParser(std::uint32_t header_bytes_max) : header_bytes_max_(header_bytes_max) {
  Base::header_limit(header_bytes_max);
  Base::body_limit(boost::none);
  Base::eager(false);
}

RequestParser::State RequestParser::feed(std::string_view bytes, std::size_t& consumed) {
  consumed = 0;
  while (!Base::is_done()) {
    const bool in_head = !Base::is_header_done();
    if (in_head && consumed == bytes.size()) return State::head;
    if (!in_head && Base::chunked() && bytes.size() - consumed < chunked_rest_bytes_min) {
      return State::body;
    }
    ErrorCode error;
    const std::size_t taken = Base::put({bytes.data() + consumed, bytes.size() - consumed}, error);
    consumed += taken;
    if (in_head) {
      header_bytes_ += static_cast<std::uint32_t>(taken);
      const std::size_t seen =
          header_bytes_ + (Base::is_header_done() ? 0 : bytes.size() - consumed);
      if (seen > header_bytes_max_) return fail_for(http::error::header_limit);
    }
    if (error == http::error::need_more) {
      if (in_head) return State::head;
      if (bytes.size() - consumed > unconsumed_body_bytes_max) {
        return fail_with(400, "chunk header too long");
      }
      return State::body;
    }
    if (error) return fail_for(error);
    if (Base::is_header_done() && !head_reported_) {
      head_reported_ = true;
      return State::head_done;
    }
    if (!Base::is_done() && consumed == bytes.size()) return State::body;
  }
  if (!head_reported_) {
    head_reported_ = true;
    return State::head_done;
  }
  return State::complete;
}

void RequestParser::allow_body(std::uint64_t limit) {
  Base::body_limit(limit);
  Base::eager(true);
}

std::optional<std::uint64_t> RequestParser::declared_length() const {
  const auto length = Base::content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

RequestParser::State RequestParser::fail_with(int status, std::string reason) {
  status_ = status;
  reason_ = std::move(reason);
  return State::failed;
}

RequestParser::State RequestParser::fail_for(const ErrorCode& error) {
  if (status_ != 0) return State::failed;
  if (error == http::error::header_limit) {
    return fail_with(431, "request header fields too large");
  }
  if (error == http::error::body_limit) {
    body_over_limit_ = true;
    return fail_with(413, "request body too large");
  }
  if (error == http::error::bad_version) return fail_with(505, "unsupported HTTP version");
  return fail_with(400, error.message());
}

void RequestParser::on_request_impl(http::verb method, View method_text, View target, int version,
                                    ErrorCode& error) {
  request_.method = method_of(method);
  request_.method_text.assign(method_text.data(), method_text.size());
  http11_ = version == 11;
  if (!api::parse_target(as_std(target), request_)) {
    fail_with(400, "invalid request target");
    error = http::error::bad_target;
  }
}

void RequestParser::on_field_impl(http::field field, View name, View value, ErrorCode& error) {
  // Trailers of a chunked body arrive here as well; nothing in them is trusted.
  if (head_reported_) return;
  if (++fields_ > header_fields_max) {
    error = http::error::header_limit;
    return;
  }
  if (field == http::field::transfer_encoding &&
      !equal_ignoring_case(trim_spaces(as_std(value)), "chunked")) {
    // Another reader of the same bytes may see another end of the body (RFC 9112 section 6.1).
    fail_with(501, "unsupported transfer encoding");
    error = http::error::bad_transfer_encoding;
    return;
  }
  if (field == http::field::expect) {
    expects_continue_ = equal_ignoring_case(trim_spaces(as_std(value)), "100-continue");
  }
  if (is_kept(field, as_std(name))) {
    request_.headers.push_back({to_lower_ascii(as_std(name)), std::string(as_std(value))});
  }
}

void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& length, ErrorCode&) {
  if (length) request_.body.reserve(std::min(*length, body_reserve_max));
}

void RequestParser::take_body(View bytes) {
  if (request_.sink) return request_.sink->take(as_std(bytes));
  request_.body.append(bytes.data(), bytes.size());
}

std::size_t RequestParser::on_body_impl(View bytes, ErrorCode&) {
  take_body(bytes);
  return bytes.size();
}

void RequestParser::on_chunk_header_impl(std::uint64_t, View, ErrorCode&) {}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View bytes, ErrorCode&) {
  take_body(bytes);
  return bytes.size();
}

}  // namespace conclave::api
