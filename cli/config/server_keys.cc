#include "cli/config/key_tables.h"

/// The state: Raft, storage, limits of requests: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view fixed_timing = "this time is fixed";
constexpr std::string_view no_https = "HTTPS comes later";
constexpr std::string_view no_rate_limit = "the rate of requests is not limited";
constexpr std::string_view own_timeouts = "time limits between nodes are fixed";
constexpr std::string_view no_grpc = "there is no gRPC";
constexpr std::string_view drains_anyway = "connections get 3 s to take their last answers";
constexpr std::string_view own_storage =
    "the log, its snapshots and elections have their own rules";
constexpr std::string_view other_program = "it configures another program";

constexpr KeyEntry entries[] = {
    {"consul", any, later, "", "internal timing, for tests", fixed_timing},
    {"default_query_time", duration, implemented, "\"5m\"",
     "wait of a blocking query that names none"},
    {"disable_http_unprintable_char_filter", boolean, implemented, "false",
     "let unprintable characters into paths"},
    {"discovery_max_stale", duration, implemented, "",
     "reads of catalog and health that name no mode are answered by any server that is not older"},
    {"http_config.allow_write_http_from", text_list, implemented, "",
     "networks (CIDR) that may send other requests than GET; everybody by default"},
    {"http_config.block_endpoints", text_list, implemented, "", "paths that are answered with 403"},
    {"http_config.max_header_bytes", integer, implemented, "0",
     "most bytes of a request's head; 0: 16 KiB"},
    {"http_config.response_headers", text_map, implemented, "", "headers of every answer"},
    {"http_config.use_cache", boolean, moot, "true",
     "let ?cached be answered from a cache; it is answered like any read"},
    {"limits.http_max_conns_per_client", integer, implemented, "200",
     "connections of one IP address; those above are answered with 429. 0: no limit"},
    {"limits.https_handshake_timeout", any, later, "\"5s\"", "longest handshake of HTTPS",
     no_https},
    {"limits.kv_max_value_size", integer, implemented, "524288", "most bytes of a key's value"},
    {"limits.request_limits", any, later, "", "rate of requests", no_rate_limit},
    {"limits.rpc_client_timeout", any, later, "\"60s\"", "longest answer of a server to an agent",
     own_timeouts},
    {"limits.rpc_handshake_timeout", any, later, "\"5s\"", "longest handshake between nodes",
     own_timeouts},
    {"limits.rpc_max_burst", any, later, "1000", "burst of requests of an agent", no_rate_limit},
    {"limits.rpc_max_conns_per_client", integer, implemented, "256",
     "connections between nodes from one IP address, such as that of a NAT; those above are "
     "closed. "
     "0: no limit; needs a restart"},
    {"limits.rpc_rate", any, later, "-1", "rate of requests of an agent", no_rate_limit},
    {"limits.txn_max_req_len", integer, implemented, "524288",
     "most bytes of a transaction; kv_max_value_size by default"},
    {"max_query_time", duration, implemented, "\"10m\"", "longest wait of a blocking query"},
    {"performance.front_threads", integer, implemented, "0",
     "Conclave's own: threads that answer HTTP beside the main one"},
    {"performance.grpc_keepalive_interval", integer, later, "30",
     "seconds between signs of life of gRPC", no_grpc},
    {"performance.grpc_keepalive_timeout", integer, later, "20", "seconds to wait for one",
     no_grpc},
    {"performance.leave_drain_time", duration, later, "\"5s\"",
     "time for requests to end before a server leaves", drains_anyway},
    {"performance.node_lease_ttl", duration, implemented, "\"13s\"",
     "Conclave's own: an agent that was not heard for so long is marked critical; the same on "
     "servers "
     "and agents"},
    {"performance.raft_multiplier", integer, implemented, "2",
     "scales the timing of Raft, 1 to 10; 1 in dev mode"},
    {"performance.rebalance_interval", duration, implemented, "\"2m\"",
     "Conclave's own: after this, and up to half as much again, an agent moves to another server"},
    {"performance.rpc_hold_timeout", duration, implemented, "\"7s\"",
     "a request waits for a leader for so long"},
    {"raft_logstore.backend", text, later, "", "kind of log", own_storage},
    {"raft_logstore.boltdb.no_freelist_sync", boolean, later, "false", "option of one kind of log",
     own_storage},
    {"raft_logstore.disable_log_cache", boolean, later, "false", "no cache before the log",
     own_storage},
    {"raft_logstore.verification.enabled", boolean, later, "false", "compare checksums of the log",
     own_storage},
    {"raft_logstore.verification.interval", duration, later, "\"60s\"", "how often", own_storage},
    {"raft_logstore.wal.segment_size_mb", integer, later, "64", "size of the log's files",
     own_storage},
    {"raft_prevote_disabled", boolean, later, "false", "elections without a question before them",
     own_storage},
    {"raft_protocol", integer, moot, "3", "version of Raft's protocol"},
    {"raft_snapshot_interval", duration, later, "\"30s\"", "how often a snapshot is thought of",
     own_storage},
    {"raft_snapshot_threshold", integer, later, "16384", "entries after which a snapshot is made",
     own_storage},
    {"raft_trailing_logs", integer, later, "10240", "entries kept behind a snapshot", own_storage},
    {"rpc.enable_streaming", boolean, moot, "true",
     "blocking queries are served the same without it"},
    {"session_ttl_min", duration, implemented, "\"10s\"", "shortest TTL of a session"},
    {"snapshot_agent", any, later, "", "settings of Consul's snapshot agent", other_program},
    {"storage.free_space_min_bytes", integer, implemented, "67108864",
     "Conclave's own: with less space on the disk, writes are refused"},
    {"storage.quota_bytes", integer, implemented, "0",
     "Conclave's own: with a larger state, writes that add are refused; 0: no limit"},
    {"storage.sync", text, implemented, "\"checkpoint\"",
     "Conclave's own: \"full\" syncs the state after every batch too"},
    {"use_streaming_backend", boolean, moot, "true",
     "blocking queries are served the same without it"},
};

}  // namespace

std::span<const KeyEntry> server_keys() { return entries; }

}  // namespace conclave::cli
