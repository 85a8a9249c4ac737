#include "daemon/watch/hub.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/core/assert.h"
#include "base/run/clock.h"
#include "base/run/sleep.h"
#include "daemon/watch/metered_rows.h"
#include "daemon/watch/topic_index.h"
#include "daemon/watch/waiter_list.h"

namespace conclave::daemon {

namespace {

/// How long evaluations and answers may hold the loop before others get their turn.
constexpr std::chrono::milliseconds slice_max{1};
/// Deadlines this close together are met together.
constexpr std::chrono::milliseconds deadline_slack{1};

bool is_due(const Waiter& waiter, const Evaluation& result) {
  if (waiter.due || result.failed) return true;
  // What was not found and still is not goes on waiting, whatever the index says (contract 2.2).
  if (!waiter.found && !result.found) return false;
  if (result.index_is_identity) return result.index != waiter.index;
  return result.index > waiter.index;
}

}  // namespace

struct WatchHub::Impl : std::enable_shared_from_this<WatchHub::Impl> {
  Impl(Loop& on_loop, Reader& from_reader, LargeReads& large, Metrics& metrics)
      : loop(on_loop),
        reader(from_reader),
        large_reads(large),
        clock(system_clock()),
        timer(on_loop.executor()),
        waiting(metrics.gauge("consul.watch.waiters", "Blocking queries that wait on this hub.")),
        evaluations(metrics.counter("consul.watch.evaluations",
                                    "Evaluations of blocking queries after a change.")),
        answers(metrics.counter("consul.watch.answers", "Blocking queries answered.")) {}

  void publish(const ChangeSet& changes);
  /// nullptr: somebody with that index cannot wait for what was found last.
  SharedQuery* find_to_join(const std::string& identity, std::uint64_t index);
  /// The query under that identity; this one if there is none.
  SharedQuery& share(BlockingQuery query);
  /// Makes the waiter one of the query's and gives it its deadline.
  void enlist(Waiter& waiter, SharedQuery& query);
  /// The waiter is being destroyed.
  void dismiss(Waiter& waiter);
  /// Has it evaluated at the end of the turn.
  void mark(SharedQuery& query);
  /// An answered waiter has been started: its answer is sent soon.
  void queue_answer(Waiter& waiter);

  std::uint64_t count = 0;

 private:
  void schedule();
  void run_slice();
  /// False: it is too large for this loop.
  bool evaluate(SharedQuery& query, const ReadRows& rows);
  void evaluate_elsewhere(SharedQuery& query);
  std::optional<ReadSnapshot> open_for(Errand& errand);
  void finish_errand(Errand& errand, Evaluation result);
  void deliver(SharedQuery& query, Evaluation evaluation, std::uint64_t number, bool answer_all);
  void send(Waiter& waiter);
  void drop_if_unused(SharedQuery& query);
  void arm_timer();
  void on_timer();

  Loop& loop;
  Reader& reader;
  LargeReads& large_reads;
  const Clock& clock;
  Timer timer;
  /// Keys are views of the identities inside.
  std::unordered_map<std::string_view, std::unique_ptr<SharedQuery>> queries;
  TopicIndex topics;
  DeadlineSet deadlines;
  DirtyList dirty;
  WaiterList answered;  ///< Evaluated and not sent yet.
  bool scheduled = false;
  Nanos armed_for{};  ///< Zero: not armed.
  Gauge& waiting;
  Counter& evaluations;
  Counter& answers;
};

void WatchHub::Impl::publish(const ChangeSet& changes) {
  for (const Topic& topic : changes.topics) {
    if (topic.kind == TopicKind::restore) {
      for (auto& [identity, query] : queries) {
        query->answer_all = true;
        mark(*query);
      }
      return;
    }
    topics.visit(topic, [this](SharedQuery* query) { mark(*query); });
  }
}

void WatchHub::Impl::mark(SharedQuery& query) {
  if (query.is_linked()) return;
  dirty.push_back(query);
  schedule();
}

void WatchHub::Impl::schedule() {
  if (std::exchange(scheduled, true)) return;
  // After the changes of this turn have all been published: one evaluation for many.
  loop.at_end_of_turn([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->run_slice();
  });
}

void WatchHub::Impl::run_slice() {
  const auto end = std::chrono::steady_clock::now() + slice_max;
  const auto spent = [end] { return std::chrono::steady_clock::now() >= end; };
  std::optional<ReadSnapshot> snapshot;
  bool more = true;
  do {
    if (!answered.empty()) {
      Waiter& waiter = answered.front();
      answered.pop_front();
      send(waiter);
    } else if (!dirty.empty()) {
      SharedQuery& query = dirty.front();
      dirty.pop_front();
      if (!query.large && !snapshot) snapshot.emplace(reader.open());
      if (query.large || !evaluate(query, snapshot->rows())) evaluate_elsewhere(query);
    } else {
      more = false;
    }
  } while (more && !spent());
  scheduled = false;
  if (answered.empty() && dirty.empty()) return;
  scheduled = true;
  // Through the queue of the loop: what is ready meanwhile runs first.
  loop.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->run_slice();
  });
}

bool WatchHub::Impl::evaluate(SharedQuery& query, const ReadRows& rows) {
  evaluations.add();
  ListOutput output;
  const MeteredRows metered(rows, output);
  Evaluation result = query.query.evaluate(metered, output);
  if (metered.are_spent()) return false;
  result.body.text = std::make_shared<const std::string>(std::move(output.text()));
  deliver(query, std::move(result), ++query.evaluations, std::exchange(query.answer_all, false));
  return true;
}

void WatchHub::Impl::evaluate_elsewhere(SharedQuery& query) {
  query.large = true;
  query.again = true;
  if (query.errand) return;
  query.errand = std::make_shared<Errand>();
  query.errand->query = &query;
  large_reads.submit(
      {.home = loop,
       .open = [weak = weak_from_this(), errand = query.errand]() -> std::optional<ReadSnapshot> {
         const auto self = weak.lock();
         return self ? self->open_for(*errand) : std::nullopt;
       },
       .evaluate = query.query.evaluate,
       .done =
           [weak = weak_from_this(), errand = query.errand](Evaluation result) {
             const auto self = weak.lock();
             if (self) self->finish_errand(*errand, std::move(result));
           },
       .abandoned = query.errand->abandoned});
}

std::optional<ReadSnapshot> WatchHub::Impl::open_for(Errand& errand) {
  if (errand.query == nullptr) return std::nullopt;
  SharedQuery& query = *errand.query;
  evaluations.add();
  errand.number = ++query.evaluations;
  errand.answer_all = std::exchange(query.answer_all, false);
  query.again = false;
  return reader.open();
}

void WatchHub::Impl::finish_errand(Errand& errand, Evaluation result) {
  if (errand.query == nullptr) return;
  SharedQuery& query = *errand.query;
  query.errand.reset();
  // One that was refused before its turn came is for everybody.
  const std::uint64_t number = errand.number == 0 ? ++query.evaluations : errand.number;
  if (query.again) mark(query);
  deliver(query, std::move(result), number, errand.answer_all);
}

void WatchHub::Impl::deliver(SharedQuery& query, Evaluation evaluation, std::uint64_t number,
                             bool answer_all) {
  const auto result = std::make_shared<const Evaluation>(std::move(evaluation));
  // An error is no finding: who comes next evaluates for himself.
  query.index = result->failed ? 0 : result->index;
  query.index_is_identity = result->index_is_identity;
  query.found = result->found;
  for (auto at = query.waiters.begin(); at != query.waiters.end();) {
    Waiter& waiter = *at++;
    if (waiter.after >= number) continue;
    const bool due = answer_all || is_due(waiter, *result);
    waiter.found = result->found;
    if (!due) continue;
    waiter.answer = result;
    waiter.query = nullptr;
    waiter.place.unlink();
    waiter.deadline_place.unlink();
    // One that has not been started yet is sent by start().
    if (waiter.complete) {
      answered.push_back(waiter);
      schedule();
    }
  }
  drop_if_unused(query);
}

void WatchHub::Impl::send(Waiter& waiter) {
  answers.add();
  api::Response response;
  const std::shared_ptr<const Evaluation> answer = std::move(waiter.answer);
  response.status = answer->status;
  response.content_type = answer->content_type;
  response.headers = answer->headers;
  answer->body.put_into(response);
  if (!answer->failed) waiter.finish(response, *answer);
  // The waiter may be destroyed by what it calls: the callable is moved out first.
  const auto complete = std::move(waiter.complete);
  complete(std::move(response));
}

void WatchHub::Impl::drop_if_unused(SharedQuery& query) {
  if (!query.waiters.empty()) return;
  if (query.errand) {
    query.errand->query = nullptr;
    *query.errand->abandoned = true;
  }
  topics.remove(&query, query.query.interest);
  const auto entry = queries.find(query.query.identity);
  CONCLAVE_ASSERT(entry != queries.end());
  queries.erase(entry);
}

SharedQuery* WatchHub::Impl::find_to_join(const std::string& identity, std::uint64_t index) {
  const auto entry = queries.find(identity);
  if (entry == queries.end()) return nullptr;
  SharedQuery& query = *entry->second;
  // An evaluation elsewhere may have seen what is news, and would not tell who came after it began.
  if (query.large || query.index == 0) return nullptr;
  // Who waits for what is not there gets its newer index at first (contract 2.2).
  if (!query.found) return nullptr;
  const bool is_news = query.index_is_identity ? query.index != index : query.index > index;
  return is_news ? nullptr : &query;
}

SharedQuery& WatchHub::Impl::share(BlockingQuery blocking) {
  const auto entry = queries.find(blocking.identity);
  if (entry != queries.end()) return *entry->second;
  auto fresh = std::make_unique<SharedQuery>(std::move(blocking));
  SharedQuery& query = *fresh;
  topics.add(&query, query.query.interest);
  const std::string_view identity = query.query.identity;
  queries.emplace(identity, std::move(fresh));
  return query;
}

void WatchHub::Impl::enlist(Waiter& waiter, SharedQuery& query) {
  waiter.hub = weak_from_this();
  waiter.query = &query;
  waiter.after = query.evaluations;
  waiter.query->waiters.push_back(waiter);
  deadlines.insert(waiter);
  waiting.set(static_cast<double>(++count));
  arm_timer();
}

void WatchHub::Impl::dismiss(Waiter& waiter) {
  waiting.set(static_cast<double>(--count));
  waiter.place.unlink();
  waiter.deadline_place.unlink();
  if (waiter.query != nullptr) drop_if_unused(*waiter.query);
}

void WatchHub::Impl::queue_answer(Waiter& waiter) {
  answered.push_back(waiter);
  schedule();
}

void WatchHub::Impl::arm_timer() {
  if (deadlines.empty()) return;
  const Nanos first = deadlines.begin()->deadline;
  if (armed_for != Nanos{} && armed_for <= first) return;
  armed_for = first;
  timer.expires_after(first - clock.boot_now());
  timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
    const auto self = weak.lock();
    if (self && !error) self->on_timer();
  });
}

void WatchHub::Impl::on_timer() {
  armed_for = Nanos{};
  const Nanos now = clock.boot_now() + deadline_slack;
  while (!deadlines.empty() && deadlines.begin()->deadline <= now) {
    Waiter& waiter = *deadlines.begin();
    waiter.deadline_place.unlink();
    waiter.due = true;
    mark(*waiter.query);
  }
  arm_timer();
}

Waiter::~Waiter() {
  if (const auto alive = hub.lock()) alive->dismiss(*this);
}

void Waiter::start(std::function<void(api::Response)> on_complete) {
  complete = std::move(on_complete);
  if (answer == nullptr) return;
  if (const auto alive = hub.lock()) alive->queue_answer(*this);
}

WatchHub::WatchHub(Loop& loop, Reader& reader, LargeReads& large, Metrics& metrics)
    : impl_(std::make_shared<Impl>(loop, reader, large, metrics)) {}

WatchHub::~WatchHub() = default;

void WatchHub::publish(const ChangeSet& changes) { impl_->publish(changes); }

std::unique_ptr<api::Parked> WatchHub::join(const std::string& identity, std::uint64_t index,
                                            Nanos deadline, Finish finish) {
  SharedQuery* query = impl_->find_to_join(identity, index);
  if (query == nullptr) return nullptr;
  auto waiter = std::make_unique<Waiter>();
  waiter->index = index;
  waiter->found = query->found;
  waiter->deadline = deadline;
  waiter->finish = std::move(finish);
  impl_->enlist(*waiter, *query);
  return waiter;
}

std::unique_ptr<api::Parked> WatchHub::park(BlockingQuery query, std::uint64_t index,
                                            const Seen& seen, Nanos deadline, Finish finish) {
  auto waiter = std::make_unique<Waiter>();
  waiter->index = index;
  waiter->found = seen.found;
  waiter->deadline = deadline;
  waiter->finish = std::move(finish);
  SharedQuery& shared = impl_->share(std::move(query));
  shared.index = seen.index;
  shared.index_is_identity = seen.index_is_identity;
  shared.found = seen.found;
  impl_->enlist(*waiter, shared);
  return waiter;
}

std::unique_ptr<api::Parked> WatchHub::park_large(BlockingQuery query, std::uint64_t index,
                                                  Nanos deadline, Finish finish) {
  auto waiter = std::make_unique<Waiter>();
  waiter->index = index;
  waiter->deadline = deadline;
  waiter->finish = std::move(finish);
  impl_->enlist(*waiter, impl_->share(std::move(query)));
  waiter->query->large = true;
  impl_->mark(*waiter->query);
  return waiter;
}

std::uint64_t WatchHub::waiters() const { return impl_->count; }

}  // namespace conclave::daemon
