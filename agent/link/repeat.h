#pragma once

/// What of a request says whether, and how, it may be sent a second time.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/http/message.h"
#include "api/query/options.h"
#include "base/core/duration.h"
#include "base/run/metrics.h"

namespace conclave::agent {

/// Reads may, and writes that carry a request id.
bool may_be_repeated(const api::Request& request);

/// For how long a blocking query waits; nullopt: it is none.
std::optional<Nanos> wait_of(const api::Request& request, const api::WaitLimits& limits);

/// The target with another wait, in whole milliseconds.
std::string with_wait(std::string_view target, Nanos wait);

/// One request under way, counted for as long as this lives.
class UnderWay {
 public:
  UnderWay(std::shared_ptr<std::size_t> count, Gauge& gauge)
      : count_(std::move(count)), gauge_(gauge) {
    gauge_.set(static_cast<double>(++*count_));
  }
  ~UnderWay() { gauge_.set(static_cast<double>(--*count_)); }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

 private:
  const std::shared_ptr<std::size_t> count_;
  Gauge& gauge_;
};

}  // namespace conclave::agent
