#pragma once

/// What files and flags said, merged: one value per known key, with the place it came from.
/// Scalars: the later wins; lists append; maps merge; definitions accumulate (contract 16.1). Pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/codec/json_value.h"
#include "base/core/duration.h"
#include "base/core/result.h"
#include "cli/config/keys.h"

namespace conclave::cli {

using TextList = std::vector<std::string>;
using TextMap = std::map<std::string, std::string>;

/// One service or check object from a file; decoded by cli/config/definitions.
struct Definition {
  std::string kind;    ///< "service", "check" or "watch".
  std::string source;  ///< File it stands in.
  api::JsonValue object;
};

using SettingValue =
    std::variant<bool, std::int64_t, std::string, TextList, TextMap, api::JsonValue>;

struct Setting {
  SettingValue value;
  std::string source;  ///< A file name, or "the flag -http-port".
};

class Settings {
 public:
  /// Merges a parsed document. Errors name the source, the key and what to do; an unknown key says
  /// `invalid config key <path>` and the nearest known one.
  Result<void> merge(const api::JsonValue& document, const std::string& source);
  /// Sets one key from text, as a flag does; the text is read by the key's type.
  Result<void> set_text(std::string_view path, std::string_view text, const std::string& source);
  /// The same for one pair of a text map ("-node-meta key:value").
  void set_pair(std::string_view path, std::string name, std::string value,
                const std::string& source);

  std::optional<bool> boolean(std::string_view path) const;
  std::optional<std::int64_t> integer(std::string_view path) const;
  std::optional<std::string> text(std::string_view path) const;
  /// Fails when the text is no duration.
  Result<std::optional<Nanos>> duration(std::string_view path) const;
  TextList text_list(std::string_view path) const;
  TextMap text_map(std::string_view path) const;
  /// Where a key was set: "config.json: ports.http", or just the path when it was not.
  std::string place_of(std::string_view path) const;

  const std::vector<Definition>& definitions() const { return definitions_; }

  /// The first setting that is refused, as an error.
  Result<void> check_refused() const;
  /// One sentence per setting that has no effect yet.
  std::vector<std::string> warnings() const;

 private:
  Result<void> merge_object(const api::JsonValue::Object& object, const std::string& prefix,
                            const std::string& source);
  Result<void> merge_leaf(const KeyRule& rule, const api::JsonValue& value,
                          const std::string& source);
  Result<void> add_definitions(const KeyRule& rule, const api::JsonValue& value,
                               const std::string& source);
  void store(const KeyRule& rule, SettingValue value, const std::string& source);
  const Setting* find(std::string_view path) const;

  std::map<std::string, Setting, std::less<>> settings_;
  std::vector<Definition> definitions_;
};

/// False for what says nothing: false, "", [], {}, null, zero and -1.
bool is_set(const SettingValue& value);

}  // namespace conclave::cli
