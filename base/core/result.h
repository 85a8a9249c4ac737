#pragma once

/// Errors as values. Three kinds of failure are kept apart: an *outcome* is something the client
/// asked for (cas failed, lock held) and has its own type; an Error is what can go wrong and is
/// returned in a Result; what cannot be is an assertion (base/core/assert.h).

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace conclave {

/// What kind of thing went wrong; api/rest maps each to one HTTP status.
enum class ErrorCode {
  bad_request,      ///< The request itself is wrong (400).
  denied,           ///< Not allowed to this token or address (403).
  not_found,        ///< What was named does not exist (404).
  not_allowed,      ///< The method is not allowed here (405).
  too_large,        ///< A body, value or list over its limit (413).
  too_many,         ///< A rate or connection limit (429).
  failed,           ///< Asked for properly, could not be done (500).
  no_leader,        ///< No leader known or reachable in time (500).
  unknown_outcome,  ///< A write that may or may not have happened (500).
  unavailable,      ///< A bounded resource is used up for now (503).
  io,               ///< The operating system said no.
  corrupt,          ///< Bytes on disk or on the wire are not what was written.
  exists,           ///< Something of that name is there already.
};

/// A code and one sentence: what was tried, on what, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::failed;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// Prefixes an error with what was being done when it happened: "open /x: permission denied".
inline std::unexpected<Error> fail(std::string_view doing, const Error& error) {
  return std::unexpected(Error{error.code, std::string(doing) + ": " + error.message});
}

}  // namespace conclave

#define CONCLAVE_CONCAT_INNER(a, b) a##b
#define CONCLAVE_CONCAT(a, b) CONCLAVE_CONCAT_INNER(a, b)

// A declaration, and an expression that must move, cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)

/// Runs an expression of type Result<void>; returns its error from the enclosing function.
#define CONCLAVE_TRY(expression)                                         \
  if (auto conclave_result = (expression); !conclave_result.has_value()) \
  return std::unexpected(std::move(conclave_result).error())

/// CONCLAVE_TRY_ASSIGN(auto name, expression): the value of a Result<T>, or return its error.
#define CONCLAVE_TRY_ASSIGN(target, expression) \
  CONCLAVE_TRY_ASSIGN_INNER(CONCLAVE_CONCAT(conclave_result_, __LINE__), target, expression)
#define CONCLAVE_TRY_ASSIGN_INNER(result, target, expression)                 \
  auto result = (expression);                                                 \
  if (!result.has_value()) return std::unexpected(std::move(result).error()); \
  target = std::move(result).value()

// NOLINTEND(bugprone-macro-parentheses)
