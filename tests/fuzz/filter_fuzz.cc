// Filter expressions, over each struct that endpoints filter: refused with a reason, or an
// evaluation that ends, says the same twice, and whose negation says the opposite.

#include <string>

#include "api/model/agent_member.h"
#include "api/query/filter.h"
#include "base/core/assert.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

api::ServiceEntry sample_entry() {
  api::ServiceEntry entry;
  entry.node.node = "n1";
  entry.node.meta = {{"rack", "r1"}, {"", "x"}};
  entry.service.service = "web";
  entry.service.tags = {"v1", ""};
  entry.service.port = 80;
  entry.service.tagged_addresses = {{"lan", {.address = "10.0.0.1", .port = 80}}};
  entry.checks.resize(2);
  entry.checks[0].status = "passing";
  entry.checks[1].service_tags = {"v1"};
  return entry;
}

template <class T>
void check_one(std::string_view text, const T& sample) {
  const auto filter = api::Filter<T>::parse(text);
  if (!filter) {
    CONCLAVE_ASSERT(
        filter.error().message.starts_with("Failed to create boolean expression evaluator: "));
    return;
  }
  const bool accepted = filter->accepts(sample);
  CONCLAVE_ASSERT(filter->accepts(sample) == accepted);
  if (filter->accepts_all()) return;
  const auto negated = api::Filter<T>::parse("not ( " + std::string(text) + " )");
  if (negated) {
    CONCLAVE_ASSERT(negated->accepts(sample) != accepted);
  } else {
    // One pair of parentheses, or some bytes, too many.
    CONCLAVE_ASSERT(negated.error().code == ErrorCode::bad_request);
  }
}

}  // namespace

void check(std::string_view bytes) {
  static const api::ServiceEntry entry = sample_entry();
  check_one(bytes, entry);
  check_one(bytes, entry.node);
  check_one(bytes, entry.service);
  check_one(bytes, entry.checks[1]);
  check_one(bytes, api::ServiceNode{});
  check_one(bytes, api::AgentService{});
  check_one(bytes, api::AgentMember{});
}

}  // namespace conclave::fuzz
