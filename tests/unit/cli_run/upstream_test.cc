#include <gtest/gtest.h>

#include <functional>
#include <thread>

#include "api/rest/respond.h"
#include "base/run/loop_thread.h"
#include "cli/run/in_process_upstream.h"

namespace conclave::cli {
namespace {

/// A query that is answered when the test says so.
class Later final : public api::Parked {
 public:
  explicit Later(std::function<void(api::Response)>* complete) : complete_(complete) {}
  void start(std::function<void(api::Response)> complete) override {
    *complete_ = std::move(complete);
  }

 private:
  std::function<void(api::Response)>* complete_;
};

Task<api::Response> parked(Later* query) {
  api::Response response;
  response.parked.reset(query);
  co_return response;
}

Task<api::Response> text(std::string words) { co_return api::text_response(200, words); }

Task<void> ask(api::Upstream* upstream, std::string path, std::string* answer,
               std::function<void()> done) {
  api::Request request;
  request.method_text = "GET";
  request.path = path;
  request.target = path;
  const api::Response response = co_await upstream->call(std::move(request));
  *answer = std::get<std::string>(response.body);
  done();
}

TEST(InProcessUpstream, answers_a_caller_on_another_loop) {
  Loop front("front");
  Loop caller("caller");
  api::Router router(api::RouterOptions{});
  router.add({.prefix = "/v1/hello",
              .methods = {api::Method::get},
              .handler = [](api::Request, std::string) { return text("hello"); }});
  InProcessUpstream upstream(front, router);
  std::thread serving = run_on_own_thread(front);
  std::string answer;
  caller.spawn("ask", ask(&upstream, "/v1/hello", &answer, [&] { caller.stop(); }));
  caller.run();
  EXPECT_EQ(answer, "hello");
  front.stop();
  serving.join();
}

TEST(InProcessUpstream, waits_for_a_parked_query) {
  Loop loop("main");
  std::function<void(api::Response)> complete;
  api::Router router(api::RouterOptions{});
  router.add({.prefix = "/v1/later",
              .methods = {api::Method::get},
              .handler = [&](api::Request, std::string) { return parked(new Later(&complete)); }});
  InProcessUpstream upstream(loop, router);
  std::string answer = "none";
  loop.spawn("ask", ask(&upstream, "/v1/later", &answer, [&] { loop.stop(); }));
  loop.post([&] {
    loop.post([&] {
      EXPECT_EQ(answer, "none");
      complete(api::text_response(200, "now"));
    });
  });
  loop.run();
  EXPECT_EQ(answer, "now");
}

}  // namespace
}  // namespace conclave::cli
