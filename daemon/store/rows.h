#pragma once

/// The Rows port: ordered byte keys to byte rows, all tables in one key space (daemon/tables puts a
/// table's tag in front of each key). The state machine is written against it and nothing else; it
/// has an LMDB implementation (daemon/store/lmdb_rows.h), an in-memory one (memory_rows.h) and an
/// overlay that keeps a command's changes until it is known to succeed (overlay.h).

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace conclave::daemon {

/// A borrowed callable: what std::function_ref will be. Never stored beyond the call.
template <class Signature>
class FunctionRef;

template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, FunctionRef> &&
             std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& f)  // NOLINT(google-explicit-constructor): binds like a reference
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}
  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

/// Keys are at most this long; daemon/tables shortens longer ones (LMDB's limit).
inline constexpr std::size_t row_key_bytes_max = 511;

/// Reading side. Views that are handed out live until the next change of, or the end of, the
/// transaction behind them; views passed to a scan's visitor live for that one call.
class ReadRows {
 public:
  virtual ~ReadRows() = default;

  virtual std::optional<std::string_view> get(std::string_view key) const = 0;

  /// Visits rows with key >= `from` in ascending byte order until the visitor returns false.
  /// The visitor must not change the rows.
  using Visitor = FunctionRef<bool(std::string_view key, std::string_view row)>;
  virtual void scan(std::string_view from, Visitor visit) const = 0;

  /// Visits exactly the rows whose key begins with `prefix`.
  void scan_prefix(std::string_view prefix, Visitor visit) const {
    scan(prefix, [&](std::string_view key, std::string_view row) {
      return key.starts_with(prefix) && visit(key, row);
    });
  }
};

/// Writing side. A failed write (disk full, map full) is a fault of this server, never a
/// command's result: implementations end the process with a clear message (design section 5).
class Rows : public ReadRows {
 public:
  virtual void put(std::string_view key, std::string_view row) = 0;
  /// Erasing what is not there changes nothing.
  virtual void erase(std::string_view key) = 0;
};

}  // namespace conclave::daemon
