#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "cli/commands/command.h"

namespace conclave::cli {

/// A command line with an agent that gives prepared answers and keeps what it was asked.
class Shell : public testing::Test {
 protected:
  int run(const Arguments& arguments, const std::string& input = {}) {
    in_.str(input);
    out_.str("");
    err_.str("");
    Terminal terminal{in_, out_, err_,
                      [this](std::string_view name) -> std::optional<std::string> {
                        const auto at = environment_.find(std::string(name));
                        return at == environment_.end() ? std::nullopt : std::optional(at->second);
                      },
                      [this](const api::ClientRequest& request) -> Result<api::ClientResponse> {
                        asked_ = request;
                        all_asked_.push_back(request.method + " " + request.url);
                        if (next_answers_.empty()) return answer_;
                        auto next = std::move(next_answers_.front());
                        next_answers_.pop_front();
                        return next;
                      }};
    return dispatch(client_commands(), "conclave", terminal, arguments);
  }
  void answer(int status, std::string body) {
    api::ClientResponse response;
    response.status = status;
    response.body = std::move(body);
    answer_ = std::move(response);
  }
  /// An answer for one request, before answer() counts again.
  void answer_once(int status, std::string body) {
    api::ClientResponse response;
    response.status = status;
    response.body = std::move(body);
    next_answers_.emplace_back(std::move(response));
  }
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  std::map<std::string, std::string> environment_;
  Result<api::ClientResponse> answer_ = api::ClientResponse{};
  api::ClientRequest asked_;
  std::vector<std::string> all_asked_;  ///< "PUT http://...", in order.

 private:
  std::deque<Result<api::ClientResponse>> next_answers_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace conclave::cli
