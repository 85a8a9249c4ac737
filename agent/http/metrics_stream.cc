#include "agent/http/metrics_stream.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/run/loop.h"
#include "base/run/sleep.h"

namespace conclave::agent {
namespace {

class MetricsStream final : public api::BodyStream {
 public:
  MetricsStream(const Metrics& metrics, std::string host)
      : metrics_(metrics), host_(std::move(host)) {}

  /// The first line at once, so that nobody waits for ten seconds to see whether it works.
  Task<std::string> next() override {
    if (began_) {
      const Executor here = co_await boost::asio::this_coro::executor;
      Timer timer(here, Metrics::interval);
      timer_ = &timer;
      [[maybe_unused]] const auto [error] = co_await timer.async_wait(as_result);
      timer_ = nullptr;
    }
    began_ = true;
    if (gone_) co_return std::string();
    co_return metrics_.consul_json(host_) + "\n";
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  void client_gone() override {
    gone_ = true;
    if (timer_ != nullptr) timer_->cancel();
  }

 private:
  const Metrics& metrics_;
  const std::string host_;
  Timer* timer_ = nullptr;  ///< While next() waits.
  bool began_ = false;
  bool gone_ = false;
};

}  // namespace

Task<api::Response> stream_metrics(AgentContext* context, api::Request request, std::string rest) {
  static_cast<void>(request), static_cast<void>(rest);
  api::Response response;
  response.content_type = "application/json";
  response.body = std::make_unique<MetricsStream>(context->metrics, context->options.metrics_host);
  co_return response;
}

}  // namespace conclave::agent
