// HCL: refused with a place, or a tree that its JSON stands for, within the limits; the tree does
// not depend on how a file was cut into lines.

#include <algorithm>
#include <cctype>
#include <string>

#include "api/hcl/document.h"
#include "api/hcl/parser.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

std::size_t depth_of(const api::JsonValue& value) {
  std::size_t deepest = 0;
  if (const auto* array = value.if_array()) {
    for (const api::JsonValue& element : *array) deepest = std::max(deepest, depth_of(element));
  } else if (const auto* object = value.if_object()) {
    for (const auto& [name, member] : *object) deepest = std::max(deepest, depth_of(member));
  } else {
    return 0;
  }
  return deepest + 1;
}

void check_tree(const api::JsonValue& tree) {
  CONCLAVE_ASSERT(tree.if_object() != nullptr);
  // An object outside a list counts twice, as the list around it does too.
  const std::size_t depth = depth_of(tree);
  CONCLAVE_ASSERT(depth <= 2 * api::hcl::HclLimits().depth_max + 1);
  std::string json;
  tree.append_to(json);
  const auto again = api::parse_json(json, {.depth_max = 100});
  CONCLAVE_ASSERT_WHY(again.has_value(), "we wrote it");
}

}  // namespace

void check(std::string_view bytes) {
  const auto tree = api::hcl::parse_hcl(bytes);
  const auto document = api::hcl::parse_document(bytes, api::hcl::Format::hcl);
  for (const auto* result : {&tree, &document}) {
    if (*result) continue;
    const std::string& message = result->error().message;
    CONCLAVE_ASSERT(std::isdigit(static_cast<unsigned char>(message[0])) != 0);
    CONCLAVE_ASSERT(std::ranges::count(message, ':') >= 2);
  }
  if (!tree) return;
  check_tree(*tree);
  const auto commented = api::hcl::parse_hcl("# line\n" + std::string(bytes) + "\n/* end */");
  CONCLAVE_ASSERT(commented.has_value() || bytes.starts_with("\xEF\xBB\xBF"));
}

}  // namespace conclave::fuzz
