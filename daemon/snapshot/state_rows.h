#pragma once

/// The rows of a state as it is, one after another. One thread.

#include <string>
#include <utility>

#include "daemon/snapshot/row_source.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class StateRows final : public RowSource {
 public:
  explicit StateRows(ReadSnapshot state) : state_(std::move(state)) {}

  Result<bool> next() override {
    bool found = false;
    state_.rows().scan(key_, [&](std::string_view key, std::string_view row) {
      if (key == key_) return true;  // The one before.
      next_key_.assign(key);
      row_.assign(row);
      found = true;
      return false;
    });
    key_.swap(next_key_);
    return found;
  }
  std::string_view key() const override { return key_; }
  std::string_view row() const override { return row_; }

 private:
  ReadSnapshot state_;
  std::string key_;
  std::string next_key_;
  std::string row_;
};

}  // namespace conclave::daemon
