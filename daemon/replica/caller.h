#pragma once

/// Those who wait for an answer from main: a suspended coroutine and the loop to resume it on.

#include <boost/asio/post.hpp>
#include <functional>
#include <utility>
#include <vector>

#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::daemon {

template <class T>
struct Caller {
  Executor executor;
  std::move_only_function<void(Result<T>)> resume;
};

/// Answers collected over one turn of main and handed over with one wake-up per loop, however many
/// they are.
class Answers {
 public:
  template <class T>
  void add(Caller<T> caller, Result<T> answer) {
    auto& batch = batch_for(caller.executor);
    batch.push_back([resume = std::move(caller.resume), answer = std::move(answer)]() mutable {
      resume(std::move(answer));
    });
  }

  /// Resumes nobody from within: callers run when their loop gets to it.
  void deliver() {
    for (auto& [executor, batch] : std::exchange(batches_, {})) {
      boost::asio::post(executor, [answers = std::move(batch)]() mutable {
        for (auto& answer : answers) answer();
      });
    }
  }

 private:
  using Batch = std::vector<std::move_only_function<void()>>;

  Batch& batch_for(const Executor& executor) {
    for (auto& [known, batch] : batches_) {
      if (known == executor) return batch;
    }
    return batches_.emplace_back(executor, Batch{}).second;
  }

  std::vector<std::pair<Executor, Batch>> batches_;
};

}  // namespace conclave::daemon
