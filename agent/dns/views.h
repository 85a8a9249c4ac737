#pragma once

/// What DNS knows at the moment: findings of the directory, kept until the directory says that they
/// changed. Bounded; what nobody asks about for a while is let go. When the directory cannot
/// answer, what was known last goes on being the answer. Loop of DNS only.

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

#include "agent/dns/directory.h"
#include "agent/dns/options.h"
#include "base/core/result.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "base/run/waiter.h"

namespace conclave::dns {

struct ViewLimits {
  /// Findings of something; the one that was asked for longest ago goes.
  std::size_t found_max = 4096;
  /// Names that do not exist, and owners of addresses; likewise.
  std::size_t fleeting_max = 4096;
  /// Of the findings of something, as bytes_of() counts; likewise, but the one that was asked for
  /// last always stays.
  std::uint64_t found_bytes_max = 64ull << 20;
  Nanos idle_max = std::chrono::minutes(10);
  /// How long it counts that there is nothing of a name, and who has an address.
  Nanos fleeting_age_max = std::chrono::seconds(1);
};

using Known = std::shared_ptr<const Finding>;

class Views final : public ChangeListener {
 public:
  /// All outlive this object.
  Views(Loop& loop, const Clock& clock, Directory& directory, ViewLimits limits, Metrics& metrics);
  ~Views() override;
  Views(const Views&) = delete;
  Views& operator=(const Views&) = delete;

  /// Forgets everything, and works by these options from now on.
  void set_options(const DnsOptions& options);

  /// nullptr: the directory must be asked.
  Known at_hand(const Subject& subject);
  /// Asks the directory, once for all who wait for the same. Errors are the directory's, where
  /// nothing was known before either, or that is older than max_stale.
  Task<Result<Known>> find(Subject subject);
  /// Drops what is idle. To be called now and then.
  void sweep();

  void changed(const Subject& subject, std::uint64_t revision) override;
  void queries_changed(std::uint64_t revision) override;
  void everything_changed() override;

 private:
  struct View {
    Subject subject;
    Known known;
    bool outdated = false;
    Nanos found_at{};
    Nanos used_at{};
    std::uint64_t bytes = 0;
  };
  /// The one used last is in front.
  using Order = std::list<View>;
  /// A look at the directory that is under way.
  struct Look {
    explicit Look(Loop& loop) : done(loop) {}
    Waiter done;
    bool over = false;
    Result<Known> result = Known();
    std::uint64_t changed_at = 0;  ///< The newest change that was told meanwhile.
    bool useless = false;          ///< Everything changed meanwhile.
  };

  static bool is_fleeting(const View& view);
  Order& order_of(const View& view) { return is_fleeting(view) ? fleeting_ : found_; }
  Task<Result<Known>> look(Subject subject, std::shared_ptr<Look> look);
  void keep(const Subject& subject, const Known& known);
  void erase(Order::iterator view);
  void drop(Order::iterator view);
  void forget_all();
  Result<Known> known_last(const Subject& subject, Error error);

  Loop& loop_;
  const Clock& clock_;
  Directory& directory_;
  const ViewLimits limits_;
  Freshness freshness_;
  bool only_passing_ = false;
  Order found_;
  Order fleeting_;
  std::uint64_t found_bytes_ = 0;
  struct SubjectHash {
    std::size_t operator()(const Subject& subject) const {
      return std::hash<std::string>()(subject.name) * 4 + static_cast<std::size_t>(subject.kind);
    }
  };
  std::unordered_map<Subject, Order::iterator, SubjectHash> views_;
  std::unordered_map<Subject, std::shared_ptr<Look>, SubjectHash> looks_;
  Gauge& kept_;
  Counter& looked_;
  Counter& stale_;
};

}  // namespace conclave::dns
