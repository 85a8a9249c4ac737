#pragma once

/// A value kept on the heap that copies, compares and converts like the value itself: for large
/// alternatives of a variant, so that the small and frequent ones need not carry their size.

#include <memory>
#include <type_traits>
#include <utility>

namespace conclave {

/// Never empty, except after it was moved from: then it may only be assigned to or destroyed.
template <class T>
class Boxed {
 public:
  Boxed() : value_(std::make_unique<T>()) {}
  // Implicit: a box is its value, wherever that is given.
  Boxed(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Boxed(const Boxed& other) : value_(std::make_unique<T>(*other)) {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) { return *this = Boxed(other); }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }

  friend bool operator==(const Boxed& a, const Boxed& b) { return *a == *b; }

 private:
  std::unique_ptr<T> value_;
};

template <class T>
inline constexpr bool is_boxed = false;
template <class T>
inline constexpr bool is_boxed<Boxed<T>> = true;

/// The value, in a box or not.
template <class T>
auto& unboxed(T& value) {
  if constexpr (is_boxed<std::remove_const_t<T>>) {
    return *value;
  } else {
    return value;
  }
}

template <class T>
struct UnboxedType {
  using type = T;
};
template <class T>
struct UnboxedType<Boxed<T>> {
  using type = T;
};
template <class T>
using Unboxed = UnboxedType<T>::type;

}  // namespace conclave
