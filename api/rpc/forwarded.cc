#include "api/rpc/forwarded.h"

#include <array>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "api/http/target.h"
#include "api/model/catalog.h"
#include "api/model/field.h"
#include "api/model/record.h"
#include "base/core/assert.h"

namespace conclave::api {
namespace {

constexpr std::array<std::string_view, 6> headers_that_matter = {
    "authorization",         "cache-control",      "content-type",
    "x-conclave-request-id", "x-consul-namespace", "x-consul-token"};

struct Pair {
  std::string name;
  std::string value;
  static constexpr auto fields() {
    return std::tuple{field(1, "Name", &Pair::name), field(2, "Value", &Pair::value)};
  }
};

struct Call {
  std::string method;
  std::string target;
  std::vector<Pair> headers;
  Bytes body;
  std::string client_address;
  std::string node;
  static constexpr auto fields() {
    return std::tuple{field(1, "Method", &Call::method),
                      field(2, "Target", &Call::target),
                      field(3, "Headers", &Call::headers),
                      field(4, "Body", &Call::body),
                      field(5, "ClientAddress", &Call::client_address),
                      field(6, "Node", &Call::node)};
  }
};

struct Answer {
  std::uint64_t status = 0;
  std::string content_type;
  std::vector<Pair> headers;
  Bytes body;
  static constexpr auto fields() {
    return std::tuple{field(1, "Status", &Answer::status),
                      field(2, "ContentType", &Answer::content_type),
                      field(3, "Headers", &Answer::headers), field(4, "Body", &Answer::body)};
  }
};

Method method_of(std::string_view text) {
  if (text == "GET") return Method::get;
  if (text == "PUT") return Method::put;
  if (text == "POST") return Method::post;
  if (text == "DELETE") return Method::del;
  if (text == "HEAD") return Method::head;
  if (text == "OPTIONS") return Method::options;
  return Method::other;
}

}  // namespace

std::string encode_forwarded(const Request& request, std::string_view node) {
  Call call{.method = request.method_text,
            .target = request.target,
            .headers = {},
            .body = {request.body},
            .client_address = request.client_address,
            .node = std::string(node)};
  for (const std::string_view name : headers_that_matter) {
    const std::string_view value = request.header(name);
    if (!value.empty()) call.headers.push_back({std::string(name), std::string(value)});
  }
  return encode_record(call);
}

Result<Forwarded> decode_forwarded(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(Call call, decode_record<Call>(bytes));
  Forwarded forwarded;
  Request& request = forwarded.request;
  request.method = method_of(call.method);
  request.method_text = std::move(call.method);
  request.client_address = std::move(call.client_address);
  for (Pair& header : call.headers) {
    request.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  if (!call.node.empty()) request.headers.push_back({std::string(asked_node_header), call.node});
  request.body = std::move(call.body.data);
  request.target = std::move(call.target);
  const std::string target = request.target;
  if (!parse_target(target, request)) {
    return fail(ErrorCode::bad_request, "the forwarded request has no valid target");
  }
  std::erase_if(request.query, [](const auto& parameter) { return parameter.name == "pretty"; });
  forwarded.node = std::move(call.node);
  return forwarded;
}

std::string encode_answer(Response response) {
  CONCLAVE_ASSERT_WHY(!response.parked, "an answer is sent when it is due");
  Answer answer{.status = static_cast<std::uint64_t>(response.status),
                .content_type = std::move(response.content_type)};
  for (Header& header : response.headers) {
    answer.headers.push_back({std::move(header.name), std::move(header.value)});
  }
  if (auto* text = std::get_if<std::string>(&response.body)) {
    answer.body.data = std::move(*text);
  } else if (const auto* shared = std::get_if<SharedBody>(&response.body)) {
    if (*shared) answer.body.data = **shared;
  }
  return encode_record(answer);
}

Result<Response> decode_answer(std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(Answer answer, decode_record<Answer>(bytes));
  Response response;
  response.status = static_cast<int>(answer.status);
  response.content_type = std::move(answer.content_type);
  for (Pair& header : answer.headers) {
    response.set_header(std::move(header.name), std::move(header.value));
  }
  response.body = std::move(answer.body.data);
  return response;
}

}  // namespace conclave::api
