#include "daemon/replica/snapshot_service.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/async_result.hpp>

#include "base/run/run_on.h"
#include "daemon/snapshot/restamped_rows.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "daemon/state/restore.h"

namespace conclave::daemon {
namespace {

Task<Result<raft::SnapshotMeta>> make_snapshot(Loop* main, Snapshots* snapshots) {
  auto initiate = [main, snapshots](auto resume) {
    auto shared = std::make_shared<decltype(resume)>(std::move(resume));
    snapshots->make([main, shared](Result<raft::SnapshotMeta> made) {
      main->post([shared, made = std::move(made)] { (*shared)(made); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                 void(Result<raft::SnapshotMeta>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{});
}

/// What the snapshot's rows become as the state at `position`.
Result<GenerationPlan> plan_of(const std::string& path, RestoreBasis basis,
                               AppliedPosition position) {
  CONCLAVE_TRY_ASSIGN(SnapshotReader reader, SnapshotReader::open(path));
  GenerationPlan plan;
  plan.applied = position;
  plan.rows = std::make_unique<RestampedRows>(std::make_unique<SnapshotReader>(std::move(reader)),
                                              std::move(basis));
  return plan;
}

}  // namespace

SnapshotService::SnapshotService(Loop& main, Snapshots& snapshots, Store& store, Replica& replica,
                                 std::function<raft::Configuration()> configuration,
                                 raft::NodeId self)
    : main_(main),
      snapshots_(snapshots),
      store_(store),
      replica_(replica),
      transfer_(main, snapshots, std::move(configuration), std::move(self)) {}

Task<Result<SnapshotService::Saved>> SnapshotService::save() {
  if (main_.is_here()) return save_on_main();
  return run_on(main_, save_on_main());
}

Task<Result<SnapshotService::Saved>> SnapshotService::save_on_main() {
  if (saves_ >= saves_max) {
    co_return fail(ErrorCode::too_many,
                   fmt::format("{} snapshots are being saved already; try again", saves_));
  }
  saves_ += 1;
  Result<raft::SnapshotMeta> made = co_await make_snapshot(&main_, &snapshots_);
  if (!made) {
    saves_ -= 1;
    co_return std::unexpected(made.error());
  }
  Saved saved{.id = made->id,
              .index = made->index.value,
              .term = made->term.value,
              .size = made->size,
              .path = snapshots_.path(made->id),
              .hold = {}};
  saved.hold = std::shared_ptr<void>(nullptr, [this, id = made->id](void*) {
    main_.post([this, id] {
      saves_ -= 1;
      snapshots_.release(id);
    });
  });
  co_return saved;
}

Task<Result<Outcome>> SnapshotService::restore(std::string path, std::string id,
                                               std::uint64_t size) {
  if (main_.is_here()) return restore_on_main(std::move(path), std::move(id), size);
  return run_on(main_, restore_on_main(std::move(path), std::move(id), size));
}

Task<Result<Outcome>> SnapshotService::restore_on_main(std::string path, std::string id,
                                                       std::uint64_t size) {
  if (restoring_) {
    ::unlink(path.c_str());
    co_return fail(ErrorCode::unavailable, "another snapshot is being restored");
  }
  restoring_ = true;
  Result<void> done = co_await on_snapshot_thread(&main_, &snapshots_, [this, path, id] {
    return take_up_restorable(snapshots_.directory(), path, id);
  });
  if (done) {
    snapshots_.hold(id);
    snapshots_.added(id, 0);
    done = co_await transfer_.store_on_majority(id, size);
  } else {
    ::unlink(path.c_str());
  }
  Result<Outcome> outcome;
  if (done) {
    Command command{.body = Restore{.sha256 = id, .size = size}, .request_id = {}};
    outcome = co_await replica_.propose(std::move(command));
    snapshots_.release(id);
  } else {
    outcome = std::unexpected(done.error());
  }
  restoring_ = false;
  co_return outcome;
}

void SnapshotService::restore(const Restore& what, AppliedPosition position,
                              std::uint64_t cluster_time_ms, std::function<void()> done) {
  main_.spawn("restore", fetch_and_build(what, position, cluster_time_ms, std::move(done)));
}

Task<void> SnapshotService::fetch_and_build(Restore what, AppliedPosition position,
                                            std::uint64_t cluster_time_ms,
                                            std::function<void()> done) {
  co_await transfer_.fetch_until_here(what.sha256, what.size);
  snapshots_.hold(what.sha256);
  const auto reader = store_.make_reader();
  RestoreBasis basis = restore_basis(reader->open().rows(), cluster_time_ms);
  snapshots_.build(
      position,
      [path = snapshots_.path(what.sha256), basis = std::move(basis), position] {
        return plan_of(path, basis, position);
      },
      [this, id = what.sha256, done = std::move(done)] {
        snapshots_.release(id);
        done();
      });
}

}  // namespace conclave::daemon
