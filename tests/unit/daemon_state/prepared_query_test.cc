// Oracle: contract section 13.
#include "daemon/tables/prepared_queries.h"

#include "daemon/tables/changes.h"
#include "daemon/tables/key.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

const std::string id_1 = "11111111-1111-1111-1111-111111111111";
const std::string id_2 = "22222222-2222-2222-2222-222222222222";

class PreparedQueryTest : public Machine {
 protected:
  static api::PreparedQuery query(std::string id, std::string name, std::string session = "") {
    return {.id = std::move(id),
            .name = std::move(name),
            .session = std::move(session),
            .service = {.service = "web"}};
  }
  static api::PreparedQuery of_template(std::string id, std::string name) {
    api::PreparedQuery made = query(std::move(id), std::move(name));
    made.query_template.type = "name_prefix_match";
    return made;
  }
  Outcome create(api::PreparedQuery made) {
    return run(WriteQuery{.op = QueryOp::create, .query = std::move(made)});
  }
  Outcome update(api::PreparedQuery made) {
    return run(WriteQuery{.op = QueryOp::update, .query = std::move(made)});
  }
  Outcome remove(std::string id) {
    return run(WriteQuery{.op = QueryOp::remove, .query = {.id = std::move(id)}});
  }
  std::size_t rows_of(Table table) {
    std::size_t found = 0;
    rows.scan_prefix(table_key(table),
                     [&](std::string_view, std::string_view) { return ++found > 0; });
    return found;
  }
};

TEST_F(PreparedQueryTest, is_stored_under_its_id_and_its_name) {
  const Outcome created = create(query(id_1, "Web"));
  EXPECT_TRUE(created.done);
  EXPECT_EQ(created.created, id_1);
  EXPECT_TRUE(woke(TopicKind::queries));
  const auto stored = find_query(rows, id_1);
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->create_index, revision());
  EXPECT_EQ(stored->modify_index, revision());
  EXPECT_EQ(meta().queries_index, revision());
  EXPECT_EQ(find_query_name(rows, "wEB")->id, id_1);
}

TEST_F(PreparedQueryTest, an_update_moves_only_the_modify_index_and_only_if_something_changed) {
  create(query(id_1, "web"));
  const std::uint64_t made = revision();
  api::PreparedQuery changed = query(id_1, "db");
  changed.service.service = "db";
  EXPECT_TRUE(update(changed).done);
  const auto stored = find_query(rows, id_1);
  EXPECT_EQ(stored->create_index, made);
  EXPECT_EQ(stored->modify_index, revision());
  EXPECT_FALSE(find_query_name(rows, "web"));
  EXPECT_EQ(find_query_name(rows, "db")->id, id_1);
  const std::uint64_t before = revision();
  EXPECT_TRUE(update(changed).done);
  EXPECT_EQ(revision(), before);
  EXPECT_FALSE(woke(TopicKind::queries));
}

TEST_F(PreparedQueryTest, removing_leaves_nothing) {
  node("n");
  session("s", "n");
  create(query(id_1, "web", "s"));
  EXPECT_TRUE(remove(id_1).done);
  EXPECT_EQ(rows_of(Table::queries), 0u);
  EXPECT_EQ(rows_of(Table::query_names), 0u);
  EXPECT_EQ(rows_of(Table::queries_by_session), 0u);
  EXPECT_EQ(meta().queries_index, revision());
}

TEST_F(PreparedQueryTest, what_does_not_fit_the_state_is_refused) {
  create(query(id_1, "web"));
  const std::uint64_t before = revision();
  const std::string unknown = "Cannot modify non-existent prepared query: '" + id_2 + "'";
  EXPECT_EQ(update(query(id_2, "x")).error, unknown);
  EXPECT_EQ(remove(id_2).error, unknown);
  EXPECT_EQ(create(query(id_2, "WEB")).error, "name 'WEB' aliases an existing query name");
  EXPECT_EQ(create(query(id_2, id_1)).error, "name '" + id_1 + "' aliases an existing query ID");
  EXPECT_EQ(create(query(id_2, "x", "none")).error, "invalid session \"none\"");
  EXPECT_EQ(create(of_template(id_2, std::string(257, 'x'))).error,
            "the name of a query template has at most 256 bytes");
  EXPECT_EQ(revision(), before);
}

TEST_F(PreparedQueryTest, there_is_one_template_without_a_name) {
  EXPECT_TRUE(create(of_template(id_1, "")).done);
  EXPECT_EQ(create(of_template(id_2, "")).error,
            "a query template with an empty name already exists");
  EXPECT_TRUE(update(of_template(id_1, "")).done);
}

TEST_F(PreparedQueryTest, the_longest_template_that_a_name_begins_with_is_found) {
  create(of_template("a", ""));
  create(of_template("b", "geo-"));
  create(of_template("c", "geo-db"));
  create(query("d", "geo-db-1"));
  struct Case {
    std::string name;
    const char* expected;
  };
  const Case cases[] = {{"x", "a"},
                        {"geo", "a"},
                        {"GEO-x", "b"},
                        {"geo-db", "c"},
                        {"geo-db-master", "c"},
                        {"geo-db-1x", "c"},
                        {std::string(4000, 'g'), "a"}};
  for (const Case& c : cases)
    EXPECT_EQ(find_query_template(rows, c.name)->id, c.expected) << c.name;
  remove("a");
  EXPECT_FALSE(find_query_template(rows, "x"));
}

TEST_F(PreparedQueryTest, goes_with_its_session) {
  node("n");
  session("s", "n", "delete");
  session("other", "n");
  create(query("a", "", "s"));
  create(query("b", "named", "s"));
  create(query("c", "", "other"));
  create(query("d", "free"));
  lock("k", "s");
  EXPECT_TRUE(end("s").done);
  EXPECT_EQ(rows_of(Table::queries), 2u);
  EXPECT_FALSE(find_query_name(rows, "named"));
  EXPECT_TRUE(find_query(rows, "c"));
  EXPECT_TRUE(find_query(rows, "d"));
  EXPECT_FALSE(exists("k"));
  EXPECT_TRUE(woke(TopicKind::queries));
  EXPECT_EQ(meta().queries_index, revision());
}

TEST_F(PreparedQueryTest, a_session_with_very_many_is_removed_in_parts) {
  node("n");
  session("s", "n");
  for (int i = 0; i < 2000; ++i) create(query("q" + std::to_string(i), "", "s"));
  const Outcome outcome = end("s");
  EXPECT_NE(outcome.job, 0u);
  EXPECT_GT(finish(outcome), 0);
  EXPECT_EQ(rows_of(Table::queries), 0u);
  EXPECT_EQ(rows_of(Table::queries_by_session), 0u);
}

}  // namespace
}  // namespace conclave::daemon
