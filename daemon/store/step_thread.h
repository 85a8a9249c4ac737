#pragma once

/// A thread for work that blocks, taken step by step in the order in which it was given; or the hand
/// of a test, which takes each step when it wants to.

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/run/loop.h"

namespace conclave::daemon {

class StepThread {
 public:
  /// Where the work goes instead of a thread; empty = a thread of its own.
  using Hand = std::function<void(std::function<void()>)>;

  StepThread(std::string name, Hand hand) : hand_(std::move(hand)) {
    if (hand_) return;
    loop_.emplace(std::move(name));
    thread_ = std::thread([this] { loop_->run(); });
  }
  ~StepThread() { stop(); }
  StepThread(const StepThread&) = delete;
  StepThread& operator=(const StepThread&) = delete;

  bool is_stepped_by_hand() const { return hand_ != nullptr; }
  /// Any thread.
  void post(std::function<void()> step) {
    if (hand_) return hand_(std::move(step));
    loop_->post(std::move(step));
  }
  /// Lets the step that runs come to its end; later ones are not begun.
  void stop() {
    if (!thread_.joinable()) return;
    loop_->stop();
    thread_.join();
  }

 private:
  Hand hand_;
  std::optional<Loop> loop_;
  std::thread thread_;
};

}  // namespace conclave::daemon
