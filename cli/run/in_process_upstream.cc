#include "cli/run/in_process_upstream.h"

#include <optional>
#include <utility>

#include "base/run/run_on.h"
#include "base/run/waiter.h"

namespace conclave::cli {

Task<api::Response> InProcessUpstream::call(api::Request request) {
  if (front_.is_here()) co_return co_await answer(std::move(request));
  co_return co_await run_on(front_, answer(std::move(request)));
}

Task<api::Response> InProcessUpstream::answer(api::Request request) {
  api::Response response = co_await router_.handle(std::move(request));
  while (response.parked) {
    const std::unique_ptr<api::Parked> parked = std::move(response.parked);
    std::optional<api::Response> due;
    Waiter waiter(front_);
    parked->start([&due, &waiter](api::Response answered) {
      due = std::move(answered);
      waiter.notify_all();
    });
    while (!due) co_await waiter.wait_for(std::chrono::minutes(1));
    response = std::move(*due);
  }
  co_return response;
}

}  // namespace conclave::cli
