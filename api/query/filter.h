#pragma once

/// ?filter= (contract 10): an expression checked against the field table of the struct that it
/// selects from. Immutable and cheap to copy; any thread.
///
///   CONCLAVE_TRY_ASSIGN(auto filter, Filter<Node>::parse(R"(Meta.rack == "r1")"));
///   filter.keep_accepted(nodes);
///
/// As in Consul, an operator on what lies behind a list holds if it holds for any element:
/// `Checks.Status != passing` accepts what has a check that does not pass, `not Checks.Status ==
/// passing` what has none that does. A key that a map lacks is equal to nothing, in nothing,
/// matches nothing and is empty.

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/query/filter_absent.h"
#include "api/query/filter_expression.h"
#include "api/query/filter_type.h"
#include "base/core/result.h"

namespace conclave::api {

constexpr std::size_t filter_regexes_max = 16;                           ///< In one expression.
constexpr std::size_t filter_regex_bytes_max = 256 * std::size_t{1024};  ///< Of each, compiled.

/// An expression whose selectors are known; works on pointers to values of its type.
class BoundFilter {
 public:
  /// Errors carry the contract's texts with ErrorCode::failed, or bad_request where only Conclave
  /// has a limit.
  static Result<std::shared_ptr<const BoundFilter>> parse(std::string_view expression,
                                                          const FilterType& type);
  virtual ~BoundFilter() = default;
  virtual bool accepts(const void* value) const = 0;
};

template <Described T>
class Filter {
 public:
  /// Accepts everything.
  Filter() = default;

  /// "" accepts everything.
  static Result<Filter> parse(std::string_view expression) {
    Filter filter;
    if (expression.empty()) return filter;
    CONCLAVE_TRY_ASSIGN(filter.bound_, BoundFilter::parse(expression, filter::type_of<T>));
    return filter;
  }

  bool accepts_all() const { return bound_ == nullptr; }
  bool accepts(const T& value) const { return accepts_all() || bound_->accepts(&value); }

  void keep_accepted(std::vector<T>& values) const {
    if (accepts_all()) return;
    std::erase_if(values, [&](const T& value) { return !accepts(value); });
  }
  void keep_accepted(std::map<std::string, T>& values) const {
    if (accepts_all()) return;
    std::erase_if(values, [&](const auto& entry) { return !accepts(entry.second); });
  }

 private:
  std::shared_ptr<const BoundFilter> bound_;
};

}  // namespace conclave::api
