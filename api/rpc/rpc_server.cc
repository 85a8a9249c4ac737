#include "api/rpc/rpc_server.h"

#include <fmt/format.h>

#include <list>
#include <utility>
#include <vector>

#include "api/rpc/served.h"
#include "base/core/assert.h"
#include "base/net/listener.h"

namespace conclave::api {

struct RpcServer::State : std::enable_shared_from_this<State> {
  explicit State(std::shared_ptr<RpcSetting> with_setting)
      : setting(std::move(with_setting)), sweep_timer(setting->loop.executor()) {}

  const std::shared_ptr<RpcSetting> setting;
  const std::shared_ptr<RpcHandlerTable> handlers = std::make_shared<RpcHandlerTable>();
  std::list<std::shared_ptr<Served>> served;
  Timer sweep_timer;

  static Task<void> serve(std::shared_ptr<State> self, std::shared_ptr<Served> caller) {
    const auto at = self->served.insert(self->served.end(), caller);
    co_await Served::run(caller);
    self->served.erase(at);
  }

  void send_away(std::shared_ptr<FramedStream> stream, const std::string& who, Refusal refusal) {
    setting->log_refusal(who, refusal);
    setting->loop.spawn("refuse", refuse(std::move(stream), std::move(refusal)));
  }

  void keep_sweeping() {
    sweep_timer.expires_after(setting->sweep_period());
    sweep_timer.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      const auto self = weak.lock();
      if (!self || error || self->setting->stopped) return;
      for (const auto& caller : self->served) caller->sweep();
      self->keep_sweeping();
    });
  }

  void stop() {
    if (std::exchange(setting->stopped, true)) return;
    sweep_timer.cancel();
    for (const auto& caller : served) caller->close("this node is stopping");
  }
};

RpcServer::RpcServer(Loop& loop, RpcOptions options, RpcSelf self, RpcMet met, Metrics& metrics)
    : state_(std::make_shared<State>(std::make_shared<RpcSetting>(
          loop, options, std::move(self), std::move(met), metrics, "server"))) {
  state_->keep_sweeping();
}

RpcServer::~RpcServer() { state_->stop(); }

void RpcServer::add(RpcMethod method, RpcHandler handler) {
  add_lasting(method, [inner = std::move(handler)](RpcPeer peer, std::string body,
                                                   const std::shared_ptr<CallEnd>&) {
    return inner(std::move(peer), std::move(body));
  });
}

void RpcServer::add_lasting(RpcMethod method, LastingHandler handler) {
  const bool is_first = state_->handlers->emplace(method, std::move(handler)).second;
  CONCLAVE_ASSERT_WHY(is_first, "each method has one handler");
}

void RpcServer::accept(std::shared_ptr<FramedStream> stream, const Hello& hello) {
  CONCLAVE_ASSERT(hello.purpose == Purpose::rpc);
  RpcSetting& setting = *state_->setting;
  if (setting.stopped) {
    return setting.loop.spawn(
        "refuse", refuse(std::move(stream), {RefusalCode::not_ready, "this node is stopping"}));
  }
  const auto caller = decode_rpc_identity(hello.details);
  if (!caller) {
    const std::string who = "refused a node at " + stream->peer();
    return state_->send_away(std::move(stream), who,
                             {RefusalCode::malformed, caller.error().message});
  }
  if (auto refusal = judge(*caller, setting.self())) {
    const std::string who = fmt::format("refused {} at {}", caller->name, stream->peer());
    return state_->send_away(std::move(stream), who, std::move(*refusal));
  }
  if (setting.met) setting.met(*caller);
  setting.loop.spawn("rpc connection", State::serve(state_, std::make_shared<Served>(
                                                                state_->setting, state_->handlers,
                                                                std::move(stream), *caller)));
}

void RpcServer::stop() { state_->stop(); }

std::size_t RpcServer::open_connections() const { return state_->served.size(); }

}  // namespace conclave::api
