#include "daemon/http/snapshot.h"

#include <fcntl.h>

#include <utility>

#include "api/archive/archive_writer.h"
#include "api/rest/respond.h"
#include "base/run/file.h"
#include "daemon/http/blocking.h"
#include "daemon/http/route_set.h"
#include "daemon/http/snapshot_upload.h"
#include "daemon/members/operations.h"
#include "daemon/replica/snapshot_service.h"

namespace conclave::daemon {
namespace {

/// What LMDB's map can hold; the space on the disk is looked at besides.
constexpr std::uint64_t archive_bytes_max = 64ull << 30;

api::ArchiveMeta meta_of(const SnapshotService::Saved& saved,
                         const RaftConfigurationView& configuration) {
  api::ArchiveMeta meta;
  meta.id = saved.id;
  meta.index = saved.index;
  meta.term = saved.term;
  meta.size = saved.size;
  meta.configuration_index = configuration.index;
  for (const RaftServerView& server : configuration.servers) {
    meta.configuration.servers.push_back(
        {.suffrage = server.voter ? 0u : 1u, .id = server.id, .address = server.address});
  }
  return meta;
}

/// An archive on its way out; the file stays for as long.
class ArchiveBody final : public api::BodyStream {
 public:
  ArchiveBody(api::ArchiveMeta meta, Descriptor state, std::int64_t unix_seconds,
              std::shared_ptr<void> hold)
      : writer_(std::move(meta), std::move(state), unix_seconds), hold_(std::move(hold)) {}

  Task<std::string> next() override {
    Result<std::string> piece = writer_.next();
    // An archive that ends too early is one that its reader refuses.
    co_return piece ? std::move(*piece) : std::string();
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }

 private:
  api::ArchiveWriter writer_;
  std::shared_ptr<void> hold_;
};

Task<api::Response> save(ServerContext* context, api::Request request, std::string) {
  auto options = read_options(*context, request);
  if (!options.has_value()) co_return api::error_response(options.error());
  ReadTurn turn{.options = std::move(*options), .permit = {}};
  if (!turn_now(*context, turn)) {
    auto waited = co_await wait_for_turn(context, turn.options);
    if (!waited.has_value()) co_return api::error_response(waited.error());
    turn = std::move(*waited);
  }
  auto saved = co_await context->snapshots->save();
  if (!saved) co_return api::error_response(saved.error());
  auto file = open_file(saved->path, O_RDONLY);
  if (!file) co_return api::error_response(file.error());
  const RaftConfigurationView configuration = co_await context->cluster.raft_configuration();
  ReadResult result;
  result.index = saved->index;
  result.content_type = "application/x-gzip";
  api::Response response = make_response(std::move(result), turn, {});
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(context->clock.wall_now());
  response.body = std::make_unique<ArchiveBody>(meta_of(*saved, configuration), std::move(*file),
                                                now.count(), std::move(saved->hold));
  co_return response;
}

Task<api::Response> restore(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  const auto upload = std::static_pointer_cast<SnapshotUpload>(request.sink);
  auto arrived = co_await upload->finish();
  if (!arrived) co_return api::error_response(arrived.error());
  const auto outcome = co_await context->snapshots->restore(
      std::move(arrived->path), std::move(arrived->id), arrived->meta.size);
  if (!outcome) co_return api::error_response(outcome.error());
  if (!outcome->error.empty()) {
    co_return api::error_response({ErrorCode::failed, outcome->error});
  }
  co_return api::empty_response();
}

}  // namespace

void add_snapshot_routes(api::Router& router, ServerContext& context) {
  if (context.snapshots == nullptr) return;
  const RouteSet routes{router, context};
  routes.add(api::Method::get, "/v1/snapshot", save);
  router.add({.prefix = "/v1/snapshot",
              .methods = {api::Method::put},
              .handler =
                  [&context](api::Request request, std::string rest) {
                    return restore(&context, std::move(request), std::move(rest));
                  },
              .body_bytes_max = archive_bytes_max,
              .make_sink = [&context](const api::Request&) -> std::shared_ptr<api::BodySink> {
                return std::make_shared<SnapshotUpload>(context.loop, *context.snapshots);
              }});
}

}  // namespace conclave::daemon
