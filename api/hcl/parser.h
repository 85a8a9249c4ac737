#pragma once

/// HCL 1, the language of Consul's configuration files and access rules, into the tree of values
/// that JSON gives. What the text means is what HashiCorp's `hcl.Decode` makes of it:
///
///   a = 1            {"a":1}            a = [1, 2]              {"a":[1,2]}
///   a { b = 1 }      {"a":[{"b":1}]}    a { b = 1 } a { b = 2 } {"a":[{"b":1},{"b":2}]}
///   a "x" { b = 1 }  {"a":[{"x":[{"b":1}]}]}
///
/// An object that stands in no list is a list of one, because it may be repeated; api/hcl/shape.h
/// undoes that where the field tables say so. Of a scalar given twice the later counts, lists and
/// blocks of one name append to each other, and a name cannot be both.

#include <cstddef>
#include <string_view>

#include "api/codec/json_value.h"
#include "base/core/result.h"

namespace conclave::api::hcl {

struct HclLimits {
  std::size_t depth_max = 32;  ///< Of lists, objects and labels in each other.
  std::size_t bytes_max = 16 << 20;
};

/// Errors are bad_request (too_large for the size) and begin with line and column: "3:14: ...".
Result<JsonValue> parse_hcl(std::string_view text, const HclLimits& limits = {});

}  // namespace conclave::api::hcl
