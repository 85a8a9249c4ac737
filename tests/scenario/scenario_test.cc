/// Stories of the algorithm as text: each line of a script that begins with "> " does one thing to
/// a cluster, and the lines after it say what followed. Run with --rewrite to write the traces
/// anew, then read the diff: it is the review.
///
///   > cluster a b c       voters with one first entry each; always the first line
///   > join d              a server that knows nothing starts
///   > elect a             a becomes leader, without a trace
///   > campaign a          > tick a 3        > propose a x        > read a
///   > add a d             a makes d a learner; likewise > promote a d, > demote a d, > remove a d
///   > transfer a b        a hands leadership to b
///   > written a           the write under way at a completes
///   > deliver a b         the oldest message from a to b arrives
///   > settle              writes complete and messages arrive until all is quiet
///   > cut a b             > isolate a       > heal
///   > drop                all messages under way are lost
///   > crash a             > restart a
///   > forget a            an election timeout passes at a, messages are lost
///   > compact a           a checkpoints what it has applied and forgets its log up to there
///   > log a               what a's disk holds

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <sstream>

#include "tests/raft_cluster/cluster.h"

namespace conclave::raft {
namespace {

bool rewrite = false;

using Words = std::vector<std::string>;

class Story {
 public:
  /// Carries out one command; returns what followed.
  std::vector<std::string> tell(const Words& words) {
    if (words.at(0) == "cluster") {
      cluster_ = std::make_unique<Cluster>(Words(words.begin() + 1, words.end()));
      return {};
    }
    const auto verb = verbs().find(words.at(0));
    if (verb == verbs().end()) return {"error: unknown command " + words.at(0)};
    extra_.clear();
    verb->second(*this, words);
    std::vector<std::string> lines = cluster_->take_trace();
    lines.insert(lines.end(), extra_.begin(), extra_.end());
    return lines;
  }

 private:
  using Verb = std::function<void(Story&, const Words&)>;

  static const std::map<std::string, Verb>& verbs() {
    static const std::map<std::string, Verb> all = {
        {"campaign", [](Story& s, const Words& w) { s.cluster_->campaign(w.at(1)); }},
        {"tick", [](Story& s, const Words& w) { s.cluster_->tick(w.at(1), count(w)); }},
        {"propose", [](Story& s, const Words& w) { s.propose(w.at(1), w.at(2)); }},
        {"read", [](Story& s, const Words& w) { s.read(w.at(1)); }},
        {"join", [](Story& s, const Words& w) { s.cluster_->join(w.at(1)); }},
        {"elect", [](Story& s, const Words& w) { s.elect(w.at(1)); }},
        {"add", [](Story& s, const Words& w) { s.change(w, MembershipChange::Kind::add_learner); }},
        {"promote", [](Story& s, const Words& w) { s.change(w, MembershipChange::Kind::promote); }},
        {"demote", [](Story& s, const Words& w) { s.change(w, MembershipChange::Kind::demote); }},
        {"remove", [](Story& s, const Words& w) { s.change(w, MembershipChange::Kind::remove); }},
        {"transfer",
         [](Story& s, const Words& w) { s.report(s.cluster_->transfer(w.at(1), w.at(2))); }},
        {"compact", [](Story& s, const Words& w) { s.cluster_->compact(w.at(1)); }},
        {"written",
         [](Story& s, const Words& w) { s.expect(s.cluster_->complete_write(w.at(1))); }},
        {"deliver",
         [](Story& s, const Words& w) { s.expect(s.cluster_->deliver(w.at(1), w.at(2))); }},
        {"settle", [](Story& s, const Words&) { s.cluster_->settle(); }},
        {"cut", [](Story& s, const Words& w) { s.cluster_->cut(w.at(1), w.at(2)); }},
        {"isolate", [](Story& s, const Words& w) { s.cluster_->isolate(w.at(1)); }},
        {"heal", [](Story& s, const Words&) { s.cluster_->heal(); }},
        {"drop", [](Story& s, const Words&) { s.cluster_->drop_messages(); }},
        {"crash", [](Story& s, const Words& w) { s.cluster_->crash(w.at(1)); }},
        {"restart", [](Story& s, const Words& w) { s.cluster_->restart(w.at(1)); }},
        {"forget", [](Story& s, const Words& w) { s.forget(w.at(1)); }},
        {"log", [](Story& s, const Words& w) { s.log(w.at(1)); }},
    };
    return all;
  }

  static int count(const Words& words) { return words.size() > 2 ? std::stoi(words[2]) : 1; }

  void expect(bool happened) {
    if (!happened) extra_.emplace_back("nothing to do");
  }
  void propose(const std::string& name, const std::string& payload) {
    const Result<Index> index = cluster_->propose(name, payload);
    extra_.push_back(index ? fmt::format("proposed as {}", index->value)
                           : "refused: " + index.error().message);
  }
  void change(const Words& words, MembershipChange::Kind kind) {
    std::vector<MembershipChange> changes;
    for (std::size_t i = 2; i < words.size(); ++i) {
      changes.push_back({kind, {NodeId{words[i]}, {}, words[i] + ":8300", Suffrage::learner}});
    }
    const Result<Index> index = cluster_->change(words.at(1), changes);
    extra_.push_back(index ? fmt::format("changed by {}", index->value)
                           : "refused: " + index.error().message);
  }
  void elect(const std::string& name) {
    cluster_->elect(name);
    cluster_->take_trace();
  }
  void report(const Result<void>& result) {
    if (!result) extra_.push_back("refused: " + result.error().message);
  }
  void read(const std::string& name) {
    const Result<ReadId> id = cluster_->read(name);
    extra_.push_back(id ? fmt::format("read {}", id->value) : "refused: " + id.error().message);
  }
  void forget(const std::string& name) {
    cluster_->tick(name, static_cast<int>(test_options().election_timeout_ticks_min));
    cluster_->drop_messages();
    cluster_->take_trace();
  }
  void log(const std::string& name) {
    std::string line = name + " has";
    for (const std::string& entry : cluster_->log_of(name)) line += " " + entry;
    extra_.push_back(line);
  }

  std::unique_ptr<Cluster> cluster_;
  std::vector<std::string> extra_;
};

Words split(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// The script with its traces as they are now. Lines before the first command and lines that begin
/// with '#' stay.
std::string retell(const std::string& script) {
  std::istringstream in(script);
  std::string out;
  Story story;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#') || line.empty()) {
      out += line + "\n";
    } else if (line.starts_with("> ")) {
      out += line + "\n";
      for (const std::string& followed : story.tell(split(line.substr(2)))) {
        out += "  " + followed + "\n";
      }
    }
  }
  return out;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Scenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Scenario, goes_as_written) {
  const std::string written = read_file(GetParam());
  const std::string told = retell(written);
  if (rewrite) std::ofstream(GetParam()) << told;
  EXPECT_EQ(told, written) << "if the change is meant: run with --rewrite and read the diff";
}

std::vector<std::filesystem::path> scripts() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(SCENARIO_DIRECTORY)) {
    if (entry.path().extension() == ".txt" && entry.path().stem() != "CMakeLists") {
      paths.push_back(entry.path());
    }
  }
  std::ranges::sort(paths);
  return paths;
}

INSTANTIATE_TEST_SUITE_P(Scripts, Scenario, testing::ValuesIn(scripts()),
                         [](const auto& info) { return info.param.stem().string(); });

TEST(ScenarioRunner, there_are_scripts_and_an_unknown_command_is_reported) {
  EXPECT_GE(scripts().size(), 4U);
  EXPECT_EQ(retell("> cluster a\n> dance a\n"),
            "> cluster a\n> dance a\n  error: unknown command dance\n");
}

TEST(ScenarioRunner, a_trace_that_differs_is_noticed) {
  const std::string wrong = "> cluster a\n> campaign a\n  a is follower in term 9, commit 1\n";
  EXPECT_NE(retell(wrong), wrong);
}

}  // namespace
}  // namespace conclave::raft

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--rewrite") conclave::raft::rewrite = true;
  }
  return RUN_ALL_TESTS();
}
