// Oracle: contract 16.2 and the texts of Consul's agent and watch plans.

#include "cli/config/watches.h"

#include <gtest/gtest.h>

#include "cli/config/load_config.h"

namespace conclave::cli {
namespace {

Result<AgentConfig> load(const std::string& hcl) {
  const std::vector<GivenFlag> flags = {{"data-dir", "/nowhere"}, {"hcl", hcl}};
  return load_agent_config(flags, {.name = "host", .interfaces = {}});
}

TEST(Watches, each_type_with_its_parameters_is_accepted) {
  const auto config = load(R"(
    watches = [
      { type = "key", key = "a/b", args = ["/bin/x", "-y"] },
      { type = "keyprefix", prefix = "a/", handler = "x | y", datacenter = "dc1", token = "t" },
      { type = "services", args = ["x"], filter = "a in ServiceTags" },
      { type = "nodes", args = ["x"], stale = true },
      { type = "service", service = "web", tag = "a", passingonly = true, args = ["x"] },
      { type = "service", service = "web", tag = ["a", "b"], args = ["x"] },
      { type = "checks", state = "critical", args = ["x"] },
      { type = "event", name = "deploy", args = ["x"] },
    ]
    watches {
      type = "nodes"
      handler_type = "http"
      http_handler_config {
        path = "http://localhost:8000/watch"
        method = "PUT"
        timeout = "5s"
        header { X-A = ["1"] }
        tls_skip_verify = true
      }
    })");
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_TRUE(config->warnings.empty());
  ASSERT_EQ(config->watches.size(), 9u);
}

TEST(Watches, mistakes_are_named) {
  struct Example {
    std::string_view watch;
    std::string_view sentence;
  };
  for (const Example& example : std::initializer_list<Example>{
           {"", "Watch type must be defined"},
           {"type = \"x\"", "Unsupported watch type: x"},
           {"type = \"connect_leaf\"", "there is no service mesh"},
           {"type = \"key\" args = [\"x\"]", "Must specify a single key to watch"},
           {"type = \"keyprefix\" args = [\"x\"]", "Must specify a single prefix to watch"},
           {"type = \"service\" args = [\"x\"]", "Must specify a single service to watch"},
           {"type = \"key\" key = \"a\" state = \"b\" args = [\"x\"]",
            "Invalid parameters: [state]"},
           {"type = \"checks\" service = \"a\" state = \"b\" args = [\"x\"]",
            "Cannot specify service and state"},
           {"type = \"nodes\"", "Must define a watch handler"},
           {"type = \"nodes\" args = [\"x\"] handler = \"y\"", "Only one watch handler allowed"},
           {"type = \"nodes\" args = \"x\"", "cannot unmarshal string into field args"},
           {"type = \"nodes\" handler_type = \"mail\"", "Handler type 'mail' not recognized"},
           {"type = \"nodes\" handler_type = \"http\"",
            "Handler type 'http' requires 'http_handler_config' to be set"},
           {"type = \"nodes\" handler_type = \"http\" http_handler_config { method = \"PUT\" }",
            "Requires 'path' to be set"},
       }) {
    const auto config = load("watches { " + std::string(example.watch) + " }");
    ASSERT_FALSE(config.has_value()) << example.watch;
    const std::string& message = config.error().message;
    EXPECT_TRUE(message.starts_with("flag -hcl: watches: ")) << message;
    EXPECT_NE(message.find(example.sentence), std::string::npos) << message;
  }
  EXPECT_NE(load("watches = \"nodes\"").error().message.find("watches must be an object"),
            std::string::npos);
}

}  // namespace
}  // namespace conclave::cli
