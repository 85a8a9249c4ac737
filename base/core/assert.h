#pragma once

/// Assertions, on in every build. They guard what cannot be; what can be is a Result.
///
/// A failed assertion prints the expression, its place and an optional sentence to standard error
/// and aborts: a process that has stopped believing itself must not go on writing.

namespace conclave {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const char* why);
}

#define CONCLAVE_ASSERT(expression) \
  (static_cast<bool>(expression)    \
       ? void(0)                    \
       : ::conclave::assertion_failed(#expression, __FILE__, __LINE__, ""))

/// The same with a sentence: what was believed, and why.
#define CONCLAVE_ASSERT_WHY(expression, why) \
  (static_cast<bool>(expression)             \
       ? void(0)                             \
       : ::conclave::assertion_failed(#expression, __FILE__, __LINE__, why))
