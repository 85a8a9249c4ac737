#include "cli/config/key_tables.h"

/// Metrics: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view tls_off = "TLS comes later";
constexpr std::string_view scrape_metrics = "metrics are read at /v1/agent/metrics";
constexpr std::string_view enterprise = "it belongs to Consul Enterprise";
constexpr std::string_view no_host_metrics = "the host is left to other exporters";
constexpr std::string_view all_metrics = "all metrics are shown";
constexpr std::string_view consul_prefix = "metric names begin with consul";

constexpr KeyEntry entries[] = {
    {"telemetry.certificate", any, later, "", "metrics of certificates", tls_off},
    {"telemetry.circonus_api_app", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_api_token", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_api_url", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_broker_id", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_broker_select_tag", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.circonus_check_display_name", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.circonus_check_force_metric_activation", any, later, "",
     "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_check_id", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_check_instance_id", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.circonus_check_search_tag", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.circonus_check_tags", any, later, "", "sends metrics to Circonus", scrape_metrics},
    {"telemetry.circonus_submission_interval", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.circonus_submission_url", any, later, "", "sends metrics to Circonus",
     scrape_metrics},
    {"telemetry.disable_compat_1.9", boolean, moot, "true",
     "metrics have their present names only"},
    {"telemetry.disable_hostname", boolean, implemented, "false",
     "leave the host's name out of the names of gauges"},
    {"telemetry.disable_per_tenancy_usage_metrics", boolean, later, "false",
     "fewer labels of usage metrics", enterprise},
    {"telemetry.dogstatsd_addr", text, later, "", "sends metrics to DogStatsD", scrape_metrics},
    {"telemetry.dogstatsd_tags", text_list, later, "", "tags for that", scrape_metrics},
    {"telemetry.enable_host_metrics", boolean, later, "false", "metrics of the host",
     no_host_metrics},
    {"telemetry.filter_default", boolean, later, "true", "show what no filter names", all_metrics},
    {"telemetry.metrics_prefix", text, later, "\"consul\"", "first part of metric names",
     consul_prefix},
    {"telemetry.prefix_filter", text_list, later, "", "metrics to show (+) and to leave out (-)",
     all_metrics},
    {"telemetry.prometheus_retention_time", duration, implemented, "\"0s\"",
     "more than 0 turns the format of Prometheus on"},
    {"telemetry.retry_failed_connection", boolean, later, "true",
     "try again to reach a receiver of metrics", scrape_metrics},
    {"telemetry.statsd_address", text, later, "", "sends metrics to statsd", scrape_metrics},
    {"telemetry.statsite_address", text, later, "", "sends metrics to statsite", scrape_metrics},
    {"telemetry.statsite_prefix", text, later, "", "first part of their names", scrape_metrics},
};

}  // namespace

std::span<const KeyEntry> telemetry_keys() { return entries; }

}  // namespace conclave::cli
