#include "daemon/state/prepared_query.h"

#include <optional>
#include <string>
#include <utility>

#include "base/core/text.h"
#include "base/core/uuid.h"
#include "daemon/state/kv.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/sessions.h"

namespace conclave::daemon {
namespace {

/// Why the query cannot be written; "" = it can.
std::string objection(const Step& step, const api::PreparedQuery& query) {
  if (query.id.empty()) return "Missing Query ID";
  if (query.is_template() && query.name.size() > template_name_bytes_max) {
    return "the name of a query template has at most " + std::to_string(template_name_bytes_max) +
           " bytes";
  }
  if (has_name_row(query)) {
    const auto other = find_query_name(step.rows(), query.name);
    if (other && !equal_ignoring_case(other->id, query.id)) {
      return query.name.empty() ? "a query template with an empty name already exists"
                                : "name '" + query.name + "' aliases an existing query name";
    }
  }
  // Ids are looked up before names: such a name would never be found.
  if (is_uuid(query.name) && find_query(step.rows(), query.name)) {
    return "name '" + query.name + "' aliases an existing query ID";
  }
  if (!query.session.empty() && !find_session(step.rows(), query.session)) {
    return "invalid session " + quoted(query.session);
  }
  return {};
}

void touch(Step& step) {
  step.meta().queries_index = step.revision();
  step.touch(TopicKind::queries);
}

void erase_index_rows(Step& step, const api::PreparedQuery& query) {
  if (has_name_row(query)) step.erase(query_name_key(query.name));
  if (!query.session.empty()) step.erase(query_by_session_key(query.session, query.id));
}

void put_query(Step& step, api::PreparedQuery query,
               const std::optional<api::PreparedQuery>& before) {
  query.create_index = before ? before->create_index : step.revision();
  query.modify_index = before ? before->modify_index : step.revision();
  if (before && query == *before) return;
  query.modify_index = step.revision();
  if (before) erase_index_rows(step, *before);
  if (has_name_row(query)) {
    step.put_record(query_name_key(query.name),
                    QueryRef{.id = query.id, .is_template = query.is_template()});
  }
  if (!query.session.empty()) {
    step.put_record(query_by_session_key(query.session, query.id), QueryRef{.id = query.id});
  }
  step.put_object(TopicKind::queries, query.id, query_key(query.id), api::encode_record(query));
  touch(step);
}

}  // namespace

Outcome apply_write_query(const WriteQuery& command, const ApplyTime& time, Rows& rows,
                          ChangeSet& changes) {
  Step step(rows, time);
  Outcome outcome;
  const auto before = find_query(step.rows(), command.query.id);
  if (command.op != QueryOp::create && !before) {
    outcome.error = "Cannot modify non-existent prepared query: '" + command.query.id + "'";
  } else if (command.op == QueryOp::create && before) {
    outcome.error = "prepared query '" + command.query.id + "' exists";
  } else if (command.op == QueryOp::remove) {
    erase_query(step, *before);
  } else if (outcome.error = objection(step, command.query); outcome.error.empty()) {
    put_query(step, command.query, before);
  }
  outcome.done = outcome.error.empty();
  if (outcome.done) outcome.created = command.query.id;
  return step.finish(std::move(outcome), changes);
}

void erase_query(Step& step, const api::PreparedQuery& query) {
  erase_index_rows(step, query);
  step.erase_object(TopicKind::queries, query.id, query_key(query.id));
  touch(step);
}

}  // namespace conclave::daemon
