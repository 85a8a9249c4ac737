// Oracle: contract 7.2, 7.3 (output texts, thresholds, alias), 9 (aggregation), 6.3 (health codes).

#include "agent/rules/status.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/rules/alias.h"
#include "agent/rules/output.h"
#include "agent/rules/thresholds.h"

namespace conclave::agent {
namespace {

using namespace std::chrono_literals;

api::HealthCheck check(std::string status, std::string id = "c") {
  api::HealthCheck row;
  row.check_id = id;
  row.name = id;
  row.status = std::move(status);
  row.output = "out";
  return row;
}

TEST(AggregatedStatus, is_the_worst_and_maintenance_beats_all) {
  struct Case {
    std::vector<api::HealthCheck> checks;
    std::string status;
    int http;
  };
  const std::vector<Case> cases = {
      {{}, "passing", 200},
      {{check("passing")}, "passing", 200},
      {{check("passing"), check("warning")}, "warning", 429},
      {{check("critical"), check("warning")}, "critical", 503},
      {{check("passing"), check("critical", "_node_maintenance")}, "maintenance", 503},
      {{check("critical"), check("critical", "_service_maintenance:web")}, "maintenance", 503},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(aggregated_status(one.checks), one.status);
    EXPECT_EQ(health_http_status(one.status), one.http);
  }
}

/// p w c for results, one letter or '-' (no change) for what is published.
std::string published(Thresholds thresholds, std::string_view results) {
  StatusDamper damper(thresholds);
  std::string out;
  for (const char result : results) {
    const auto status = damper.judge(result == 'p'   ? CheckStatus::passing
                                     : result == 'w' ? CheckStatus::warning
                                                     : CheckStatus::critical);
    out.push_back(status ? status_text(*status)[0] : '-');
  }
  return out;
}

TEST(Thresholds, count_results_in_a_row) {
  EXPECT_EQ(published({}, "cpwcp"), "cpwcp");
  // The first result counts at once.
  EXPECT_EQ(published({3, 0, 0}, "p"), "p");
  EXPECT_EQ(published({0, 0, 3}, "c"), "c");
  EXPECT_EQ(published({3, 0, 0}, "cpppp"), "c--pp");
  EXPECT_EQ(published({3, 0, 0}, "cppcppp"), "c--c--p");
  EXPECT_EQ(published({0, 0, 3}, "pccc"), "p--c");
  EXPECT_EQ(published({0, 0, 3}, "pccpccc"), "p--p--c");
  EXPECT_EQ(published({0, 2, 3}, "pccc"), "p-wc");
  EXPECT_EQ(published({2, 1, 3}, "pcccpw"), "pwwc-w");
}

TEST(Output, of_updates_is_cut_from_the_end) {
  EXPECT_EQ(shorten_update("abc", 3), "abc");
  EXPECT_EQ(shorten_update("abcd", 3), "abc ... (captured 3 of 4 bytes)");
}

TEST(Output, of_scripts_tells_how_much_is_missing) {
  EXPECT_EQ(script_output("tail", 4), "tail");
  EXPECT_EQ(script_output("tail", 9000), "Captured 4 of 9000 bytes\n...\ntail");
}

TEST(Output, of_timeouts_and_expiry_has_the_contracts_words) {
  EXPECT_EQ(timeout_output(30s, "x"), "Timed out (30s) running check\n\nx");
  EXPECT_EQ(timeout_output(1500ms, ""), "Timed out (1.5s) running check");
  EXPECT_EQ(ttl_expired_output(""), "TTL expired");
  EXPECT_EQ(ttl_expired_output("ok"), "TTL expired (last output before timeout follows): ok");
}

TEST(Output, limit_is_the_smaller_of_both) {
  EXPECT_EQ(output_limit(0, 4096), 4096u);
  EXPECT_EQ(output_limit(100, 4096), 100u);
  EXPECT_EQ(output_limit(9000, 4096), 4096u);
}

TEST(Alias, tells_the_worst_check) {
  EXPECT_EQ(alias_result({}), (CheckResult{CheckStatus::passing, "No checks found."}));
  EXPECT_EQ(alias_result({check("passing")}),
            (CheckResult{CheckStatus::passing, "All checks passing."}));
  EXPECT_EQ(alias_result({check("warning", "w"), check("critical", "c")}),
            (CheckResult{CheckStatus::critical, "Aliased check \"c\" failing: out"}));
  EXPECT_EQ(alias_result({check("warning", "w"), check("passing", "p")}),
            (CheckResult{CheckStatus::warning, "Aliased check \"w\" failing: out"}));
  EXPECT_EQ(alias_missing("db", "n1"),
            (CheckResult{CheckStatus::critical, "Service db could not be found on node n1"}));
}

}  // namespace
}  // namespace conclave::agent
