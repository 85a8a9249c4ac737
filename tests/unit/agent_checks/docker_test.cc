// Oracle: contract 7.3, and the Docker Engine's API: exec create, start, inspect, and the frames of
// its output.

#include "agent/checks/docker_check.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/agent_checks/target.h"

namespace conclave::agent {
namespace {

std::string frame(char stream, const std::string& text) {
  std::string bytes(8, '\0');
  bytes[0] = stream;
  bytes[6] = static_cast<char>(text.size() >> 8);
  bytes[7] = static_cast<char>(text.size());
  return bytes + text;
}

class DockerCheck : public testing::Test {
 protected:
  CheckResult run(std::uint64_t limit = 4096) {
    api::CheckDefinition check;
    check.docker_container_id = "f972";
    check.args = {"/bin/true", "-v"};
    return result_of(loop, probe_docker(loop, check, limit, "http://" + engine.host_port()));
  }
  void answer(const std::string& output, const std::string& inspected) {
    engine.answer_in_turn({Target::http("201 Created", R"({"Id":"e1"})"),
                           Target::http("200 OK", output), Target::http("200 OK", inspected)});
  }
  Loop loop{"agent"};
  Target engine{loop};
};

TEST_F(DockerCheck, is_judged_by_the_exit_code) {
  const struct {
    int code;
    CheckStatus status;
  } cases[] = {{0, CheckStatus::passing},
               {1, CheckStatus::warning},
               {2, CheckStatus::critical},
               {137, CheckStatus::critical}};
  for (const auto& one : cases) {
    answer(frame(1, "said\n") + frame(2, "complained\n"),
           R"({"Running":false,"ExitCode":)" + std::to_string(one.code) + "}");
    const CheckResult result = run();
    EXPECT_EQ(result.status, one.status) << one.code;
    EXPECT_EQ(result.output, "said\ncomplained\n");
  }
}

TEST_F(DockerCheck, asks_the_engine_to_run_the_command_in_the_container) {
  answer("", R"({"ExitCode":0})");
  run();
  ASSERT_EQ(engine.requests().size(), 3u);
  EXPECT_TRUE(engine.requests()[0].starts_with("POST /containers/f972/exec HTTP/1.1"));
  EXPECT_TRUE(engine.requests()[0].contains(R"("Cmd":["/bin/true","-v"])")) << engine.requests()[0];
  EXPECT_TRUE(engine.requests()[1].starts_with("POST /exec/e1/start HTTP/1.1"));
  EXPECT_TRUE(engine.requests()[2].starts_with("GET /exec/e1/json HTTP/1.1"));
}

TEST_F(DockerCheck, keeps_the_end_of_a_long_output) {
  answer(frame(1, std::string(100, 'a') + "end"), R"({"ExitCode":0})");
  EXPECT_EQ(run(8).output, "Captured 8 of 103 bytes\n...\naaaaaend");
}

TEST_F(DockerCheck, says_what_the_engine_says) {
  engine.answer_in_turn(
      {Target::http("404 Not Found", R"({"message":"No such container: f972"})")});
  CheckResult result = run();
  EXPECT_EQ(result.status, CheckStatus::critical);
  EXPECT_EQ(result.output, "Unable to create the exec instance: 404 No such container: f972");
  answer("", R"({"Running":true,"ExitCode":null})");
  result = run();
  EXPECT_EQ(result.output, "Unable to inspect the exec instance: it has no exit code");
  engine.close();
  EXPECT_TRUE(run().output.contains("connection refused"));
}

TEST(DockerOutput, is_framed_or_as_it_is) {
  EXPECT_EQ(docker_output(""), "");
  EXPECT_EQ(docker_output("plain text"), "plain text");
  EXPECT_EQ(docker_output(frame(1, "a") + frame(2, "b")), "ab");
  EXPECT_EQ(docker_output(frame(1, "whole") + frame(1, "torn").substr(0, 10)), "wholeto");
}

}  // namespace
}  // namespace conclave::agent
