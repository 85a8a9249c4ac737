#include "daemon/snapshot/snapshots.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <thread>
#include <utility>

#include "base/core/assert.h"
#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

Result<std::string> read_piece(const std::string& path, std::uint64_t offset, std::uint64_t size) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_RDONLY));
  std::string bytes(size, '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::pread(file.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("read", path, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

[[noreturn]] void die_of(const Error& error) {
  die("snapshot",
      fmt::format(
          "put a snapshot in place: {}; this server stops; its state is the one before, and "
          "it tries again once it is restarted",
          error.message));
}

/// What a snapshot holds becomes the state.
Result<GenerationPlan> plan_of(const std::string& path, const raft::SnapshotMeta& snapshot) {
  CONCLAVE_TRY_ASSIGN(SnapshotReader reader, SnapshotReader::open(path));
  GenerationPlan plan;
  plan.applied = {snapshot.index.value, snapshot.term.value};
  CONCLAVE_ASSERT_WHY(reader.header().applied == plan.applied, "it was verified");
  plan.origin = Origin{plan.applied, raft::encode_configuration(snapshot.configuration)};
  plan.rows = std::make_unique<SnapshotReader>(std::move(reader));
  return plan;
}

}  // namespace

Result<std::unique_ptr<Snapshots>> Snapshots::open(const SnapshotOptions& options, Loop& main,
                                                   Metrics& metrics, GenerationStore& store) {
  CONCLAVE_TRY(make_directories(options.directory));
  CONCLAVE_TRY_ASSIGN(auto kept, list_snapshots(options.directory));
  CONCLAVE_TRY_ASSIGN(auto partial, find_partial_snapshot(options.directory));
  return std::unique_ptr<Snapshots>(
      new Snapshots(options, main, metrics, store, std::move(kept), std::move(partial)));
}

Snapshots::Snapshots(const SnapshotOptions& options, Loop& main, Metrics& metrics,
                     GenerationStore& store, std::vector<KeptSnapshot> kept,
                     std::optional<raft::PartialSnapshot> partial)
    : options_(options),
      main_(main),
      store_(store),
      partial_(std::move(partial)),
      kept_(std::move(kept)),
      write_duration_(metrics.histogram("consul.raft.snapshot.create",
                                        "Time to write the state to a snapshot file")),
      build_duration_(metrics.histogram("consul.raft.fsm.restore",
                                        "Time to put a snapshot in the place of the state")),
      reception_(options.directory, partial_),
      thread_("snapshot", options.worker) {}

Snapshots::~Snapshots() {
  *alive_ = false;
  thread_.stop();
}

void Snapshots::to_main(std::function<void()> work) {
  main_.post([alive = alive_, work = std::move(work)] {
    if (*alive) work();
  });
}

void Snapshots::make(Made made) {
  if (building_) {
    return made(fail(ErrorCode::unavailable, "a snapshot is being put in place of the state"));
  }
  const bool is_made = newest_made_ && newest_made_->index.value == store_.applied().index;
  if (is_made) {
    hold(newest_made_->id);
    return made(*newest_made_);
  }
  waiting_.push_back(std::move(made));
  if (making_.empty()) begin_making();
}

void Snapshots::begin_making() {
  making_ = std::exchange(waiting_, {});
  auto state = std::make_shared<std::optional<GenerationStore::Frozen>>(store_.freeze());
  raft::SnapshotMeta meta;
  meta.index = {(*state)->applied.index};
  meta.term = {(*state)->applied.term};
  meta.configuration = configuration_at_(meta.index);
  const Nanos began = system_clock().boot_now();
  thread_.post([this, state, meta, began, path = new_path()]() mutable {
    auto writer = SnapshotWriter::begin(path, std::move(**state),
                                        raft::encode_configuration(meta.configuration));
    state->reset();
    if (writer) return write_some({std::move(*writer), path, std::move(meta), began});
    to_main([this, error = writer.error()] { finish_making(std::unexpected(error)); });
  });
}

/// The snapshot thread's. Rests between two pieces, and lets chunks be read.
void Snapshots::write_some(Making making) {
  const Nanos began = system_clock().boot_now();
  Result<bool> whole = making.writer->step();
  if (whole && *whole) {
    making.meta.id = making.writer->id();
    making.meta.size = making.writer->size();
    const Result<void> kept = keep_snapshot(options_.directory, making.path, making.meta.id);
    if (!kept) whole = std::unexpected(kept.error());
  }
  if (!whole) {
    return to_main([this, error = whole.error()] { finish_making(std::unexpected(error)); });
  }
  if (*whole) {
    return to_main([this, meta = making.meta, began = making.began] {
      write_duration_.observe(system_clock().boot_now() - began);
      finish_making(meta);
    });
  }
  if (!thread_.is_stepped_by_hand()) {
    const Nanos worked = system_clock().boot_now() - began;
    std::this_thread::sleep_for(worked * options_.rest_tenths / (10 - options_.rest_tenths));
  }
  thread_.post([this, making = std::move(making)]() mutable { write_some(std::move(making)); });
}

void Snapshots::finish_making(Result<raft::SnapshotMeta> made) {
  if (made) {
    log_info("snapshot", "snapshot of {} bytes made at index {}", made->size, made->index.value);
    newest_made_ = *made;
    added(made->id, made->index.value);
  } else {
    log_warn("snapshot", "no snapshot could be made: {}", made.error().message);
  }
  for (const Made& one : std::exchange(making_, {})) {
    if (made) hold(made->id);
    one(made);
  }
  remove_surplus();
  if (!waiting_.empty() && making_.empty()) begin_making();
}

void Snapshots::read(const std::string& id, std::uint64_t offset, std::uint64_t bytes_max,
                     std::function<void(Result<std::string>)> done) {
  thread_.post([this, path = path(id), offset, bytes_max, done = std::move(done)] {
    auto bytes = std::make_shared<Result<std::string>>(read_piece(path, offset, bytes_max));
    to_main([bytes, done] { done(std::move(*bytes)); });
  });
}

void Snapshots::release(const std::string& id) {
  const auto held = holds_.find(id);
  if (held == holds_.end()) return;
  if (--held->second == 0) holds_.erase(held);
  remove_surplus();
}

void Snapshots::store(const raft::SnapshotChunk& chunk, std::function<void(Result<void>)> stored) {
  thread_.post([this, chunk, stored = std::move(stored)] {
    const Result<void> result = reception_.store(chunk);
    to_main([this, result, id = chunk.snapshot.id, index = chunk.snapshot.index.value,
             whole = chunk.is_last(), stored] {
      if (!result) log_warn("snapshot", "receive a snapshot: {}", result.error().message);
      if (result && whole) {
        set_received(id);
        added(id, index);
      }
      stored(result);
    });
  });
}

void Snapshots::install(const raft::SnapshotMeta& snapshot, std::function<void()> installed) {
  hold(snapshot.id);
  build(
      {snapshot.index.value, snapshot.term.value},
      [path = path(snapshot.id), snapshot] { return plan_of(path, snapshot); },
      [this, id = snapshot.id, installed = std::move(installed)] {
        release(id);
        if (received_ == id) set_received({});
        if (installed_) installed_();
        installed();
      });
}

/// It may be older than those that are kept anyway, and is still to be installed.
void Snapshots::set_received(const std::string& id) {
  const std::string before = std::exchange(received_, id);
  if (!id.empty()) hold(id);
  if (!before.empty()) release(before);
}

void Snapshots::build(AppliedPosition position, std::function<Result<GenerationPlan>()> plan,
                      std::function<void()> done) {
  builds_.push_back([this, position, plan = std::move(plan), done = std::move(done)] {
    begin_building(position, plan, done);
  });
  begin_next_build();
}

void Snapshots::begin_next_build() {
  while (!building_ && !builds_.empty()) {
    const auto begin = std::move(builds_.front());
    builds_.pop_front();
    begin();
  }
}

void Snapshots::begin_building(AppliedPosition position,
                               std::function<Result<GenerationPlan>()> plan,
                               std::function<void()> done) {
  if (position.index <= store_.applied().index) return done();
  building_ = true;
  const Nanos began = system_clock().boot_now();
  auto report = [this, began, done = std::move(done)] {
    build_duration_.observe(system_clock().boot_now() - began);
    done();
  };
  thread_.post([this, plan = std::move(plan), report = std::move(report)] {
    Result<GenerationPlan> planned = plan();
    if (!planned) die_of(planned.error());
    auto begun = GenerationBuild::begin(store_, std::move(*planned));
    if (!begun) die_of(begun.error());
    build_some(std::move(*begun), report);
  });
}

/// The snapshot thread's.
void Snapshots::build_some(const std::shared_ptr<GenerationBuild>& build,
                           std::function<void()> done) {
  Result<std::optional<OpenGeneration>> built = build->step();
  if (!built) die_of(built.error());
  if (!*built) {
    return thread_.post([this, build, done = std::move(done)] { build_some(build, done); });
  }
  const std::shared_ptr<OpenGeneration> open(new OpenGeneration(std::move(**built)),
                                             [](OpenGeneration* one) {
                                               abandon_generation(*one);
                                               delete one;
                                             });
  to_main([this, open, done = std::move(done)] {
    store_.adopt(std::exchange(*open, {}));
    building_ = false;
    done();
    begin_next_build();
  });
}

bool Snapshots::has(const std::string& id) const {
  return std::ranges::find(kept_, id, &KeptSnapshot::id) != kept_.end();
}

void Snapshots::added(const std::string& id, std::uint64_t index) {
  if (!has(id)) {
    kept_.push_back({id, index});
    sort_newest_first(kept_);
  }
  remove_surplus();
}

void Snapshots::remove_surplus() {
  std::vector<KeptSnapshot> kept;
  for (KeptSnapshot& one : kept_) {
    if (kept.size() < options_.kept_max || holds_.contains(one.id)) {
      kept.push_back(std::move(one));
      continue;
    }
    if (newest_made_ && newest_made_->id == one.id) newest_made_.reset();
    thread_.post([path = path(one.id)] {
      if (const Result<void> removed = remove_file(path); !removed) {
        log_warn("snapshot", "{}", removed.error().message);
      }
    });
  }
  kept_ = std::move(kept);
}

Result<std::optional<raft::LogBase>> installed_base(const GenerationStore& store) {
  const std::optional<Origin> origin = store.origin();
  if (!origin) return std::optional<raft::LogBase>();
  CONCLAVE_TRY_ASSIGN(raft::Configuration configuration,
                      raft::decode_configuration(origin->configuration));
  return std::optional(
      raft::LogBase{{origin->applied.index}, {origin->applied.term}, std::move(configuration)});
}

}  // namespace conclave::daemon
