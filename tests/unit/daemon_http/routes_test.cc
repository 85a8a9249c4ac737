// The table of endpoints in docs/compatibility.md says what the router has, no more and no less.
// Oracle for the methods: contract 1.1.
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

using Table = std::map<std::string, std::set<std::string>>;

const char* name_of(api::Method method) {
  switch (method) {
    case api::Method::get:
      return "GET";
    case api::Method::put:
      return "PUT";
    case api::Method::post:
      return "POST";
    case api::Method::del:
      return "DELETE";
    default:
      return "?";
  }
}

/// `/v1/query/:id/execute` as its prefix and suffix, `/v1/query/` and `/execute`.
std::string without_variable(std::string path) {
  const std::size_t colon = path.find(':');
  if (colon == std::string::npos) return path;
  const std::size_t end = std::min(path.find('/', colon), path.size());
  return path.substr(0, colon) + ":" + path.substr(end);
}

bool is_method(std::string_view word) {
  return word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

/// The lines of the form | `/v1/...` | GET PUT | ... |; in other tables the second cell is prose.
Table documented() {
  Table table;
  std::ifstream file(std::string(CONCLAVE_SOURCE_DIR) + "/docs/compatibility.md");
  EXPECT_TRUE(file.good());
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `/v1/")) continue;
    std::istringstream cells(line.substr(1));
    std::string path;
    std::string methods;
    std::getline(cells, path, '|');
    std::getline(cells, methods, '|');
    path = path.substr(2, path.rfind('`') - 2);
    std::istringstream words(methods);
    for (std::string word; words >> word && is_method(word);) {
      table[without_variable(path)].insert(word);
    }
  }
  return table;
}

class RoutesTest : public ServerTest {
 protected:
  Table routed() {
    Table table;
    for (const api::Route& route : router().routes()) {
      const bool variable = route.prefix.ends_with('/');
      std::string path = route.prefix + (variable ? ":" : "") + route.suffix;
      for (const api::Method method : route.methods) table[path].insert(name_of(method));
    }
    return table;
  }
};

TEST_F(RoutesTest, are_those_of_the_documented_table) {
  Table expected = documented();
  expected.erase("/v1/snapshot");  // There are no snapshots in this test.
  EXPECT_EQ(routed(), expected);
}

}  // namespace
}  // namespace conclave::daemon
