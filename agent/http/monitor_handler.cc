// /v1/agent/monitor: the log of this process as it is written (contract 6.4).

#include <utility>

#include "agent/http/handlers.h"
#include "api/rest/respond.h"
#include "base/run/log_tap.h"
#include "base/run/sleep.h"

namespace conclave::agent {

namespace {

/// As often as Consul's agent flushes.
constexpr Nanos flush_interval = std::chrono::milliseconds(200);

class LogStream final : public api::BodyStream {
 public:
  LogStream(LogLevel level, bool json) : tap_(level, json) {}

  /// Looks at the tap at each interval: lines come from all threads, and waking the connection's
  /// for each of them would cost those more than they should pay for being listened to.
  Task<std::string> next() override {
    const Executor here = co_await boost::asio::this_coro::executor;
    while (!gone_) {
      std::string lines = tap_.take();
      if (!lines.empty()) co_return lines;
      Timer timer(here, flush_interval);
      timer_ = &timer;
      [[maybe_unused]] const auto [error] = co_await timer.async_wait(as_result);
      timer_ = nullptr;
    }
    co_return std::string();
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  void client_gone() override {
    gone_ = true;
    if (timer_ != nullptr) timer_->cancel();
  }

 private:
  LogTap tap_;
  Timer* timer_ = nullptr;  ///< While next() waits.
  bool gone_ = false;
};

}  // namespace

Task<api::Response> monitor_log(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(context), static_cast<void>(rest);
  const std::string name(request.parameter("loglevel").value_or(""));
  const auto level = parse_log_level(name.empty() ? "info" : name);
  if (!level) co_return api::text_response(400, "Unknown log level: " + name);
  api::Response response = api::text_response(200, "");
  response.body = std::make_unique<LogStream>(*level, request.has_parameter("logjson"));
  co_return response;
}

}  // namespace conclave::agent
