#include "api/codec/reader.h"

#include "base/core/text.h"

namespace conclave::api::detail {

std::unexpected<Error> wrong_kind(const JsonValue& json, std::string_view path,
                                  std::string_view type) {
  std::string what(json.kind());
  if (json.is_number()) {
    what.push_back(' ');
    json.append_to(what);
  }
  if (path.empty()) {
    return fail(ErrorCode::bad_request,
                fmt::format("json: cannot unmarshal {} into value of type {}", what, type));
  }
  return fail(ErrorCode::bad_request,
              fmt::format("json: cannot unmarshal {} into field {} of type {}", what, path, type));
}

std::string joined_path(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

Result<void> read_scalar(const JsonValue& json, bool& out, std::string_view path) {
  const bool* value = json.if_bool();
  if (value == nullptr) return wrong_kind(json, path, "bool");
  out = *value;
  return {};
}

Result<void> read_scalar(const JsonValue& json, std::int64_t& out, std::string_view path) {
  if (!json.to_i64(out)) return wrong_kind(json, path, "int64");
  return {};
}

Result<void> read_scalar(const JsonValue& json, std::uint64_t& out, std::string_view path) {
  if (!json.to_u64(out)) return wrong_kind(json, path, "uint64");
  return {};
}

Result<void> read_scalar(const JsonValue& json, double& out, std::string_view path) {
  if (!json.to_double(out)) return wrong_kind(json, path, "float64");
  return {};
}

Result<void> read_scalar(const JsonValue& json, std::string& out, std::string_view path) {
  const std::string* value = json.if_string();
  if (value == nullptr) return wrong_kind(json, path, "string");
  out = *value;
  return {};
}

Result<void> read_scalar(const JsonValue& json, Bytes& out, std::string_view path) {
  const std::string* value = json.if_string();
  if (value == nullptr) return wrong_kind(json, path, "[]uint8");
  auto bytes = decode_base64(*value);
  if (!bytes.has_value()) {
    return fail(ErrorCode::bad_request, fmt::format("illegal base64 data in field {}", path));
  }
  out.data = std::move(*bytes);
  return {};
}

Result<void> read_scalar(const JsonValue& json, Nanos& out, std::string_view path) {
  if (const std::string* text = json.if_string()) {
    CONCLAVE_TRY_ASSIGN(out, parse_duration(*text));
    return {};
  }
  std::int64_t count = 0;
  double real = 0;
  if (json.to_i64(count)) {
    out = Nanos(count);
  } else if (json.to_double(real) && real > -9.2e18 && real < 9.2e18) {
    out = Nanos(static_cast<std::int64_t>(real));
  } else {
    return wrong_kind(json, path, "time.Duration");
  }
  return {};
}

}  // namespace conclave::api::detail
