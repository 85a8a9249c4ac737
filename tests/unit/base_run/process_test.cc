#include "base/run/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/run/file.h"
#include "tests/support/mistaken_loop.h"

namespace conclave {
namespace {

constexpr Nanos long_time = std::chrono::minutes{1};

Task<void> run_and_stop(Loop* loop, ProcessOptions options, Result<ProcessResult>* result) {
  *result = co_await run_process(*loop, std::move(options));
  loop->stop();
}

Result<ProcessResult> run(ProcessOptions options) {
  Loop loop("test");
  Result<ProcessResult> result = fail(ErrorCode::failed, "not run");
  loop.spawn("run", run_and_stop(&loop, std::move(options), &result));
  loop.run();
  return result;
}

/// A shell script that must start.
ProcessResult shell(std::string script, ProcessOptions options = {}) {
  options.argv = {"/bin/sh", "-c", std::move(script)};
  if (options.timeout == Nanos{0}) options.timeout = long_time;
  Result<ProcessResult> result = run(std::move(options));
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return result.value_or(ProcessResult{});
}

TEST(Process, gives_exit_code_and_both_outputs) {
  const ProcessResult result = shell("echo out; echo err >&2; exit 3");
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.output, "out\nerr\n");
  EXPECT_EQ(result.output_size, 8u);
}

TEST(Process, looks_a_name_without_slash_up_in_path) {
  const auto result = run({.argv = {"true"}, .timeout = long_time});
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->exit_code, 0);
}

TEST(Process, that_cannot_be_started_is_an_error_with_its_name) {
  const auto result = run({.argv = {"/no/such/program"}});
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, ErrorCode::not_found);
  EXPECT_NE(result.error().message.find("start /no/such/program: No such file"), std::string::npos)
      << result.error().message;
}

TEST(Process, in_a_directory_that_is_not_there_is_an_error_that_names_it) {
  const auto result = run({.argv = {"true"}, .working_directory = "/no/such/place"});
  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("in /no/such/place"), std::string::npos);
}

TEST(Process, runs_in_the_directory_it_is_given) {
  EXPECT_EQ(shell("pwd", {.working_directory = "/usr"}).output, "/usr\n");
}

TEST(Process, ended_by_a_signal_says_which_as_a_shell_does) {
  const ProcessResult result = shell("kill -TERM $$");
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(result.exit_code, 128 + SIGTERM);
}

TEST(Process, keeps_the_tail_of_a_long_output_and_counts_all) {
  const ProcessResult result =
      shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done", {.output_max = 22});
  EXPECT_EQ(result.output, "line 19998\nline 19999\n");
  EXPECT_EQ(result.output_size, 20000u * 6 + 10 + 90 * 2 + 900 * 3 + 9000 * 4 + 10000 * 5);
}

TEST(Process, that_writes_more_than_a_pipe_holds_does_not_block) {
  const ProcessResult result = shell("head -c 1000000 /dev/zero; echo end", {.output_max = 4});
  EXPECT_EQ(result.output, "end\n");
  EXPECT_EQ(result.output_size, 1000004u);
}

TEST(Process, is_killed_with_its_children_when_its_time_is_over) {
  const ProcessResult result = shell("echo begun; sleep 1000 & sleep 1000; echo not reached",
                                     {.timeout = std::chrono::milliseconds{200}});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Process, that_leaves_a_child_holding_its_output_is_over_when_it_ends) {
  // The background sleep keeps the pipe open; it is ended at once to leave nothing behind.
  const ProcessResult result = shell("sleep 1000 & echo $!");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(::kill(std::stoi(result.output), SIGKILL), 0);
}

TEST(Process, reads_the_input_it_is_given) {
  EXPECT_EQ(shell("cat; echo .", {.input = "a\nb"}).output, "a\nb.\n");
  EXPECT_EQ(shell("cat; echo .").output, ".\n");
}

TEST(Process, sees_our_environment_and_what_is_added_over_it) {
  ::setenv("CONCLAVE_TEST_OURS", "ours", 1);
  const ProcessResult result =
      shell("echo $CONCLAVE_TEST_OURS $CONCLAVE_TEST_ADDED; env | grep -c CONCLAVE_TEST_ADDED",
            {.environment = {"CONCLAVE_TEST_ADDED=first", "CONCLAVE_TEST_ADDED=second"}});
  EXPECT_EQ(result.output, "ours second\n1\n");
}

TEST(Process, inherits_no_descriptor_of_ours) {
  const int leaked = ::dup(STDERR_FILENO);  // Without O_CLOEXEC, as a careless library would.
  const ProcessResult result = shell("ls /proc/self/fd | wc -l");
  ::close(leaked);
  // 0, 1, 2, and the descriptor with which ls reads the directory.
  EXPECT_EQ(result.output, "4\n");
}

TEST(Process, does_not_ignore_the_signals_that_we_ignore) {
  const auto old = std::signal(SIGPIPE, SIG_IGN);
  const ProcessResult result = shell("kill -PIPE $$; echo ignored");
  std::signal(SIGPIPE, old);
  EXPECT_EQ(result.signal, SIGPIPE);
}

Task<void> run_mistaken(Loop* loop, Result<ProcessResult>* result) {
  co_await mistake_next(*loop);
  *result = co_await run_process(
      *loop,
      {.argv = {"sleep", "3"}, .capture_output = false, .timeout = std::chrono::milliseconds{100}});
  loop->stop();
}

TEST(Process, is_not_taken_for_ended_because_the_loop_says_so) {
  Loop loop("test");
  Result<ProcessResult> result = fail(ErrorCode::failed, "not run");
  loop.spawn("run", run_mistaken(&loop, &result));
  loop.run();
  ASSERT_TRUE(result.has_value()) << result.error().message;
  // The loop was free to see to the deadline.
  EXPECT_TRUE(result->timed_out);
  EXPECT_EQ(result->signal, SIGKILL);
}

Task<void> wait_and_stop(Loop* loop, Process* process, ProcessResult* result) {
  *result = co_await process->wait();
  loop->stop();
}

TEST(Process, can_be_sent_a_signal) {
  Loop loop("test");
  auto process = Process::start(
      loop,
      {.argv = {"/bin/sh", "-c", "trap 'exit 9' TERM; sleep 1000 & wait"}, .timeout = long_time});
  ASSERT_TRUE(process.has_value());
  EXPECT_GT(process->pid(), 0);
  // Before the shell has set its trap the signal ends it as well: both are an end by our signal.
  process->send_signal(SIGTERM);
  ProcessResult result;
  loop.spawn("wait", wait_and_stop(&loop, &*process, &result));
  loop.run();
  EXPECT_TRUE(result.exit_code == 9 || result.exit_code == 128 + SIGTERM) << result.exit_code;
  EXPECT_FALSE(result.timed_out);
}

TEST(Process, that_is_given_up_is_killed_and_reaped) {
  Loop loop("test");
  pid_t pid = 0;
  {
    auto process = Process::start(loop, {.argv = {"sleep", "1000"}});
    ASSERT_TRUE(process.has_value());
    pid = process->pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
  loop.run_ready();
}

}  // namespace
}  // namespace conclave
