// Paths, queries, URLs and headers that choose a form: percent-encoding has an inverse, and what
// was read once reads the same after it is written again.

#include <string>
#include <utility>
#include <vector>

#include "api/http/target.h"
#include "api/http/url.h"
#include "api/query/options.h"
#include "api/rest/access.h"
#include "api/rest/gzip.h"
#include "api/rest/path_rules.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

void check_target(std::string_view text) {
  api::Request request;
  if (!api::parse_target(text, request)) return;
  CONCLAVE_ASSERT(request.path == "*" || request.path.starts_with('/'));

  std::string again = api::percent_encode(request.path);
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  for (const auto& [name, value] : request.query) {
    again += parameters.empty() ? '?' : '&';
    again += api::percent_encode(name) + "=" + api::percent_encode(value);
    parameters.emplace_back(name, value);
  }
  api::Request second;
  CONCLAVE_ASSERT(api::parse_target(again, second));
  CONCLAVE_ASSERT(second.path == request.path);
  CONCLAVE_ASSERT(second.query_valid);
  CONCLAVE_ASSERT(second.query.size() == request.query.size());
  for (std::size_t i = 0; i < second.query.size(); ++i) {
    CONCLAVE_ASSERT(second.query[i].name == request.query[i].name);
    CONCLAVE_ASSERT(second.query[i].value == request.query[i].value);
  }

  const auto options = api::parse_read_options(parameters, {});
  if (!options) {
    CONCLAVE_ASSERT(options.error().code == ErrorCode::bad_request);
    CONCLAVE_ASSERT(!options.error().message.empty());
    return;
  }
  CONCLAVE_ASSERT(options->wait >= Nanos(0));
  CONCLAVE_ASSERT(options->wait <= api::WaitLimits{}.max_wait);
}

void check_url(std::string_view text) {
  const auto url = api::parse_url(text);
  if (!url) {
    CONCLAVE_ASSERT(!url.error().message.empty());
    return;
  }
  CONCLAVE_ASSERT(url->scheme == "http" || url->scheme == "https" || url->scheme == "unix");
  CONCLAVE_ASSERT(url->scheme == "unix" || url->target.starts_with('/'));
}

}  // namespace

void check(std::string_view bytes) {
  const auto decoded = api::percent_decode(api::percent_encode(bytes), true);
  CONCLAVE_ASSERT(decoded == bytes);
  check_target(bytes);
  check_url(bytes);
  const auto base = api::parse_url("http://a.example:8500/b/c?d");
  CONCLAVE_ASSERT(base.has_value());
  check_url(api::resolve_location(*base, bytes));
  const std::string text(bytes);
  if (const auto range = api::parse_address_range(text)) range->contains(text);
  // Another coding beside it changes nothing.
  CONCLAVE_ASSERT(!api::accepts_gzip(text) || api::accepts_gzip("br," + text));
  if (const auto clean = api::cleaned_path("/" + text)) {
    CONCLAVE_ASSERT(!api::cleaned_path(*clean));
  }
}

}  // namespace conclave::fuzz
