#pragma once

/// Lists as JSON arrays that are written element by element, so that they may be of any size.

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/codec/writer.h"
#include "api/query/filter.h"
#include "daemon/read/distance.h"
#include "daemon/watch/list_output.h"

namespace conclave::daemon {

class JsonList {
 public:
  explicit JsonList(ListOutput& output) : output_(output) { output_.text().push_back('['); }

  /// Where to append the next element.
  std::string& next() {
    output_.settle();
    if (count_++ > 0) output_.text().push_back(',');
    return output_.text();
  }
  template <class T>
  void add(const T& element) {
    api::write_json(next(), element);
  }
  std::size_t count() const { return count_; }
  void end() { output_.text().push_back(']'); }

 private:
  ListOutput& output_;
  std::size_t count_ = 0;
};

/// Writes what `list(take)` hands to its take(T&&) and the expression accepts. With a viewpoint it
/// is collected and sorted first: by the nodes that `node_of(element)` names.
template <class T, class List, class NodeOf>
void write_list(ListOutput& output, const ReadRows& rows, const api::Filter<T>& expression,
                const Viewpoint& from, List list, NodeOf node_of) {
  JsonList json(output);
  const std::string near = from.node(rows);
  if (near.empty()) {
    list([&](T&& element) {
      if (expression.accepts(element)) json.add(element);
    });
  } else {
    std::vector<T> kept;
    list([&](T&& element) {
      if (expression.accepts(element)) kept.push_back(std::move(element));
    });
    sort_by_distance(rows, near, kept, node_of);
    for (const T& element : kept) json.add(element);
  }
  json.end();
}

}  // namespace conclave::daemon
