#include "cli/config/key_tables.h"

/// Services, checks and watches: one entry per key, in the order of the paths.

namespace conclave::cli {
namespace {

using enum KeyClass;
using enum KeyType;

constexpr std::string_view fixed_timing = "this time is fixed";
constexpr std::string_view no_cache = "the agent has no cache";
constexpr std::string_view no_mesh = "there is no service mesh";
constexpr std::string_view no_measuring = "this agent measures no round-trip times";
constexpr std::string_view no_client_certificate = "checks use no client certificate";
constexpr std::string_view log_to_stdout = "log lines go to standard output";
constexpr std::string_view no_ui = "the user interface comes later";

constexpr KeyEntry entries[] = {
    {"ae_interval", duration, later, "\"1m\"", "how often the catalog is compared, for tests",
     fixed_timing},
    {"cache.entry_fetch_max_burst", integer, later, "2", "burst of the agent's cache", no_cache},
    {"cache.entry_fetch_rate", any, later, "", "rate of the agent's cache", no_cache},
    {"check", definitions, implemented, "", "a check; see below"},
    {"check_deregister_interval_min", duration, later, "\"1m\"",
     "shortest deregister_critical_service_after, for tests", fixed_timing},
    {"check_output_max_size", integer, implemented, "4096", "bytes kept of a check's output"},
    {"check_reap_interval", duration, later, "\"30s\"",
     "how often critical services are looked for, for tests", fixed_timing},
    {"check_redirects_same_host", boolean, implemented, "false",
     "Conclave's own: HTTP checks are not led to other hosts by redirects"},
    {"check_update_interval", duration, implemented, "\"5m\"",
     "a check's new output alone is reported so late at most"},
    {"checks", definitions, implemented, "", "checks; see below"},
    {"config_entries", any, later, "", "configuration entries to begin with", no_mesh},
    {"disable_anonymous_signature", boolean, moot, "false", "nothing is sent to anybody"},
    {"disable_coordinates", boolean, implemented, "false",
     "coordinates are neither taken nor shown: 401"},
    {"disable_remote_exec", boolean, moot, "true", "there is no remote execution"},
    {"disable_update_check", boolean, moot, "false", "nobody is asked for a newer version"},
    {"discard_check_output", boolean, implemented, "false", "keep no output of checks"},
    {"enable_agent_tls_for_checks", boolean, later, "false", "checks show the agent's certificate",
     no_client_certificate},
    {"enable_debug", boolean, implemented, "false", "serve /debug/pprof/*"},
    {"enable_local_script_checks", boolean, implemented, "false",
     "run script checks that stand in configuration files"},
    {"enable_script_checks", boolean, implemented, "false",
     "run script checks, those registered over HTTP too"},
    {"enable_syslog", boolean, later, "false", "log to syslog as well", log_to_stdout},
    {"log_file", text, later, "", "file to log to as well", log_to_stdout},
    {"log_json", boolean, implemented, "false", "log lines as JSON objects"},
    {"log_level", text, implemented, "\"info\"", "trace, debug, info, warn or error"},
    {"log_rotate_bytes", integer, later, "0", "size of a log file", log_to_stdout},
    {"log_rotate_duration", duration, later, "\"24h\"", "age of a log file", log_to_stdout},
    {"log_rotate_max_files", integer, later, "0", "old log files to keep", log_to_stdout},
    {"service", definitions, implemented, "", "a service; see below"},
    {"services", definitions, implemented, "", "services; see below"},
    {"sync_coordinate_interval_min", duration, later, "\"15s\"", "how often coordinates are sent",
     no_measuring},
    {"sync_coordinate_rate_target", any, later, "64", "rate of coordinates of the cluster",
     no_measuring},
    {"syslog_facility", text, later, "\"LOCAL0\"", "facility of syslog", log_to_stdout},
    {"ui", boolean, later, "false", "old name of ui_config.enabled", no_ui},
    {"ui_config.content_path", text, later, "\"/ui/\"", "path of the user interface", no_ui},
    {"ui_config.dashboard_url_templates", any, later, "", "links to dashboards", no_ui},
    {"ui_config.dir", text, later, "", "directory of another user interface", no_ui},
    {"ui_config.enabled", boolean, later, "false", "serve the user interface", no_ui},
    {"ui_config.metrics_provider", text, later, "", "where the user interface reads metrics",
     no_ui},
    {"ui_config.metrics_provider_files", text_list, later, "", "scripts for that", no_ui},
    {"ui_config.metrics_provider_options_json", text, later, "", "options for that", no_ui},
    {"ui_config.metrics_proxy", any, later, "", "proxy for that", no_ui},
    {"ui_content_path", text, later, "\"/ui/\"", "old name of ui_config.content_path", no_ui},
    {"ui_dir", text, later, "", "old name of ui_config.dir", no_ui},
    {"watches", definitions, implemented, "", "what to run on changes; see below"},
};

}  // namespace

std::span<const KeyEntry> agent_keys() { return entries; }

}  // namespace conclave::cli
