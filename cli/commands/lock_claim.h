#pragma once

/// What `lock` takes: the lock of a key, or one of n slots of a semaphore, by the protocols of
/// contract 5.5, so that it excludes Go programs that use api.Lock and api.Semaphore on the same
/// prefix. Each method is one step of the protocol; patience and retries are lock.cc's. The session
/// is made and renewed by the caller. Loop thread only.

#include <cstdint>
#include <memory>
#include <string>

#include "cli/commands/agent_tasks.h"

namespace conclave::cli {

inline constexpr std::uint64_t lock_flags = 3304740253564472344;
inline constexpr std::uint64_t semaphore_flags = 16210313421097356768u;

/// How an attempt to acquire ended.
struct Attempt {
  enum class Kind : std::uint8_t {
    held,     ///< Ours now.
    taken,    ///< Somebody else's; `index` is what to wait on.
    delayed,  ///< Free, but a lock-delay is in force: only time helps.
    raced,    ///< Others changed it meanwhile: try again.
  };
  Kind kind = Kind::taken;
  std::uint64_t index = 0;
};

enum class CleanUp : std::uint8_t { done, in_use };

class Claim {
 public:
  virtual ~Claim() = default;
  /// What the session must do when it ends: "release" or "delete".
  virtual std::string behavior() const = 0;
  /// The key that is locked, or coordinates.
  virtual const std::string& key() const = 0;
  /// The token of the acquisition (docs/http-extensions.md), "" = there is none.
  virtual std::string fence() const { return ""; }
  /// Called once, when there is a session.
  virtual Task<Result<void>> prepare(std::string session) = 0;
  /// Waits for something newer than `index` (0: does not), at most `wait`, and tries.
  virtual Task<Result<Attempt>> attempt(std::uint64_t index, Nanos wait) = 0;
  /// Waits like attempt(). True while it is ours; `index` becomes what to wait on next.
  virtual Task<Result<bool>> still_held(std::uint64_t* index, Nanos wait) = 0;
  virtual Task<Result<void>> release() = 0;
  /// Removes the key unless others use it.
  virtual Task<Result<CleanUp>> clean_up() = 0;
};

/// Prefix without slashes at its ends and double ones inside, as Go's path.Join leaves it.
std::string clean_prefix(std::string_view prefix);

/// `holders_max` 1 is a lock on `prefix`/.lock, more a semaphore below `prefix`. The agent outlives
/// it.
std::unique_ptr<Claim> make_claim(AgentTasks& agent, std::string_view prefix,
                                  std::uint64_t holders_max);

}  // namespace conclave::cli
