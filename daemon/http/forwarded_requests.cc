#include "daemon/http/forwarded_requests.h"

#include <utility>

#include "api/rpc/forwarded.h"
#include "daemon/http/leader_forwarder.h"

namespace conclave::daemon {
namespace {

Task<Result<std::string>> answer_call(std::shared_ptr<const AnswerForwarded> answer,
                                      std::shared_ptr<api::CallEnd> end, std::string body) {
  auto call = api::decode_forwarded(body);
  if (!call) co_return std::unexpected(call.error());
  // What a server passed on is answered here; what an agent did may have to go on to the leader.
  if (call->node.empty()) call->request.headers.push_back({std::string(forwarded_mark), "1"});
  api::Response response = co_await (*answer)(std::move(call->request), std::move(end));
  co_return api::encode_answer(std::move(response));
}

}  // namespace

api::LastingHandler forwarded_handler(AnswerForwarded answer) {
  return [shared = std::make_shared<const AnswerForwarded>(std::move(answer))](
             const api::RpcPeer&, std::string body, std::shared_ptr<api::CallEnd> end) {
    return answer_call(shared, std::move(end), std::move(body));
  };
}

}  // namespace conclave::daemon
