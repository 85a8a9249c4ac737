#pragma once

/// The servers' handlers behind their Router, over rows in memory: a proposal is applied at once.
/// What a client would see, without sockets, log or disk.

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"
#include "api/rest/router.h"
#include "daemon/http/context.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {

/// What came back, flattened for comparison.
struct Answer {
  int status = 0;
  std::string body;
  std::string content_type;
  std::vector<api::Header> headers;
  std::optional<std::uint64_t> length;  ///< Of a body that was streamed and said so.

  /// "" when absent.
  std::string header(std::string_view name) const;
  std::uint64_t index() const;
};

class FakeReplica final : public Replica {
 public:
  FakeReplica(MemoryRows& rows, WatchHub*& hub) : rows_(rows), hub_(hub) {}

  Task<Result<Outcome>> propose(Command command) override;
  Task<Result<ReadPermit>> read_permit(Consistency consistency) override;
  bool read_permit_now(Consistency consistency, ReadPermit& permit) override;
  LeaderInfo leader() const override;
  std::uint64_t cluster_time_ms() const override { return cluster_time_ms_; }
  void on_changes(std::function<void(const std::shared_ptr<const ChangeSet>&)>) override {}
  void on_leadership(std::function<void(bool)>) override {}

  /// Applies without a client.
  Outcome apply_now(CommandBody body, std::string request_id = {});

  std::uint64_t cluster_time_ms_ = 1000;
  std::optional<Error> refuse;     ///< What propose() and standard reads fail with.
  std::uint64_t stale_age_ms = 0;  ///< LastContact of stale reads.
  std::vector<Consistency> asked;  ///< Of each read, in order.
  std::size_t proposals = 0;

 private:
  MemoryRows& rows_;
  WatchHub*& hub_;
};

/// A server "n1" with serfHealth and 10.0.0.1, registered at revision 2; datacenter dc1.
class ServerTest : public testing::Test {
 protected:
  ServerTest();
  ~ServerTest() override;

  Answer call(api::Method method, std::string_view target, std::string body = {},
              std::vector<api::Header> headers = {});
  /// The same for a large answer, which comes later.
  Answer get_large(std::string_view target, std::vector<api::Header> headers = {});
  Answer get(std::string_view target) { return call(api::Method::get, target); }
  Answer put(std::string_view target, std::string body = {}) {
    return call(api::Method::put, target, std::move(body));
  }
  Answer del(std::string_view target) { return call(api::Method::del, target); }

  /// A request that must wait; its answer arrives in what is returned.
  struct Waiting {
    std::unique_ptr<api::Parked> parked;
    std::optional<Answer> answer;
  };
  std::shared_ptr<Waiting> wait_for(std::string_view target);
  /// For tests that bring their own router.
  ServerContext& context();
  api::Router& router();
  static Answer flatten(api::Response response);
  /// Runs the loop until nothing is ready.
  void settle();

  /// Status and body of an error, for tables: `500 text`.
  std::string refusal(const Answer& answer) const;
  void register_service(const std::string& node, const std::string& id, const std::string& name,
                        const std::string& rest = "");
  std::string create_session(const std::string& body = "{}");
  /// What the router returns; parked if the request must wait.
  api::Response respond(api::Method method, std::string_view target, std::string body,
                        std::vector<api::Header> headers);

  MemoryRows rows_;
  WatchHub* hub_ = nullptr;
  std::shared_ptr<ServerSettings> settings_;
  FakeReplica replica_{rows_, hub_};

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;

 protected:
  /// Sessions that renew() knows.
  std::vector<std::string>& renewable();
};

}  // namespace conclave::daemon
