#pragma once

/// The parts of the hub: a shared query, and a waiter, which is the parked response itself.
/// Internal to daemon/watch.

#include <atomic>
#include <boost/intrusive/list.hpp>
#include <boost/intrusive/set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/watch/hub.h"

namespace conclave::daemon {

struct Waiter;

namespace intrusive = boost::intrusive;

/// Links take themselves out when their waiter dies: a client may go away in any state.
using WaiterHook = intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>>;
using DirtyHook = intrusive::list_base_hook<intrusive::link_mode<intrusive::auto_unlink>>;
using DeadlineHook = intrusive::set_member_hook<intrusive::link_mode<intrusive::auto_unlink>>;

/// One client's wait. Owned by its connection; the hub's lists point to it.
struct Waiter final : api::Parked {
  ~Waiter() override;
  void start(std::function<void(api::Response)> on_complete) override;

  std::weak_ptr<WatchHub::Impl> hub;
  SharedQuery* query = nullptr;  ///< nullptr once it is answered.
  std::uint64_t index = 0;       ///< Answered when the result's index is above it.
  /// Registered when its query had been evaluated so often: those do not count for it.
  std::uint64_t after = 0;
  Nanos deadline{};
  bool found = true;  ///< As of the last evaluation.
  bool due = false;   ///< Its time is up: the next evaluation answers it.
  std::shared_ptr<const Evaluation> answer;
  WatchHub::Finish finish;
  std::function<void(api::Response)> complete;
  /// In its query's list, or in the hub's list of answered ones.
  WaiterHook place;
  DeadlineHook deadline_place;
};

struct EarlierDeadline {
  bool operator()(const Waiter& a, const Waiter& b) const { return a.deadline < b.deadline; }
};

using WaiterList =
    intrusive::list<Waiter, intrusive::member_hook<Waiter, WaiterHook, &Waiter::place>,
                    intrusive::constant_time_size<false>>;
using DeadlineSet =
    intrusive::multiset<Waiter,
                        intrusive::member_hook<Waiter, DeadlineHook, &Waiter::deadline_place>,
                        intrusive::compare<EarlierDeadline>, intrusive::constant_time_size<false>>;

/// An evaluation by LargeReads, as far as the hub has to know.
struct Errand {
  SharedQuery* query = nullptr;  ///< nullptr once nobody waits any more.
  std::uint64_t number = 0;      ///< Of the evaluation; 0 before its snapshot was opened.
  bool answer_all = false;
  std::shared_ptr<std::atomic<bool>> abandoned = std::make_shared<std::atomic<bool>>(false);
};

/// All waiters of one identity: evaluated once for all.
/// Linked while it stands in the hub's queue of queries to evaluate.
struct SharedQuery : DirtyHook {
  explicit SharedQuery(BlockingQuery blocking) : query(std::move(blocking)) {}

  const BlockingQuery query;
  WaiterList waiters;
  /// Of the last evaluation, and whether it found anything; 0: there was none yet.
  std::uint64_t index = 0;
  bool index_is_identity = false;
  bool found = true;
  bool answer_all = false;  ///< A snapshot was put in place: everybody is answered.
  bool large = false;       ///< Evaluated by LargeReads, since it did not fit here once.
  bool again = false;       ///< Something changed since the snapshot of the errand was opened.
  std::uint64_t evaluations = 0;   ///< Begun, that is with their snapshots open.
  std::shared_ptr<Errand> errand;  ///< While it is evaluated elsewhere.
};

using DirtyList = intrusive::list<SharedQuery, intrusive::base_hook<DirtyHook>,
                                  intrusive::constant_time_size<false>>;

}  // namespace conclave::daemon
