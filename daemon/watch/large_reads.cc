#include "daemon/watch/large_reads.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "daemon/watch/metered_rows.h"

namespace conclave::daemon {

LargeReads::LargeReads(LargeReadOptions options, Metrics& metrics, StepThread::Hand hand)
    : options_(std::move(options)),
      spool_(options_.spool),
      rendered_(metrics.counter("consul.lists.rendered",
                                "Answers too large for the loops, made on their own thread.")),
      refused_(metrics.counter("consul.lists.refused",
                               "Large answers refused for lack of time, space or places.")),
      thread_("lists", std::move(hand)) {}

void LargeReads::submit(Job job) {
  thread_.post([this, shared = std::make_shared<Job>(std::move(job))] { take(shared); });
}

void LargeReads::stop() {
  stopping_ = true;
  thread_.stop();
}

void LargeReads::take(SharedJob job) {
  if (!busy_) return begin(std::move(job));
  if (waiting_.size() < options_.waiting_max) return waiting_.push_back(std::move(job));
  Evaluation refusal = refuse(
      ErrorCode::unavailable,
      fmt::format("{} large lists wait to be read already: try again later", waiting_.size()));
  Loop& home = job->home;
  home.post([job, refusal = std::move(refusal)] {
    if (!*job->abandoned) job->done(refusal);
  });
}

void LargeReads::begin(SharedJob job) {
  busy_ = true;
  Loop& home = job->home;
  home.post([this, job = std::move(job)] {
    auto snapshot = std::make_shared<std::optional<ReadSnapshot>>(job->open());
    thread_.post([this, job, snapshot] { run(job, snapshot); });
  });
}

void LargeReads::run(const SharedJob& job, std::shared_ptr<std::optional<ReadSnapshot>> snapshot) {
  if (snapshot->has_value()) {
    Evaluation result = evaluate(*job, (*snapshot)->rows());
    // A snapshot goes back to the reader of the loop that opened it.
    job->home.post([job, snapshot = std::move(snapshot), result = std::move(result)] {
      snapshot->reset();
      if (!*job->abandoned) job->done(result);
    });
  }
  begin_next();
}

void LargeReads::begin_next() {
  busy_ = false;
  if (waiting_.empty()) return;
  SharedJob next = std::move(waiting_.front());
  waiting_.pop_front();
  begin(std::move(next));
}

Evaluation LargeReads::evaluate(const Job& job, const ReadRows& rows) {
  const MeteredRows::Patience patience{std::chrono::steady_clock::now() + options_.time_max,
                                       stopping_, *job.abandoned};
  ListOutput output(&spool_);
  const MeteredRows metered(rows, output, patience);
  Evaluation result = job.evaluate(metered, output);
  Result<ListBody> body = output.finish();
  if (!body) return refuse(body.error().code, body.error().message);
  if (metered.are_spent()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options_.time_max);
    return refuse(ErrorCode::unavailable,
                  fmt::format("This list takes longer than {} s to read: ask for less at a time, "
                              "as by a longer prefix",
                              seconds.count()));
  }
  rendered_.add();
  result.body = std::move(*body);
  return result;
}

Evaluation LargeReads::refuse(ErrorCode code, std::string message) {
  refused_.add();
  Evaluation refusal;
  refusal.failed = true;
  refusal.status = code == ErrorCode::unavailable ? 503 : 500;
  refusal.content_type = "text/plain; charset=utf-8";
  refusal.body.text = std::make_shared<const std::string>(std::move(message));
  return refusal;
}

}  // namespace conclave::daemon
